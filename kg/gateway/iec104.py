"""IEC 60870-5-104 for a gateway, on c104: lines to plants, and a station towards a control centre."""

import logging
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlsplit

import c104

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.iec104_calls import TYPES, Caller, number, security, typed
from kg.gateway.points import points_of
from kg.gateway.station import Station
from kg.gateway.tunnel import Keys, Reach

_log = logging.getLogger("flexkg.gateway")


class Line:
    """A controlling station: the lines to the plants of one resource, as a `kg.gateway.driver.Driver`.

    Args:
        plan: the plan of the resource; its points tell addresses and type identifications.
        reach: how stations are reached. Their TLS is a tunnel: in c104 2.2 (Mbed TLS 3.6) each handshake of a
            caller ends with the error -0x5d80, since no host name is set.
    """

    def __init__(self, plan: Plan, reach: Reach | None = None) -> None:
        reach = reach or Reach()
        self._client = c104.Client(tick_rate_ms=50, command_timeout_ms=300)
        #: device and name of a point -> its line, and what c104 has of it; plants may have the same addresses
        self._points: dict[tuple[str, str], tuple[Caller, c104.Point]] = {}
        callers: dict[str, Caller] = {}
        for point in points_of(plan).values():
            if point.protocol != "iec60870-5-104":
                continue
            at, station = urlsplit(point.access["endpoint"]), point.access["commonAddress"]
            address = point.access["informationObjectAddress"]
            if at.netloc not in callers:
                callers[at.netloc] = Caller(self._client, *reach(str(at.hostname), at.port, 2404, 19998))
            caller = callers[at.netloc]
            connection = caller.connection
            owner = connection.get_station(station) or connection.add_station(common_address=station)
            kind = TYPES[point.access["typeIdentification"]]
            made = owner.add_point(io_address=address, type=kind) if owner is not None else None
            if made is None:
                raise UsageError(
                    f"c104 does not take {station}/{address} as {kind.name}",
                    where=f"{point.device} {point.name}",
                    cure="see whether the address is there twice",
                )
            if point.access.get("selectBeforeOperate") is True:
                made.command_mode = c104.CommandMode.SELECT_AND_EXECUTE
            self._points[point.key] = (caller, made)
        self._callers = list(callers.values())
        self._client.start()

    def wait(self, seconds: float = 10) -> None:
        """Wait until every plant has been called.

        Raises:
            DeviceUnreachable: one was not.
        """
        for caller in self._callers:
            if not caller.opened(seconds):
                raise DeviceUnreachable("the plant did not answer in time", where=caller.where)

    def _open(self, key: tuple[str, str]) -> tuple[Caller, c104.Point]:
        caller, point = self._points[key]
        if not caller.opened():
            raise DeviceUnreachable("the line is down", where=caller.where)
        return caller, point

    def write(self, write: Write) -> str:
        """Send a command; gives the plant's confirmation."""
        asked = write.message
        caller, point = self._open((write.device, write.point))
        said = caller.send(asked["commonAddress"], point, typed(asked["type"], asked["value"]))
        if said is None:
            raise DeviceUnreachable("no confirmation came", where=caller.where)
        return "confirmed" if said else "negative confirmation"

    def read(self, point: Point) -> Decimal | None:
        """Give the value last told, where its quality is good."""
        _, found = self._open(point.key)
        quality = found.quality
        good = quality is not None and quality.is_good()
        if not good or found.processed_at.timestamp() == 0:
            return None
        return number(found.value) * point.scale + point.offset

    def close(self) -> None:
        """Close the lines."""
        self._client.stop()


class Post:
    """A controlled station: what a control centre sends goes to a `kg.gateway.station.Station`.

    Args:
        plan: the plan of the station's own points.
        station: takes the values.
        host: address to listen on.
        port: port.
        keys: for TLS; None: without.
    """

    def __init__(
        self,
        plan: Plan,
        station: Station,
        host: str = "127.0.0.1",
        port: int = 2404,
        keys: Keys | None = None,
    ) -> None:
        tls = security(keys) if keys is not None else None
        self._server = c104.Server(ip=host, port=port, tick_rate_ms=50, transport_security=tls)
        self._told: dict[str, c104.Point] = {}
        owners: dict[int, c104.Station] = {}
        for point in points_of(plan).values():
            common, address = point.access["commonAddress"], point.access["informationObjectAddress"]
            owner = owners.get(common) or self._server.add_station(common_address=common)
            if owner is None:
                raise UsageError(f"{common} is no common address", where=point.name, cure="write 1 to 65534")
            owners[common] = owner
            made = owners[common].add_point(
                io_address=address, type=TYPES[point.access["typeIdentification"]]
            )
            if made is None:
                raise UsageError(
                    f"c104 does not take {common}/{address}",
                    where=point.name,
                    cure="see whether the address is there twice",
                )
            if point.writable:
                if point.access.get("selectBeforeOperate") is True:
                    made.command_mode = c104.CommandMode.SELECT_AND_EXECUTE
                made.on_receive(callable=self._taker(station, point.name))
            else:
                self._told[point.name] = made
        try:
            self._server.start()
        except RuntimeError as error:
            raise UsageError(
                f"the station cannot listen: {error}", where=f"{host}:{port}", cure="take another port"
            ) from error

    @staticmethod
    def _taker(station: Station, name: str) -> Callable[..., c104.ResponseState]:
        def take(
            point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
        ) -> c104.ResponseState:
            if message.is_select_command:
                return c104.ResponseState.SUCCESS
            verdict = station.take(name, number(point.value))
            for reason in verdict.refusals:
                _log.warning("refused to the control centre: %s %s", reason.rule, reason.message)
            return c104.ResponseState.SUCCESS if verdict.allowed else c104.ResponseState.FAILURE

        return take

    def tell(self, name: str, value: float | bool) -> None:
        """Tell the control centre a value, where it changed; one that it is not told of is passed over."""
        point = self._told.get(name)
        if point is None:
            return
        quality = point.quality
        good = quality is not None and quality.is_good()
        if point.value != value or not good:
            point.value = value
            point.transmit(cause=c104.Cot.SPONTANEOUS)

    def close(self) -> None:
        """End the station."""
        self._server.stop()
