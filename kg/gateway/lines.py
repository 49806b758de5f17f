"""The ways to all devices of a resource: for each protocol that its mappings name, a driver."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import Driver
from kg.gateway.points import points_of
from kg.gateway.sides import BacnetSide, CentralSystem, EnergyManager
from kg.gateway.tunnel import Keys, Reach

#: Protocol -> the package that its driver is made with.
PACKAGES: Final = {
    "modbus": "pymodbus",
    "iec60870-5-104": "c104",
    "iec61850": "open61850",
    "ocpp": "ocpp",
    "bacnet": "bacpypes3",
    "s2": "s2python",
}
#: Package -> its name in the registry, where that is another one.
_CALLED: Final = {"s2python": "s2-python"}

#: Seconds in which a charging station may call again: stations do so by themselves, after a restart too.
_GRACE: Final = 60.0


class Lines:
    """A `kg.gateway.driver.Driver` over several protocols.

    Args:
        plan: the plan of the resource.
        keys: for TLS over IEC 60870-5-104 and IEC 61850 (IEC 62351-3); None: without.
        central: where charging stations call over OCPP.
        bacnet: this side of BACnet/IP.
        manager: where resource managers call over S2.

    Raises:
        UsageError: a protocol has no driver, a driver's package is not installed, or an address is none.
    """

    def __init__(
        self,
        plan: Plan,
        keys: Keys | None = None,
        central: CentralSystem | None = None,
        bacnet: BacnetSide | None = None,
        manager: EnergyManager | None = None,
    ) -> None:
        self.protocols = sorted({point.protocol for point in points_of(plan).values()})
        self._drivers: dict[str, Any] = {}
        self._keys, self._reach, self._central = keys, Reach(keys), central or CentralSystem()
        self._bacnet, self._manager = bacnet or BacnetSide(), manager or EnergyManager()
        for protocol in self.protocols:
            if protocol not in PACKAGES:
                raise UsageError(
                    f"there is no driver for {protocol or 'a point without a protocol'}",
                    where=plan.name,
                    cure=f"use one of {', '.join(PACKAGES)}, or write one: kg.gateway.driver",
                )
            self._drivers[protocol] = loaded(protocol, partial(self._driver, protocol, plan))

    def driver(self, protocol: str) -> Driver:
        """Give the driver of a protocol."""
        made: Driver = self._drivers[protocol]
        return made

    def _driver(self, protocol: str, plan: Plan) -> Any:
        if protocol == "modbus":
            from kg.gateway.modbus import Registers

            return Registers(plan)
        if protocol == "iec60870-5-104":
            from kg.gateway.apart import Apart

            return Apart(partial(_line104, plan, self._keys), "the lines over IEC 60870-5-104")
        if protocol == "ocpp":
            from kg.gateway.charging import Stations

            return Stations(plan, self._central, _GRACE)
        if protocol == "s2":
            from kg.gateway.s2 import Managers

            return Managers(plan, self._manager, _GRACE)
        if protocol == "bacnet":
            from kg.gateway.bacnet import Objects

            return Objects(plan, self._bacnet)
        from kg.gateway.mms import Ieds

        return Ieds(plan, self._reach)

    def write(self, write: Write) -> str:
        """Send a write that was checked; see `kg.gateway.driver.Driver.write`."""
        return self.driver(write.protocol).write(write)

    def read(self, point: Point) -> Decimal | None:
        """Read a point; see `kg.gateway.driver.Driver.read`."""
        return self.driver(point.protocol).read(point)

    def silent(self, plan: Plan) -> str:
        """Say which device of a plan is known not to be there, before it is asked; empty where none is."""
        for portion in plan.portions:
            for driver in self._drivers.values():
                said = driver.silent(portion) if hasattr(driver, "silent") else ""
                if said:
                    return str(said)
        return ""

    def close(self) -> None:
        """Close all lines."""
        for driver in self._drivers.values():
            driver.close()
        self._reach.close()


def loaded(protocol: str, make: Callable[[], Any]) -> Any:
    """Make something that needs the package of a protocol.

    Raises:
        UsageError: the package is not installed; says how to.
    """
    try:
        return make()
    except ModuleNotFoundError as error:
        package = PACKAGES[protocol]
        if (error.name or "").split(".")[0] != package:
            raise
        package = _CALLED.get(package, package)
        raise UsageError(
            f"the package {package} is not installed", where=protocol, cure=f"pip install {package}"
        ) from error


def _line104(plan: Plan, keys: Keys | None) -> Any:
    """Make the lines over IEC 60870-5-104, in their own process."""
    from kg.gateway.iec104 import Line

    return Line(plan, Reach(keys))
