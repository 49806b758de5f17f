"""What takes a VEN's messages to the VTN above: over TLS, and signed, where that is asked for."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from kg.errors import UsageError
from kg.openadr.tls import tls_client
from kg.openadr.transport import Line, post


@dataclass(frozen=True, slots=True)
class Courier:
    """The way to one VTN.

    Attributes:
        url: its address, ending in ``/OpenADR2/Simple/2.0b``.
        tls: how TLS is spoken; the system's trust without it.
        certificate: what messages are signed with, PEM, as the VTN has registered it; empty: they are not.
        key: its private key, PEM.
        line: what is cut where nothing more is to be sent.
    """

    url: str
    tls: ssl.SSLContext | None = None
    certificate: bytes = b""
    key: bytes = field(default=b"", repr=False)
    line: Line = field(default_factory=Line, compare=False, repr=False)

    @property
    def signs(self) -> bool:
        """Whether messages are signed."""
        return bool(self.certificate)

    def sealed(self, data: bytes) -> bytes:
        """Give the bytes of a message as they are sent: signed now with a new nonce, or as they are."""
        if not self.signs:
            return data
        from kg.signing import sign

        return sign(data, self.key, self.certificate)

    def carry(self, service: str, data: bytes) -> bytes:
        """Post a message to an endpoint of the VTN; gives its answer, perhaps empty.

        Raises:
            kg.openadr.transport.PartyUnreachable: nobody answers, or not with status 200.
        """
        return post(f"{self.url}/{service}", data, tls=self.tls, line=self.line)


def courier(
    url: str,
    *,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    signs: bool = False,
) -> Courier:
    """Make the way to a VTN.

    Args:
        url: its address.
        ca: authority of its certificate, PEM; the system's without it.
        cert: certificate that is shown to it, PEM.
        key: private key of the certificate, PEM.
        signs: sign every message with the same key, polls included.

    Raises:
        UsageError: the address is none, a file cannot be used, or there is nothing to sign with.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is no address", where="upstream", cure="begin it with http:// or https://")
    if (cert is None) != (key is None):
        raise UsageError("a certificate comes with its key", where="upstream", cure="give both")
    if url.startswith("http://") and (ca is not None or (cert is not None and not signs)):
        raise UsageError("there is no TLS to an http:// address", where="upstream", cure="write https://")
    tls = tls_client(ca, cert, key) if url.startswith("https://") else None
    if not signs:
        return Courier(url.rstrip("/"), tls)
    if cert is None or key is None:
        raise UsageError("there is nothing to sign with", where="upstream", cure="give certificate and key")
    try:
        return Courier(url.rstrip("/"), tls, cert.read_bytes(), key.read_bytes())
    except OSError as error:
        raise UsageError(
            f"a certificate or key cannot be read: {error.strerror}",
            where=str(error.filename),
            cure="give PEM files",
        ) from error
