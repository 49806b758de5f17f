"""Reads over Modbus: which request gives the value of a point, and what the answer is worth."""

from dataclasses import dataclass
from decimal import Decimal

from kg.devices.encodings import from_registers
from kg.devices.points import Point, number


@dataclass(frozen=True, slots=True)
class Read:
    """One request.

    Attributes:
        endpoint: address of the device.
        unit: unit id.
        function: 1 to 4.
        address: first register or bit, from 0.
        quantity: number of registers or bits.
    """

    endpoint: str
    unit: int
    function: int
    address: int
    quantity: int


def read_of(point: Point) -> Read | None:
    """Give the request that reads a point; None for one that is not read over Modbus."""
    access = point.access.get("read")
    return None if access is None else Read(*(access[name] for name in Read.__dataclass_fields__))


def value_of(point: Point, words: list[int], factor: Decimal | None = None) -> Decimal | str | None:
    """Decode what a read of a point answered.

    Args:
        point: the point.
        words: registers, or one bit as 0 or 1.
        factor: what a raw number is multiplied with, where the power of ten lies in another point.

    Returns:
        The value in the unit of the point; text for a string; None where the device has no value.

    >>> from kg.devices.documents import read_file
    >>> from kg.devices.points import compile_points
    >>> from kg.devices.models import shipped
    >>> point = compile_points(shipped()["generic-heat-pump"])[0]["flowTemperature"]
    >>> value_of(point, [355]), value_of(point, [0x8000])
    (Decimal('35.5'), None)
    """
    if point.data_type in ("string", "bytes"):
        data = b"".join(word.to_bytes(2, "big") for word in words)
        return data.rstrip(b"\0 ").decode("utf-8", "replace") if point.data_type == "string" else data.hex()
    bit = point.data_type == "bool" and len(words) == 1
    raw = words[0] if bit else from_registers(words, point.data_type, point.access["read"]["order"])
    if raw != raw or raw == point.access.get("absent"):  # a float that is no number stands for no value
        return None
    return number(raw) * (factor if factor is not None else point.scale) + point.offset
