"""Signatures where payloads come in: by the operator's policy, before anything is lifted, each nonce once."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from kg.errors import StoreUnavailable, UsageError
from kg.ingest import Ingest, rebuild
from kg.namespaces import FLEX, VOCAB
from kg.service import Service
from kg.settings import load_settings
from tests.messages import poll
from tests.signed import by_openleadr, keys

STATE, SIGNER = f"<{FLEX}signatureState>", f"<{FLEX}signedWith>"


@pytest.fixture
def settings(tmp_path):
    """Settings with the registered certificate of the VEN that openleadr's messages are from."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ven-1.pem").write_bytes(keys("RSA").cert)

    def make(policy, **given):
        return load_settings(store=tmp_path / "store", signatures=policy, certificates=folder, **given)

    return make


def rules(receipt):
    return [(v.rule, v.severity) for v in receipt.report.violations if v.rule.startswith("SIGN")]


def test_enforced_signatures_let_the_good_in_once_and_nothing_else(settings):
    """A signed message is taken, its repetition is a replay, also after a restart; others are refused."""
    good, foreign = by_openleadr(), by_openleadr(kind="renewed")
    with Service(settings("enforce")) as service:
        first = service.ingest(good)
        assert (first.accepted, rules(first)) == (True, [])
        states = list(service.store.graphs.match(None, STATE, None))
        assert [s.object for s in states] == [f"<{VOCAB}signatureState/good>"]
        assert len(list(service.store.graphs.match(states[0].subject, SIGNER, None))) == 1
        again, bare, other = (service.ingest(data) for data in (good, poll("ven-1"), foreign))
        assert rules(again) == [("SIGN-replay", "Violation")]
        assert rules(bare) == [("SIGN-missing", "Violation")]
        assert rules(other) == [("SIGN-foreign-key", "Violation")]
        assert not any(receipt.accepted for receipt in (again, bare, other))
        assert other.report.message_type == "oadrPoll"
        assert other.report.violations[0].response_code == "463"
        digest = service.store.graphs.digest()
    with Service(settings("enforce")) as service:
        assert rules(service.ingest(by_openleadr().replace(b"ven-1", b"ven-2"))) != []
        assert rules(service.ingest(good)) == [("SIGN-replay", "Violation")]
        digest = service.store.graphs.digest()
    rebuild(settings("off").store)
    with Ingest(settings("off").store) as store:
        assert store.graphs.digest() == digest


def test_warned_of_signatures_take_everything_and_say_what_is_wrong(settings):
    """What is not signed passes without a word, what is badly signed with a warning, in the graph too."""
    with Service(settings("warn")) as service:
        bare, bad = service.ingest(poll("ven-1")), service.ingest(by_openleadr(kind="renewed"))
        assert (bare.accepted, rules(bare)) == (True, [])
        assert (bad.accepted, rules(bad)) == (True, [("SIGN-foreign-key", "Warning")])
        found = {s.object.rpartition("/")[2] for s in service.store.graphs.match(None, STATE, None)}
        assert found == {"unsigned>", "bad>"}


def test_signatures_do_not_count_unless_asked_for(settings):
    """Off: nothing is looked at."""
    with Service(settings("off")) as service:
        assert service.ingest(by_openleadr(kind="renewed")).report.violations == ()
        assert list(service.store.graphs.match(None, STATE, None)) == []


def test_certificates_are_read_anew(settings, monkeypatch):
    """One that is taken away no longer counts; a file that is none is the operator's to mend."""
    monkeypatch.setattr("kg.notary._FRESH", 0)
    with Service(settings("enforce")) as service:
        assert service.ingest(by_openleadr()).accepted
        folder = service.settings.certificates
        (folder / "ven-1.pem").unlink()
        assert rules(service.ingest(by_openleadr())) == [("SIGN-foreign-key", "Violation")]
        (folder / "ven-1.pem").write_text("none")
        with pytest.raises(StoreUnavailable, match="certificates"):
            service.ingest(by_openleadr())


def test_enforced_signatures_hold_over_http(settings):
    """A refusal is a problem with the finding in it."""
    with Service(settings("enforce")) as service:
        client = TestClient(create_app(service), base_url="http://127.0.0.1")
        assert client.post("/payloads", content=by_openleadr()).status_code == 201
        answer = client.post("/payloads", content=poll("ven-1"))
        assert (answer.status_code, answer.json()["violations"][0]["rule"]) == (422, "SIGN-missing")


def test_settings_without_certificates_are_refused(tmp_path):
    """Signatures need keys to be held against, and files that are certificates."""
    with pytest.raises(UsageError, match="no certificates"):
        Service(load_settings(store=tmp_path / "a", signatures="warn"))
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ven.pem").write_text("none")
    with pytest.raises(UsageError, match="cannot be read"):
        Service(load_settings(store=tmp_path / "b", signatures="enforce", certificates=folder))
