"""Readings as SAREF observations in a graph store: simple, the oracle for other back ends, right for a pilot.

For each reading, in the graph ``report/<yyyymm>`` of the month of receipt::

    <observation> a saref:Observation, flex:Reading ;
        flex:series <series> ; flex:ofResource <resource> ; saref:observes <property> ;
        flex:startsAt "start" ; saref:hasResultTime "end, or start where no end is known" ;
        saref:hasPhenomenonTime <span> ; saref:hasResult <observation/result> .
    <observation/result> a saref:PropertyValue ;
        saref:hasValue 1.5 ; saref:isMeasuredIn <unit> ; saref:isValueOfProperty <property> .
    <span> a time:Interval ; flex:startsAt "start" ; flex:endsAt "end" .

with quality, confidence and accuracy where they are known, and the message that it came from
(``prov:wasDerivedFrom``). The row and the time of receipt are said once for each payload.
"""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from kg.errors import StoreError
from kg.graphs import REPORTED, Change, GraphStore, Statement, counted, lexical, month_graph
from kg.literals import date_time
from kg.namespaces import FLEX, ID, PROV, RDF, SAREF
from kg.readings import Constants, Reading
from kg.readings.column_batch import Batch
from kg.readings.observation import RECEIVED, ROW, constant, lines, observation, payload, written

_TYPE = RDF + "type"
_MESSAGE = ID + "message/"
_SERIES = ID + "series/"
_CHUNK = 1000
#: Readings that are written at once, unless one payload has more.
_TOGETHER = 5000

_PREFIXES = f"PREFIX flex: <{FLEX}> PREFIX saref: <{SAREF}> PREFIX prov: <{PROV}>"
_PATTERN = """
  ?reading a saref:Observation ; flex:series ?series ; flex:startsAt ?start .
  FILTER(?start >= ?from && ?start < ?to)"""
_SCAN = f"""{_PREFIXES}
SELECT ?series ?start ?value ?message
  ?end ?resource ?property ?unit ?quality ?confidence ?accuracy ?from ?to
WHERE {{{_PATTERN}
  ?reading saref:hasResult ?result ; prov:wasDerivedFrom ?message .
  ?result saref:hasValue ?value .
  OPTIONAL {{ ?reading saref:hasPhenomenonTime/flex:endsAt ?end }}
  OPTIONAL {{ ?reading flex:ofResource ?resource }}
  OPTIONAL {{ ?reading saref:observes ?property }}
  OPTIONAL {{ ?result saref:isMeasuredIn ?unit }}
  OPTIONAL {{ ?reading flex:dataQuality ?quality }}
  OPTIONAL {{ ?reading flex:confidence ?confidence }}
  OPTIONAL {{ ?reading flex:accuracy ?accuracy }}
}} ORDER BY ?series ?start"""
_STARTS = f"{_PREFIXES} SELECT ?series ?from ?to ?start {{{_PATTERN} }} ORDER BY ?start"
_LAST = f"{_PREFIXES} SELECT ?series ?from ?to ?start {{{_PATTERN} }} ORDER BY DESC(?start) LIMIT 1"
_ALL = f"{_PREFIXES} SELECT DISTINCT ?series {{ ?reading a saref:Observation ; flex:series ?series }}"


