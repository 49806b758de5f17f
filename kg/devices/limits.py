"""The limits of one point: range, list, step, forbidden values, warranty, rate, number of writes."""

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal

from kg.devices.points import Point
from kg.devices.reasons import Refusal, refusal


@dataclass(frozen=True, slots=True)
class Past:
    """What was written to a point before.

    Attributes:
        value: last value, in the unit of the point; None where it is not known.
        at: when it was written, in seconds since 1970.
        times: when the writes were made that still count, in order; for a point whose writes are counted.
        count: number of writes over the life of the device, where that is what counts.
    """

    value: Decimal | None = None
    at: float = 0.0
    times: tuple[float, ...] = ()
    count: int = 0

    def after(self, value: Decimal, now: float, span: float) -> "Past":
        """Give the past after one more write.

        >>> Past().after(Decimal(5), 100.0, 60.0)
        Past(value=Decimal('5'), at=100.0, times=(100.0,), count=1)
        """
        kept = self.times[bisect_left(self.times, now - span) :] if span else ()
        return Past(value, now, (*kept, now), self.count + 1)


def refusals(point: Point, value: Decimal, now: float, past: Past | None) -> list[Refusal]:
    """List what forbids a value.

    Args:
        point: the point.
        value: the value, in the unit of the point; finite.
        now: the time in seconds since 1970.
        past: what was written before, None for nothing.

    Returns:
        Every reason; empty where the value may be written.
    """
    found: list[Refusal] = []

    def no(rule: str, message: str) -> None:
        found.append(refusal(rule, message, point.device, point.name))

    if not point.writable or point.emergency:
        no(
            "CMD-16",
            "The point is for emergencies only." if point.emergency else "The point can only be read.",
        )
    low, high, step = point.minimum, point.maximum, point.step
    if (low is not None and value < low) or (high is not None and value > high):
        no("CMD-4", f"{value} is outside the allowed range from {_end(low)} to {_end(high)}.")
    elif low is None and high is None and not point.values:
        no("CMD-4", "The point has neither an allowed range nor a list of values.")
    elif step is not None and (value - low if low is not None else value) % step:
        no("CMD-6", f"{value} is not a whole number of steps of {step} above {_end(low)}.")
    if value in point.forbidden or (point.values and value not in point.values):
        no("CMD-7", f"{value} is a value that must not be written.")
    if point.warranty is not None:
        first, last = point.warranty
        if (first is not None and value < first) or (last is not None and value > last):
            no("CMD-15", f"{value} ends the warranty. {point.warranty_note}".rstrip())
    if past is not None:
        found += _history(point, value, now, past)
    return found


def _history(point: Point, value: Decimal, now: float, past: Past) -> list[Refusal]:
    found: list[Refusal] = []
    gone = now - past.at
    if gone < 0:
        found.append(
            refusal("CMD-18", "The last write lies in the future of this command.", point.device, point.name)
        )
        return found
    if past.at and gone < point.interval:
        what = f"The last write was {gone:.0f} s ago; {point.interval:.0f} s must lie between two."
        found.append(refusal("CMD-9", what, point.device, point.name))
    if (
        point.rate is not None
        and past.value is not None
        and abs(value - past.value) > point.rate * Decimal(gone)
    ):
        what = f"From {past.value} to {value} in {gone:.0f} s is faster than {point.rate} in a second."
        found.append(refusal("CMD-8", what, point.device, point.name))
    if point.writes:
        made = len(past.times) - bisect_left(past.times, now - point.span) if point.span else past.count
        if made >= point.writes:
            what = f"{made} of {point.writes} writes are made."
            found.append(refusal("CMD-10", what, point.device, point.name))
    return found


def _end(value: Decimal | None) -> str:
    return "any" if value is None else f"{value}"
