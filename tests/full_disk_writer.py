"""A process that fills a small disk of its own, makes room, and prints what it saw as JSON.

python -m tests.full_disk_writer all|graph DIR: in a mount namespace of its own (``unshare -rm``).
"""

import json
import subprocess
import sys
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.ingest import Ingest

from .messages import event, report


def mount(path: Path, size: str, *, again: bool = False) -> None:
    """Put a disk in memory at a path, or change its size."""
    option = f"{'remount,' if again else ''}size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(path)], check=True)


def main(which: str, folder: str) -> None:
    """Fill, go on, make room, go on."""
    disk = Path(folder) / "disk"
    store = disk / "store"
    small = disk if which == "all" else store / "graph"
    if which == "graph":
        Ingest(store).close()
    small.mkdir(exist_ok=True, parents=True)
    mount(small, "5m")
    seen: dict[str, object] = {}
    with Ingest(store) as opened:
        acknowledged, late = [], 0
        for n in range(5000):
            try:
                receipt = opened.ingest(report(*(f"{n}.{k}" for k in range(20)), request=f"R-{n}"))
            except StoreUnavailable as error:
                seen["refused"] = error.code
                break
            acknowledged.append(receipt.seq)
            late += not receipt.applied
            if which == "graph" and late == 3:
                break
        seen["late"] = late
        seen["read while full"] = opened.readings.count() > 0
        mount(small, "60m", again=True)
        receipt = opened.ingest(event())
        acknowledged.append(receipt.seq)
        seen["applied after"] = receipt.applied
        seen["lost"] = sorted(set(acknowledged) ^ {row.seq for row in opened.journal.rows()})
        seen["behind"] = opened.journal.head.seq - opened.graphs.applied()
        opened.journal.verify()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
