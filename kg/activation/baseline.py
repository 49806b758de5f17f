"""The rules by which baseline, delivery and deviation follow from readings; pure: anybody can repeat them.

The baseline is what the VEN declared in a report of type ``baseline``, else the mean of the same hours of the
last ten similar days of the three weeks before (weekdays for a weekday) in which no event ran. Delivered is
baseline less actual, positive where less was drawn. The deviation is what was drawn less what was asked for:
the set point, or the baseline with the change that was asked for; positive where more was drawn.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import unquote

from kg.items import scale_factor
from kg.namespaces import UNIT
from kg.openadr.told import Message
from kg.registry_entry import Step
from kg.times import seconds
from kg.units import rounded

#: How many days are looked back, and how many similar ones count at most.
DAYS: Final = 21
SIMILAR: Final = 10
DAY: Final = timedelta(days=1)
_WATTS: Final = {"W": Decimal(1), "KiloW": Decimal(1000), "MegaW": Decimal(10**6)}


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over readings: their sum, the IRI of its unit, and their number, which is not 0."""

    total: Decimal
    unit: str
    number: int

    @property
    def value(self) -> Decimal:
        """The mean."""
        return self.total / self.number


class Figure(NamedTuple):
    """What an entry of the registry states: step, value, local name of the unit, words, and method."""

    step: Step
    value: str
    unit: str
    words: str
    method: str


Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Point:
    """A data point of a power: its series, VEN and resource, and the series of its declared baseline."""

    series: str
    ven: str
    resource: str
    declared: str = ""

    @property
    def name(self) -> str:
        """Its rID."""
        return unquote(self.series.rpartition("/")[2])


@dataclass(slots=True)
class Result:
    """What follows from readings.

    Attributes:
        figures: the figures; of each the VEN, and resource and rID, which are empty for a VEN's deviation.
        without_readings: data points that have no readings of the event.
        without_baseline: data points that have some, and nothing to compare them with.
    """

    figures: list[tuple[tuple[str, str, str], "Figure"]] = field(default_factory=list)
    without_readings: list[Point] = field(default_factory=list)
    without_baseline: list[Point] = field(default_factory=list)


class Asked(NamedTuple):
    """What an event asks of a load: ``"delta"`` or ``"setpoint"``, and the mean over its length in watts."""

    kind: str
    watts: Decimal


def mean_of(values: Iterable[tuple[Decimal, str]]) -> Mean | None:
    """Give the mean of values with their units; None where there is none.

    >>> mean_of([(Decimal(2), "W"), (Decimal(4), "W")])
    Mean(total=Decimal('6'), unit='W', number=2)
    """
    total, number, unit = Decimal(0), 0, ""
    for value, measured in values:
        total, number, unit = total + value, number + 1, measured
    return Mean(total, unit, number) if number else None


def similar(start: datetime) -> list[int]:
    """List the days before that are similar: how many days back, the nearest first.

    >>> similar(datetime(2026, 12, 1, tzinfo=UTC))[:5]
    [1, 4, 5, 6, 7]
    """
    weekend = start.astimezone(UTC).weekday() >= 5
    return [
        back
        for back in range(1, DAYS + 1)
        if ((start - back * DAY).astimezone(UTC).weekday() >= 5) == weekend
    ]


def chosen(start: datetime, busy: Collection[int]) -> list[int]:
    """List the similar days that count: how many days back, those left out on which an event ran."""
    return [back for back in similar(start) if back not in busy][:SIMILAR]


def figures(actual: Mean, declared: Mean | None, days: Iterable[Mean | None]) -> list[Figure]:
    """Give what follows from the means of one data point: nothing where there is no baseline.

    Args:
        actual: of the event.
        declared: of the baseline that the VEN declared; None where it did not.
        days: of the same hours of each day that counts; None for one without readings.
    """
    held = [day for day in days if day is not None]
    how, method = f"mean of the same hours of {len(held)} similar days", "similar-days"
    base = declared
    if declared is not None:
        how, method = f"declared by the VEN, {declared.number} readings", "declared"
    elif held:
        total = sum((day.total for day in held), Decimal())
        base = Mean(total, held[-1].unit, sum(day.number for day in held))
    if base is None or base.unit != actual.unit:
        return []
    unit = actual.unit.rpartition("/")[2]
    less = f"baseline less the mean of {actual.number} readings"
    return [
        Figure("baseline", _text(base.value), unit, how, method),
        Figure("delivery", _text(base.value - actual.value), unit, less, "baseline-less-drawn"),
    ]


