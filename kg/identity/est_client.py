"""The client's side of EST: asks a server for certificates, for a device or for a service that relays."""

import http.client
import ssl
from base64 import b64decode, encodebytes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from cryptography.x509.oid import NameOID

from kg.errors import Forbidden, StoreUnavailable, UsageError
from kg.identity.proofs import prove
from kg.identity.registry import Registered

_LARGEST = 262_144
_TIMEOUT = 15.0
_PATH = "/.well-known/est/"


@dataclass(frozen=True, slots=True)
class EstServer:
    """An EST server.

    Attributes:
        address: ``https://host[:port]``; ``http`` for loopback only.
        ca: authorities of the server's certificate, PEM; those of the system where it is left out.
        certificate: certificate and key of the client, PEM, to be shown.
    """

    address: str
    ca: Path | None = None
    certificate: tuple[Path, Path] | None = None

    def cacerts(self) -> list[x509.Certificate]:
        """Get the certificates of the authority."""
        return _certificates(self._ask("GET", "cacerts"))

    def enrol(
        self, request: x509.CertificateSigningRequest, token: str = "", key: bytes = b""
    ) -> x509.Certificate:
        """Ask for a certificate.

        Args:
            request: the request.
            token: an access token that is bound to the request's key; empty for a client that is known.
            key: that key, PEM, with which the token's sender proves to hold it.

        Raises:
            Forbidden: the server refuses; ``reason`` is what it says.
            StoreUnavailable: the server does not answer.
        """
        address = self.address.rstrip("/") + _PATH + "simpleenroll"
        proof = prove(key, "POST", address, token) if key else ""
        try:
            return _certificates(self._ask("POST", "simpleenroll", request, token, proof))[0]
        except _NonceAsked as asked:
            proof = prove(key, "POST", address, token, asked.nonce)
            return _certificates(self._ask("POST", "simpleenroll", request, token, proof))[0]

    def renew(self, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Ask for a new certificate on the strength of the one that is shown; see ``enrol``."""
        return _certificates(self._ask("POST", "simplereenroll", request))[0]

    def _ask(
        self,
        method: str,
        what: str,
        request: x509.CertificateSigningRequest | None = None,
        token: str = "",
        proof: str = "",
    ) -> bytes:
        headers = {"Accept": "application/pkcs7-mime"}
        body = b""
        if request is not None:
            body = encodebytes(request.public_bytes(Encoding.DER))
            headers |= {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        if token:
            headers["Authorization"] = f"{'DPoP' if proof else 'Bearer'} {token}"
        if proof:
            headers["DPoP"] = proof
        try:
            connection = self._connect()
            try:
                connection.request(method, _PATH + what, body or None, headers)
                answer = connection.getresponse()
                text = answer.read(_LARGEST)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise StoreUnavailable(
                f"the EST server does not answer: {error}",
                where=self.address,
                cure="look at its address and CA",
            ) from error
        nonce = answer.getheader("DPoP-Nonce", "")
        if answer.status == 401 and nonce and "use_dpop_nonce" in answer.getheader("WWW-Authenticate", ""):
            raise _NonceAsked(nonce)
        if answer.status != 200:
            raise Forbidden(
                f"the EST server refuses: {answer.status} {text[:300].decode('utf-8', 'replace')}",
                where=self.address,
                cure="look at what it says",
                code="refused",
            )
        return text

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        if parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1"):
            return http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT)
        if parts.scheme != "https":
            raise UsageError(f"{self.address!r} is no https address", cure="write https://HOST")
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        if self.certificate is not None:
            context.load_cert_chain(*self.certificate)
        return http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT, context=context)


class _NonceAsked(Forbidden):
    """The server asks for a proof with a nonce of its own."""

    def __init__(self, nonce: str) -> None:
        super().__init__("the EST server asks for a nonce again and again", cure="look at its clock")
        self.nonce = nonce


@dataclass(frozen=True, slots=True)
class Relay:
    """An authority behind an EST server: requests are passed on, certificates registered here.

    Attributes:
        server: the EST server that signs.
    """

    server: EstServer

    def chain(self) -> list[x509.Certificate]:
        """Give the authority's certificates."""
        return self.server.cacerts()

    def issue(self, request: x509.CertificateSigningRequest, party: str, tenant: str) -> x509.Certificate:
        """Have the request signed; which party it is for, the registry says and not its subject."""
        made = self.server.enrol(request)
        if made.public_key() != request.public_key():
            raise StoreUnavailable(
                f"the authority signed another key for {party} of {tenant}", cure="look at the authority"
            )
        return made

    def revocations(self, revoked: Iterable[Registered]) -> bytes:
        """Give nothing: the authority publishes its own list."""
        return b""


def new_request(key: ec.EllipticCurvePrivateKey, party: str = "") -> x509.CertificateSigningRequest:
    """Make a request for a key.

    Args:
        key: the key.
        party: the venID; left out where it is not known yet.
    """
    names = [x509.NameAttribute(NameOID.COMMON_NAME, party)] if party else []
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, SHA256())


def _certificates(text: bytes) -> list[x509.Certificate]:
    try:
        found: Any = load_der_pkcs7_certificates(b64decode(b"".join(text.split()), validate=True))
    except ValueError as error:
        raise StoreUnavailable(
            "the EST server answers with no certificate", cure="look at its log"
        ) from error
    if not found:
        raise StoreUnavailable("the EST server answers with no certificate", cure="look at its log")
    return list(found)
