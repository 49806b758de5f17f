"""The identity vault: what it keeps, what cannot be seen of it, and with which key."""

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.errors import Forbidden, StoreUnavailable, UsageError
from kg.identity.vault import Vault

NAME, STREET = "Anna Planted-Name", "Planted Street 7"


@pytest.fixture
def vault(tmp_path):
    made = Vault(tmp_path / "vault.sqlite", tmp_path / "keys" / "vault.key")
    yield made
    made.close()


def test_vault_gives_random_pseudonyms_and_leads_back(vault):
    """Nothing about the person follows from a pseudonym; the same one gets a new one each time."""
    one = vault.enter("agg-1", "anna", name=NAME, street=STREET)
    two = vault.enter("agg-1", "anna")
    other = vault.enter("agg-2", "anna")
    assert len({one, two, other}) == 3
    assert vault.parties("agg-1", "anna") == sorted([one, two])
    assert vault.person("agg-1", one) == {"subject": "anna", "name": NAME, "street": STREET}
    vault.note("agg-1", one, street="elsewhere")
    assert vault.person("agg-1", one)["street"] == "elsewhere"
    for tenant, pseudonym in (("agg-2", one), ("agg-1", "ven-unknown")):
        with pytest.raises(UsageError, match="nobody"):
            vault.person(tenant, pseudonym)
    assert vault.parties("agg-3", "anna") == []


def test_vault_holds_ciphertext_only(vault, tmp_path):
    """Neither names nor the provider's subjects can be read in its file, nor what was forgotten."""
    one = vault.enter("agg-1", "anna@mail.example", name=NAME, street=STREET)
    raw = (tmp_path / "vault.sqlite").read_bytes()
    assert one.encode() in raw
    for text in (NAME, STREET, "anna@mail"):
        assert text.encode() not in raw
    assert (tmp_path / "vault.sqlite").stat().st_mode & 0o77 == 0
    assert vault.forget("agg-1", one)
    assert not vault.forget("agg-1", one)
    assert one.encode() not in (tmp_path / "vault.sqlite").read_bytes()


def test_vault_refuses_another_key(vault, tmp_path):
    """Also a key of the wrong length, one that others may read, and none at all."""
    vault.enter("agg-1", "anna", name=NAME)
    key = tmp_path / "other.key"
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    path = tmp_path / "vault.sqlite"
    with pytest.raises(Forbidden, match="cannot be opened") as caught:
        Vault(path, key)
    assert str(tmp_path) not in caught.value.what
    key.write_bytes(b"short")
    with pytest.raises(Forbidden):
        Vault(path, key)
    key.chmod(0o644)
    with pytest.raises(Forbidden, match="others"):
        Vault(path, key)
    with pytest.raises(StoreUnavailable, match="key cannot be read"):
        Vault(path, tmp_path / "none.key")


def test_service_with_the_wrong_key_does_not_say_that_it_serves(vault, tmp_path, monkeypatch):
    """It ends with 2 and says why; nothing of it is told to whoever waits for its address."""
    (tmp_path / "other.key").write_bytes(bytes(32))
    (tmp_path / "other.key").chmod(0o600)
    monkeypatch.setenv("FLEXKG_IDENTITY", str(tmp_path))
    monkeypatch.setenv("FLEXKG_VAULT_KEY", str(tmp_path / "other.key"))
    done = CliRunner().invoke(app, ["serve", "--port", "0"])
    assert done.exit_code == 2
    assert "the vault cannot be opened" in done.output
    assert "serves" not in done.output