def work_out(
    points: Sequence[Point],
    span: Span,
    busy: Collection[int],
    asked: "Asked | None",
    mean: Callable[[str, Span], Mean | None],
) -> Result:
    """Work out all figures of an event.

    Args:
        points: the data points behind its targets.
        span: from when to when it lasts.
        busy: of the similar days before, those on which an event ran: how many days back.
        asked: what power it asks for.
        mean: gives the mean of a series' readings that start within a span.

    Returns:
        The figures. A deviation is there where the event has one VEN, and each of its data points, one for
        each resource, has readings: else nobody can tell what the sum of them is.
    """
    found = Result()
    held: list[tuple[Mean, Decimal | None]] = []
    for point in points:
        actual = mean(point.series, span)
        if actual is None:
            found.without_readings.append(point)
            continue
        declared = mean(point.declared, span) if point.declared else None
        days = [] if declared else [mean(point.series, day) for day in days_of(span, busy)]
        made = figures(actual, declared, days)
        if not made:
            found.without_baseline.append(point)
        found.figures += [((point.ven, point.resource, point.name), figure) for figure in made]
        held.append((actual, Decimal(made[0].value) if made else None))
    vens, resources = {point.ven for point in points}, {point.resource for point in points}
    if len(vens) == 1 and len(resources) == len(points) and not found.without_readings:
        figure = deviation(asked, [actual for actual, _ in held], [base for _, base in held])
        found.figures += [((vens.pop(), "", ""), figure)] if figure else []
    return found


def days_of(span: Span, busy: Collection[int]) -> list[Span]:
    """Give the same hours of the days that count, the nearest first."""
    return [(span[0] - back * DAY, span[1] - back * DAY) for back in chosen(span[0], busy)]


def deviation(asked: Asked | None, actual: list[Mean], base: list[Decimal | None]) -> Figure | None:
    """Give by how much the power of all data points of a VEN differed from what was asked for.

    Args:
        asked: what the event asks for.
        actual: the mean of each data point during the event, all in one unit.
        base: the baseline of each.

    Returns:
        The figure; None where no power was asked for, a baseline is missing, or units differ.
    """
    unit = actual[0].unit if actual else ""
    factor = _WATTS.get(unit.removeprefix(UNIT))
    if asked is None or factor is None or any(one.unit != unit for one in actual):
        return None
    wanted, words = asked.watts / factor, "drawn less the set point"
    if asked.kind == "delta":
        if any(one is None for one in base):
            return None
        wanted += sum((one for one in base if one is not None), Decimal())
        words = "drawn less the baseline with the change that was asked for"
    drawn = sum((one.value for one in actual), Decimal())
    return Figure("deviation", _text(drawn - wanted), unit.removeprefix(UNIT), words, "drawn-less-asked")


def asked_of(message: Message, version: str) -> Asked | None:
    """Read what power a version of an event asks for; None where it is none.

    Args:
        message: the message that tells it, or what the graph says of it as one.
        version: its IRI, in angle brackets.

    Raises:
        ValueError: a value is no finite number, as no message has it that conforms.
    """
    for signal in message.nodes("signal", version):
        kind, item = message.text(signal, "signalType"), next(iter(message.nodes("item", signal)), "")
        if kind not in ("delta", "setpoint") or not item:
            continue
        if not message.text(item, "itemBase").startswith("powerReal"):
            continue
        total, length = Decimal(), 0
        for interval in message.nodes("interval", signal):
            lasts = seconds(message.text(interval, "duration")) or 0
            value = Decimal(message.text(interval, "value") or 0)
            if not value.is_finite():
                raise ValueError(f"{value} is no power")
            total += value * lasts
            length += lasts
        if length:
            return Asked(kind, total / length * scale_factor(message.text(item, "siScaleCode")))
    return None


def _text(value: Decimal) -> str:
    """Write a figure: three decimals at most."""
    return f"{rounded(value):f}"
