"""Certificate authorities: the interface, and the built-in one for development.

In production another EST server or step-ca signs; see ``kg.identity.est_client.Relay``.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kg.errors import StoreUnavailable
from kg.identity.registry import Registered

_SKEW = timedelta(minutes=5)


class Authority(Protocol):
    """Signs certificates."""

    def chain(self) -> list[x509.Certificate]:
        """Give the authority's own certificates, those that verify what it issues."""

    def issue(self, request: x509.CertificateSigningRequest, party: str, tenant: str) -> x509.Certificate:
        """Sign a certificate for the key of a request that was checked.

        Args:
            request: the request; its signature was verified.
            party: whom it is for.
            tenant: the aggregator at which it counts.
        """

    def revocations(self, revoked: Iterable[Registered]) -> bytes:
        """Give the list of revoked certificates, DER; empty where the authority publishes its own."""


class BuiltIn:
    """An authority whose key lies in a file, for development and tests.

    Args:
        folder: holds ``authority.pem`` and ``authority.key``; made where they are missing.
        lifetime: how long a certificate counts.
    """

    def __init__(self, folder: Path, *, lifetime: timedelta = timedelta(days=7)) -> None:
        self._lifetime = lifetime
        certificate, key = folder / "authority.pem", folder / "authority.key"
        try:
            if not key.exists():
                folder.mkdir(parents=True, exist_ok=True)
                _make(certificate, key)
            if key.stat().st_mode & 0o077:
                raise StoreUnavailable(
                    "the authority's key may be read by others", where=str(key), cure="chmod 600"
                )
            loaded = load_pem_private_key(key.read_bytes(), None)
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise StoreUnavailable(
                f"the authority cannot be opened: {error}", where=str(folder), cure="restore its files"
            ) from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise StoreUnavailable(
                "the authority's key is of another kind", where=str(key), cure="restore it"
            )
        self._key = loaded

    def chain(self) -> list[x509.Certificate]:
        """Give the authority's certificate."""
        return [self._certificate]

    def issue(self, request: x509.CertificateSigningRequest, party: str, tenant: str) -> x509.Certificate:
        """Sign a short-lived client certificate; see ``Authority.issue``.

        Source:
            RFC 5280, sections 4.1 and 4.2; the subject is the party, whatever the request says.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        public = request.public_key()
        names = [(NameOID.ORGANIZATION_NAME, tenant), (NameOID.COMMON_NAME, party)]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(oid, text) for oid, text in names if text]))
            .issuer_name(self._certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + self._lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, SHA256())
        )

    def revocations(self, revoked: Iterable[Registered]) -> bytes:
        """Give the signed list, to be fetched anew each minute; see ``Authority.revocations``."""
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(seconds=60))
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
            builder = builder.add_revoked_certificate(
                entry.revocation_date(datetime.fromisoformat(one.revoked)).build()
            )
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.DER)

    def server(self, *names: str) -> tuple[bytes, bytes]:
        """Make a server certificate for development; gives certificate and key, PEM.

        Args:
            names: host names and IP addresses.
        """
        import ipaddress

        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC).replace(microsecond=0)
        general: list[x509.GeneralName] = []
        for name in names:
            try:
                general.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                general.append(x509.DNSName(name))
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + self._lifetime)
            .add_extension(x509.SubjectAlternativeName(general), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, SHA256())
        )
        return made.public_bytes(Encoding.PEM), _pem(key)


def _make(certificate: Path, key: Path) -> None:
    """Make key and certificate of a new authority."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "FlexKG development authority")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, SHA256())
    )
    with os.fdopen(os.open(key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(_pem(private))
    certificate.write_bytes(made.public_bytes(Encoding.PEM))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _usage(*, sign: bool) -> x509.KeyUsage:
    """For a party: to sign. For the authority: to sign certificates and lists."""
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not sign,
        crl_sign=not sign,
        encipher_only=False,
        decipher_only=False,
    )
