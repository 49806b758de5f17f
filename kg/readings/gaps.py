"""Gaps: spans for which a series has no reading."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import NamedTuple

from kg.errors import UsageError
from kg.graphs import GraphStore
from kg.namespaces import FLEX, RDF
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


_REGISTERED = f"SELECT DISTINCT ?s {{ ?p <{RDF}type> <{FLEX}ReportDescription> . ?p <{FLEX}series> ?s }}"
_RESOURCES = f"SELECT ?s ?of {{ ?s <{RDF}type> <{FLEX}Series> . ?s <{FLEX}ofResource> ?of }}"


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


def gaps(store: ReadingStore, start: datetime, end: datetime, expected: Iterable[str] = ()) -> Iterator[Gap]:
    """Find the gaps of series within a window, ordered by series and start.

    A reading without an end covers nothing. A series whose readings all lie elsewhere is one gap, and so is
    one that is expected and has none.

    Args:
        store: the readings; each series that has some is looked at.
        start: of the window, with zone.
        end: of the window.
        expected: IRIs of series that should have readings.
    """
    silent = sorted(set(expected).difference(store.series()))
    yield from merge(_found(store, start, end), (Gap(iri, start, end) for iri in silent), key=_place)


def _place(gap: Gap) -> tuple[str, datetime]:
    return gap.series, gap.start


def _found(store: ReadingStore, start: datetime, end: datetime) -> Iterator[Gap]:
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
    store: ReadingStore,
    graphs: GraphStore,
    start: datetime,
    end: datetime,
    resources: tuple[str, ...] = (),
) -> Iterator[Gap]:
    """Find the gaps of some resources: of series with readings, and of registered ones without any.

    Args:
        store: the readings.
        graphs: the graph that says which series are registered, and of which resource.
        start: of the window, with zone.
        end: of the window.
        resources: IRIs, or IDs as on the wire; none for all.

    Raises:
        UsageError: the window is empty.
    """
    if end <= start:
        raise UsageError("the window is empty", where="end", cure="let it end after it begins")
    names = graphs.graphs()
    registered, of = (
        [
            [(term or "")[1:-1] for term in row]
            for row in graphs.query(text, default_graph=names, named_graphs=[])
        ]
        for text in (_REGISTERED, _RESOURCES)
    )
    resource, selection = dict(of), Selection(resources=resources)
    for gap in gaps(store, start, end, (series for (series,) in registered)):
        if selection.takes(resource.get(gap.series), None, gap.series):
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
