"""IEC 61850 for a gateway: MMS lines to IEDs, and an IED of its own for a control centre; on open61850."""

import logging
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from open61850.data import BitStringData, BoolData, FloatData, IECData, IntData, StructureData, UIntData
from open61850.mms import ControlError, DataAccessError, MmsClient, MmsError, operate
from open61850.server import IedModel, MmsServer
from open61850.server.control import ControlEngine

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.points import points_of
from kg.gateway.station import Station
from kg.gateway.tunnel import Inward, Keys, Reach

_log = logging.getLogger("flexkg.gateway")
_SECONDS: Final = 5.0
#: Object class of MMS for the names of logical devices.
_DOMAIN: Final = 9
#: AddCause of a command that is refused: not supported, blocked by process.
_UNKNOWN, _BLOCKED = 0, 9


def constraint_of(point: Point) -> str:
    """Give the functional constraint of a point, for example ``"MX"``."""
    said = point.access.get("functionalConstraint", "")
    return str(said["@id"] if isinstance(said, dict) else said).rpartition("/")[2]


class Ieds:
    """The IEDs of one resource, as a `kg.gateway.driver.Driver`; connected when needed, and after a break.

    The control model (direct, or select before operate, with normal or enhanced security) is the one that the
    IED states in its attribute ctlModel; with enhanced security the command termination is waited for.

    Args:
        plan: the plan of the resource; its points tell addresses and object references.
        reach: how IEDs are reached; TLS is a tunnel, since open61850 has none.
    """

    def __init__(self, plan: Plan, reach: Reach | None = None) -> None:
        reach = reach or Reach()
        self._points = {key: one for key, one in points_of(plan).items() if one.protocol == "iec61850"}
        self._lines: dict[str, _Line] = {}
        for key, point in self._points.items():
            endpoint = point.access["endpoint"]
            at = urlsplit(endpoint)
            if at.scheme != "mms" or not at.hostname:
                raise UsageError(
                    f"{endpoint!r} is no address of an IED", where=" ".join(key), cure="write mms://host:102"
                )
            if endpoint not in self._lines:
                self._lines[endpoint] = _Line(*reach(at.hostname, at.port, 102, 3782))

    def write(self, write: Write) -> str:
        """Operate a control, or set an attribute; gives what the IED says."""
        reference, constraint = write.message["reference"], write.message["functionalConstraint"]
        point = self._points[write.device, write.point]
        value: IECData = FloatData(float(write.raw))
        if point.data_type == "boolean":
            value = BoolData(bool(write.raw))
        elif isinstance(write.raw, int):
            value = IntData(write.raw)

        def ask(client: MmsClient, line: _Line) -> str:
            name = line.name(client, reference)
            if constraint != "CO":
                client.write(f"{name}[{constraint}]", value)
                return "confirmed"
            control, _, rest = name.partition(".Oper.")
            operate(client, control, StructureData([value]) if rest == "ctlVal.f" else value)
            return "confirmed"

        try:
            return str(self._lines[point.access["endpoint"]].ask(ask))
        except (ControlError, DataAccessError) as error:
            return f"refused: {error}"

    def read(self, point: Point) -> Decimal | None:
        """Read an attribute; None where its quality is not good, or the IED has it not."""
        reference, constraint = point.access["objectReference"], constraint_of(point)
        node, _, rest = reference.partition(".")

        def ask(client: MmsClient, line: _Line) -> tuple[IECData, IECData]:
            quality = f"{line.name(client, node)}.{rest.partition('.')[0]}.q[{constraint}]"
            return client.read(f"{line.name(client, reference)}[{constraint}]"), client.read(quality)

        try:
            value, bits = self._lines[point.access["endpoint"]].ask(ask)
        except DataAccessError:
            return None
        good = isinstance(bits, BitStringData) and bits.value[0] >> 6 == 0
        found = _number(value)
        return found * point.scale + point.offset if good and found is not None else None

    def close(self) -> None:
        """End the associations."""
        for line in self._lines.values():
            line.close()


