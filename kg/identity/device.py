"""The device's side: its key and certificate in a folder, got, renewed, registered."""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from kg.certificates import certificate, openadr_form
from kg.errors import UsageError
from kg.identity.device_flow import Prompt, token_for
from kg.identity.est_client import EstServer, new_request
from kg.identity.registry import Registry


def enrol(
    folder: Path,
    est: str,
    provider: str,
    client: str,
    show: Callable[[Prompt], object],
    *,
    audience: str = "",
    ca: Path | None = None,
) -> str:
    """Get a device its first certificate; gives a line with its venID and fingerprint.

    Args:
        folder: for ``device.key`` and ``device.pem``; a key that is there is used.
        est: address of the service.
        provider: the OpenID provider.
        client: client ID of devices at it.
        show: shows the owner what to do.
        audience: the service's audience.
        ca: authorities of the service's certificate, PEM.
    """
    key = _key(folder)
    token = token_for(provider, client, key, show, resource=audience)
    raw = (folder / "device.key").read_bytes()
    return _keep(folder, EstServer(est, ca=ca).enrol(new_request(key), token, raw))


def renew(folder: Path, est: str, *, ca: Path | None = None) -> str:
    """Get a device a new certificate by the one that it has; gives a line with its venID and fingerprint."""
    files = (folder / "device.pem", folder / "device.key")
    if not all(path.exists() for path in files):
        raise UsageError("the device has no certificate", where=str(folder), cure="enrol it first")
    return _keep(folder, EstServer(est, ca=ca, certificate=files).renew(new_request(_key(folder))))


def register(identity: Path, data: bytes, party: str, tenant: str) -> str:
    """Register a certificate of another authority; gives a line with its fingerprint."""
    found = certificate(data)
    serial = f"{x509.load_der_x509_certificate(found.der).serial_number:x}"
    identity.mkdir(parents=True, exist_ok=True)
    registry = Registry(identity / "certificates.sqlite")
    try:
        registry.add(found, party, tenant, serial=serial)
    finally:
        registry.close()
    return f"{party} is recognised by {found.fingerprint} until {found.valid_until:%Y-%m-%d}"


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Read the device's key, or make one."""
    path = folder / "device.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP256R1())
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made
    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise UsageError(f"the key cannot be read: {error}", where=str(path), cure="restore it") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise UsageError("the key is of another kind", where=str(path), cure="use P-256")
    return found


def _keep(folder: Path, made: x509.Certificate) -> str:
    path = folder / "device.pem"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(made.public_bytes(Encoding.PEM))
    fresh.replace(path)
    names = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    found = certificate(made.public_bytes(Encoding.DER))
    name = str(names[0].value) if names else "?"
    until = f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    return f"venID {name}, fingerprint {openadr_form(found.sha256)}, until {until}"
