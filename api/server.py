"""Runs the service with uvicorn."""

import asyncio
import contextlib
import ipaddress
import resource
import signal
import socket
import sys
from functools import partial
from typing import Final

import uvicorn

from api.app import create_app
from api.logs import start
from api.patience import Patience
from api.peers import PeerProtocol
from api.transport import tls_of
from kg.collecting import settle
from kg.errors import UsageError
from kg.service import Service
from kg.settings import Settings

#: Seconds after which a thread that computes lets another one have its turn: a poll waits for few of these.
_TURN: Final = 0.0002
#: Seconds after which a client that reads nothing is given up, once the service is told to stop.
_STUCK: Final = 1.0
#: Connections that may wait to be accepted, as far as the system lets them: all VENs come again at a restart.
_WAITING: Final = 4096


def run(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: host, port, store and limits.

    Raises:
        UsageError: the host is not loopback, or the port is taken.
        kg.errors.StoreError: the store cannot be opened.
    """
    if not settings.issuer and not _loopback(settings.host):
        raise UsageError(
            f"{settings.host} is not a loopback address, and no OpenID provider says who may call",
            where="--host",
            cure="serve on 127.0.0.1, or name a provider: FLEXKG_ISSUER and FLEXKG_AUDIENCE",
        )
    start(settings.log_format, settings.log_level)
    _many_files()
    sys.setswitchinterval(_TURN)
    with _listening(settings.host, settings.port) as listener:
        service = Service(settings)
        try:
            _serve(service, listener)
        finally:
            service.close()


def _serve(service: Service, listener: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C: requests under way are answered, then the store is closed."""
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    kept = f"store {service.settings.store}" if service.has_store else "no store, checks only"
    if service.settings.tenants is not None:
        kept = f"a store for each tenant below {service.settings.tenants}"
    who = f"tokens of {service.settings.issuer}" if service.settings.issuer else "no provider: loopback only"
    scheme = "https" if service.settings.tls_certificate else "http"
    # uvicorn raises the signal anew when it has shut down; this makes it the end of a good run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app(service)
    print(f"flexkg serves on {scheme}://{name}:{port} ({kept}; {who}); stop with Ctrl-C", flush=True)
    settle()
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
        http=partial(PeerProtocol, patience=service.settings.client_seconds),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
    )
    config.load()
    config.ssl = tls_of(service.settings)
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, app.state.patience).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Waits for no client once it is told to stop; requests that came whole are answered."""

    def __init__(self, config: uvicorn.Config, patience: Patience) -> None:
        super().__init__(config)
        self._patience = patience

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._patience.end()
        hanging_up = asyncio.create_task(self._hang_up())
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()

    async def _hang_up(self) -> None:
        """End connections whose client reads nothing of its answer, so that nobody waits for it."""
        stuck: set[PeerProtocol] = set()
        while True:
            open_ones = [one for one in self.server_state.connections if isinstance(one, PeerProtocol)]
            paused = {one for one in open_ones if one.flow.write_paused}
            for one in paused & stuck:
                one.hang_up()
            stuck = paused
            await asyncio.sleep(_STUCK)


def _many_files() -> None:
    """Let the process have as many connections as the system lets it: each VEN may keep one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    """Take the port before the store is opened."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_WAITING)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be listened on: {error.strerror}",
            where="--port",
            cure="name another port",
        ) from error
    return listener
