"""A process that asks as a user does while a small disk of its own is full, and prints what it saw as JSON.

python -m tests.full_disk_asker DIR: in a mount namespace of its own (``unshare -rm``).
"""

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.pool import Pool

from .full_disk_writer import mount
from .messages import event, report


async def asked(service: Service, pool: Pool, **fresh: float) -> tuple[str, bool]:
    """Put a user's query to a worker; gives what was answered, and whether it may be behind the store."""
    query = service.asking.asked("SELECT (COUNT(*) AS ?n) { ?m a flex:UpdateReport }", **fresh)
    media = {"select": "text/csv", "ask": None, "graph": None}
    try:
        outcome = await pool.ask(query.question(media, ""), "a")
        text = b"".join([part async for part in outcome.chunks]).decode().split()[1]
        return text, query.age > 0
    finally:
        query.release()


async def questions(folder: str) -> None:
    """Ask as a user while the disk is full, and after there is room."""
    disk = Path(folder) / "disk"
    disk.mkdir()
    mount(disk, "24m")
    pool, seen = Pool(), {}
    with Service(load_settings(store=disk / "store")) as service:
        service.ingest(report("1", request="R-0"))
        seen["before"] = (await asked(service, pool))[0]
        for n in range(1, 5000):
            try:
                service.ingest(report(*(f"{n}.{k}" for k in range(20)), request=f"R-{n}"))
            except StoreUnavailable as error:
                seen["refused"] = error.code
                break
        with contextlib.suppress(OSError), (disk / "rest").open("ab", buffering=0) as rest:
            while rest.write(b"x" * 4096):
                pass
        text, seen["late"] = await asked(service, pool)
        seen["read while full"] = int(text) >= 1
        try:
            await asked(service, pool, max_age=0.0)
            seen["fresh while full"] = "answered"
        except StoreUnavailable as error:
            seen["fresh while full"] = error.code
        mount(disk, "60m", again=True)
        ends = time.monotonic() + 10
        while not service.ingest(event(event_id=str(time.monotonic()))).applied:
            assert time.monotonic() < ends
            await asyncio.sleep(0.2)
        rows = sum(row.message_type == "oadrUpdateReport" for row in service.store.journal.rows())
        seen["all after"] = int((await asked(service, pool, max_age=0.0))[0]) == rows
    await pool.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(questions(sys.argv[1]))