class _Line:
    """One association; names of logical devices have that of the IED before them on the wire."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port, self._lock = host, port, threading.Lock()
        self._client: MmsClient | None = None
        self._domains: dict[str, str] = {}

    def ask(self, act: Callable[[MmsClient, "_Line"], Any]) -> Any:
        """Do something over the association; makes it where there is none."""
        with self._lock:
            try:
                if self._client is None or not self._client.is_connected:
                    self.close()
                    self._client = MmsClient.connect(self._host, port=self._port, timeout=_SECONDS)
                return act(self._client, self)
            except (ControlError, DataAccessError):  # its answer: the line is sound
                raise
            except (OSError, MmsError) as error:
                self.close()
                where = f"{self._host}:{self._port}"
                raise DeviceUnreachable(f"no answer: {error}", where=where, cure="see to the IED") from error

    def name(self, client: MmsClient, reference: str) -> str:
        """Put the name of the IED before a reference that has none.

        Raises:
            DeviceUnreachable: the IED has no such logical device, or several.
        """
        device, _, rest = reference.partition("/")
        if device not in self._domains:
            domains = client.get_name_list(_DOMAIN)
            fits = [one for one in domains if one == device] or [
                one for one in domains if one.endswith(device)
            ]
            if len(fits) != 1:
                raise DeviceUnreachable(
                    f"the IED has {'several' if fits else 'no'} logical devices {device!r}",
                    where=f"{self._host}:{self._port}",
                    cure=f"it has {', '.join(domains) or 'none'}",
                )
            self._domains[device] = fits[0]
        return f"{self._domains[device]}/{rest}"

    def close(self) -> None:
        """End the association."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _number(value: IECData | None) -> Decimal | None:
    """Give a value as a decimal; a short float has seven digits. None for what is no number."""
    while isinstance(value, StructureData) and value.members:
        value = value.members[0]
    if isinstance(value, BoolData):
        return Decimal(int(value.value))
    if isinstance(value, IntData | UIntData):
        return Decimal(value.value)
    return Decimal(f"{value.value:.7g}") if isinstance(value, FloatData) else None


class Post:
    """An IED of the gateway's own: what a control centre operates goes to a `kg.gateway.station.Station`.

    Args:
        plan: the plan of the station's own points, with object references as in the SCL file.
        station: takes the values.
        scl: the SCL file (ICD, CID) that describes the IED.
        host: address to listen on.
        port: port.
        keys: for TLS; None: without. The port on loopback behind it is plain, and open to this host's users.
    """

    def __init__(
        self,
        plan: Plan,
        station: Station,
        scl: Path,
        host: str = "127.0.0.1",
        port: int = 102,
        keys: Keys | None = None,
    ) -> None:
        try:
            self._model = IedModel.from_scl(str(scl))
        except (OSError, ValueError, KeyError, SyntaxError) as error:
            raise UsageError(
                f"the SCL file cannot be used: {error}", where=str(scl), cure="give an ICD or CID"
            ) from error
        self._name = self._model.ied_name
        self._server = MmsServer(
            self._model, host=host if keys is None else "127.0.0.1", port=port if keys is None else 0
        )
        self._told: dict[str, tuple[Point, str]] = {}
        engine = self._server.controls = ControlEngine(self._server)  # before it listens
        for point in points_of(plan).values():
            reference, constraint = point.access["objectReference"], constraint_of(point)
            if point.writable and constraint == "CO":
                control = self._name + reference.partition(".Oper.")[0]
                engine.set_handler(control, self._taker(station, point.name))
            elif not point.writable:
                self._told[point.name] = (point, f"{self._name}{reference}[{constraint}]")
        try:
            self._server.start()
        except OSError as error:
            raise UsageError(
                f"the station cannot listen: {error}", where=f"{host}:{port}", cure="take another port"
            ) from error
        self._tls = Inward(host, port, self._server.port, keys) if keys is not None else None
        if self._tls is not None:
            self._tls.begin()

    @staticmethod
    def _taker(station: Station, name: str) -> Callable[[Any], int | None]:
        def take(command: Any) -> int | None:
            value = _number(command.ctl_val)
            if value is None:
                return _UNKNOWN
            verdict = station.take(name, value)
            for reason in verdict.refusals:
                _log.warning("refused to the control centre: %s %s", reason.rule, reason.message)
            return None if verdict.allowed else _BLOCKED

        return take

    def tell(self, name: str, value: float | bool) -> None:
        """Tell the control centre a value; one that it is not told of is passed over."""
        if name in self._told:
            point, reference = self._told[name]
            raw = (Decimal(str(value)) - point.offset) / point.scale
            try:
                self._model.set(reference, float(raw) if reference.endswith(".f[MX]") else int(raw))
            except (KeyError, ValueError, TypeError) as error:
                _log.error("%s cannot be told as %s: %s", name, reference, error)

    def close(self) -> None:
        """End the IED."""
        if self._tls is not None:
            self._tls.close()
        self._server.stop()
