"""IEC 60870-5-104 for a gateway, on the library c104: a line to a plant, and a station of its own."""

import time
from decimal import Decimal
from urllib.parse import urlsplit

import c104

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.points import points_of
from kg.gateway.station import Station

TYPES = {kind.value: kind for kind in c104.Type.__members__.values()}


def number(value: object) -> Decimal:
    """Give what c104 has of a value as a decimal; a short float has seven digits."""
    return Decimal(int(value)) if isinstance(value, bool) else Decimal(f"{float(value):.7g}")


def typed(kind: int, value: float) -> object:
    """Give a raw number as c104 takes it for a type identification."""
    if kind in (45, 58):
        return bool(value)
    if kind in (48, 61):
        return c104.NormalizedFloat(value)
    return c104.Int16(int(value)) if kind in (49, 62) else float(value)


class Caller:
    """A controlling station's connection, with answers that are seen as they come in.

    c104 waits for a confirmation by itself, but its waiting thread at times misses the wake-up and takes the
    command for lost. So the confirmations are read here, from the bytes that arrive.
    """

    def __init__(self, client: c104.Client, host: str, port: int) -> None:
        self.where, self._confirmed = f"{host}:{port}", dict[tuple[int, int, int], bool]()
        self.connection = client.add_connection(ip=host, port=port, init=c104.Init.MUTED)
        self.connection.on_receive_raw(callable=self._receiver())

    def _receiver(self):
        confirmed = self._confirmed

        def receive(connection: c104.Connection, data: bytes) -> None:
            if (
                len(data) >= 15 and not data[2] & 1 and data[8] & 0x3F == 7
            ):  # I frame, activation confirmation
                address = int.from_bytes(data[12:15], "little")
                confirmed[data[6], int.from_bytes(data[10:12], "little"), address] = not data[8] & 0x40

        return receive

    def opened(self, seconds: float = 0.0) -> bool:
        """Whether the line is open; one that was made anew is started and interrogated here."""
        end = time.monotonic() + seconds
        while True:
            if self.connection.state == c104.ConnectionState.OPEN_MUTED:
                self.connection.unmute()
                while self.connection.state != c104.ConnectionState.OPEN and time.monotonic() < end + 3:
                    time.sleep(0.01)
                for station in self.connection.stations:
                    self.connection.interrogation(station.common_address, wait_for_response=False)
                time.sleep(0.2)
            if self.connection.state == c104.ConnectionState.OPEN:
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)

    def send(self, station: int, point: c104.Point, value: object, seconds: float = 5.0) -> bool | None:
        """Send a command; gives whether it was confirmed positively, None where no answer came."""
        key = (point.type.value, station, point.io_address)
        self._confirmed.pop(key, None)
        point.value = value
        if point.transmit(cause=c104.Cot.ACTIVATION):
            return True
        end = time.monotonic() + seconds
        while key not in self._confirmed and time.monotonic() < end and self.opened():
            time.sleep(0.01)
        return self._confirmed.get(key)


class Line:
    """A controlling station: the line to the plants of one resource, as a `kg.gateway.driver.Driver`."""

    def __init__(self, plan: Plan) -> None:
        self._client = c104.Client(tick_rate_ms=50, command_timeout_ms=300)
        self._points: dict[tuple[int, int], tuple[Caller, c104.Point]] = {}
        callers: dict[str, Caller] = {}
        for point in points_of(plan).values():
            at, (station, address) = urlsplit(point.access["endpoint"]), self._address(point)
            if at.netloc not in callers:
                callers[at.netloc] = Caller(self._client, str(at.hostname), at.port or 2404)
            caller = callers[at.netloc]
            connection = caller.connection
            owner = connection.get_station(station) or connection.add_station(common_address=station)
            kind = TYPES[point.access["typeIdentification"]]
            self._points[station, address] = (caller, owner.add_point(io_address=address, type=kind))
        self._callers = list(callers.values())
        self._client.start()

    @staticmethod
    def _address(point: Point) -> tuple[int, int]:
        return point.access["commonAddress"], point.access["informationObjectAddress"]

    def wait(self, seconds: float = 10) -> None:
        """Wait until every plant has been called."""
        for caller in self._callers:
            if not caller.opened(seconds):
                raise DeviceUnreachable("the plant did not answer in time", where=caller.where)

    def _open(self, station: int, address: int) -> tuple[Caller, c104.Point]:
        caller, point = self._points[station, address]
        if not caller.opened():
            raise DeviceUnreachable("the line is down", where=caller.where)
        return caller, point

    def write(self, write: Write) -> str:
        """Send a command; gives the plant's confirmation."""
        asked = write.message
        station = asked["commonAddress"]
        caller, point = self._open(station, asked["informationObjectAddress"])
        said = caller.send(station, point, typed(asked["type"], asked["value"]))
        if said is None:
            raise DeviceUnreachable("no confirmation came", where=caller.where)
        return "confirmed" if said else "negative confirmation"

    def read(self, point: Point) -> Decimal | None:
        """Give the value last told, where its quality is good."""
        _, found = self._open(*self._address(point))
        if not found.quality.is_good() or found.processed_at.timestamp() == 0:
            return None
        return number(found.value) * point.scale + point.offset

    def close(self) -> None:
        """Close the line."""
        self._client.stop()


class Post:
    """A controlled station: what a control centre sends goes to a `kg.gateway.station.Station`."""

    def __init__(self, plan: Plan, station: Station, port: int) -> None:
        self._server = c104.Server(ip="127.0.0.1", port=port, tick_rate_ms=50)
        self._told: dict[str, c104.Point] = {}
        owners: dict[int, c104.Station] = {}
        for point in points_of(plan).values():
            common, address = point.access["commonAddress"], point.access["informationObjectAddress"]
            if common not in owners:
                owners[common] = self._server.add_station(common_address=common)
            made = owners[common].add_point(
                io_address=address, type=TYPES[point.access["typeIdentification"]]
            )
            if point.writable:
                made.on_receive(self._taker(station, point.name))
            else:
                self._told[point.name] = made
        self._server.start()

    @staticmethod
    def _taker(station: Station, name: str):
        def take(
            point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
        ) -> c104.ResponseState:
            verdict = station.take(name, number(point.value))
            for reason in verdict.refusals:
                print(f"refused to the control centre: {reason.rule} {reason.message}", flush=True)
            return c104.ResponseState.SUCCESS if verdict.allowed else c104.ResponseState.FAILURE

        return take

    def tell(self, name: str, value: float | bool) -> None:
        """Tell the control centre a value, where it changed."""
        point = self._told[name]
        if point.value != value or not point.quality.is_good():
            point.value = value
            point.transmit(cause=c104.Cot.SPONTANEOUS)

    def close(self) -> None:
        """End the station."""
        self._server.stop()
