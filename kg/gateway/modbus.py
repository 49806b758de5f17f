"""Modbus TCP for a gateway: the registers of devices, written as checked and read as mapped; on pymodbus."""

import threading
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from kg.devices.points import Point
from kg.devices.reads import read_of, value_of
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable

_SECONDS: Final = 3.0
_READS: Final = {
    1: "read_coils",
    2: "read_discrete_inputs",
    3: "read_holding_registers",
    4: "read_input_registers",
}


class Registers:
    """The Modbus devices of one resource, as a `kg.gateway.driver.Driver`; one connection for each address.

    Args:
        plan: the plan of the resource: its points tell addresses, and where powers of ten lie.

    Raises:
        UsageError: an address is none of Modbus TCP.
    """

    def __init__(self, plan: Plan) -> None:
        self._points = {
            (portion.device, name): point
            for portion in plan.portions
            for name, point in portion.points.items()
        }
        self._clients: dict[str, Any] = {}  # pymodbus says nothing of its types
        self._lock = threading.Lock()
        for point in self._points.values():
            for access in (point.access, point.access.get("read") or {}):
                if point.protocol == "modbus" and access.get("endpoint"):
                    self._add(access["endpoint"], f"{point.device} {point.name}")

    def _add(self, endpoint: str, where: str) -> None:
        at = urlsplit(endpoint)
        if at.scheme not in ("modbus", "modbus+tcp") or not at.hostname:
            raise UsageError(
                f"{endpoint!r} is no address of Modbus TCP", where=where, cure="write modbus+tcp://host:502"
            )
        if endpoint not in self._clients:
            self._clients[endpoint] = ModbusTcpClient(
                at.hostname, port=at.port or 502, timeout=_SECONDS, retries=1, reconnect_delay=0
            )

    def write(self, write: Write) -> str:
        """Write the registers or the coil of a checked command; gives the device's confirmation."""
        asked = write.message
        name: str
        if asked["function"] == 5:
            name, what = "write_coil", bool(asked["registers"][0])
        elif asked["function"] == 6:
            name, what = "write_register", asked["registers"][0]
        else:
            name, what = "write_registers", asked["registers"]
        answer = self._call(asked["endpoint"], name, asked["address"], what, device_id=asked["unit"])
        return f"Modbus exception {answer.exception_code}" if answer.isError() else "confirmed"

    def read(self, point: Point) -> Decimal | None:
        """Read a point; None where the device has no value for it, or refuses."""
        factor = None
        if point.factor_point:
            held = self._points.get((point.device, point.factor_point))
            power = self.read(held) if held is not None else None
            if power is None:
                return None
            factor = Decimal(1).scaleb(int(power))
        asked = read_of(point)
        if asked is None:
            return None
        answer = self._call(
            asked.endpoint, _READS[asked.function], asked.address, count=asked.quantity, device_id=asked.unit
        )
        if answer.isError():
            return None
        words = [int(answer.bits[0])] if asked.function in (1, 2) else list(answer.registers)
        value = (
            value_of(point, words, factor)
            if len(words) >= (asked.quantity if asked.function > 2 else 1)
            else None
        )
        return value if isinstance(value, Decimal) else None

    def _call(self, endpoint: str, name: str, *what: Any, **more: Any) -> Any:
        """Ask a device; connects where that is due."""
        client = self._clients[endpoint]
        with self._lock:
            try:
                if not client.connected and not client.connect():
                    raise DeviceUnreachable(
                        "nobody takes the connection", where=endpoint, cure="see to the device"
                    )
                return getattr(client, name)(*what, **more)
            except (ModbusException, OSError) as error:
                client.close()
                raise DeviceUnreachable(
                    f"no answer: {error}", where=endpoint, cure="see to the device"
                ) from error

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
