"""Twelve questions that aggregators ask, at sizes growing by ten: the service, raw pyoxigraph, other engines.

The data are a made-up portfolio, lifted and applied as any other, and copied under other names until the size
is reached. Every engine gets the same N-Quads, the same text and writes SPARQL JSON. Medians of the processor
time of each engine's processes: what else runs on the machine, and waiting for the disk, is left out.
"""

import http.client
import json
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from bench.engines import Engine, oxigraph, pyoxigraph, rdflib, service, virtuoso
from kg.graphs import META, ONTOLOGY
from kg.namespaces import PREFIXES
from kg.service import Service
from kg.settings import load_settings
from kg.simulation.outcome import fill
from kg.simulation.portfolio import Portfolio

_VEN: Final = "VEN-1-00003"
_DAY: Final = '"2026-06-03T00:00:00Z"^^xsd:dateTime'
_NEXT: Final = '"2026-06-04T00:00:00Z"^^xsd:dateTime'
#: Names that are another one in each copy.
_NAMES: Final = ("VEN-", "SHED-", "/id/message/", "/id/readings/")
#: Quads up to which rdflib is asked: beyond, its memory is more than such a machine has.
_RDFLIB: Final = 1_500_000
_SHARED: Final = {ox.NamedNode(META), ox.NamedNode(ONTOLOGY)}

QUESTIONS: Final = {
    "event by its ID": (
        "SELECT ?p ?o { ?e flex:eventID 'SHED-1-20260603' ; flex:currentVersion ?v . ?v ?p ?o }"
    ),
    "events in a window": (
        "SELECT ?id ?start ?end { ?e a flex:Event ; flex:eventID ?id ; flex:currentVersion ?v . "
        f"?v flex:startsAt ?start ; flex:endsAt ?end FILTER(?start < {_NEXT} && ?end > {_DAY}) }}"
    ),
    "what each event asks": (
        "SELECT ?id ?start ?value { ?e flex:eventID ?id ; flex:currentVersion/flex:signal ?s . "
        "?s flex:interval ?i . ?i flex:startsAt ?start ; flex:value ?value }"
    ),
    "answers by event and opt": (
        "SELECT ?id ?opt (COUNT(*) AS ?n) { ?m a flex:CreatedEvent ; flex:eventResponse ?r . "
        "?r flex:eventID ?id ; flex:optType ?opt } GROUP BY ?id ?opt"
    ),
    "who was asked and did not answer": (
        "SELECT ?id ?ven { ?e flex:eventID ?id ; flex:currentVersion/flex:target/flex:venID ?ven "
        "MINUS { ?m flex:venID ?ven ; flex:eventResponse/flex:eventID ?id } }"
    ),
    "resources with their series": (
        "SELECT ?name (COUNT(?s) AS ?n) { ?r a flex:Resource ; rdfs:label ?name . ?s flex:ofResource ?r ; "
        "a flex:Series } GROUP BY ?name"
    ),
    "readings of a resource on a day": (
        f"SELECT ?t ?v {{ ?s flex:ofResource/rdfs:label '{_VEN}-meter' . ?o flex:series ?s ; "
        f"flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v "
        f"FILTER(?t >= {_DAY} && ?t < {_NEXT}) }} ORDER BY ?t"
    ),
    "latest value of a VEN's series": (
        "SELECT ?s ?t ?v { { SELECT ?s (MAX(?at) AS ?t) { ?s a flex:Series . "
        f"FILTER(CONTAINS(STR(?s), '/{_VEN}/')) ?x flex:series ?s ; flex:startsAt ?at }} GROUP BY ?s }} "
        "?o flex:series ?s ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v }"
    ),
    "sum by resource and hour": (
        "SELECT ?r ?day ?h (SUM(?v) AS ?sum) { ?o a saref:Observation ; flex:series/flex:ofResource ?r ; "
        "flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v . "
        "BIND(SUBSTR(STR(?t), 1, 10) AS ?day) BIND(HOURS(?t) AS ?h) } GROUP BY ?r ?day ?h"
    ),
    "series without a reading on a day": (
        "SELECT ?s { ?s a flex:Series MINUS { ?o flex:series ?s ; flex:startsAt ?t "
        f"FILTER(?t >= {_DAY} && ?t < {_NEXT}) }} }}"
    ),
    "readings by quality": "SELECT ?q (COUNT(*) AS ?n) { ?o flex:dataQuality ?q } GROUP BY ?q",
    "things of a class and below": (
        "SELECT ?c (COUNT(*) AS ?n) { ?c rdfs:subClassOf* saref:Device . ?x a ?c } GROUP BY ?c"
    ),
}


