"""The readings that baseline, delivery and deviation were worked out from, as an evidence pack holds them.

``settlement.json`` says which data points and days count, ``readings.jsonl`` has one reading a line: series,
start, value and unit, and the message (digest and row) that states it. Only the hours of the event and the
same hours of the days that count are there, and of the data points that count: what else a household reported
is nobody's business.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from kg.activation.baseline import Point, Span, days_of
from kg.activation.basis import Basis
from kg.activation.wire import stated
from kg.ingest import Ingest
from kg.readings import Reading
from kg.units import plain, ratio

FORMAT: Final = "flexkg settlement 1"
FILES: Final = ("settlement.json", "readings.jsonl")
#: Digits before or behind the point that no measured number has.
_MOST_DIGITS: Final = 100


@dataclass(slots=True)
class Grounds:
    """What figures rest on.

    Attributes:
        basis: version, span and data points.
        readings: the readings, by series and start.
        withheld: venIDs whose readings are left out.
        now: rows of the journal that state readings of the event's hours.
        before: rows that state readings of the days before.
    """

    basis: Basis
    readings: dict[tuple[str, datetime], Reading] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    now: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)

    def settlement(self) -> str:
        """Write ``settlement.json``."""
        span = self.basis.span
        points = [
            {
                "series": point.series,
                "ven": point.ven,
                "resource": point.resource,
                "declared": point.declared,
                "withheld": point.ven in self.withheld,
            }
            for point in self.basis.points
        ]
        made = {
            "format": FORMAT,
            "version": self.basis.version[1:-1],
            "starts": time_text(span[0]) if span else None,
            "ends": time_text(span[1]) if span else None,
            "busy": list(self.basis.busy),
            "points": points,
        }
        return json.dumps(made, indent=1, sort_keys=True) + "\n"

    def lines(self, held: dict[str, bytes]) -> str:
        """Write ``readings.jsonl``; ``held`` has the messages in the pack by their digests.

        Of a reading whose message is in the pack the factor stands beside it by which the number that was
        sent becomes the value, where it is not 1.
        """
        wire = {digest: stated(data) for digest, data in held.items()}
        ordered = [self.readings[key] for key in sorted(self.readings)]
        return "".join(json.dumps(_line(one, wire.get(one.digest, {}))) + "\n" for one in ordered)


def grounds_of(ingest: Ingest, basis: Basis, parties: Collection[str] | None = None) -> Grounds:
    """Collect the readings that the figures of an event rest on.

    Args:
        ingest: the open store.
        basis: what its settlement rests on.
        parties: venIDs whose readings may be handed out; None: everybody's.
    """
    found = Grounds(basis)
    span = basis.span
    if span is None or basis.cancelled:
        return found
    for point in basis.points:
        if parties is None or point.ven in parties:
            _collect(ingest, found, point, span)
        else:
            found.withheld.add(point.ven)
    return found


def _collect(ingest: Ingest, found: Grounds, point: Point, span: Span) -> None:
    for series in filter(None, (point.series, point.declared)):
        for reading in ingest.readings.scan(series, *span):
            found.readings[series, reading.starts_at] = reading
            found.now.add(reading.seq)
    for day in days_of(span, found.basis.busy):
        for reading in ingest.readings.scan(point.series, *day):
            found.readings[point.series, reading.starts_at] = reading
            found.before.add(reading.seq)


def _line(reading: Reading, wire: dict[tuple[str, datetime], Decimal]) -> dict[str, Any]:
    sent = wire.get((reading.series, reading.starts_at))
    factor = ratio(reading.value, sent) if sent else None
    made = {
        "series": reading.series,
        "start": time_text(reading.starts_at),
        "end": time_text(reading.ends_at) if reading.ends_at is not None else None,
        "value": plain(reading.value),
        "unit": reading.unit or "",
        "quality": reading.quality,
        "row": reading.seq,
        "digest": reading.digest,
    }
    return made | ({"factor": plain(factor)} if factor not in (None, 1) and factor is not None else {})


def time_text(time: datetime) -> str:
    """Write a time in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading as a pack has it: its key is series and start."""

    value: Decimal
    unit: str
    row: int
    digest: str
    factor: Decimal


def read_json(text: str | bytes) -> Any:
    """Read JSON of a pack.

    Raises:
        ValueError: it is none, or nested so deeply that nobody wrote it.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_lines(text: str) -> dict[tuple[str, datetime], Kept]:
    """Read ``readings.jsonl``.

    Raises:
        ValueError: a line is none of it, or a reading is there twice; says which.
    """
    found: dict[tuple[str, datetime], Kept] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            said = read_json(line)
            start = datetime.fromisoformat(said["start"])
            value, factor = Decimal(said["value"]), Decimal(said.get("factor", 1))
            texts = [said[name] for name in ("series", "unit", "digest")]
            whole = start.tzinfo is not None and all(map(_measured, (value, factor)))
            if not whole or type(said["row"]) is not int or any(type(text) is not str for text in texts):
                raise ValueError("it is not whole")
            key = said["series"], start.astimezone(UTC)
        except (ValueError, TypeError, KeyError, ArithmeticError) as error:
            raise ValueError(f"line {number}: {error}") from error
        if key in found:
            raise ValueError(f"line {number}: a reading of this series and start is there before")
        found[key] = Kept(value, said["unit"], said["row"], said["digest"], factor)
    return found


def _measured(value: Decimal) -> bool:
    """Whether a number is one that can be reckoned with."""
    return value.is_finite() and abs(value.adjusted()) <= _MOST_DIGITS


def read_settlement(text: str) -> tuple[str, Span | None, list[int], list[Point], set[str]]:
    """Read ``settlement.json``: version, span, busy days, data points, and whose readings are withheld.

    Raises:
        ValueError: it is none; says what is wrong.
    """
    try:
        made = read_json(text)
        if made["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        points = [
            Point(*(_text(one[name]) for name in ("series", "ven", "resource", "declared")))
            for one in made["points"]
        ]
        withheld = {_text(one["ven"]) for one in made["points"] if one["withheld"] is True}
        busy = list(made["busy"])
        if any(type(back) is not int for back in busy):
            raise ValueError("a busy day is no whole number")
        span = None
        if made["starts"] is not None and made["ends"] is not None:
            span = datetime.fromisoformat(made["starts"]), datetime.fromisoformat(made["ends"])
            if span[0].tzinfo is None or span[1].tzinfo is None:
                raise ValueError("a time has no zone")
            days_of(span, ())
        return _text(made["version"]), span, busy, points, withheld
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"it is not whole: {error}") from error


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError(f"{value!r} is no text")
    return value


def mean_over(
    kept: dict[tuple[str, datetime], Kept], series: str, span: Span
) -> Iterable[tuple[Decimal, str]]:
    """Give values and units of a series' readings that start within a span."""
    return [
        (one.value, one.unit)
        for (name, start), one in kept.items()
        if name == series and span[0] <= start < span[1]
    ]
