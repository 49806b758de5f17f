"""Values as Modbus registers, and back: data type, order of words, order of bytes."""

import math
import struct
from decimal import Decimal
from typing import Final

#: Data type -> struct code, words, lowest and highest raw number; None: floating point.
_CODES: Final[dict[str, tuple[str, int, int | None, int | None]]] = {
    "bool": (">H", 1, 0, 1),
    "uint16": (">H", 1, 0, 0xFFFF),
    "int16": (">h", 1, -0x8000, 0x7FFF),
    "uint32": (">I", 2, 0, 0xFFFFFFFF),
    "int32": (">i", 2, -0x80000000, 0x7FFFFFFF),
    "uint64": (">Q", 4, 0, 0xFFFFFFFFFFFFFFFF),
    "int64": (">q", 4, -(1 << 63), (1 << 63) - 1),
    "float32": (">f", 2, None, None),
    "float64": (">d", 4, None, None),
}


def raw_number(value: Decimal, data_type: str) -> int | float | None:
    """Give a scaled value as what a data type can hold; None where it cannot hold it exactly.

    Args:
        value: the number after scaling.
        data_type: for example ``"int16"``; a type that is none of registers takes any finite number.

    >>> raw_number(Decimal(32), "uint16"), raw_number(Decimal("0.5"), "int16")
    (32, None)
    """
    low, high = _CODES.get(data_type, ("", 0, None, None))[2:]
    if low is None or high is None:
        if data_type in ("integer", "boolean"):
            return int(value) if value == value.to_integral_value() else None
        made = float(value)
        if data_type == "float32":
            try:
                made = struct.unpack(">f", struct.pack(">f", made))[0]
            except OverflowError:
                return None
        return made if math.isfinite(made) else None
    whole = int(value)
    return whole if whole == value and low <= whole <= high else None


def registers(raw: int | float, data_type: str, order: tuple[bool, bool]) -> list[int]:
    """Encode a raw number.

    Args:
        raw: a number that `raw_number` gave.
        data_type: for example ``"int32"``.
        order: whether words are swapped, and bytes within a word.

    Returns:
        Registers in the order of their addresses, each 0 to 65535.

    Source:
        Modbus application protocol 1.1b3, section 4.2, data encoding.

    >>> registers(-2, "int32", (True, False)), registers(1.5, "float32", (False, False))
    ([65534, 65535], [16320, 0])
    """
    code, words, _, _ = _CODES[data_type]
    data = struct.pack(code, raw)
    found = list(struct.unpack(f">{words}H", data))
    if order[1]:
        found = [(word >> 8) | ((word & 0xFF) << 8) for word in found]
    return found[::-1] if order[0] else found


def from_registers(words: list[int], data_type: str, order: tuple[bool, bool]) -> int | float:
    """Decode registers; the inverse of `registers`.

    >>> from_registers([65534, 65535], "int32", (True, False))
    -2
    """
    code, count, _, _ = _CODES[data_type]
    found = words[::-1] if order[0] else list(words)
    if order[1]:
        found = [(word >> 8) | ((word & 0xFF) << 8) for word in found]
    value: int | float = struct.unpack(code, struct.pack(f">{count}H", *found))[0]
    return value
