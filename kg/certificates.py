"""Certificates of parties: what one says, whether its key is strong enough, and which ones are registered."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kg.errors import UsageError
from kg.literals import date_time, string
from kg.namespaces import FLEX, ID, RDF, XSD

#: Shortest keys that are trusted, in bits.
SHORTEST = {"RSA": 2048, "EC": 256}


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate.

    Attributes:
        der: its bytes.
        subject: distinguished name of its holder, RFC 4514.
        sha256: SHA-256 of ``der``, hexadecimal.
        fingerprint: the last ten bytes of that, as OpenADR writes fingerprints: ``"FC:F0:..."``.
        key: SHA-256 of the public key, hexadecimal; certificates made anew for one key share it.
        algorithm: kind of key, ``"RSA"`` or ``"EC"``, else the name of its Python class.
        bits: length of the key in bits, 0 where it has none.
        valid_from: instant from which it counts.
        valid_until: instant up to which it counts.
    """

    der: bytes
    subject: str
    sha256: str
    fingerprint: str
    key: str
    algorithm: str
    bits: int
    valid_from: datetime
    valid_until: datetime

    @property
    def iri(self) -> str:
        """IRI of the certificate in the graph."""
        return f"{ID}certificate/{self.sha256}"

    @property
    def strong(self) -> bool:
        """Whether the key is of a kind and length that is trusted."""
        return self.bits >= SHORTEST.get(self.algorithm, self.bits + 1)

    def in_force(self, now: datetime) -> bool:
        """Say whether the certificate's dates hold an instant."""
        return self.valid_from <= now <= self.valid_until

    def lines(self) -> Iterator[str]:
        """Give the certificate as N-Triples, one line a triple."""
        yield f"<{self.iri}> <{RDF}type> <{FLEX}Certificate> ."
        yield f"<{self.iri}> <{FLEX}fingerprint> {string(self.fingerprint)} ."
        yield f"<{self.iri}> <{FLEX}fullFingerprint> {string(self.sha256)} ."
        yield f"<{self.iri}> <{FLEX}subjectName> {string(self.subject)} ."
        yield f"<{self.iri}> <{FLEX}keyAlgorithm> {string(self.algorithm)} ."
        yield f'<{self.iri}> <{FLEX}keyLength> "{self.bits}"^^<{XSD}integer> .'
        yield f"<{self.iri}> <{FLEX}validFrom> {date_time(zulu(self.valid_from))} ."
        yield f"<{self.iri}> <{FLEX}validUntil> {date_time(zulu(self.valid_until))} ."


def zulu(value: datetime) -> str:
    """Write an instant as the wire does, in UTC.

    Args:
        value: an instant in UTC.

    >>> from datetime import UTC
    >>> zulu(datetime(2026, 3, 1, 12, tzinfo=UTC))
    '2026-03-01T12:00:00Z'
    """
    return value.isoformat().replace("+00:00", "Z")


def certificate(data: bytes | str) -> Certificate:
    """Read a certificate.

    Args:
        data: PEM text, of which the first certificate counts, or DER bytes.

    Raises:
        UsageError: it is no certificate.

    Source:
        RFC 5280, section 4; OpenADR 2.0b profile specification, security (fingerprints).
    """
    raw = data.encode() if isinstance(data, str) else data
    try:
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in raw else x509.load_der_x509_certificate
        found = load(raw)
        public = found.public_key()
        der = found.public_bytes(Encoding.DER)
        subject = found.subject.rfc4514_string()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"the certificate cannot be read: {error}", cure="give one X.509 certificate, PEM or DER"
        ) from error
    digest = hashlib.sha256(der).hexdigest()
    kind = (
        "RSA"
        if isinstance(public, rsa.RSAPublicKey)
        else "EC"
        if isinstance(public, ec.EllipticCurvePublicKey)
        else type(public).__name__
    )
    return Certificate(
        der=der,
        subject=subject,
        sha256=digest,
        fingerprint=openadr_form(digest),
        key=hashlib.sha256(spki).hexdigest(),
        algorithm=kind,
        bits=int(getattr(public, "key_size", 0)),
        valid_from=found.not_valid_before_utc,
        valid_until=found.not_valid_after_utc,
    )


def openadr_form(sha256: str) -> str:
    """Shorten a SHA-256 to the form in which OpenADR parties exchange fingerprints.

    Args:
        sha256: 64 hexadecimal digits.

    Source:
        OpenADR 2.0b profile specification, security.

    >>> openadr_form("00" * 22 + "0123456789abcdef0123")
    '01:23:45:67:89:AB:CD:EF:01:23'
    """
    last = sha256[-20:].upper()
    return ":".join(last[i : i + 2] for i in range(0, 20, 2))


class Trust:
    """The certificates that are registered, by party.

    A certificate that is revoked or replaced is left out: what is here is trusted.

    Args:
        registered: party's identifier (venID or vtnID) -> its certificate, or several while one is renewed.

    Raises:
        UsageError: something is no certificate.
    """

    def __init__(self, registered: Mapping[str, bytes | str | Iterable[bytes | str]]) -> None:
        self._by_party: dict[str, tuple[Certificate, ...]] = {}
        for party, given in registered.items():
            several = [given] if isinstance(given, bytes | str) else given
            self._by_party[party] = tuple(certificate(one) for one in several)

    def of(self, party: str | None = None) -> tuple[tuple[str, Certificate], ...]:
        """List the certificates of a party, of all parties without one, each with its party."""
        parties = self._by_party if party is None else [party]
        return tuple((name, one) for name in parties for one in self._by_party.get(name, ()))

    def find(self, fingerprint: str) -> tuple[tuple[str, Certificate], ...]:
        """List the certificates with a fingerprint, each with its party.

        Args:
            fingerprint: SHA-256 in full, or in OpenADR's form; colons and case do not matter.
        """
        wanted = fingerprint.replace(":", "").lower()
        return tuple(
            (party, one)
            for party, one in self.of()
            if wanted in (one.sha256, one.fingerprint.replace(":", "").lower())
        )
