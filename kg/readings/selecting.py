"""Selecting readings without SPARQL: a window, perhaps in buckets of time, of chosen series or resources.

The same rows come from either back end: columns are asked in SQL, triples are gone through.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, NamedTuple

from kg.errors import UsageError
from kg.literals import segment
from kg.readings import Reading, ReadingStore, View, series_of
from kg.readings.column_batch import micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3_600_000_000
_DIGITS, _DECIMALS = 12, 6
_LONG = Context(prec=200)
_VALUE = "coalesce(r.milli * 1000, r.micro)"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which readings, and how they are put together.

    Args:
        start: those that start at or after it; with zone.
        end: those that start before it.
        series: IRIs of series; none for all.
        resources: IRIs, or IDs as on the wire; none for all.
        property: IRI of the property, for example a QUDT quantity kind.
        bucket: length of the spans in which values are put together, from 1970 on in UTC; None: each reading.
        known_at: what was known at that time; None: what is known now.
        limit: most rows.
        parties: whose; None: everybody's.

    Raises:
        kg.errors.UsageError: a time has no zone, or the bucket is not positive.
    """

    start: datetime | None = None
    end: datetime | None = None
    series: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    property: str | None = None
    bucket: timedelta | None = None
    known_at: datetime | None = None
    limit: int | None = None
    parties: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end", "known_at"):
            time = getattr(self, name)
            if time is not None and time.tzinfo is None:
                raise UsageError(f"{name} has no zone", where=name, cure="add the zone, for example Z")
        if self.bucket is not None and self.bucket <= timedelta():
            raise UsageError("the bucket has no length", where="bucket", cure="give one such as PT1H")

    def takes(self, resource: str | None, prop: str | None, series: str) -> bool:
        """Whether a series with this resource and property is asked for."""
        if self.series and series not in self.series:
            return False
        if self.parties is not None and not series.startswith(tuple(map(series_of, self.parties))):
            return False
        if self.property is not None and prop != self.property:
            return False
        if not self.resources:
            return True
        return resource is not None and any(
            resource == wanted or resource.endswith("/" + segment(wanted)) for wanted in self.resources
        )


class Row(NamedTuple):
    """A reading, or the readings of a series in a bucket; ``value`` is then their mean.

    The unit is that of value, total, least and most; ``quality`` is that of a single reading.
    """

    series: str
    resource: str | None
    property: str | None
    unit: str | None
    start: datetime
    end: datetime | None
    value: Decimal
    total: Decimal
    least: Decimal
    most: Decimal
    number: int
    quality: str | None = None


def select(store: ReadingStore, selection: Selection) -> Iterator[Row]:
    """Give the rows of a selection, ordered by series and start.

    Raises:
        kg.errors.UsageError: what was known at a time is asked of readings in the graph.
    """
    view = store.view()
    if view is None:
        if selection.known_at is not None:
            raise UsageError(
                "readings in the graph keep their last value only",
                where="known_at",
                cure="move them with: flexkg readings move --to columns",
            )
        rows = _of_scan(store, selection)
    else:
        rows = _of_columns(store, selection)
    for number, row in enumerate(rows):
        if number == selection.limit:
            return
        yield row


