"""Gaps: spans for which a series has no reading."""

from collections.abc import Collection, Iterable, Iterator
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
_KNOWN = f"""SELECT ?s ?of ?kind {{ ?s <{RDF}type> <{FLEX}Series> OPTIONAL {{ ?s <{FLEX}ofResource> ?of }}
 OPTIONAL {{ ?s <{FLEX}binding>/<{FLEX}quantityKind> ?kind }} }}"""


class Gap(NamedTuple):
    """A span without a reading.

    Args:
        series: IRI.
        start: where the readings before it end.
        end: where the next one starts, or the window ends.
        resource: IRI of the resource of the series, where it was looked for and is known.
    """

    series: str
    start: datetime
    end: datetime
    resource: str | None = None

    @property
    def hours(self) -> float:
        """How long it is."""
        return round((self.end - self.start).total_seconds() / 3600, 4)


def gaps(
    store: ReadingStore,
    start: datetime,
    end: datetime,
    expected: Iterable[str] = (),
    parties: Collection[str] | None = None,
) -> Iterator[Gap]:
    """Find the gaps of series within a window, ordered by series and start.

    A reading without an end covers nothing. A series whose readings all lie elsewhere is one gap, and so is
    one that is expected and has none.

    Args:
        store: the readings; each series that has some is looked at.
        start: of the window, with zone.
        end: of the window.
        expected: IRIs of series that should have readings.
        parties: whose series are looked at; None: everybody's.
    """
    silent = sorted(set(expected).difference(store.series()))
    yield from merge(_found(store, start, end, parties), (Gap(iri, start, end) for iri in silent), key=_place)


def _place(gap: Gap) -> tuple[str, datetime]:
    return gap.series, gap.start


def _found(
    store: ReadingStore, start: datetime, end: datetime, parties: Collection[str] | None
) -> Iterator[Gap]:
    seen = store.view(parties)
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
    *,
    series: tuple[str, ...] = (),
    of: str | None = None,
    parties: frozenset[str] | None = None,
) -> Iterator[Gap]:
    """Find the gaps of some series: of those with readings, and of registered ones without any.

    Args:
        store: the readings.
        graphs: the graph that says which series are registered, of which resource, and of what.
        start: of the window, with zone.
        end: of the window.
        resources: IRIs, or IDs as on the wire; none for all.
        series: IRIs of series; none for all.
        of: IRI of the property, for example a QUDT quantity kind; None for all.
        parties: whose; None: everybody's.

    Raises:
        UsageError: the window is empty, or a time has no zone.
    """
    selection = Selection(
        start=start, end=end, resources=resources, series=series, property=of, parties=parties
    )
    if end <= start:
        raise UsageError("the window is empty", where="end", cure="let it end after it begins")
    names = graphs.graphs()
    registered, known = (
        [
            [term[1:-1] if term else None for term in row]
            for row in graphs.query(text, default_graph=names, named_graphs=[])
        ]
        for text in (_REGISTERED, _KNOWN)
    )
    about = {iri: (resource, kind) for iri, resource, kind in known}
    expected = [iri for (iri,) in registered if iri is not None]
    for gap in gaps(store, start, end, expected, parties):
        resource, kind = about.get(gap.series, (None, None))
        if selection.takes(resource, kind, gap.series):
            yield gap._replace(resource=resource)


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
