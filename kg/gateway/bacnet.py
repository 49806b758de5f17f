"""BACnet/IP for a gateway: properties of objects, written at the mapping's priority; on bacpypes3.

BACnet/IP has no security of its own: it belongs into a network of the building's automation alone.
"""

import logging
import re
import socket
from decimal import Decimal
from typing import Any, Final

from bacpypes3.apdu import ErrorRejectAbortNack
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import ObjectIdentifier

from kg.devices.points import Point, number
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.loop import Loop
from kg.gateway.points import points_of
from kg.gateway.sides import BacnetSide

_log = logging.getLogger("flexkg.gateway")
_ANSWER: Final = 6.0
#: Seconds in which a device answers who it is.
_WHO: Final = 2.0
_DEVICE: Final = re.compile(r"bacnet://(\d{1,7})(?:/|$)")
_BINARY: Final = ("binaryValue", "binaryOutput", "binaryInput")


class Objects:
    """The BACnet devices of a gateway, as a `kg.gateway.driver.Driver`.

    Args:
        plan: its points tell devices (``bacnet://INSTANCE/``), objects and properties.
        told: this side's address, and those of devices that are not found by asking who is there.

    Raises:
        UsageError: an address is none, or cannot be listened on.
    """

    def __init__(self, plan: Plan, told: BacnetSide) -> None:
        self._points = {key: one for key, one in points_of(plan).items() if one.protocol == "bacnet"}
        for point in self._points.values():
            _instance(point)
        self._known: dict[int, Address] = {}
        try:
            for name, where in told.devices.items():
                self._known[int(name)] = Address(where)
            own = IPv4Address(told.listen)
        except (ValueError, RuntimeError) as error:  # of a name that is not known, too
            raise UsageError(
                f"an address of BACnet is none: {error}",
                where="bacnet",
                cure='write listen = "10.0.0.5/24:47808" and devices = { 500 = "10.0.0.9:47808" }',
            ) from error
        self._broadcasts = "/" in told.listen
        self._loop = Loop("bacnet")
        try:
            self._app: Any = self._loop.run(self._open(own, int(told.instance)), _ANSWER)
        except OSError as error:
            self._loop.close()
            raise UsageError(
                f"BACnet cannot listen: {error.strerror}", where=told.listen, cure="take another address"
            ) from error

    async def _open(self, own: IPv4Address, instance: int) -> Any:
        device = DeviceObject(objectIdentifier=("device", instance), objectName=f"FlexKG-{instance}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:  # bacpypes3 itself tries for ever
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            trial.bind(own.addrTuple)
        return NormalApplication(device, own)

    def write(self, write: Write) -> str:
        """Write a property at its priority; gives what the device says."""
        asked, point = write.message, self._points[write.device, write.point]
        kind, instance = asked["object"]
        value: Any = write.raw
        if kind in _BINARY:
            value = "active" if write.raw else "inactive"
        elif kind.startswith("multiState"):
            value = int(write.raw)
        name = ObjectIdentifier((_hyphened(kind), instance))

        async def send(address: Address) -> Any:
            return await self._app.write_property(
                address, name, _hyphened(asked["property"]), value, priority=asked["priority"]
            )

        said = self._ask(point, send)
        return "confirmed" if said is None else f"refused: {said}"

    def read(self, point: Point) -> Decimal | None:
        """Read a property; None where the device refuses, or says that the value is not reliable."""
        access = point.access
        kind, instance = str(access["objectType"]), access["objectInstance"]
        name = ObjectIdentifier((_hyphened(kind), instance))
        prop = _hyphened(str(access.get("propertyIdentifier", "presentValue")))

        async def fetch(address: Address) -> Any:
            value = await self._app.read_property(address, name, prop)
            if prop == "present-value":
                flags = await self._app.read_property(address, name, "status-flags")
                if not isinstance(flags, ErrorRejectAbortNack) and any(flags[at] for at in _BAD):
                    return None
            return value

        said = self._ask(point, fetch)
        if said is None or isinstance(said, ErrorRejectAbortNack):
            return None
        if kind in _BINARY:
            return Decimal(int(said))
        raw = float(said)
        return number(raw) * point.scale + point.offset if raw - raw == 0 else None

    def _ask(self, point: Point, act: Any) -> Any:
        """Ask a device; what it refuses is given back.

        Raises:
            DeviceUnreachable: it does not answer, or nobody knows where it is.
        """
        instance = _instance(point)

        async def asked() -> Any:
            try:
                return await act(await self._find(instance))
            except ErrorRejectAbortNack as error:
                return error

        try:
            said = self._loop.run(asked(), _ANSWER)
        except (TimeoutError, OSError) as error:
            raise DeviceUnreachable(f"no answer: {error}", where=f"BACnet device {instance}") from error
        if isinstance(said, ErrorRejectAbortNack) and str(said) in _SILENT:
            raise DeviceUnreachable(f"no answer: {said}", where=f"BACnet device {instance}")
        return said

    async def _find(self, instance: int) -> Address:
        """Give the address of a device: as it was told, else as it answers when it is asked for."""
        if instance not in self._known:
            found = await self._app.who_is(instance, instance, timeout=_WHO) if self._broadcasts else []
            if not found:
                how = "nobody answered to its number" if self._broadcasts else "its address is not told"
                raise OSError(how)
            self._known[instance] = found[0].pduSource
        return self._known[instance]

    def close(self) -> None:
        """Leave the network."""

        async def leave() -> None:
            self._app.close()

        self._loop.run(leave(), _ANSWER)
        self._loop.close()


#: Bits of statusFlags that speak against a value: fault, out of service.
_BAD: Final = (1, 3)
#: What bacpypes3 says of a device that does not answer.
_SILENT: Final = ("no-response", "apdu-timeout", "tsm-timeout")


def _instance(point: Point) -> int:
    """Give the number of a point's device."""
    stated = point.access.get("deviceInstance")
    found = _DEVICE.match(str(point.access.get("endpoint", "")))
    if stated is None and found is None:
        raise UsageError(
            f"{point.access.get('endpoint')!r} names no BACnet device",
            where=f"{point.device} {point.name}",
            cure="write bacnet://INSTANCE/",
        )
    return int(stated if stated is not None else found[1])  # type: ignore[index]


def _hyphened(name: str) -> str:
    """Write a name as bacpypes3 does: analogValue is analog-value."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
