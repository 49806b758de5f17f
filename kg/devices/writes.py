"""Writes: a value as the protocol of its point puts it on the wire."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kg.devices.encodings import raw_number, registers
from kg.devices.messages import message
from kg.devices.points import Point


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one point.

    Attributes:
        device: IRI of the device.
        point: name of the point.
        value: value in the unit of the point.
        unit: IRI of the unit, empty for none.
        raw: number before scaling, as the device takes it.
        protocol: notation, for example ``"modbus"``.
        message: what goes over the wire: endpoint, unit, address, function and registers for Modbus; the
            message of the protocol for the others.
    """

    device: str
    point: str
    value: Decimal
    unit: str
    raw: int | float
    protocol: str
    message: dict[str, Any] = field(hash=False)

    def as_dict(self) -> dict[str, Any]:
        """Give the write as plain data."""
        value = int(self.value) if self.value == self.value.to_integral_value() else float(self.value)
        return {
            "device": self.device,
            "point": self.point,
            "value": value,
            "unit": self.unit,
            "raw": self.raw,
            "protocol": self.protocol,
            "message": self.message,
        }


def make_write(point: Point, value: Decimal, factor: Decimal) -> Write | None:
    """Encode a value that is allowed.

    Args:
        point: the point.
        value: the value, in the unit of the point.
        factor: what a raw number is multiplied with.

    Returns:
        The write; None where the data type cannot hold the value exactly.
    """
    scaled = value - point.offset if factor == 1 else (value - point.offset) / factor
    raw = raw_number(scaled, point.data_type)
    if raw is None:
        return None
    if point.protocol == "modbus":
        access = point.access
        coil = access["coil"]
        words = [int(raw)] if coil else registers(raw, point.data_type, access["order"])
        made = {
            "endpoint": access["endpoint"],
            "unit": access["unit"],
            "address": access["address"],
            "function": (5 if coil else 6) if len(words) == 1 else 16,
            "registers": words,
        }
    else:
        made = message(point, value, raw)
    return Write(point.device, point.name, value, point.unit, raw, point.protocol, made)