class GraphReadings:
    """Readings in a graph store, as a ReadingStore.

    Args:
        graphs: the store that holds them.
    """

    def __init__(self, graphs: GraphStore) -> None:
        self._graphs = graphs
        self._lock = threading.Lock()

    def append(self, readings: Sequence[Reading]) -> int:
        """Add the readings of whole payloads; see ``kg.readings.ReadingStore.append``."""
        with self._lock:
            known = {digest: self._known(digest) for digest in {reading.digest for reading in readings}}
            fresh = [reading for reading in readings if not known[reading.digest]]
            visible: dict[str, Reading] = {}
            for reading in fresh:
                iri = observation(reading)
                other = visible.get(iri)
                if other is None or reading.seq >= other.seq:
                    visible[iri] = reading
            rows = {iri: self._row(iri) for iri in visible}
            visible = {iri: reading for iri, reading in visible.items() if rows[iri] < reading.seq}
            made = frozenset(iri for iri in visible if not rows[iri])
            graphs = {_graph(reading) for reading in fresh}
            changes = {graph: Change(graph, [], [], fresh=made) for graph in sorted(graphs)}
            for reading in {reading.digest: reading for reading in fresh}.values():
                changes[_graph(reading)].lines.extend(payload(reading))
            for iri, reading in visible.items():
                change = changes[_graph(reading)]
                change.roots.append(iri)
                change.lines.extend(lines(iri, reading))
            self._graphs.write(list(changes.values()))
            return len(visible)

    def append_batch(self, batch: Batch) -> int:
        """Add the readings of whole payloads that are in columns, some payloads at a time; see ``append``."""
        rows: list[list[int]] = [[] for _ in batch.payloads]
        for row, number in enumerate(batch.payload):
            rows[number].append(row)
        shown, together = 0, list[int]()
        for n, mine in enumerate(rows):
            together += mine
            if together and (len(together) >= _TOGETHER or n == len(rows) - 1):
                shown += self.append(list(batch.readings(together)))
                together = []
        return shown

    def describe(self, series: Mapping[str, Constants]) -> None:
        """Let all readings of series show what is constant of them; see ``ReadingStore.describe``."""
        with self._lock:
            for iri, constants in series.items():
                found = [s for s in self._graphs.match(None, f"<{FLEX}series>", f"<{iri}>") if _shows(s)]
                for at in range(0, len(found), _CHUNK):
                    self._graphs.write([_anew(s, constants) for s in found[at : at + _CHUNK]])

    def scan(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Reading]:
        """Go through readings ordered by series and start; see ``kg.readings.ReadingStore.scan``."""
        payloads: dict[str, tuple[int, datetime]] = {}
        for row in self._answer(_SCAN, series, start, end):
            digest = (row[3] or "")[1:-1].removeprefix(_MESSAGE)
            if digest not in payloads:
                payloads[digest] = self._said(digest)
            yield _reading(row, digest, *payloads[digest])

    def latest(self, series: str) -> Reading | None:
        """Give the reading of a series that starts last."""
        last = next(self._answer(_LAST, series, None, None), None)
        return next(self.scan(series, _time(last[3] or "")), None) if last else None

    def count(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Count what ``scan`` would give."""
        return sum(1 for _ in self._answer(_STARTS, series, start, end))

    def series(self) -> list[str]:
        """Give the IRIs of the series that have readings, sorted."""
        answer = self._graphs.query(_ALL, default_graph=self._graphs.graphs(REPORTED), named_graphs=[])
        return sorted((row[0] or "")[1:-1] for row in answer)

    def withdraw(self, series: str, start: datetime, end: datetime, *, at: datetime) -> int:
        """Take readings of a series out of view that start in a window; no history is kept of them."""
        return self._remove(self.scan(series, start, end))

    def erase(self, series: str) -> int:
        """Remove all readings of a series from view; gives their number."""
        return self._remove(self.scan(series))

    def retain(self, since: datetime) -> int:
        """Remove all readings that start before a time; gives their number."""
        return self._remove(self.scan(None, None, since))

    def _remove(self, readings: Iterable[Reading]) -> int:
        with self._lock:
            roots = [observation(reading) for reading in readings]
            for at in range(0, len(roots), _CHUNK):
                self._graphs.write([Change(REPORTED, roots=roots[at : at + _CHUNK])])
            return len(roots)

    def view(self, parties: Collection[str] | None = None) -> None:
        """Give nothing: the readings are triples."""

    def reopen(self) -> None:
        """Do nothing: the graph store is opened anew by who holds it."""

    def flush(self) -> None:
        """Put everything on disk."""
        self._graphs.flush()

    def close(self) -> None:
        """Do nothing: the graph store is closed by who holds it."""

    def _answer(
        self, text: str, series: str | None, start: datetime | None, end: datetime | None
    ) -> Iterator[tuple[str | None, ...]]:
        bindings = {
            "from": date_time(written(start) if start else "0001-01-01T00:00:00Z"),
            "to": date_time(written(end) if end else "10000-01-01T00:00:00Z"),
        }
        if series is not None:
            bindings["series"] = f"<{series}>"
        graphs = self._graphs.graphs(REPORTED)
        yield from self._graphs.query(text, default_graph=graphs, named_graphs=[], bindings=bindings)

    def _known(self, digest: str) -> bool:
        return any(self._graphs.match(f"<{ID}readings/{digest}>", None, None))

    def _row(self, iri: str) -> int:
        """Give the journal row that an observation in the store comes from, 0 where there is none."""
        found = self._graphs.match(f"<{iri}>", f"<{PROV}wasDerivedFrom>", None)
        return max((self._said(s.object[1:-1].removeprefix(_MESSAGE))[0] for s in found), default=0)

    def _said(self, digest: str) -> tuple[int, datetime]:
        """Give the journal row of a payload whose readings are held, and when it was received."""
        found = self._graphs.match(f"<{ID}readings/{digest}>", None, None)
        said = {statement.predicate: statement.object for statement in found}
        row, received = said.get(ROW), said.get(RECEIVED)
        if row is None or received is None:
            raise StoreError(
                "the readings in the graph were written by an older FlexKG",
                where=f"{ID}readings/{digest}",
                cure="make the graph anew with: flexkg rebuild --store DIR",
            )
        return counted(row), _time(received)


def _shows(statement: Statement) -> bool:
    return statement.subject.startswith(f"<{ID}observation/")


def _anew(statement: Statement, constants: Constants) -> Change:
    """Describe an observation anew, in the graph that it stands in."""
    iri = statement.subject[1:-1]
    shown = constant(iri, constants.resource, constants.property, constants.unit)
    anew = [f"<{subject}> <{predicate}> {value} ." for subject, predicate, value in shown if value]
    unset = [(subject, predicate) for subject, predicate, _ in shown]
    return Change(statement.graph, anew, unset=unset)


def _reading(row: tuple[str | None, ...], digest: str, seq: int, received: datetime) -> Reading:
    """Read one row of the scan."""
    series, start, value = (term or "" for term in row[:3])
    end, resource, prop, unit, quality, confidence, accuracy = row[4:11]
    return Reading(
        series=series[1:-1],
        starts_at=_time(start),
        value=Decimal(lexical(value)),
        digest=digest,
        seq=seq,
        received=received,
        ends_at=_time(end) if end else None,
        resource=_iri(resource),
        property=_iri(prop),
        unit=_iri(unit),
        quality=_iri(quality),
        confidence=counted(confidence) if confidence else None,
        accuracy=Decimal(lexical(accuracy)) if accuracy else None,
    )


def _graph(reading: Reading) -> str:
    return month_graph("report", written(reading.received))


def _iri(term: str | None) -> str | None:
    return term[1:-1] if term else None


def _time(term: str) -> datetime:
    return datetime.fromisoformat(lexical(term))
