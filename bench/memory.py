"""Memory of a long run of checks: flat, whatever comes."""

import resource
import sys
from pathlib import Path
from random import Random
from typing import Any

from bench.payloads import KINDS, fresh
from kg.check import checker


def resident() -> float:
    """Tell the resident memory of this process in MB; where the system does not, the largest so far."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Check fresh payloads of all kinds in turns; note the memory on the way.

    Returns:
        One row: payloads, and MB after a tenth, half and all of them.
    """
    count, random, check = (100 if quick else 10_000), Random(), checker().check
    marks = {count // 10: 0.0, count // 2: 0.0, count: 0.0}
    kinds = list(KINDS)
    for n in range(1, count + 1):
        kind = kinds[n % len(kinds)]
        size = KINDS[kind][1][-2 if n % 50 == 0 and len(KINDS[kind][1]) > 1 else 0]
        check(fresh(kind, size, 1, random)[0])
        if n in marks:
            marks[n] = resident()
    tenth, half, whole = marks.values()
    return [
        {"payloads": count, "tenth_mb": tenth, "half_mb": half, "all_mb": whole, "growth_mb": whole - tenth}
    ]
