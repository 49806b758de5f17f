"""Enrolment of devices: a token bound to the device's key, a request for exactly that key, a certificate.

Token and request meet in the key: the token carries its thumbprint (``cnf.jkt``), the request is signed with
it. The device gets a random pseudonym as its venID; who is behind it stands in the vault alone.
"""

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from cryptography.x509.oid import NameOID

from kg.certificates import SHORTEST, Certificate, certificate
from kg.errors import Forbidden, UsageError
from kg.identity.authority import Authority
from kg.identity.caller import Caller
from kg.identity.registry import Registered, Registry
from kg.identity.vault import Vault

#: Bytes of the largest request.
LARGEST = 16_384
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Enrols devices.

    Args:
        authority: signs the certificates.
        registry: keeps which certificate stands for which party.
        vault: keeps who is behind a pseudonym.
    """

    authority: Authority
    registry: Registry
    vault: Vault

    def enrol(self, text: bytes, caller: Caller) -> x509.Certificate:
        """Give a device its first certificate at an aggregator.

        A device that is known by its key elsewhere is moved: a new pseudonym, and its former certificates are
        revoked. One that is known here keeps its pseudonym.

        Args:
            text: a PKCS#10 request, base64 or DER.
            caller: who asks; its token must be bound to the key of the request.

        Raises:
            kg.errors.Forbidden: the request is for another key or another subject.
            kg.errors.UsageError: the request cannot be read, or its key is weak.

        Source:
            RFC 7030, section 4.2.1; RFC 7638 (thumbprint of the key); RFC 9449, section 6.1 (``jkt``).
        """
        request = read_request(text)
        if not caller.key or caller.key != jwk_thumbprint(request):
            raise Forbidden(
                "the request is not for the key of the token",
                cure="ask the provider for a token that is bound to the device's key",
                code="another-key",
                reason=f"{caller.subject}: token key {caller.key or 'none'}",
            )
        key = _spki(request)
        known = [one for one in self.registry.of_key(key) if one.tenant == caller.tenant]
        owned = self.vault.parties(caller.tenant, caller.subject)
        party = next((one.party for one in reversed(known) if one.party in owned and not one.revoked), "")
        _subject(request, party)
        if not party:
            self.registry.revoke(key=key)
            party = self.vault.enter(caller.tenant, caller.subject, key=key)
        return self._issue(request, party, caller.tenant)

    def renew(self, text: bytes, caller: Caller) -> x509.Certificate:
        """Give a device a new certificate on the strength of the one that it showed.

        Args:
            text: a PKCS#10 request, base64 or DER, for the same or a new key.
            caller: the TLS peer, recognised by a certificate in force.

        Raises:
            kg.errors.Forbidden: no certificate was shown, or the request is for another subject.

        Source:
            RFC 7030, section 4.2.2.
        """
        request = read_request(text)
        held = self.registry.find(caller.certificate) if caller.certificate else None
        if held is None or not held.counts(datetime.now(UTC)):
            raise Forbidden("no certificate in force was shown", cure="enrol anew", code="no-certificate")
        _subject(request, held.party)
        return self._issue(request, held.party, held.tenant)

    def peer(self, der: bytes) -> Registered | None:
        """Recognise a TLS peer by its certificate; None for a stranger, or one that counts no more."""
        found = self.registry.find(hashlib.sha256(der).hexdigest())
        return found if found is not None and found.counts(datetime.now(UTC)) else None

    def _issue(self, request: x509.CertificateSigningRequest, party: str, tenant: str) -> x509.Certificate:
        made = self.authority.issue(request, party, tenant)
        found: Certificate = certificate(made.public_bytes(Encoding.DER))
        self.registry.add(found, party, tenant, serial=f"{made.serial_number:x}")
        return made


def read_request(text: bytes) -> x509.CertificateSigningRequest:
    """Read a certificate request and check that its sender holds the key.

    Args:
        text: PKCS#10, base64 as EST sends it, DER or PEM.

    Raises:
        UsageError: it cannot be read, its signature does not hold, or its key is weak.
    """
    try:
        if b"-----BEGIN" in text:
            request = x509.load_pem_x509_csr(text)
        else:
            der = text if text[:1] == b"\x30" else b64decode(b"".join(text.split()), validate=True)
            request = x509.load_der_x509_csr(der)
        holds, key = request.is_signature_valid, request.public_key()
        weak_hash = isinstance(request.signature_hash_algorithm, SHA1)
        extensions = len(request.extensions)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "the request cannot be read", cure="send PKCS#10 in base64", code="request"
        ) from error
    kind = {rsa.RSAPublicKey: "RSA", ec.EllipticCurvePublicKey: "EC"}
    name = next((text for each, text in kind.items() if isinstance(key, each)), "")
    bits = int(getattr(key, "key_size", 0))
    curve = getattr(getattr(key, "curve", None), "name", "")
    if not name or bits < SHORTEST[name] or (name == "EC" and curve not in _CURVES):
        raise UsageError(
            "the key of the request is weak or of an unknown kind",
            cure="use P-256, P-384, P-521, or RSA of 2048 bits or more",
            code="weak-key",
        )
    if not holds or weak_hash or extensions:
        raise UsageError(
            "the request is not signed with its key, is signed with SHA-1, or asks for extensions",
            cure="sign it with SHA-256 and ask for nothing but the key",
            code="request",
        )
    return request


def jwk_thumbprint(request: x509.CertificateSigningRequest) -> str:
    """Give the thumbprint of a request's key as tokens carry it.

    Source:
        RFC 7638, section 3; RFC 7518, section 6.
    """
    key = request.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers, size = key.public_numbers(), (key.key_size + 7) // 8
        members = {"crv": _CURVES[key.curve.name], "kty": "EC"}
        members |= {"x": _b64(numbers.x.to_bytes(size, "big")), "y": _b64(numbers.y.to_bytes(size, "big"))}
    elif isinstance(key, rsa.RSAPublicKey):
        found = key.public_numbers()
        members = {"e": _integer(found.e), "kty": "RSA", "n": _integer(found.n)}
    else:
        raise UsageError("the key of the request is of an unknown kind", cure="use P-256", code="weak-key")
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _b64(hashlib.sha256(text.encode()).digest())


def certs_only(certificates: list[x509.Certificate]) -> bytes:
    """Write certificates as EST answers them: PKCS#7, certificates only, DER.

    Source:
        RFC 7030, section 4.1.3; RFC 5652.
    """
    return serialize_certificates(certificates, Encoding.DER)


def _subject(request: x509.CertificateSigningRequest, party: str) -> None:
    """Refuse a request in another's name; one without a name is for whoever asks."""
    names = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names not in ([], [party]):
        raise Forbidden(
            "the request has another subject",
            cure="leave the subject out, or give the venID of the certificate",
            code="another-subject",
            reason=f"request for {names}, party {party}",
        )


def _spki(request: x509.CertificateSigningRequest) -> str:
    der = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _integer(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
