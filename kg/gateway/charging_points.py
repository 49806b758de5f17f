"""What a central system answers a charging station, in the versions of OCPP; on ocpp."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from ocpp.charge_point import ChargePoint, camel_to_snake_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201

from kg.errors import UsageError

#: Meter values of one station that are kept.
_MOST: Final = 1000
#: Seconds between two heartbeats that stations are asked for.
_INTERVAL: Final = 300


class Connection(Protocol):
    """What messages come and go by."""

    async def recv(self) -> str:
        """Wait for a message."""

    async def send(self, text: str) -> None:
        """Send a message."""

    async def close(self) -> None:
        """End the connection."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A meter value: its text, unit, and when it came, on the monotonic clock."""

    text: str
    unit: str
    at: float


#: Connector or EVSE, measurand, phase, location.
_Key = tuple[int, str, str, str]


class Central:
    """What the central system knows of one station, and what it says to it.

    Attributes:
        values: meter values that were told last.
        connection: the way to the station.
    """

    values: dict[_Key, Sampled]
    connection: Connection
    _calls: Any
    _results: Any

    async def start(self) -> None:
        """Take messages until the station leaves.

        Raises:
            ConnectionError: it left.
        """
        await super().start()  # type: ignore[misc]

    async def ask(self, action: str, payload: dict[str, Any]) -> str:
        """Send a message; gives the status that the station answers with, or why it refused.

        Raises:
            TimeoutError: it does not answer.
        """
        asked = getattr(self._calls, action)(**camel_to_snake_case(payload))
        assert isinstance(self, ChargePoint)
        try:
            answer = await self.call(asked, suppress=False)
        except OCPPError as error:
            return f"refused: {error.code} {error.description}".strip()
        if action == "SetVariables":
            states = {str(one["attribute_status"]) for one in answer.set_variable_result}
            return "Accepted" if states == {"Accepted"} else ", ".join(sorted(states))
        return str(getattr(answer.status, "value", answer.status))

    def note(self, place: int, sampled: list[dict[str, Any]]) -> None:
        """Keep sampled values of a connector or EVSE."""
        for one in sampled:
            unit, text = str(one.get("unit", "")), str(one.get("value", ""))
            scaled = one.get("unit_of_measure")
            if isinstance(scaled, dict):
                unit = str(scaled.get("unit", ""))
                text = f"{Decimal(text).scaleb(int(scaled.get('multiplier', 0))):f}"
            measurand = str(one.get("measurand", "Energy.Active.Import.Register"))
            unit = unit or ("Wh" if measurand.startswith("Energy") else "")
            key = (place, measurand, str(one.get("phase", "")), str(one.get("location", "Outlet")))
            if key not in self.values and len(self.values) >= _MOST:
                continue
            self.values[key] = Sampled(text, unit, time.monotonic())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class _Station16(Central, ChargePoint16):
    _calls, _results = call16, result16

    def __init__(self, name: str, connection: Connection, seconds: float) -> None:
        ChargePoint16.__init__(self, name, connection, seconds)
        self.values, self.connection, self._transactions = {}, connection, 0

    @on("BootNotification")
    def _booted(self, **_: Any) -> Any:
        return result16.BootNotification(_now(), _INTERVAL, "Accepted")

    @on("Heartbeat")
    def _beat(self, **_: Any) -> Any:
        return result16.Heartbeat(_now())

    @on("StatusNotification")
    def _status(self, **_: Any) -> Any:
        return result16.StatusNotification()

    @on("Authorize")
    def _authorize(self, **_: Any) -> Any:
        return result16.Authorize({"status": "Accepted"})

    @on("StartTransaction")
    def _begins(self, **_: Any) -> Any:
        self._transactions += 1
        return result16.StartTransaction(int(time.time()) + self._transactions, {"status": "Accepted"})

    @on("StopTransaction")
    def _ends(self, **_: Any) -> Any:
        return result16.StopTransaction()

    @on("MeterValues")
    def _metered(self, connector_id: int, meter_value: list[dict[str, Any]], **_: Any) -> Any:
        for one in meter_value:
            self.note(connector_id, one["sampled_value"])
        return result16.MeterValues()

    @on("DataTransfer")
    def _transfers(self, **_: Any) -> Any:
        return result16.DataTransfer("UnknownVendorId")


class _Station2:
    """What 2.0.1 and 2.1 have alike."""

    _results: Any

    @on("BootNotification")
    def _booted(self, **_: Any) -> Any:
        return self._results.BootNotification(_now(), _INTERVAL, "Accepted")

    @on("Heartbeat")
    def _beat(self, **_: Any) -> Any:
        return self._results.Heartbeat(_now())

    @on("StatusNotification")
    def _status(self, **_: Any) -> Any:
        return self._results.StatusNotification()

    @on("Authorize")
    def _authorize(self, **_: Any) -> Any:
        return self._results.Authorize({"status": "Accepted"})

    @on("TransactionEvent")
    def _event(self, **said: Any) -> Any:
        place = int((said.get("evse") or {}).get("id", 0))
        for one in said.get("meter_value") or ():
            self.note(place, one["sampled_value"])  # type: ignore[attr-defined]
        tag = said.get("id_token")
        return self._results.TransactionEvent(**({"id_token_info": {"status": "Accepted"}} if tag else {}))

    @on("MeterValues")
    def _metered(self, evse_id: int, meter_value: list[dict[str, Any]], **_: Any) -> Any:
        for one in meter_value:
            self.note(evse_id, one["sampled_value"])  # type: ignore[attr-defined]
        return self._results.MeterValues()

    @on("NotifyEvent")
    def _notifies(self, **_: Any) -> Any:
        return self._results.NotifyEvent()

    @on("SecurityEventNotification")
    def _warns(self, **_: Any) -> Any:
        return self._results.SecurityEventNotification()

    @on("DataTransfer")
    def _transfers(self, **_: Any) -> Any:
        return self._results.DataTransfer("UnknownVendorId")


class _Station201(_Station2, Central, ChargePoint201):
    _calls, _results = call201, result201

    def __init__(self, name: str, connection: Connection, seconds: float) -> None:
        ChargePoint201.__init__(self, name, connection, seconds)
        self.values, self.connection = {}, connection


class _Station21(_Station2, Central, ChargePoint21):
    _calls, _results = call21, result21

    def __init__(self, name: str, connection: Connection, seconds: float) -> None:
        ChargePoint21.__init__(self, name, connection, seconds)
        self.values, self.connection = {}, connection


_VERSIONS: Final[dict[str, Any]] = {"1.6": _Station16, "2.0.1": _Station201, "2.1": _Station21}


def central(version: str, name: str, connection: Connection, seconds: float) -> Central:
    """Make the central system's side of a station.

    Args:
        version: of OCPP: 1.6, 2.0.1 or 2.1.
        name: the station's identity.
        connection: the way to it.
        seconds: that it may take to answer.

    Raises:
        UsageError: there is no such version.
    """
    if version not in _VERSIONS:
        raise UsageError(f"OCPP {version} is not known", cure=f"use one of {', '.join(_VERSIONS)}")
    made: Central = _VERSIONS[version](name, connection, seconds)
    return made
