"""Checks in one thread, two threads and two processes: how much waits for the interpreter's lock."""

import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from random import Random
from time import perf_counter
from typing import Any

from bench.payloads import fresh
from kg.check import checker

#: Kind and size.
CASES = (("oadrPoll", 1), ("oadrDistributeEvent", 1), ("oadrUpdateReport", 1000))


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Check the same number of fresh payloads with one thread, two and two processes, three times in turns.

    Returns:
        One row for each kind: checks per second of each, best of the turns, and what two do beside one.
        On a machine that is busy with other things two of anything get more of it.
    """
    rows = []
    for kind, size in CASES:
        count = (10 if quick else 400) if size == 1 else (2 if quick else 16)
        best = {1: 0.0, 2: 0.0, 0: 0.0}
        for _ in range(1 if quick else 3):
            for threads in best:
                payloads = fresh(kind, size, count, Random())
                seconds = _run(payloads, threads) if threads else _apart(payloads)
                best[threads] = max(best[threads], count / seconds)
        rows.append(
            {
                "kind": kind,
                "size": size,
                "one_thread_per_s": best[1],
                "two_threads_per_s": best[2],
                "scaling": best[2] / best[1],
                "two_processes_per_s": best[0],
                "processes_scaling": best[0] / best[1],
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


def _apart(payloads: list[bytes]) -> float:
    """Seconds that two processes need for all payloads, once both have begun and know the shapes."""
    context = get_context("spawn")
    gate = context.Barrier(2)
    with ProcessPoolExecutor(2, context, _meet, (gate,)) as pool:
        parts = [pool.submit(_alone, payloads[n::2]) for n in range(2)]
        return max(part.result(timeout=300) for part in parts)


_gate: Barrier


def _meet(gate: Barrier) -> None:
    global _gate
    _gate = gate


def _alone(payloads: list[bytes]) -> float:
    check = checker().check
    check(payloads[0])
    _gate.wait(timeout=60)
    begin = perf_counter()
    for data in payloads:
        check(data)
    return perf_counter() - begin
