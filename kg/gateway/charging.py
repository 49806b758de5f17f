"""OCPP for a gateway: the central system that charging stations call; on ocpp, over aiohttp's websockets.

It sets charging profiles and variables as they were checked, and keeps the last meter values. Who may charge
is not its matter: every tag is accepted.
"""

import base64
import binascii
import hmac
import logging
import ssl
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from kg.devices.points import Point
from kg.devices.resources import Plan, Portion
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.charging_points import Central, central
from kg.gateway.configuration import CentralSystem
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.loop import Loop
from kg.gateway.points import points_of
from kg.openadr.tls import tls_server

_log = logging.getLogger("flexkg.gateway")
#: Seconds for a station to answer, and after which a meter value counts no more.
_ANSWER: Final = 10.0
_OLD: Final = 900.0
#: Unit of a sampled value -> what it is of the unit without a prefix.
_PREFIXED: Final = {"k": Decimal(1000)}


class Stations:
    """The charging stations of a gateway, as a `kg.gateway.driver.Driver`.

    Args:
        plan: its points tell stations (``ocpp:STATION``), versions, connectors and measurands.
        told: where stations call, and how they prove who they are.
        grace: seconds in which a station may call, or call again, before it counts as away.

    Raises:
        UsageError: an address is none, or nobody has to prove anything to a port that is open to others.
    """

    def __init__(self, plan: Plan, told: CentralSystem, grace: float = 0.0) -> None:
        self._told, self._grace, self._began = told, grace, time.monotonic()
        #: station -> when it left
        self._left: dict[str, float] = {}
        self._stations: dict[str, Central] = {}
        self._versions: dict[str, str] = {}
        for point in points_of(plan).values():
            if point.protocol == "ocpp":
                name, version = _station(point), str(point.access.get("ocppVersion", "2.0.1"))
                if self._versions.setdefault(name, version) != version:
                    raise UsageError(
                        f"{name} speaks OCPP {self._versions[name]} and {version}",
                        where=f"{point.device} {point.name}",
                        cure="state one flex:ocppVersion",
                    )
        host, _, port = told.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise UsageError(f"{told.listen!r} is no address", where="ocpp.listen", cure="write host:port")
        if told.clients is None and told.passwords is None and not host.startswith(("127.", "localhost")):
            raise UsageError(
                "whoever reaches the central system would be any station",
                where="ocpp.listen",
                cure="name passwords or clients, or listen on 127.0.0.1",
            )
        if told.clients is not None and told.certificate is None:
            raise UsageError("without a certificate there is no TLS", where="ocpp.clients", cure="name one")
        self._passwords = _passwords(told.passwords) if told.passwords is not None else None
        self._tls = _tls(told)
        self._loop = Loop("ocpp")
        try:
            self.port = self._loop.run(self._serve(host.strip("[]"), int(port)), _ANSWER)
        except OSError as error:
            self._loop.close()
            raise UsageError(
                f"the central system cannot listen: {error.strerror}",
                where=told.listen,
                cure="take another port",
            ) from error

    async def _serve(self, host: str, port: int) -> int:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """Let a station in that the site names and that proves who it is; serve it until it leaves.

        Source:
            OCPP-J 1.6 and OCPP 2.0.1 part 4, connection URL, subprotocol, security profiles.
        """
        name = unquote(request.path.rpartition("/")[2])
        if name not in self._versions:
            _log.warning("the charging station %r is none of the site", name)
            return web.Response(status=404)
        if not self._proven(request, name):
            _log.warning("somebody called as the charging station %s and did not prove it", name)
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="ocpp"'})
        version = self._versions[name]
        socket = web.WebSocketResponse(protocols=(f"ocpp{version}",), heartbeat=30, max_msg_size=1 << 20)
        await socket.prepare(request)
        if socket.ws_protocol is None:
            _log.warning("the charging station %s does not offer OCPP %s", name, version)
            await socket.close(code=1002, message=b"subprotocol")
            return socket
        made = central(version, name, Frames(socket), _ANSWER)
        before, self._stations[name] = self._stations.get(name), made
        if before is not None:
            await before.connection.close()
        try:
            await made.start()
        except ConnectionError:
            _log.info("the charging station %s left", name)
        finally:
            if self._stations.get(name) is made:
                del self._stations[name]
                self._left[name] = time.monotonic()
        return socket

    def _proven(self, request: web.Request, name: str) -> bool:
        if self._told.clients is not None:
            shown = request.get_extra_info("peercert") or {}
            names = [value for part in shown.get("subject", ()) for key, value in part if key == "commonName"]
            if names != [name]:
                return False
        if self._passwords is None:
            return True
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        try:
            said = base64.b64decode(text, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        known = self._passwords.get(name)
        return known is not None and hmac.compare_digest(said, f"{name}:{known}".encode())

    def silent(self, portion: Portion) -> str:
        """Say that the station of a device is not there; empty where it is, or the device has none."""
        for point in portion.points.values():
            if point.protocol != "ocpp" or (name := _station(point)) in self._stations:
                continue
            if time.monotonic() - self._left.get(name, self._began) >= self._grace:
                return f"the charging station {name} is not connected"
        return ""

    def _of(self, name: str) -> Central:
        found = self._stations.get(name)
        if found is None:
            raise DeviceUnreachable("the charging station is not connected", where=name)
        return found

    def write(self, write: Write) -> str:
        """Send a checked message; gives what the station says."""
        asked = write.message
        name = unquote(str(asked["endpoint"]).removeprefix("ocpp:").split("/")[0])
        station = self._of(name)
        try:
            said = self._loop.run(station.ask(asked["action"], asked["payload"]), _ANSWER + 1)
        except (TimeoutError, ConnectionError) as error:
            raise DeviceUnreachable(f"no answer: {error}", where=name) from error
        return "confirmed" if said == "Accepted" else said

    def read(self, point: Point) -> Decimal | None:
        """Give the meter value that was told last; None where it is old, or none was told."""
        access = point.access
        station = self._of(_station(point))
        found = station.values.get(
            (
                int(access.get("connectorID", access.get("evseID", 0))),
                str(access.get("measurand", "")),
                str(access.get("phase", "")),
                str(access.get("location", "Outlet")),
            )
        )
        if found is None or time.monotonic() - found.at > _OLD:
            return None
        raw = _converted(found.text, found.unit, str(access.get("measuredUnit", "")) or found.unit)
        return raw * point.scale + point.offset if raw is not None else None

    def close(self) -> None:
        """End the connections."""
        self._loop.run(self._runner.cleanup(), _ANSWER)
        self._loop.close()


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


def _station(point: Point) -> str:
    endpoint = str(point.access.get("endpoint", ""))
    name = unquote(endpoint.removeprefix("ocpp:").strip("/"))
    if not endpoint.startswith("ocpp:") or not name or "/" in name:
        raise UsageError(
            f"{endpoint!r} names no charging station",
            where=f"{point.device} {point.name}",
            cure="write ocpp:STATION, its identity in the address that it calls",
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


def _tls(told: CentralSystem) -> ssl.SSLContext | None:
    if told.certificate is None:
        return None
    if told.key is None:
        raise UsageError("a certificate comes with its key", where="ocpp.certificate", cure="name both")
    return tls_server(told.certificate, told.key, told.clients)


def _converted(text: str, unit: str, wanted: str) -> Decimal | None:
    """Give a sampled value in the unit of the mapping; None where there is no way."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    if unit == wanted:
        return value
    if unit[1:] == wanted and unit[:1] in _PREFIXED:
        return value * _PREFIXED[unit[0]]
    if wanted[1:] == unit and wanted[:1] in _PREFIXED:
        return value / _PREFIXED[wanted[0]]
    return None
