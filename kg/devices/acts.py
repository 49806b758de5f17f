"""Acts: what a row of a strategy makes of the value of a signal, for one point."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from kg.devices.points import Point
from kg.devices.reasons import Refusal, refusal
from kg.devices.resources import Portion
from kg.devices.strategies import Row

_ONE = Decimal(1)
#: Device and point -> value last read, in the point's unit.
Readings = Mapping[tuple[str, str], Decimal]


def made_of(
    portion: Portion, row: Row, value: Decimal, readings: Readings
) -> tuple[Point, Decimal] | Refusal:
    """Make the value of a point from that of a signal.

    Args:
        portion: the device.
        row: a row that is for the value.
        value: value of the signal.
        readings: what was read.

    Returns:
        The point and its value, in its unit and not yet checked against its limits; or why there is none.
    """
    point = portion.commands.get(row.command) or portion.points.get(row.command)
    if point is None:
        what = f"The strategy names the point {row.command!r}, which the mapping has not."
        return refusal("CMD-2", what, portion.device, row.command)
    try:
        made = _made(portion, point, row, value, readings)
    except InvalidOperation:
        return refusal("CMD-3", f"The value {value} is too large.", point.device, point.name)
    return made if isinstance(made, Refusal) else (point, made)


def _made(portion: Portion, point: Point, row: Row, value: Decimal, readings: Readings) -> Decimal | Refusal:
    act = row.act
    if act == "set":
        return row.number
    if act == "value":
        return value * row.number
    if act == "share":
        return _on_step(point, value * row.number * portion.share)
    if act == "percent":
        return _on_range(point, share_of(row, value))
    if act == "safe" or (act in ("times", "offset") and not row.base):
        if point.safe is None:
            return refusal("CMD-13", "The point has no safe value.", point.device, point.name)
        if act == "safe":
            return point.safe
        base: Decimal | None = point.safe
    else:
        owner = portion.commands.get(row.base) or portion.points.get(row.base)
        base = readings.get((point.device, owner.name if owner is not None else row.base))
    if base is None:
        what = f"The present value of {row.base} has not been read."
        return refusal("CMD-13", what, point.device, point.name)
    if act == "times":
        return _on_step(point, base * value * row.number)
    if act == "offset":
        return _on_step(point, base * (_ONE + value * row.number))
    if act == "toward":
        gap = value * abs(row.number) - base
        if not gap:
            return Decimal(0) if point.safe is None else point.safe
        return _on_range(point, _ONE if (gap > 0) == (row.number > 0) else Decimal(0))
    return _on_step(point, base + value * row.number * portion.share)


def share_of(row: Row, value: Decimal) -> Decimal:
    """Give the share of a range that a ``percent`` row asks for: its number where it stands for a level.

    A row with a start stands for a level, whose share is the row's number; one without multiplies the
    payload.
    """
    return row.number if row.low is not None else value * row.number


def _on_range(point: Point, share: Decimal) -> Decimal | Refusal:
    if point.minimum is None or point.maximum is None:
        return refusal("CMD-4", "The point has no allowed range.", point.device, point.name)
    return _on_step(point, point.minimum + (point.maximum - point.minimum) * share)


def _on_step(point: Point, value: Decimal) -> Decimal:
    """Take a computed value down to the grid of the point's steps; a value that is stated is not touched."""
    if point.step is None:
        return value
    origin = point.minimum if point.minimum is not None else Decimal(0)
    return origin + ((value - origin) / point.step).to_integral_value("ROUND_FLOOR") * point.step
