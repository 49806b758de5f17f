"""What a gateway needs of a protocol: to write what was checked, and to read a point."""

from decimal import Decimal
from typing import Protocol

from kg.devices.points import Point
from kg.devices.writes import Write
from kg.errors import FlexKGError


class DeviceUnreachable(FlexKGError):
    """The plant does not answer: the line is down, or nobody is there."""

    code = "unreachable"


class Driver(Protocol):
    """One protocol's way to a plant."""

    def write(self, write: Write) -> str:
        """Send a write that was checked; gives what the device says: ``"confirmed"``, or its refusal.

        Raises:
            DeviceUnreachable: it says nothing.
        """

    def read(self, point: Point) -> Decimal | None:
        """Read a point, in its unit; None where the device has no valid value.

        Raises:
            DeviceUnreachable: it says nothing.
        """
