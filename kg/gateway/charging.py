"""OCPP for a gateway: the central system that charging stations call; on ocpp.

It sets charging profiles and variables as they were checked, and keeps the last meter values. Who may charge
is not its matter: every tag is accepted.
"""

import time
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import unquote

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.charging_points import Central, central
from kg.gateway.door import Door, Frames, named
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.points import points_of
from kg.gateway.sides import CentralSystem

#: Seconds for a station to answer, and after which a meter value counts no more.
_ANSWER: Final = 10.0
_OLD: Final = 900.0
#: Unit of a sampled value -> what it is of the unit without a prefix.
_PREFIXED: Final = {"k": Decimal(1000)}


class Stations(Door):
    """The charging stations of a gateway, as a `kg.gateway.driver.Driver`.

    Args:
        plan: its points tell stations (``ocpp:STATION``), versions, connectors and measurands.
        told: where stations call, and how they prove who they are.
        grace: seconds in which a station may call, or call again, before it counts as away.

    Raises:
        UsageError: an address is none, or see ``Door``.

    Source:
        OCPP-J 1.6 and OCPP 2.0.1 part 4, connection URL, subprotocol, security profiles.
    """

    def __init__(self, plan: Plan, told: CentralSystem, grace: float = 0.0) -> None:
        self._versions: dict[str, str] = {}
        for point in points_of(plan).values():
            if point.protocol == "ocpp":
                name, version = named(point, "ocpp"), str(point.access.get("ocppVersion", "2.0.1"))
                if self._versions.setdefault(name, version) != version:
                    raise UsageError(
                        f"{name} speaks OCPP {self._versions[name]} and {version}",
                        where=f"{point.device} {point.name}",
                        cure="state one flex:ocppVersion",
                    )
        offers = {name: f"ocpp{version}" for name, version in self._versions.items()}
        super().__init__("ocpp", offers, told, grace)

    def made(self, name: str, frames: Frames) -> Central:
        """Make the central system's side of a station."""
        return central(self._versions[name], name, frames, _ANSWER)

    def name_of(self, point: Point) -> str:
        """Give the identity of a point's station."""
        return named(point, "ocpp") if point.protocol == "ocpp" else ""

    def write(self, write: Write) -> str:
        """Send a checked message; gives what the station says."""
        asked = write.message
        name = unquote(str(asked["endpoint"]).removeprefix("ocpp:").lstrip("/").split("/")[0])
        station = self.of(name)
        try:
            said: str = self.loop.run(station.ask(asked["action"], asked["payload"]), _ANSWER + 1)
        except (TimeoutError, ConnectionError) as error:
            raise DeviceUnreachable(f"no answer: {error}", where=name) from error
        return "confirmed" if said == "Accepted" else said

    def read(self, point: Point) -> Decimal | None:
        """Give the meter value that was told last; None where it is old, or none was told."""
        access = point.access
        station = self.of(named(point, "ocpp"))
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
