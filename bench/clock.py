"""Measures: medians of interleaved rounds, so that a noisy machine is noisy for all alike.

Processor time of the thread counts: what is measured here never waits, and what others do is left out.
"""

import gc
import statistics
from collections.abc import Callable, Iterable
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
