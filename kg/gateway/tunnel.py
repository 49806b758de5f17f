"""TLS around a protocol whose library has none: a relay between a loopback port and the network.

What goes out is wrapped (``Outward``), what comes in is unwrapped (``Inward``); both sides show certificates.
The hop on loopback is plain: on the way out it takes connections of the gateway's own user only.
"""

import asyncio
import logging
import os
import ssl
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.errors import UsageError
from kg.openadr.tls import tls_client, tls_server

_log = logging.getLogger("flexkg.gateway")
_LOOPBACK: Final = "127.0.0.1"
_SECONDS: Final = 10.0
_CHUNK: Final = 65536
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Keys:
    """What TLS is spoken with: authority of the other side, own certificate and its key, PEM files.

    Attributes:
        ca: certificate of the authority of the other side.
        certificate: own certificate.
        key: its key.
        name: name in the certificate of a station that is called; its address without it.

    Source:
        IEC 62351-3, profile for TCP: both sides show certificates; TLS 1.2 or later.
    """

    ca: Path
    certificate: Path
    key: Path
    name: str = ""

    def client(self) -> ssl.SSLContext | None:
        """Make TLS for calling.

        Raises:
            UsageError: a file cannot be used.
        """
        return tls_client(self.ca, self.certificate, self.key)

    def server(self) -> ssl.SSLContext:
        """Make TLS for being called.

        Raises:
            UsageError: a file cannot be used.
        """
        return tls_server(self.certificate, self.key, self.ca)


class Reach:
    """How stations are reached: where they are, or by a loopback port that leads there over TLS.

    Args:
        keys: what TLS is spoken with; None: without.
    """

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys
        self._tunnels: list[Outward] = []

    def __call__(self, host: str, port: int | None, usual: int, secure: int) -> tuple[str, int]:
        """Give address and port to call for a station.

        Args:
            host: its address.
            port: its port; None where none is stated.
            usual: port of the protocol without TLS.
            secure: port of the protocol over TLS.
        """
        if self.keys is None:
            return host, port or usual
        made = Outward(host, port or secure, self.keys)
        self._tunnels.append(made)
        return _LOOPBACK, made.begin()

    def close(self) -> None:
        """End the tunnels."""
        for tunnel in self._tunnels:
            tunnel.close()


class _Relay(threading.Thread, ABC):
    """Takes connections, opens another for each, and carries bytes both ways."""

    def __init__(self, name: str, where: tuple[str, int], tls: ssl.SSLContext | None) -> None:
        super().__init__(name=name, daemon=True)
        self._where, self._tls = where, tls
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._error: OSError | None = None
        self.port = 0

    def begin(self) -> int:
        """Listen; gives the port.

        Raises:
            UsageError: it cannot listen there.
        """
        self.start()
        self._ready.wait(_SECONDS)
        if self._error is not None:
            host, port = self._where
            raise UsageError(
                f"it cannot listen: {self._error}", where=f"{host}:{port}", cure="take another port"
            ) from self._error
        return self.port

    def run(self) -> None:
        """Serve until ``close``."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        self._halt = asyncio.Event()
        try:
            server = await asyncio.start_server(
                self._take, *self._where, ssl=self._tls, ssl_handshake_timeout=_SECONDS if self._tls else None
            )
        except OSError as error:
            self._error = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._halt.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports end in a later turn of the loop

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
        try:
            far = await asyncio.wait_for(self._call(writer), _SECONDS)
            await _both((reader, writer), far)
        except (OSError, TimeoutError, ssl.SSLError) as error:
            _log.warning("no TLS with %s: %s", self._about(), error)
        except asyncio.CancelledError:
            pass
        finally:
            await _end(writer)
            if task is not None:
                self._open.discard(task)

    @abstractmethod
    async def _call(self, near: asyncio.StreamWriter) -> _Streams:
        """Open the connection that belongs to one that was taken."""

    def _about(self) -> str:
        return f"{self._where[0]}:{self._where[1]}"

    def close(self) -> None:
        """End it, and every connection."""
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._halt.set)
            self.join(_SECONDS)


class Outward(_Relay):
    """A loopback port that leads over TLS to a station.

    Args:
        host: its address.
        port: its port.
        keys: what TLS is spoken with.
    """

    def __init__(self, host: str, port: int, keys: Keys) -> None:
        super().__init__(f"tls-to-{host}", (_LOOPBACK, 0), None)
        self._far, self._name, self._client = (host, port), keys.name or host, keys.client()

    async def _call(self, near: asyncio.StreamWriter) -> _Streams:
        if not own_user(near.get_extra_info("peername")[1]):
            raise OSError("a connection of another user on this host")
        return await asyncio.open_connection(*self._far, ssl=self._client, server_hostname=self._name)

    def _about(self) -> str:
        return f"{self._far[0]}:{self._far[1]}"


class Inward(_Relay):
    """A port of the network that leads, without TLS, to a port on loopback.

    Args:
        host: address to listen on.
        port: port to listen on.
        inner: port on loopback.
        keys: what TLS is spoken with.
    """

    def __init__(self, host: str, port: int, inner: int, keys: Keys) -> None:
        super().__init__(f"tls-from-{port}", (host, port), keys.server())
        self._inner = inner

    async def _call(self, near: asyncio.StreamWriter) -> _Streams:
        return await asyncio.open_connection(_LOOPBACK, self._inner)


async def _both(near: _Streams, far: _Streams) -> None:
    """Carry bytes both ways until one side ends."""
    ways = [asyncio.ensure_future(_pump(near[0], far[1])), asyncio.ensure_future(_pump(far[0], near[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _end(far[1])


async def _end(writer: asyncio.StreamWriter) -> None:
    """Close a connection; one that does not heed it is cut."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), 1.0)
    except (OSError, TimeoutError, ssl.SSLError):
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


def own_user(port: int) -> bool:
    """Whether a connection on loopback is of this process's user; true where the kernel does not tell.

    Args:
        port: the connection's own port.
    """
    try:
        table = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    except OSError:
        return True
    wanted = f"0100007F:{port:04X}"
    owners = {line.split()[7] for line in table if line.split()[1] == wanted}
    return not owners or owners == {str(os.getuid())}
