"""A process that fills a small disk of its own, makes room, and prints what it saw as JSON.

python -m tests.full_disk_writer all|graph|readings DIR: in a mount namespace of its own (``unshare -rm``).
"""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.ingest import Ingest
from kg.readings.backends import open_readings

from .messages import event, report


def in_columns(graphs, folder):
    """Open readings in columns."""
    return open_readings(graphs, folder, "columns")


def mount(path: Path, size: str, *, again: bool = False) -> None:
    """Put a disk in memory at a path, or change its size."""
    option = f"{'remount,' if again else ''}size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(path)], check=True)


def main(which: str, folder: str) -> None:
    """Fill, go on, make room, go on."""
    disk = Path(folder) / "disk"
    store = disk / "store"
    small = disk if which == "all" else store / which
    if which != "all":
        Ingest(store, readings=in_columns if which == "readings" else open_readings).close()
    small.mkdir(exist_ok=True, parents=True)
    kept = {file.name: file.read_bytes() for file in small.iterdir()} if which == "readings" else {}
    mount(small, f"{sum(map(len, kept.values())) // 1024 + 600}k" if kept else "5m")
    values = 400 if kept else 20
    for name, data in kept.items():
        (small / name).write_bytes(data)
    seen: dict[str, object] = {}
    with Ingest(store) as opened:
        acknowledged, late = [], 0
        for n in range(5000):
            try:
                receipt = opened.ingest(report(*(f"{n}.{k}" for k in range(values)), request=f"R-{n}"))
            except StoreUnavailable as error:
                seen["refused"] = error.code
                break
            acknowledged.append(receipt.seq)
            late += not receipt.applied
            if which != "all" and late == 3:
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
        told = {Decimal(f"{len(acknowledged) - 2}.{k}") for k in range(values)}
        seen["readings"] = {one.value for one in opened.readings.scan()} == told
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
