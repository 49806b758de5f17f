"""Checks in one thread and in two: how much of the work waits for the interpreter's lock."""

import threading
from random import Random
from time import perf_counter
from typing import Any

from bench.payloads import fresh
from kg.check import checker

#: Kind and size.
CASES = (("oadrPoll", 1), ("oadrDistributeEvent", 1), ("oadrUpdateReport", 1000))


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Check the same number of fresh payloads with one and with two threads, three times in turns.

    Returns:
        One row for each kind: checks per second with one and two threads, best of the turns.
    """
    rows = []
    for kind, size in CASES:
        count = (10 if quick else 400) if size == 1 else (2 if quick else 16)
        best = {1: 0.0, 2: 0.0}
        for _ in range(1 if quick else 3):
            for threads in best:
                payloads = fresh(kind, size, count, Random())
                best[threads] = max(best[threads], count / _run(payloads, threads))
        rows.append(
            {
                "kind": kind,
                "size": size,
                "one_thread_per_s": best[1],
                "two_threads_per_s": best[2],
                "scaling": best[2] / best[1],
            }
        )
    return rows


def _run(payloads: list[bytes], threads: int) -> float:
    """Seconds that some threads need for all payloads."""
    check = checker().check
    check(payloads[0])
    gate = threading.Barrier(threads + 1)

    def work(part: list[bytes]) -> None:
        gate.wait()
        for data in part:
            check(data)

    workers = [threading.Thread(target=work, args=(payloads[n::threads],)) for n in range(threads)]
    for worker in workers:
        worker.start()
    gate.wait()
    begin = perf_counter()
    for worker in workers:
        worker.join()
    return perf_counter() - begin
