"""Gaps: spans for which a series has no reading."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from kg.errors import UsageError
from kg.readings import ReadingStore
from kg.readings.column_batch import micros
from kg.readings.selecting import Selection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STOP = "coalesce(r.starts + to_microseconds(r.length), r.starts)"
_WHERE = f"r.starts < make_timestamp(?) AND {_STOP} > make_timestamp(?)"
_SQL = f"""SELECT iri, epoch_us(a), epoch_us(b) FROM (
 SELECT n.iri, greatest(max({_STOP}) OVER so_far, make_timestamp(?)) AS a,
  coalesce(lead(r.starts) OVER so_far, make_timestamp(?)) AS b
 FROM current r JOIN names n ON n.id = r.series WHERE {_WHERE}
 WINDOW so_far AS (PARTITION BY r.series ORDER BY r.starts)
 UNION ALL
 SELECT n.iri, make_timestamp(?), coalesce(m.first, make_timestamp(?)) FROM names n
 LEFT JOIN (SELECT r.series, min(r.starts) AS first FROM current r WHERE {_WHERE} GROUP BY r.series) m
  ON m.series = n.id WHERE n.id IN (SELECT series FROM current)
) WHERE b > a ORDER BY iri, a"""


class Gap(NamedTuple):
    """A span without a reading.

    Args:
        series: IRI.
        start: where the readings before it end.
        end: where the next one starts, or the window ends.
    """

    series: str
    start: datetime
    end: datetime


def gaps(store: ReadingStore, start: datetime, end: datetime) -> Iterator[Gap]:
    """Find the gaps of all series that have readings, within a window, ordered by series and start.

    A reading without an end covers nothing; a series whose readings all lie elsewhere is one gap.

    Args:
        store: the readings.
        start: of the window, with zone.
        end: of the window.
    """
    seen = store.view()
    if seen is None:
        yield from _of_scan(store, start, end)
        return
    low, high = micros(start), micros(end)
    with seen as view:
        rows = view.rows(_SQL, [low, high, high, low, low, high, high, low])
    for iri, first, last in rows:
        yield Gap(iri, _EPOCH + timedelta(microseconds=first), _EPOCH + timedelta(microseconds=last))


def gaps_of(
    store: ReadingStore, start: datetime, end: datetime, resources: tuple[str, ...] = ()
) -> Iterator[Gap]:
    """Find the gaps of some resources; see ``gaps``.

    Args:
        store: the readings.
        start: of the window, with zone.
        end: of the window.
        resources: IRIs, or IDs as on the wire; none for all.

    Raises:
        UsageError: the window is empty.
    """
    if end <= start:
        raise UsageError("the window is empty", where="end", cure="let it end after it begins")
    chosen: dict[str, bool] = {}
    selection = Selection(resources=resources)
    for gap in gaps(store, start, end):
        if resources and gap.series not in chosen:
            latest = store.latest(gap.series)
            chosen[gap.series] = latest is not None and selection.takes(
                latest.resource, latest.property, gap.series
            )
        if not resources or chosen[gap.series]:
            yield gap


def _of_scan(store: ReadingStore, start: datetime, end: datetime) -> Iterator[Gap]:
    for series in store.series():
        covered = start
        for reading in store.scan(series, None, end):
            stop = reading.ends_at or reading.starts_at
            if stop <= start:
                continue
            if reading.starts_at > covered:
                yield Gap(series, covered, reading.starts_at)
            covered = max(covered, stop)
        if covered < end:
            yield Gap(series, covered, end)
