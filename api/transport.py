"""TLS of the service: 1.2 or newer, client certificates taken where they are shown."""

import ssl
from typing import Final

from kg.errors import UsageError
from kg.settings import Settings

#: Cipher suites of TLS 1.2; those of 1.3 are all fine.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
#: The two suites that OpenADR 2.0b names, without forward secrecy or authenticated encryption of today.
LEGACY: Final = "ECDHE-ECDSA-AES128-SHA256:AES128-SHA256"


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """Make the TLS that the settings ask for; None where they name no certificate.

    A client certificate is verified where one is shown: its chain against the built-in authority and those of
    the setting ``tls_clients``. What it stands for is decided with each request.

    Raises:
        UsageError: a file is missing or no PEM, or key and certificate are no pair.

    Source:
        OpenADR 2.0b profile specification, security, for the legacy suites; RFC 9325 for the others.
    """
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{CIPHERS}:{LEGACY}" if settings.tls_legacy else CIPHERS)
    authorities = [settings.tls_clients]
    if settings.identity is not None:
        authorities.append(settings.identity / "authority.pem")
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        for path in authorities:
            if path is not None and path.exists():
                context.load_verify_locations(path)
                context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"a certificate or key cannot be used: {error}",
            where="FLEXKG_TLS_CERTIFICATE",
            cure="give PEM files",
        ) from error
    return context
