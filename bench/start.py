"""From the start of Python to the first verdict, as a command line or a gateway pays it."""

import statistics
import subprocess
import sys
from random import Random
from time import perf_counter
from typing import Any

from bench.payloads import fresh

_CASES = {
    "python alone": "pass",
    "import kg": "import kg",
    "first check, oadrPoll": "import kg, sys; assert kg.check(sys.stdin.buffer.read()).conforms",
    "first check, oadrDistributeEvent": "import kg, sys; assert kg.check(sys.stdin.buffer.read()).conforms",
}


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Start Python anew for each measurement, in turns.

    Returns:
        One row for each case: median milliseconds, and the goal where there is one.
    """
    times: dict[str, list[float]] = {name: [] for name in _CASES}
    for _ in range(1 if quick else 5):
        for name, code in _CASES.items():
            kind = name.rpartition(" ")[2]
            data = fresh(kind, 1, 1, Random())[0] if kind.startswith("oadr") else b""
            begin = perf_counter()
            subprocess.run([sys.executable, "-c", code], input=data, check=True)
            times[name].append(perf_counter() - begin)
    return [
        {"case": name, "ms": statistics.median(found) * 1e3, "goal_ms": 300 if "check" in name else None}
        for name, found in times.items()
    ]
