"""Runs an aiohttp application until the process is told to stop."""

import asyncio
import contextlib
import signal
import ssl

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
