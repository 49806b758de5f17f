"""The readings of some payloads in columns, on their way into the store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from kg.readings import Reading
from kg.units import plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Thousandths that a million of which still fit into 64 bits, and millionths likewise.
_NEAR = 10**12
_MOST_MILLI, _MOST_MICRO = 9 * 10**15, 9 * 10**18


class Payload(NamedTuple):
    """A payload: digest, journal row, and microseconds from 1970 to its receipt."""

    digest: str
    seq: int
    received: int


@dataclass(slots=True)
class Batch:
    """Readings in columns; a row is one position in all of them.

    Args:
        payloads: where they come from.
        constants: resource, property and unit by IRI of the series.
        payload: position of the payload of each row, in the order of the journal.
        series: IRI of the series of each row.
        starts: microseconds from 1970, UTC.
        length: microseconds; None where no end is known.
        value: the exact number.
        quality: IRI, None for none.
        confidence: per cent.
        accuracy: a decimal's text.
    """

    payloads: list[Payload] = field(default_factory=list)
    constants: dict[str, tuple[str | None, str | None, str | None]] = field(default_factory=dict)
    payload: list[int] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    length: list[int | None] = field(default_factory=list)
    value: list[Decimal] = field(default_factory=list)
    quality: list[str | None] = field(default_factory=list)
    confidence: list[int | None] = field(default_factory=list)
    accuracy: list[str | None] = field(default_factory=list)

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> "Batch":
        """Put readings into columns."""
        batch = cls()
        at: dict[str, int] = {}
        for reading in readings:
            number = at.get(reading.digest)
            if number is None:
                number = at[reading.digest] = len(batch.payloads)
                batch.payloads.append(Payload(reading.digest, reading.seq, micros(reading.received)))
            batch.constants[reading.series] = (reading.resource, reading.property, reading.unit)
            starts = micros(reading.starts_at)
            batch.add(
                number,
                reading.series,
                starts,
                None if reading.ends_at is None else micros(reading.ends_at) - starts,
                reading.value,
                reading.quality,
                reading.confidence,
                None if reading.accuracy is None else plain(reading.accuracy),
            )
        return batch

    def add(
        self,
        payload: int,
        series: str,
        starts: int,
        length: int | None,
        value: Decimal,
        quality: str | None = None,
        confidence: int | None = None,
        accuracy: str | None = None,
    ) -> None:
        """Add a row; see the attributes."""
        self.payload.append(payload)
        self.series.append(series)
        self.starts.append(starts)
        self.length.append(length)
        self.value.append(value)
        self.quality.append(quality)
        self.confidence.append(confidence)
        self.accuracy.append(accuracy)

    def readings(self, rows: Iterable[int] | None = None) -> Iterator[Reading]:
        """Give rows, or all of them, one by one."""
        for row in range(len(self.payload)) if rows is None else rows:
            payload, length, accuracy = self.payloads[self.payload[row]], self.length[row], self.accuracy[row]
            start = _EPOCH + timedelta(microseconds=self.starts[row])
            resource, prop, unit = self.constants[self.series[row]]
            yield Reading(
                series=self.series[row],
                starts_at=start,
                ends_at=None if length is None else start + timedelta(microseconds=length),
                value=self.value[row],
                digest=payload.digest,
                seq=payload.seq,
                received=_EPOCH + timedelta(microseconds=payload.received),
                resource=resource,
                property=prop,
                unit=unit,
                quality=self.quality[row],
                confidence=self.confidence[row],
                accuracy=None if accuracy is None else Decimal(accuracy),
            )

    def visible(self, fresh: Sequence[bool]) -> tuple[list[int], list[int]]:
        """Part the rows of fresh payloads: those that show, one for each series and start, and the others.

        Args:
            fresh: for each payload whether it is new.
        """
        rank = [payload.seq for payload in self.payloads]
        best: dict[tuple[str, int], int] = {}
        lost: list[int] = []
        for row, key in enumerate(zip(self.series, self.starts, strict=True)):
            number = self.payload[row]
            if not fresh[number]:
                continue
            other = best.get(key)
            if other is None:
                best[key] = row
            elif rank[number] >= rank[self.payload[other]]:
                best[key] = row
                if self.payload[other] != number:
                    lost.append(other)
            else:
                lost.append(row)
        return list(best.values()), lost

    def columns(
        self,
        rows: Sequence[int],
        series: dict[str, int],
        qualities: dict[str, int],
        ids: Sequence[int | None],
    ) -> list[list[Any]]:
        """Give rows as the lists that the table takes, in the order of its columns."""
        values = [_parts(self.value[row]) for row in rows]
        return [
            [series[self.series[row]] for row in rows],
            [self.starts[row] for row in rows],
            [self.length[row] for row in rows],
            *([part[n] for part in values] for n in range(3)),
            [None if (found := self.quality[row]) is None else qualities[found] for row in rows],
            [self.confidence[row] for row in rows],
            [self.accuracy[row] for row in rows],
            [ids[self.payload[row]] for row in rows],
        ]


def micros(time: datetime) -> int:
    """Give the microseconds from 1970 to a time with zone."""
    return (time - _EPOCH) // _MICROSECOND


def _parts(value: Decimal) -> tuple[int | None, int | None, str | None]:
    """Give a number as thousandths, as millionths or as text, whichever first holds it exactly."""
    if -_NEAR < value < _NEAR:
        milli = int(value.scaleb(3))
        if Decimal(milli).scaleb(-3) == value:
            return milli, None, None
    sign, digits, exponent = value.as_tuple()
    whole = int("".join(map(str, digits))) if len(digits) > 1 else digits[0]
    if sign:
        whole = -whole
    assert isinstance(exponent, int)
    if -3 <= exponent <= 15:
        milli = whole * 10 ** (3 + exponent)
        if -_MOST_MILLI <= milli <= _MOST_MILLI:
            return milli, None, None
    if -6 <= exponent < -3:
        if whole % 10 ** (-3 - exponent) == 0:
            return _parts(Decimal(whole // 10 ** (-3 - exponent)).scaleb(-3))
        micro = whole * 10 ** (6 + exponent)
        if -_MOST_MICRO <= micro <= _MOST_MICRO:
            return None, micro, None
    short = plain(value)
    return _parts(Decimal(short)) if Decimal(short).as_tuple() != value.as_tuple() else (None, None, short)
