"""Where devices call a gateway over websockets: who may come in, and who is there; over aiohttp."""

import base64
import binascii
import hmac
import logging
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from kg.devices.points import Point
from kg.devices.resources import Portion
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.loop import Loop
from kg.gateway.sides import CentralSystem
from kg.openadr.tls import tls_server

_log = logging.getLogger("flexkg.gateway")
#: Seconds for the port to open and to close.
_BEGIN: Final = 10.0


class Door(ABC):
    """Lets in devices that the site names and that prove who they are, each by the last part of its address.

    Args:
        protocol: notation of the protocol, for messages.
        names: device -> subprotocol that it has to offer; empty for none.
        told: where devices call, and how they prove who they are.
        grace: seconds in which a device may call, or call again, before it counts as away.

    Attributes:
        port: where it listens.
        loop: what serves them.
        there: device -> what serves it.

    Raises:
        UsageError: an address is none, or nobody has to prove anything to a port that is open to others.
    """

    def __init__(
        self, protocol: str, names: Mapping[str, str], told: CentralSystem, grace: float = 0.0
    ) -> None:
        self._protocol, self._names, self._told, self._grace = protocol, names, told, grace
        self._began = time.monotonic()
        #: device -> when it left
        self._left: dict[str, float] = {}
        self.there: dict[str, Any] = {}
        host, _, port = told.listen.rpartition(":")
        where = f"{protocol}.listen"
        if not host or not port.isdecimal() or int(port) > 65535:
            raise UsageError(f"{told.listen!r} is no address", where=where, cure="write host:port")
        if told.clients is None and told.passwords is None and not host.startswith(("127.", "localhost")):
            raise UsageError(
                "whoever reaches this address would be any device of the site",
                where=where,
                cure="name passwords or clients, or listen on 127.0.0.1",
            )
        if told.clients is not None and told.certificate is None:
            raise UsageError(
                "without a certificate there is no TLS", where=f"{protocol}.clients", cure="name one"
            )
        self._passwords = _passwords(told.passwords) if told.passwords is not None else None
        self._tls = _tls(told, protocol)
        self.loop = Loop(protocol)
        try:
            self.port = self.loop.run(self._open(host.strip("[]"), int(port)), _BEGIN)
        except OSError as error:
            self.loop.close()
            raise UsageError(
                f"nobody can call there: {error.strerror}", where=told.listen, cure="take another port"
            ) from error

    async def _open(self, host: str, port: int) -> int:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """Let a device in; serve it until it leaves, or calls again."""
        name = unquote(request.path.rpartition("/")[2])
        if name not in self._names:
            _log.warning("%s: %r called, which is none of the site", self._protocol, name)
            return web.Response(status=404)
        if not self._proven(request, name):
            _log.warning("%s: somebody called as %s and did not prove it", self._protocol, name)
            return web.Response(status=401, headers={"WWW-Authenticate": f'Basic realm="{self._protocol}"'})
        wanted = self._names[name]
        socket = web.WebSocketResponse(
            protocols=(wanted,) if wanted else (), heartbeat=30, max_msg_size=1 << 20
        )
        await socket.prepare(request)
        if wanted and socket.ws_protocol is None:
            _log.warning("%s: %s does not offer %s", self._protocol, name, wanted)
            await socket.close(code=1002, message=b"subprotocol")
            return socket
        frames = Frames(socket)
        made = self.made(name, frames)
        before, self.there[name] = self.there.get(name), made
        if before is not None:
            await before.connection.close()
        try:
            await made.start()
        except ConnectionError:
            _log.info("%s: %s left", self._protocol, name)
        finally:
            if self.there.get(name) is made:
                del self.there[name]
                self._left[name] = time.monotonic()
        return socket

    @abstractmethod
    def made(self, name: str, frames: "Frames") -> Any:
        """Make what serves a device: it has ``start`` and ``connection``."""

    @abstractmethod
    def name_of(self, point: Point) -> str:
        """Give the name of a point's device; empty for one of another protocol."""

    def _proven(self, request: web.Request, name: str) -> bool:
        if self._told.clients is not None:
            shown = request.get_extra_info("peercert") or {}
            names = [value for part in shown.get("subject", ()) for key, value in part if key == "commonName"]
            if names != [name]:
                return False
        if self._passwords is None:
            return True
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        known = self._passwords.get(name)
        if known is None:
            return False
        if kind.lower() == "bearer":
            return hmac.compare_digest(text.strip().encode(), known.encode())
        try:
            said = base64.b64decode(text, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(said, f"{name}:{known}".encode())

    def silent(self, portion: Portion) -> str:
        """Say that the device of a portion is not there; empty where it is, or does not call."""
        for point in portion.points.values():
            name = self.name_of(point)
            if not name or name in self.there:
                continue
            if time.monotonic() - self._left.get(name, self._began) >= self._grace:
                return f"{name} is not connected"
        return ""

    def of(self, name: str) -> Any:
        """Give what serves a device.

        Raises:
            DeviceUnreachable: it is not there.
        """
        found = self.there.get(name)
        if found is None:
            raise DeviceUnreachable(f"{name} is not connected", where=self._protocol)
        return found

    def close(self) -> None:
        """End the connections."""
        self.loop.run(self._runner.cleanup(), _BEGIN)
        self.loop.close()


class Frames:
    """A websocket as the library wants it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def recv(self) -> str:
        """Wait for a message.

        Raises:
            ConnectionError: the station left, or sent what is no text.
        """
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise ConnectionError("the connection ended")
        return str(message.data)

    async def send(self, text: str) -> None:
        """Send a message."""
        await self._socket.send_str(text)

    async def close(self) -> None:
        """End the connection."""
        await self._socket.close()


def named(point: Point, protocol: str) -> str:
    """Give the name in the address of a point, such as ``ocpp:NAME``.

    Raises:
        UsageError: there is none.
    """
    endpoint = str(point.access.get("endpoint", ""))
    name = unquote(endpoint.removeprefix(f"{protocol}:").strip("/"))
    if not endpoint.startswith(f"{protocol}:") or not name or "/" in name:
        raise UsageError(
            f"{endpoint!r} names no device",
            where=f"{point.device} {point.name}",
            cure=f"write {protocol}:NAME, the last part of the address that it calls",
        )
    return name


def _passwords(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise UsageError(
            f"the passwords cannot be read: {error.strerror}", where=str(path), cure="write station:password"
        ) from error
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    if not found:
        raise UsageError("there is no password", where=str(path), cure="write station:password on each line")
    return found


def _tls(told: CentralSystem, protocol: str) -> ssl.SSLContext | None:
    if told.certificate is None:
        return None
    if told.key is None:
        raise UsageError(
            "a certificate comes with its key", where=f"{protocol}.certificate", cure="name both"
        )
    return tls_server(told.certificate, told.key, told.clients)
