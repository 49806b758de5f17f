"""Measures: medians of interleaved rounds, so that a noisy machine is noisy for all alike.

Processor time of the thread counts: what is measured here never waits, and what others do is left out.
"""

import gc
import os
import statistics
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import thread_time
from typing import Any


def interleave(rounds: Iterable[Any], cases: dict[str, Callable[[Any], object]]) -> dict[str, float]:
    """Run every case on every round's input, in turns, and give the median of each.

    Args:
        rounds: the inputs, a new one for each round.
        cases: what is measured, by name.

    Returns:
        Median seconds of processor time by name of the case.
    """
    times: dict[str, list[float]] = {name: [] for name in cases}
    order = list(cases)
    gc.collect()
    for given in rounds:
        for name in order:
            begin = thread_time()
            cases[name](given)
            times[name].append(thread_time() - begin)
        order.append(order.pop(0))
    return {name: statistics.median(found) for name, found in times.items()}


def below() -> float:
    """Give the seconds of processor time that the processes below this one have taken, those that live.

    From Linux' accounts of each thread, in nanoseconds; what ended since, in ticks, where its parent lives.
    """
    waiting, found = [*_children(os.getpid())], 0
    tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            found += (int(fields[13]) + int(fields[14])) * tick
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += int((thread / "schedstat").read_text().split()[0])
        waiting += _children(pid)
    return found / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found
