"""Payloads recorded, applied and on disk in a second: the journal is fsynced before a payload is answered."""

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from bench.payloads import fresh
from kg.ingest import Ingest

_CASES = (("oadrPoll", 1), ("oadrDistributeEvent", 1), ("oadrUpdateReport", 10))


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Ingest fresh payloads one by one, from eight threads, and many to one fsync; time a bare fsync beside.

    Returns:
        One row for each kind: payloads per second each way, and bare appends with fsync per second.
    """
    return [_row(kind, size, 8 if quick else 400) for kind, size in _CASES]


def _row(kind: str, size: int, count: int) -> dict[str, Any]:
    def new(count: int) -> list[bytes]:
        return fresh(kind, size, count, Random())

    with tempfile.TemporaryDirectory() as folder:
        with Ingest(Path(folder) / "one") as store:
            alone = _rate(count // 4, new, lambda payloads: [store.ingest(data) for data in payloads])
        with Ingest(Path(folder) / "eight") as store:
            eight = _rate(count, new, lambda payloads: _threads(store, payloads))
        with Ingest(Path(folder) / "many") as store:
            many = _rate(
                count, new, lambda payloads: list(store.ingest_many(("", data) for data in payloads))
            )
        bare = _rate(count // 4, new, lambda payloads: _fsyncs(Path(folder) / "bare", payloads))
    return {
        "kind": kind,
        "size": size,
        "one_by_one_per_s": alone,
        "eight_threads_per_s": eight,
        "many_per_s": many,
        "bare_fsync_per_s": bare,
        "goal_per_s": 300,
    }


def _rate(count: int, new: Callable[[int], list[bytes]], work: Callable[[list[bytes]], object]) -> float:
    """Payloads a second, what is made once for the first ones left out."""
    work(new(2))
    payloads = new(count)
    begin = perf_counter()
    work(payloads)
    return count / (perf_counter() - begin)


def _threads(store: Ingest, payloads: list[bytes]) -> None:
    def work(part: list[bytes]) -> None:
        for data in part:
            store.ingest(data)

    workers = [threading.Thread(target=work, args=(payloads[n::8],)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _fsyncs(path: Path, payloads: list[bytes]) -> None:
    with path.open("ab") as file:
        for data in payloads:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
