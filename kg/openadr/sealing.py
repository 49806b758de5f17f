"""How a VTN signs what it sends: with a key of its own, or with that of its TLS where VENs have to sign."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kg.errors import UsageError
from kg.openadr import distribution

if TYPE_CHECKING:
    from kg.settings import Settings


def sealing(settings: "Settings") -> Callable[[bytes], bytes] | None:
    """Give what signs a message, with the time and a new nonce; None where nothing is signed.

    Args:
        settings: ``signing_key`` and ``signing_certificate``; without them, where signatures are enforced,
            key and certificate of TLS.

    Raises:
        UsageError: only one of the two is named, a file cannot be read, or they are unfit or no pair.

    Source:
        OpenADR 2.0b profile specification, security.
    """
    key, certificate = settings.signing_key, settings.signing_certificate
    if key is None and certificate is None and settings.signatures == "enforce":
        key, certificate = settings.tls_key, settings.tls_certificate
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        raise UsageError(
            "a key and its certificate belong together",
            where="FLEXKG_SIGNING_KEY",
            cure="name FLEXKG_SIGNING_CERTIFICATE too",
        )
    from kg.signing import sign

    try:
        key_pem, cert_pem = key.read_bytes(), certificate.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {error.strerror}", where=str(error.filename), cure="check the path"
        ) from error

    def seal(data: bytes) -> bytes:
        return sign(data, key_pem, cert_pem)

    seal(distribution.response("", "VEN"))  # what is unfit is told at the start
    return seal
