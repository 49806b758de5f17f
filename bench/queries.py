"""Queries through the service beside raw pyoxigraph, a worker's start, one client during another's attack.

Wall-clock times: what is measured here waits for other processes. Only what stands beside it in the same run
says something.
"""

import asyncio
import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox

from bench.payloads import fresh
from bench.servers import flexkg, serving
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.processes import WorkerProcess

_POINT = "SELECT ?p ?o { <https://w3id.org/flexkg/vocab/optType/optIn> ?p ?o } LIMIT 20"
#: A server that does nothing: what HTTP itself costs, in the same Python, beside which the service stands.
_BARE = """
import socket, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "http":
        fields = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"ok"})
listener = socket.create_server(("127.0.0.1", 0))
print(f"bare on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
uvicorn.Server(config).run(sockets=[listener])
"""
_BOMBS = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i ?a",
    "SELECT DISTINCT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
)


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Serve a store and ask it.

    Returns:
        One row for each case: milliseconds (median, 95th and 99th percentile), raw pyoxigraph's beside it.
    """
    count = 30 if quick else 300
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        with Service(load_settings(store=store)) as filled:
            for data in fresh("oadrDistributeEvent", 10 if quick else 200, 1, Random(1)):
                filled.ingest(data)
            filled.store.graphs.snapshot(Path(folder) / "raw")
        raw = ox.Store.read_only(str(Path(folder) / "raw"))
        with flexkg(store) as address:
            with serving("-c", _BARE, ready="bare") as other:
                rows = [_point(address, f"127.0.0.1:{other}", raw, count)]
            rows.append(_attacked(address, 0.5 if quick else 12.0))
    rows.append(_starts(2 if quick else 10))
    return rows


def _get(connection: http.client.HTTPConnection, path: str, client: str = "bench") -> int:
    headers = {"Accept": "application/sparql-results+json", "FlexKG-Client": client}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _point(address: str, bare: str, raw: ox.Store, count: int) -> dict[str, Any]:
    """Ask one short query through HTTP and of the raw store, and nothing of a server that does nothing."""
    connection = http.client.HTTPConnection(address, timeout=60)
    idle = http.client.HTTPConnection(bare, timeout=60)

    def over_http() -> None:
        assert _get(connection, f"/sparql?{urlencode({'query': _POINT})}") == 200

    def on_raw() -> None:
        found = raw.query(_POINT, use_default_graph_as_union=True)
        assert isinstance(found, ox.QuerySolutions)
        found.serialize(format=ox.QueryResultsFormat.JSON)

    ours, theirs, floor = _timed([over_http, on_raw, lambda: _get(idle, "/")], count)
    connection.close()
    idle.close()
    return {
        "case": "point query",
        "ms": statistics.median(ours),
        "p95_ms": _share(ours, 0.95),
        "raw_ms": statistics.median(theirs),
        "raw_p95_ms": _share(theirs, 0.95),
        "over_raw_ms": statistics.median(ours) - statistics.median(theirs),
        "over_raw_p95_ms": _share(ours, 0.95) - _share(theirs, 0.95),
        "bare_ms": statistics.median(floor),
        "bare_p95_ms": _share(floor, 0.95),
    }


def _timed(calls: list[Callable[[], object]], count: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in calls]
    for call in calls * 5:
        call()
    for _ in range(count):
        for call, found in zip(calls, times, strict=True):
            begin = time.perf_counter()
            call()
            found.append((time.perf_counter() - begin) * 1e3)
    return times


def _attacked(address: str, seconds: float) -> dict[str, Any]:
    """Let one client ask 20 times a second while another sends what takes all it can get."""
    ends = time.monotonic() + seconds

    def attack(number: int) -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        while time.monotonic() < ends:
            text = _BOMBS[number % len(_BOMBS)]
            try:
                _get(connection, f"/sparql?{urlencode({'query': text})}", "attacker")
            except http.client.IncompleteRead:  # an answer that was cut at its limit
                connection.close()
        connection.close()

    attackers = [threading.Thread(target=attack, args=(number,)) for number in range(4)]
    for each in attackers:
        each.start()
    connection = http.client.HTTPConnection(address, timeout=60)
    took: list[float] = []
    failed = 0
    while time.monotonic() < ends:
        begin = time.perf_counter()
        failed += _get(connection, f"/sparql?{urlencode({'query': _POINT})}", "other") != 200
        took.append((time.perf_counter() - begin) * 1e3)
        time.sleep(0.05)
    connection.close()
    for each in attackers:
        each.join()
    return {
        "case": "point query of another client during an attack",
        "ms": statistics.median(took),
        "p95_ms": _share(took, 0.95),
        "p99_ms": _share(took, 0.99),
        "goal_p99_ms": 300,
        "queries": len(took),
        "failed": failed,
    }


def _starts(count: int) -> dict[str, Any]:
    """Start workers, each until it says that it is confined."""

    async def run() -> list[float]:
        found = []
        for _ in range(count):
            begin = time.perf_counter()
            worker = await asyncio.wait_for(WorkerProcess.start(), 60)
            found.append((time.perf_counter() - begin) * 1e3)
            await asyncio.wait_for(worker.kill(), 60)
        return found

    found = asyncio.run(run())
    return {
        "case": "worker start",
        "ms": statistics.median(found),
        "p95_ms": _share(found, 0.95),
        "goal_ms": 150,
    }


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