def _of_scan(store: ReadingStore, selection: Selection) -> Iterator[Row]:
    bucket: list[Reading] = []
    key: Any = None
    only = selection.series[0] if len(selection.series) == 1 else None
    for reading in store.scan(only, selection.start, selection.end):
        if not selection.takes(reading.resource, reading.property, reading.series):
            continue
        if selection.bucket is None:
            yield _single(reading)
            continue
        found = (reading.series, micros(reading.starts_at) // _length(selection.bucket))
        if bucket and found != key:
            yield _together(bucket, selection.bucket)
            bucket = []
        key = found
        bucket.append(reading)
    if bucket and selection.bucket is not None:
        yield _together(bucket, selection.bucket)


def _of_columns(store: ReadingStore, selection: Selection) -> Iterator[Row]:
    from kg.readings.column_rows import KNOWN

    seen = store.view()
    assert seen is not None
    with seen as view:
        names = {row[0]: row[1:] for row in view.rows("SELECT id, iri, resource, property, unit FROM names")}
        qualities = dict(view.rows("SELECT id, iri FROM qualities"))
        chosen = [n for n, (iri, resource, prop, _) in names.items() if selection.takes(resource, prop, iri)]
        values: list[Any] = []
        table = "current"
        if selection.known_at is not None:
            table, values = KNOWN, [micros(selection.known_at)] * 2
        where = "r.series IN (SELECT unnest(?::INTEGER[]))"
        values.append(chosen)
        for sign, time in ((">=", selection.start), ("<", selection.end)):
            if time is not None:
                where += f" AND r.starts {sign} make_timestamp(?)"
                values.append(micros(time))
        source = f"FROM {table} r JOIN names n ON n.id = r.series WHERE {where}"
        limit = "" if selection.limit is None else f" LIMIT {selection.limit}"
        if selection.bucket is None:
            found = view.rows(
                "SELECT r.series, epoch_us(r.starts), r.length, r.milli, r.micro, r.exact, r.quality"
                f" {source} ORDER BY n.iri, r.starts{limit}",
                values,
            )
        elif (summed := _of_hours(view, selection, chosen, limit)) is not None:
            found = summed
        else:
            cell = _cell("r.starts", _length(selection.bucket))
            found = view.rows(
                f"SELECT r.series, {cell}, count(*), sum(r.milli), sum(r.micro),"
                f" min({_VALUE}), max({_VALUE}), list(r.exact) FILTER (r.exact IS NOT NULL)"
                f" {source} GROUP BY r.series, n.iri, cell ORDER BY n.iri, cell{limit}",
                values,
            )
    for row in found:
        iri, resource, prop, unit = names[row[0]]
        if selection.bucket is not None:
            yield _bucket(names[row[0]], row, selection.bucket)
            continue
        value = _number(row[3], row[4], row[5])
        start, length = _EPOCH + timedelta(microseconds=row[1]), row[2]
        end = None if length is None else start + timedelta(microseconds=length)
        quality = qualities.get(row[6])
        yield Row(iri, resource, prop, unit, start, end, value, value, value, value, 1, quality)


def _of_hours(
    view: View, selection: Selection, chosen: list[int], limit: str
) -> list[tuple[Any, ...]] | None:
    """Give the buckets from an hourly roll-up; None where there is none, or it does not tell them."""
    length = _length(selection.bucket or timedelta())
    if not view.hours or length % _HOUR or selection.known_at is not None:
        return None
    where, values = "r.series IN (SELECT unnest(?::INTEGER[]))", list[Any]([chosen])
    for sign, time in ((">=", selection.start), ("<", selection.end)):
        if time is not None:
            if micros(time) % _HOUR:
                return None
            where += f" AND r.hour {sign} ?"
            values.append(micros(time) // _HOUR)
    source = f"FROM hours r JOIN names n ON n.id = r.series WHERE {where}"
    if view.rows(f"SELECT r.series {source} AND r.texts > 0 LIMIT 1", values):
        return None
    return view.rows(
        f"SELECT r.series, {_cell('r.hour', length // _HOUR)}, sum(r.number), sum(r.milli),"
        f" sum(r.micro), min(r.least), max(r.most), NULL {source}"
        f" GROUP BY r.series, n.iri, cell ORDER BY n.iri, cell{limit}",
        values,
    )


def _cell(time: str, length: int) -> str:
    """Write the number of the bucket of a time; made positive, since SQL divides towards zero."""
    return f"(epoch_us({time}) + {_ages(length) * length}) // {length} - {_ages(length)} AS cell"


def _ages(length: int) -> int:
    """Give how many buckets before 1970 the year 1 lies at most."""
    return 2_000 * 366 * 24 * _HOUR // length + 1


def _bucket(about: tuple[Any, ...], row: tuple[Any, ...], bucket: timedelta) -> Row:
    _, at, count, milli, micro, least, most, texts = row
    number = int(count)
    total = Decimal(int(milli or 0) * 1000 + int(micro or 0)).scaleb(-6)
    ends = [Decimal(int(end)).scaleb(-6) for end in (least, most) if end is not None]
    ends += [Decimal(text) for text in texts or ()]
    total += sum((Decimal(text) for text in texts or ()), Decimal(0))
    start = _EPOCH + at * bucket
    iri, resource, prop, unit = about
    mean = _mean(total, number)
    return Row(iri, resource, prop, unit, start, start + bucket, mean, total, min(ends), max(ends), number)


def _mean(total: Decimal, number: int) -> Decimal:
    """Divide: a third has no end, so a mean has twelve digits, and six decimals where more stand before them.

    >>> _mean(Decimal(2), 3), _mean(Decimal("1234567890123.456"), 1), _mean(Decimal(2469135780247), 2)
    (Decimal('0.666666666667'), Decimal('1234567890123.456'), Decimal('1234567890123.500000'))
    """
    if number == 1:
        return total
    found = _LONG.divide(total, Decimal(number))
    if found.adjusted() < _DIGITS - _DECIMALS:
        return Context(prec=_DIGITS).plus(found)
    return found.quantize(Decimal(1).scaleb(-_DECIMALS), context=_LONG)


def _number(milli: int | None, micro: int | None, text: str | None) -> Decimal:
    if milli is not None:
        return Decimal(milli).scaleb(-3)
    return Decimal(micro).scaleb(-6) if micro is not None else Decimal(text or "0")


def _single(reading: Reading) -> Row:
    return _row(reading, reading.starts_at, reading.ends_at, [reading.value], reading.quality)


def _together(readings: list[Reading], bucket: timedelta) -> Row:
    start = _EPOCH + micros(readings[0].starts_at) // _length(bucket) * bucket
    return _row(readings[0], start, start + bucket, [reading.value for reading in readings], None)


def _row(
    of: Reading, start: datetime, end: datetime | None, values: list[Decimal], quality: str | None
) -> Row:
    total = sum(values, Decimal(0))
    return Row(
        series=of.series,
        resource=of.resource,
        property=of.property,
        unit=of.unit,
        start=start,
        end=end,
        value=_mean(total, len(values)),
        total=total,
        least=min(values),
        most=max(values),
        number=len(values),
        quality=quality,
    )


def _length(bucket: timedelta) -> int:
    return bucket // timedelta(microseconds=1)
