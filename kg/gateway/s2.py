"""S2 (EN 50491-12-2) for a gateway: the energy manager that resource managers call; on s2-python.

A resource manager says what it is and how it can be controlled; what was checked becomes an instruction of
one of its control types. Names of actuators and operation modes in a mapping are the identifiers of its
system description, or the labels there, since identifiers differ from device to device.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, get_args
from urllib.parse import unquote

from s2python.common import (
    ControlType,
    EnergyManagementRole,
    Handshake,
    HandshakeResponse,
    InstructionStatus,
    InstructionStatusUpdate,
    PowerMeasurement,
    ReceptionStatus,
    ReceptionStatusValues,
    ResourceManagerDetails,
    SelectControlType,
)
from s2python.connection.async_ import S2AsyncConnection
from s2python.connection.async_.medium.s2_medium import MediumClosedConnectionError, S2AsyncMediumConnection
from s2python.connection.connection_events import ConnectionStarted
from s2python.message import S2Message
from s2python.s2_parser import S2Parser
from s2python.version import S2_VERSION

from kg.devices.points import Point, number
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.gateway.door import Door, Frames, named
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.points import points_of
from kg.gateway.sides import EnergyManager

#: Seconds for an answer, for what a control type begins with, and after which a measurement counts no more.
_ANSWER: Final = 10.0
_DESCRIBED: Final = 5.0
_OLD: Final = 900.0
#: How long an envelope counts, in milliseconds: until another one comes, a day at most.
_DAY: Final = int(timedelta(days=1).total_seconds() * 1000)
#: How a message type begins -> the control type, and the message by which it describes itself.
_TYPES: Final = {
    "FRBC": (ControlType.FILL_RATE_BASED_CONTROL, "FRBC.SystemDescription"),
    "OMBC": (ControlType.OPERATION_MODE_BASED_CONTROL, "OMBC.SystemDescription"),
    "DDBC": (ControlType.DEMAND_DRIVEN_BASED_CONTROL, "DDBC.SystemDescription"),
    "PEBC": (ControlType.POWER_ENVELOPE_BASED_CONTROL, "PEBC.PowerConstraints"),
}
_REFUSED: Final = (InstructionStatus.REJECTED, InstructionStatus.REVOKED, InstructionStatus.ABORTED)


class Managers(Door):
    """The resource managers of a gateway, as a `kg.gateway.driver.Driver`.

    Args:
        plan: its points tell resource managers (``s2:NAME``), control types, actuators and modes.
        told: where they call, and how they prove who they are.
        grace: seconds in which one may call, or call again, before it counts as away.

    Raises:
        UsageError: an address is none, or see ``Door``.

    Source:
        EN 50491-12-2; S2 over websockets, handshake and reception status.
    """

    def __init__(self, plan: Plan, told: EnergyManager, grace: float = 0.0) -> None:
        points = [point for point in points_of(plan).values() if point.protocol == "s2"]
        super().__init__("s2", {named(point, "s2"): "" for point in points}, told, grace)

    def made(self, name: str, frames: Frames) -> "Manager":
        """Make the energy manager's side of a resource manager."""
        return Manager(frames)

    def name_of(self, point: Point) -> str:
        """Give the name of a point's resource manager."""
        return named(point, "s2") if point.protocol == "s2" else ""

    def write(self, write: Write) -> str:
        """Send an instruction; gives what the resource manager says."""
        name = unquote(str(write.message["endpoint"]).removeprefix("s2:").lstrip("/").split("/")[0])
        manager = self.of(name)
        try:
            said: str = self.loop.run(manager.instruct(write.message), 2 * _ANSWER)
        except (TimeoutError, ConnectionError) as error:
            raise DeviceUnreachable(f"no answer: {error}", where=name) from error
        return said

    def read(self, point: Point) -> Decimal | None:
        """Give the power that was measured last, in watts; None where it is old, or none was told."""
        found = self.of(named(point, "s2")).measured.get(str(point.access.get("commodityQuantity", "")))
        if point.writable or found is None or time.monotonic() - found[1] > _OLD:
            return None
        value: Decimal = found[0] * point.scale + point.offset
        return value


