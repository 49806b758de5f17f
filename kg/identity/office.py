"""The office: registry, vault and authority of a service, opened from its settings."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kg.identity.authority import Authority, BuiltIn
from kg.identity.enrolment import Enrolment
from kg.identity.registry import Registry
from kg.identity.vault import Vault

if TYPE_CHECKING:
    from kg.settings import Settings


@dataclass(frozen=True, slots=True)
class Office:
    """What keeps identities.

    Attributes:
        registry: which certificate stands for which party.
        vault: who is behind a pseudonym.
        authority: signs certificates.
        enrolment: enrols devices with the three of them.
    """

    registry: Registry
    vault: Vault
    authority: Authority
    enrolment: Enrolment

    def close(self) -> None:
        """Close the files."""
        self.registry.close()
        self.vault.close()


def open_office(settings: "Settings") -> Office | None:
    """Open the office in the folder that the settings name; None where they name none.

    ::

        DIR/certificates.sqlite    the registry
        DIR/vault.sqlite           the vault; its key lies where FLEXKG_VAULT_KEY says, else in DIR/vault.key
        DIR/authority.pem, .key    the built-in authority

    Raises:
        kg.errors.StoreError: a file cannot be opened.
        kg.errors.Forbidden: the vault's key does not belong to it.
    """
    folder = settings.identity
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    authority: Authority = (
        _relay(settings.authority, folder)
        if settings.authority
        else BuiltIn(folder, lifetime=timedelta(days=settings.certificate_days))
    )
    vault = Vault(folder / "vault.sqlite", settings.vault_key or folder / "vault.key")
    registry = Registry(folder / "certificates.sqlite")
    return Office(registry, vault, authority, Enrolment(authority, registry, vault))


def _relay(address: str, folder: Path) -> Authority:
    """Use another EST server, with ``relay.pem``, ``relay.key`` and ``relay-ca.pem`` of the folder."""
    from kg.identity.est_client import EstServer, Relay

    files = (folder / "relay.pem", folder / "relay.key")
    ca = folder / "relay-ca.pem"
    shown = files if all(path.exists() for path in files) else None
    return Relay(EstServer(address, ca=ca if ca.exists() else None, certificate=shown))
