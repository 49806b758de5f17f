"""Memory of one check: what it takes at most beyond what is loaded, beside its bound."""

import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from bench import json_payloads
from bench.memory import resident
from bench.payloads import KINDS, fresh
from kg.check import checker
from kg.xml import MAX_BYTES

#: Message types and sizes that give small payloads, such of almost the largest size that is accepted, and
#: such that a raised cap lets in.
_CASES = (
    ("oadrPoll", 1),
    ("oadrDistributeEvent", 1),
    ("oadrDistributeEvent", 100),
    ("oadrDistributeEvent", 225),
    ("oadrUpdateReport", 100),
    ("oadrUpdateReport", 2100),
    ("oadrRegisterReport", 950),
    ("oadrDistributeEvent", 5_000),
    ("oadrUpdateReport", 100_000),
    ("oadrRegisterReport", 10_000),
    ("event", 10_000),
    ("event", 100_000),
    ("event, in lines", 80_000),
    ("report", 15_000),
    ("report", 100_000),
    ("report, in lines", 25_000),
    ("report, in lines", 100_000),
)
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Check one payload of each kind and size in a process of its own, once its shapes are loaded.

    Returns:
        One row for each: size of the payload, what the check takes at most, and the bound: ten times the
        payload and 50 MB.
    """
    return [measured(kind, size) for kind, size in (_CASES[:2] if quick else _CASES)]


def measured(kind: str, size: int) -> dict[str, Any]:
    """Check one payload in a process of its own; see ``measure``."""
    command = [sys.executable, "-m", "bench.peak", kind, str(size)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=600)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _row(kind: str, size: int) -> dict[str, Any]:
    check, random = checker().check, Random()
    check(_written(kind, 1, random))
    data = _written(kind, size, random)
    begin = _restart()
    verdict = check(data, max_bytes=max(len(data), MAX_BYTES)).verdict
    payload = len(data) / 1e6
    return {
        "kind": kind,
        "size": size,
        "verdict": verdict,
        "payload_mb": payload,
        "extra_mb": max(_peak() - begin, 0.0),
        "bound_mb": 50 + 10 * payload,
    }


def _written(kind: str, size: int, random: Random) -> bytes:
    if kind in KINDS:
        return fresh(kind, size, 1, random)[0]
    return json_payloads.fresh(kind, size, random)


def _restart() -> float:
    """Give free memory back and let the system count the largest anew, where it can; gives the MB now."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
    if _RESET.exists():
        _RESET.write_text("5")
    return resident()


def _peak() -> float:
    """Tell the largest resident memory since then, in MB."""
    for line in _STATUS.read_text().splitlines() if _STATUS.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return resident()


if __name__ == "__main__":
    print(json.dumps(_row(sys.argv[1], int(sys.argv[2]))))