class Manager:
    """The energy manager's side of one resource manager.

    Attributes:
        connection: the way to it.
        measured: commodity quantity -> power in watts, and when it came, on the monotonic clock.
    """

    def __init__(self, frames: Frames) -> None:
        self.connection = frames
        self.measured: dict[str, tuple[Decimal, float]] = {}
        self._s2 = S2AsyncConnection(_Medium(frames), asyncio.get_running_loop())
        self._details: ResourceManagerDetails | None = None
        self._control: ControlType | None = None
        #: message type -> the last message of it
        self._last: dict[str, Any] = {}
        self._states: dict[uuid.UUID, InstructionStatus] = {}
        self._changed = asyncio.Condition()
        self._s2.register_handler(ConnectionStarted, self._greet)
        for kind in get_args(S2Message):
            if kind is not ReceptionStatus:
                self._s2.register_handler(kind, self._take)

    async def start(self) -> None:
        """Serve it until it leaves.

        Raises:
            ConnectionError: it left.
        """
        await self._s2.run()
        raise ConnectionError("the connection ended")

    async def _greet(self, connection: Any, event: Any, send_okay: Any) -> None:
        made = Handshake(
            message_id=uuid.uuid4(),
            role=EnergyManagementRole.CEM,
            supported_protocol_versions=[S2_VERSION],
        )
        await connection.send_and_forget(made)

    async def _take(self, connection: Any, event: Any, send_okay: Any) -> None:
        """Take a message, and note what it tells."""
        await send_okay()
        if isinstance(event, Handshake):
            answer = HandshakeResponse(message_id=uuid.uuid4(), selected_protocol_version=S2_VERSION)
            await connection.send_and_forget(answer)
        elif isinstance(event, PowerMeasurement):
            for one in event.values:
                self.measured[one.commodity_quantity.value] = (number(float(one.value)), time.monotonic())
        async with self._changed:
            if isinstance(event, ResourceManagerDetails):
                self._details = event
            elif isinstance(event, InstructionStatusUpdate):
                if event.instruction_id in self._states:
                    self._states[event.instruction_id] = event.status_type
            else:
                self._last[event.message_type] = event
            self._changed.notify_all()

    async def _until(self, true: Any, seconds: float) -> bool:
        """Wait until something was told."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(true), seconds)
            except TimeoutError:
                return False
        return True

    async def instruct(self, message: dict[str, Any]) -> str:
        """Send an instruction as it was checked, with what only this side knows: identifiers and times."""
        control, described = _TYPES[str(message["message_type"]).partition(".")[0]]
        if not await self._until(lambda: self._details is not None, _DESCRIBED):
            return "refused: the resource manager did not say what it is"
        if self._details is None or control not in self._details.available_control_types:
            return f"refused: it has no {control.value}"
        if self._control is not control:
            self._last.pop(described, None)
            selected = SelectControlType(message_id=uuid.uuid4(), control_type=control)
            why = await self._sent(selected)
            if why:
                return why
            self._control = control
        if not await self._until(lambda: described in self._last, _DESCRIBED):
            return f"refused: it sent no {described}"
        body = {key: value for key, value in message.items() if key != "endpoint"}
        body |= {"message_id": str(uuid.uuid4()), "id": str(uuid.uuid4())}
        body["execution_time"] = datetime.now(UTC).isoformat()
        why = _completed(body, self._last[described].to_dict())
        if why:
            return why
        made: Any = S2Parser().parse_as_any_message(body)
        self._states[made.id] = InstructionStatus.NEW
        try:
            why = await self._sent(made)
            if why:
                return why
            await self._until(lambda: self._states[made.id] is not InstructionStatus.NEW, 1.0)
            state = self._states[made.id]
            return f"refused: {state.value}" if state in _REFUSED else "confirmed"
        finally:
            del self._states[made.id]

    async def _sent(self, message: Any) -> str:
        """Send a message; gives why it was refused, empty where it was not."""
        try:
            said = await self._s2.send_msg_and_await_reception_status(message, raise_on_error=False)
        except (MediumClosedConnectionError, RuntimeError) as error:
            raise ConnectionError(str(error)) from error
        if said.status is ReceptionStatusValues.OK:
            return ""
        return f"refused: {said.status.value} {said.diagnostic_label or ''}".strip()


class _Medium(S2AsyncMediumConnection):
    """A websocket as the library wants it."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    async def is_connected(self) -> bool:
        return True

    async def messages(self) -> AsyncGenerator[str, None]:
        while True:
            try:
                text = await self._frames.recv()
            except ConnectionError as error:
                raise MediumClosedConnectionError(str(error)) from error
            yield text

    async def send(self, message: str) -> None:
        try:
            await self._frames.send(message)
        except ConnectionError as error:
            raise MediumClosedConnectionError(str(error)) from error


def _completed(body: dict[str, Any], told: dict[str, Any]) -> str:
    """Put identifiers of a description into an instruction; gives what there is none for, else empty."""
    if "power_envelopes" in body:
        body["power_constraints_id"] = told["id"]
        for envelope in body["power_envelopes"]:
            envelope["id"] = str(uuid.uuid4())
            for element in envelope["power_envelope_elements"]:
                element["duration"] = _DAY
        return ""
    within: Any = told
    if "actuator_id" in body:
        within = _node(told, str(body["actuator_id"]))
        if within is None:
            return f"refused: it has no actuator {body['actuator_id']}"
        body["actuator_id"] = str(within["id"])
    mode = "operation_mode" if "operation_mode" in body else "operation_mode_id"
    found = _node(within, str(body[mode]))
    if found is None:
        return f"refused: it has no operation mode {body[mode]}"
    body[mode] = str(found["id"])
    return ""


def _node(tree: Any, name: str) -> dict[str, Any] | None:
    """Find what has an identifier, or a label, within a description."""
    if isinstance(tree, dict):
        if "id" in tree and name in (str(tree["id"]), tree.get("diagnostic_label")):
            return tree
        tree = list(tree.values())
    for one in tree if isinstance(tree, list) else ():
        found = _node(one, name)
        if found is not None:
            return found
    return None
