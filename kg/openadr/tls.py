"""TLS, either way: contexts from PEM files, with errors that name the file."""

import ssl
from pathlib import Path

from kg.errors import UsageError


def tls_server(cert: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """Make the TLS of a server; with a CA, clients have to show a certificate of it.

    Raises:
        UsageError: a file is missing or no PEM, or key and certificate are no pair; names it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _pair(context, cert, key)
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as error:
            raise _unfit(error, client_ca) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_client(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Make the TLS of a client; None where nothing differs from the system's.

    Raises:
        UsageError: a file is missing or no PEM, or key and certificate are no pair; names it.
    """
    if ca is None and cert is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise _unfit(error, ca) from error
    if cert is not None:
        _pair(context, cert, key)
    return context


def _pair(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    for path in filter(None, (cert, key)):
        if not path.is_file():
            raise UsageError("there is no such file", where=str(path), cure="give PEM files")
    try:
        context.load_cert_chain(cert, key, password=_closed)
    except (OSError, ssl.SSLError) as error:
        raise _unfit(error, cert) from error


def _closed() -> str:
    """Refuse a key that asks for a passphrase: nobody sits at a service's keyboard."""
    raise UsageError("the key is closed by a passphrase", cure="give one without, readable by this user only")


def _unfit(error: OSError, path: Path | None) -> UsageError:
    said = getattr(error, "reason", None) or error.strerror or error
    return UsageError(
        f"a certificate or key cannot be used: {said}",
        where=str(path),
        cure="give PEM files that belong together",
    )
