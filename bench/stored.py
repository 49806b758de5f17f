"""Every stored query through the service, with its readings as triples and in columns, beside raw pyoxigraph.

Raw pyoxigraph has all quads as one graph, which is the fastest way that it has, and the same values for the
parameters. Medians of interleaved rounds: processor time of those that answer (``cpu``), and wall time.
"""

import http.client
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from time import thread_time
from typing import Any

import pyoxigraph as ox

from bench.clock import below
from bench.payloads import fresh
from bench.servers import flexkg
from kg.graphs import META
from kg.graphs.oxigraph import term
from kg.service import Service
from kg.settings import load_settings
from kg.simulation.outcome import fill
from kg.simulation.portfolio import Portfolio
from kg.sparql.prologue import declare
from kg.sparql.stored import StoredQuery, stored_queries

#: Seconds that are spent on one query at most.
_PATIENCE = 2.0


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Ask each stored query without parameters of its own.

    Returns:
        One row for each: milliseconds of raw pyoxigraph, what the service may take, what it takes with the
        readings as triples and in columns; ``differs`` says where it gives another number of rows.
    """
    portfolio = Portfolio(*((2, 2) if quick else (8, 6)), timedelta(hours=6 if quick else 1), 1)
    kinds = ("graph",) if quick else ("graph", "columns")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        for kind in kinds:
            with Service(load_settings(store=Path(folder) / kind, readings=kind)) as service:
                fill(portfolio, service.store)
                for data in fresh("oadrDistributeEvent", 2 if quick else 100, 1, Random(1)):
                    service.ingest(data)
                if kind == "graph":
                    service.store.graphs.snapshot(Path(folder) / "raw")
        raw = ox.Store.read_only(str(Path(folder) / "raw"))
        asked = {
            kind: http.client.HTTPConnection(held.enter_context(flexkg(Path(folder) / kind)), timeout=60)
            for kind in kinds
        }
        rounds = 3 if quick else 40
        return [_row(query, raw, asked, rounds) for _, query in sorted(stored_queries().items())]


def _row(
    query: StoredQuery, raw: ox.Store, asked: dict[str, http.client.HTTPConnection], rounds: int
) -> dict[str, Any]:
    text = declare(query.text)[0]
    bindings = {ox.Variable(name): term(value) for name, value in query.bindings({}).items()}
    graphs = [graph for graph in raw.named_graphs() if graph != ox.NamedNode(META)]

    def on_raw() -> bytes:
        found = raw.query(
            text, use_default_graph_as_union=True, named_graphs=[*graphs], substitutions=bindings
        )
        assert isinstance(found, ox.QuerySolutions)
        return found.serialize(format=ox.QueryResultsFormat.CSV) or b""

    def over_http(connection: http.client.HTTPConnection) -> bytes:
        connection.request("GET", f"/queries/{query.name}?format=csv")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body

    calls: dict[str, Callable[[], bytes]] = {"raw": on_raw}
    calls |= {kind: lambda each=each: over_http(each) for kind, each in asked.items()}  # type: ignore[misc]
    counts = {name: call().count(b"\n") - 1 for name, call in calls.items()}
    clocks = {name: thread_time if name == "raw" else below for name in calls}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    ends = time.monotonic() + _PATIENCE
    while len(times["raw"]) < 3 or (len(times["raw"]) < rounds and time.monotonic() < ends):
        for name, call in calls.items():
            begin, spent = time.perf_counter(), clocks[name]()
            call()
            took, spent = time.perf_counter() - begin, clocks[name]() - spent
            times[name].append((spent * 1e3, took * 1e3))
    cpu, wall = (
        {name: statistics.median(one[at] for one in each) for name, each in times.items()} for at in (0, 1)
    )
    goal = 1.3 * cpu["raw"] + 1
    return {
        "query": query.name,
        "rows": counts["raw"],
        "raw_cpu_ms": cpu["raw"],
        "goal_ms": goal,
        "graph_cpu_ms": cpu["graph"],
        "met": "yes" if cpu["graph"] <= goal else "no",
        "columns_cpu_ms": cpu.get("columns"),
        "columns_met": "yes" if cpu.get("columns", 0) <= goal else "no",
        **{f"{name}_ms": each for name, each in wall.items()},
        "differs": " ".join(f"{name} {found}" for name, found in counts.items() if found != counts["raw"]),
    }
