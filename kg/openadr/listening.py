"""Runs an aiohttp application until the process is told to stop; and its TLS, either way."""

import asyncio
import contextlib
import signal
import ssl
from pathlib import Path

from aiohttp import web

from kg.errors import UsageError


def run(app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, what: str) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        app: the application.
        host: address to listen on.
        port: port to listen on, 0 for any free one.
        tls: TLS to serve with, None for plain HTTP.
        what: printed with the address, once it listens.

    Raises:
        UsageError: the address cannot be listened on.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(app, host, port, tls, what))


async def _serve(app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, what: str) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, shutdown_timeout=10)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(
                f"port {port} cannot be listened on: {error.strerror}",
                where="--port",
                cure="name another port",
            ) from error
        at = runner.addresses[0][1]
        print(f"{what} on http{'s' if tls else ''}://{host}:{at}; stop with Ctrl-C", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def tls_server(cert: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """Make the TLS of a server; with a CA, clients have to show a certificate of it.

    Raises:
        UsageError: a file is missing or no PEM, or key and certificate are no pair.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise _unfit(error) from error
    return context


def tls_client(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Make the TLS of a client; None where nothing differs from the system's.

    Raises:
        UsageError: a file is missing or no PEM, or key and certificate are no pair.
    """
    if ca is None and cert is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca is not None else None)
        if cert is not None:
            context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise _unfit(error) from error
    return context


def _unfit(error: OSError) -> UsageError:
    return UsageError(
        f"a certificate or key cannot be used: {error.strerror or error}", cure="give PEM files"
    )
