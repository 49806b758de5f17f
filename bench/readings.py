"""Readings: SPARQL over columns beside raw SQL over the same table and Oxigraph over the same triples."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from kg.graphs import month_graph
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest
from kg.namespaces import FLEX, GRAPH, ID, QUANTITYKIND, RDF, RDFS, UNIT, XSD
from kg.readings.backends import open_readings
from kg.readings.columns import ColumnReadings
from kg.readings.graph import GraphReadings
from kg.readings.observation import lines, observation, payload, written
from kg.simulation.outcome import payloads
from kg.simulation.portfolio import Portfolio
from kg.sparql.asking import Asking
from kg.sparql.observations.rewriting import over_columns
from kg.sparql.prologue import declare

_SERIES = 1000
_AT_ONCE = 5_000_000
#: Triples that are put into the graph at once.
_LINES = 500_000
#: Events of two hours, one every four.
_EVENTS = 5
_DAY = '?t >= "2026-01-01T00:00:00Z"^^xsd:dateTime && ?t < "2026-01-02T00:00:00Z"^^xsd:dateTime'
_RAW_DAY = "r.starts >= TIMESTAMP '2026-01-01' AND r.starts < TIMESTAMP '2026-01-02'"
_FROM = "FROM current r JOIN names n ON n.id = r.series"
_SUM = "SUM(r.milli)"
#: Name, SPARQL, SQL that gives the same.
QUERIES = (
    (
        "sum by resource and hour, a day",
        "SELECT ?res ?h (SUM(?v) AS ?x) { ?o flex:ofResource ?res ; flex:startsAt ?t ;"
        f" saref:hasResult/saref:hasValue ?v FILTER({_DAY}) }} GROUP BY ?res (HOURS(?t) AS ?h)",
        f"SELECT n.resource, hour(r.starts), {_SUM} {_FROM} WHERE {_RAW_DAY} GROUP BY ALL",
    ),
    (
        "mean by hour of the day, all",
        "SELECT ?h (AVG(?v) AS ?x) { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v }"
        " GROUP BY (HOURS(?t) AS ?h)",
        "SELECT hour(r.starts), avg(r.milli) FROM current r GROUP BY ALL",
    ),
    (
        "latest of each series",
        "SELECT ?s (MAX(?t) AS ?x) { ?o flex:series ?s ; flex:startsAt ?t ; saref:hasResult ?r } GROUP BY ?s",
        f"SELECT n.iri, max(r.starts) {_FROM} GROUP BY ALL",
    ),
    (
        "sum by label and hour, all",
        "SELECT ?l ?h (SUM(?v) AS ?x) { ?o flex:ofResource ?res ; flex:startsAt ?t ;"
        " saref:hasResult/saref:hasValue ?v . ?res rdfs:label ?l } GROUP BY ?l (HOURS(?t) AS ?h)",
        f"SELECT n.resource, hour(r.starts), {_SUM} {_FROM} GROUP BY ALL",
    ),
    (
        "mean in windows of events",
        "SELECT ?e ?res (AVG(?v) AS ?x) { ?ev flex:eventID ?e ; flex:startsAt ?a ; flex:endsAt ?b ."
        " ?o flex:ofResource ?res ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v"
        " FILTER(?t >= ?a && ?t < ?b) } GROUP BY ?e ?res",
        f"SELECT e.i, n.resource, avg(r.milli) {_FROM} JOIN (SELECT i, TIMESTAMP '2026-01-01'"
        f" + to_hours(4 * i) AS a FROM range({_EVENTS}) t(i)) e ON r.starts >= e.a"
        " AND r.starts < e.a + to_hours(2) GROUP BY ALL",
    ),
    (
        "series without a reading in a day",
        "SELECT ?s { ?s a flex:Series ; flex:ofResource ?res MINUS { ?o flex:series ?s ; flex:startsAt ?t ;"
        f" saref:hasResult ?r FILTER({_DAY}) }} }}",
        f"SELECT iri FROM names WHERE id NOT IN (SELECT r.series FROM current r WHERE {_RAW_DAY})",
    ),
    (
        "last ten by time",
        "SELECT ?t ?v { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v } ORDER BY DESC(?t) LIMIT 10",
        "SELECT r.starts, r.milli FROM current r ORDER BY r.starts DESC LIMIT 10",
    ),
)


def measure(*, quick: bool = False, long: bool = False) -> list[dict[str, Any]]:
    """Ask the same of columns, of raw SQL and of triples, at growing sizes; then take reports in.

    Args:
        quick: see that it runs.
        long: up to a hundred million readings.

    Returns:
        One row for each size and query, milliseconds; one for reports taken in, readings a CPU second.
    """
    sizes = (2_000,) if quick else (100_000, 1_000_000, 10_000_000, *([100_000_000] * long))
    largest = 1_000_000 if long else 100_000
    rows = [row for size in sizes for row in _size(size, triples=size <= largest)]
    return [*rows, _taken_in(2 if quick else 20)]


def _size(size: int, *, triples: bool) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "columns.duckdb"
        columns = ColumnReadings(file)
        _fill(columns, size)
        graph, plain = EmbeddedGraphs(), None
        graph.add(GRAPH + "about", _about())
        if triples:
            plain = EmbeddedGraphs(Path(folder) / "triples", fresh=True)
            plain.add(GRAPH + "about", _about())
            _as_triples(columns, plain)
        made = []
        asking = Asking(graph, columns, Path(folder) / "snapshots", 5.0, 100_000, 250_000)
        for name, text, sql in QUERIES:
            query = declare(text)[0]
            slow = _time([partial(_rows, query, plain)], 1)[0] if plain is not None else None
            ways = {"": partial(_over_columns, query, graph, columns)}
            if text == QUERIES[0][1]:
                ways[", stored query"] = partial(_stored, query, asking, None)
                ways[", stored query, by mandate"] = partial(_stored, query, asking, ("ven",))
            asked = [partial(_raw, sql, columns)] * 2
            if len(ways) > 1:
                its_own = sql.replace("WHERE", f"WHERE n.iri LIKE '{ID}series/ven/%' AND", 1)
                asked[1] = partial(_raw, its_own, columns)
            everybodys, ones, *each = _time([*asked, *ways.values()], 9 if len(ways) > 1 else 3)
            for way, fast in zip(ways, each, strict=True):
                raw = ones if way.endswith("mandate") else everybodys
                made.append(
                    {
                        "query": name + way,
                        "readings": size,
                        "bytes_each": file.stat().st_size / size,
                        "sparql_ms": fast,
                        "raw_sql_ms": raw,
                        "to_raw": fast / raw,
                        "triples_ms": slow,
                        "triples_to_sparql": slow / fast if slow else None,
                    }
                )
        asking.close()
        columns.close()
        if plain is not None:
            plain.close()
    return made


def _fill(columns: ColumnReadings, size: int) -> None:
    """Put readings of a thousand series into the table, in the order of time, a batch for each step."""
    with columns.tables.writing() as tables:
        tables.rows(
            f"INSERT INTO names SELECT i, '{ID}series/ven/r/' || i, '{ID}resource/ven/' || i // 2,"
            f" '{QUANTITYKIND}ActivePower', '{UNIT}KiloW' FROM range({_SERIES}) t(i)"
        )
        tables.rows(
            "INSERT INTO batches SELECT i, lpad(i::VARCHAR, 64, '0'), i, TIMESTAMP '2026-01-01'"
            f" FROM range(1, {size // _SERIES + 2}) t(i)"
        )
        for begin in range(0, size, _AT_ONCE):
            tables.rows(
                f"INSERT INTO current SELECT i % {_SERIES},"
                f" TIMESTAMP '2026-01-01' + to_minutes(15 * (i // {_SERIES})),"
                " 900000000, hash(i) % 50000, NULL, NULL, NULL, NULL, NULL,"
                f" 1 + i // {_SERIES} FROM range({begin}, {min(size, begin + _AT_ONCE)}) t(i) ORDER BY i"
            )
    columns.flush()
    columns._load()


def _as_triples(columns: ColumnReadings, graphs: EmbeddedGraphs) -> None:
    """Put the same readings into a graph, as the back end ``graph`` has them: 5 GB of disk for a million."""
    said: list[str] = []
    known: set[str] = set()
    month = ""
    for reading in columns.scan():
        month = month_graph("report", written(reading.received))
        if reading.digest not in known:
            known.add(reading.digest)
            said += payload(reading)
        said += lines(observation(reading), reading)
        if len(said) > _LINES:
            graphs.add(month, "\n".join(said))
            said.clear()
    graphs.add(month, "\n".join(said))
    graphs.flush()
    if (number := GraphReadings(graphs).count()) != columns.count():
        raise SystemExit(f"{number} readings as triples, {columns.count()} in columns")


def _about() -> str:
    lines = []
    for n in range(_SERIES):
        resource = f"<{ID}resource/ven/{n // 2}>"
        lines.append(f"<{ID}series/ven/r/{n}> <{RDF}type> <{FLEX}Series> .")
        lines.append(f"<{ID}series/ven/r/{n}> <{FLEX}ofResource> {resource} .")
        lines.append(f'{resource} <{RDFS}label> "R-{n // 2}" .')
    for n in range(_EVENTS):
        event, start = f"<{ID}event/vtn/{n}>", datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=4 * n)
        lines.append(f'{event} <{FLEX}eventID> "E-{n}" .')
        for name, time in (("startsAt", start), ("endsAt", start + timedelta(hours=2))):
            lines.append(f'{event} <{FLEX}{name}> "{time:%Y-%m-%dT%H:%M:%SZ}"^^<{XSD}dateTime> .')
    return "\n".join(lines)


def _over_columns(query: str, graph: EmbeddedGraphs, columns: ColumnReadings) -> None:
    names = graph.graphs()

    def ask(text: str) -> Any:
        return graph.query(text, default_graph=names, named_graphs=names)

    with columns.tables.reading() as view:
        text = over_columns(query, view, ask)
    ask(text).serialize("text/csv")


def _stored(query: str, asking: Asking, parties: tuple[str, ...] | None) -> None:
    """As a stored query is answered, to whom all is shown or to whom these parties gave a mandate."""
    asking.answer(query, {}, parties=parties).serialize("text/csv")


def _raw(sql: str, columns: ColumnReadings) -> None:
    with columns.tables.reading() as view:
        view.rows(sql)


def _rows(query: str, graph: EmbeddedGraphs) -> None:
    graph.query(query, default_graph=graph.graphs(), named_graphs=[]).serialize("text/csv")


def _time(ways: list[Callable[[], None]], times: int = 3) -> list[float]:
    """CPU milliseconds of all threads for each of some ways in turn, the median of some rounds."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(times):
        for work, each in zip(ways, taken, strict=True):
            begin = process_time()
            work()
            each.append(1000 * (process_time() - begin))
    return [median(each) for each in taken]


def _taken_in(vens: int) -> dict[str, Any]:
    """Check, record and put into the columns reports of a day each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Ingest(Path(folder) / "store", readings=partial(open_readings, kind="columns")) as store,
    ):
        made = list(payloads(Portfolio(vens, 4)))
        reports = [one for one in made if "report" in one[0]]
        list(store.ingest_many(one for one in made if "report" not in one[0]))
        list(store.ingest_many(reports[:vens]))
        before, begin = store.readings.count(), process_time()
        list(store.ingest_many(reports[vens:]))
        taken = process_time() - begin
        number = store.readings.count() - before
    return {"query": "XML report to stored reading", "readings": number, "taken_in_per_cpu_s": number / taken}