def measure(*, quick: bool = False, sizes: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Ask at each size.

    Args:
        quick: a few quads, of the service and raw pyoxigraph alone.
        sizes: quads, about; 100,000 and 1,000,000 where none are given.

    Returns:
        One row for each size and question: milliseconds by engine; an engine that is not installed, or takes
        longer than half a minute, has none. ``differs`` names engines that give another number of rows.
    """
    rows = []
    for size in (1,) if quick else sizes or (100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            rows += _size(Path(folder), size, quick=quick)
    return rows


def _size(folder: Path, size: int, *, quick: bool) -> list[dict[str, Any]]:
    store = folder / "store"
    quads = _filled(store, folder / "all.nq", size, quick=quick)
    rows: list[dict[str, Any]] = [{"quads": quads, "question": name} for name in QUESTIONS]
    texts = [
        "".join(f"PREFIX {p}: <{i}> " for p, i in PREFIXES.items()) + text for text in QUESTIONS.values()
    ]
    counts: list[int | None] = [None] * len(rows)
    others: list[tuple[str, Any]] = [("raw", pyoxigraph(store)), ("service", service(store))]
    if not quick:
        others += [("oxigraph", oxigraph(store)), ("virtuoso", virtuoso(folder, folder / "all.nq"))]
    loading: dict[str, Any] = {"quads": quads, "question": "(loading)"}
    if not quick and quads <= _RDFLIB:
        others.append(("rdflib", rdflib(folder / "all.nq", loading)))
    for name, engine in others:  # one that does not load has no figures
        with (
            suppress(RuntimeError, subprocess.SubprocessError),
            engine as ask,
        ):  # one that cannot load has none
            if ask is not None:
                _compare(rows, counts, name, _timed(rows, texts, name, ask))
    for row in rows:
        row.setdefault("differs", "")
    return [*rows, loading] if len(loading) > 2 else rows


def _filled(store: Path, file: Path, size: int, *, quick: bool) -> int:
    """Fill a store with a portfolio and its copies, and write all of it as N-Quads; gives their number."""
    portfolio = Portfolio(*((3, 3) if quick else (8, 9)), timedelta(hours=6 if quick else 1), 1)
    with Service(load_settings(store=store, readings="graph")) as service:
        fill(portfolio, service.store)
        service.store.graphs.flush()
    graph = ox.Store(str(store / "graph"))
    once = [str(quad) for quad in graph if quad.graph_name not in _SHARED]
    shared = [str(quad) for quad in graph if quad.graph_name == ox.NamedNode(ONTOLOGY)]
    text = " .\n".join([*once, ""])
    copies = max(1, round((size - len(shared)) / len(once)))
    with file.open("w", encoding="utf-8") as out:
        out.write(" .\n".join([*shared, ""]))
        for number in range(1, copies + 1):
            copy = text
            for name in _NAMES:
                copy = copy.replace(name, f"{name}{number}-" if name[-1] == "-" else f"{name}{number:05d}")
            out.write(copy)
    for quad_graph in {quad.graph_name for quad in graph} - _SHARED:
        graph.remove_graph(quad_graph)
    with file.open("rb") as written:
        graph.bulk_load(written, ox.RdfFormat.N_QUADS)
    graph.flush()
    graph.optimize()  # as the store is once the engine has put its files together, for all engines alike
    return len(graph)


def _timed(rows: list[dict[str, Any]], texts: list[str], name: str, ask: Engine) -> list[int | None]:
    """Ask each question a few times; gives how many rows each answer has."""
    counts: list[int | None] = []
    for row, text in zip(rows, texts, strict=True):
        times: list[float] = []
        try:
            while len(times) < 7 and sum(times) < 2:
                took, body = ask(text)
                times.append(took)
            row[f"{name}_ms"] = statistics.median(times) * 1e3
            counts.append(len(json.loads(body)["results"]["bindings"]))
        except (OSError, http.client.HTTPException, RuntimeError):
            counts.append(None)
    return counts


def _compare(
    rows: list[dict[str, Any]], right: list[int | None], name: str, found: Sequence[int | None]
) -> None:
    for number, (row, given) in enumerate(zip(rows, found, strict=True)):
        wanted = right[number] = given if right[number] is None else right[number]
        row["rows"] = wanted
        if given is not None and given != wanted:
            row["differs"] = f"{row.get('differs', '')} {name} {given}".strip()
