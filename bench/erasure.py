"""A graph made anew from the journal, and one subject erased, in stores with many others."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.report import report
from kg.erasure import erase
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild

_VENS = 50


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Fill a store with reports, make its graph anew, and erase one of its subjects.

    Returns:
        One row for each back end of the readings: quads and readings in the store, quads and readings made
        anew in a second, seconds of an erasure with its proof, and the goals.
    """
    return [_row(kind, 4 if quick else 400) for kind in ("graph", "columns")]


def _row(kind: str, payloads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        Ingest(store).close()
        rebuild(store, readings=kind)
        with Ingest(store, batch=256) as opened:
            for _ in opened.ingest_many(_payloads(payloads)):
                pass
            quads, readings = opened.graphs.count(), opened.readings.count()
        begin, cpu = perf_counter(), process_time()
        rebuild(store, profile="")
        rebuilt, cpu = perf_counter() - begin, process_time() - cpu
        begin = perf_counter()
        done = erase(store, "VEN-BENCH-1")
        erased = perf_counter() - begin
        assert not done.hits
        assert EmbeddedGraphs(store / "graph").count() < quads
    return {
        "readings_in": kind,
        "quads": quads,
        "readings": readings,
        "rebuild_quads_per_s": quads / rebuilt,
        "rebuild_readings_per_s": readings / rebuilt,
        "quads_per_cpu_s": quads / cpu,
        "goal_quads_per_s": 50_000,
        "erase_s": erased,
        "goal_erase_s": 60,
    }


def _payloads(count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        yield "", report(f"VEN-BENCH-{number % _VENS}", number)
