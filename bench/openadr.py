"""Live OpenADR: polls, reports, the guard and a swarm, each beside a stock openleadr VTN or the goal."""

import asyncio
import json
import os
import re
import tempfile
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from bench.servers import serving
from bench.swarm import STOCK, Connection, flexkg, offer, poll, rate, registration, report

_PERIOD = 10.0


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Start both VTNs, the guard, and measure them in turns.

    Returns:
        One row for each figure, beside its yardstick; the swarm has ``FLEXKG_SWARM`` VENs (300 without it).
    """
    seconds, vens = (0.3, 10) if quick else (3.0, int(os.environ.get("FLEXKG_SWARM", "300")))
    period = 1.0 if quick else _PERIOD
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(serving(*flexkg(folder / "store"), ready="serves"))
        stock = stack.enter_context(serving("-c", STOCK, ready="ready"))
        upstream = f"http://127.0.0.1:{stock}/OpenADR2/Simple/2.0b"
        code = "from kg.cli import main; main()"
        guard = stack.enter_context(
            serving("-c", code, "guard", "--upstream", upstream, "--port", "0", ready="guards")
        )
        return asyncio.run(_measure(ours, stock, guard, seconds, vens, period))


async def _measure(
    ours: int, stock: int, guard: int, seconds: float, vens: int, period: float
) -> list[dict[str, Any]]:
    one = Connection(ours)
    await one.post("EiRegisterParty", registration("VEN-0"))
    answer = await one.post("EiReport", offer("VEN-0"))
    request = re.search(rb"reportRequestID>([^<]+)<", answer)
    assert request is not None, answer
    rows = []
    mine, theirs = [], []
    for _ in range(2):
        mine.append(await rate(ours, 16, seconds, lambda c, _n: c.post("OadrPoll", poll("VEN-0"))))
        theirs.append(await rate(stock, 16, seconds, lambda c, _n: c.post("OadrPoll", poll("VEN-0"))))
    rows.append(_row("polls without news per s", max(mine), max(theirs), max(theirs) / 3))
    numbers = iter(range(10**6))

    async def deliver(c: Connection, _n: int) -> None:
        body = report("VEN-0", request[1].decode(), next(numbers))
        answer = await c.post("EiReport", body)
        assert b"responseCode>200<" in answer, answer

    rows.append(_row("reports of 24 readings per s", await rate(ours, 8, seconds, deliver), None, 150.0))
    direct, through = await _latency(stock, seconds), await _latency(guard, seconds)
    rows.append(_row("guard's median, ms more", (through - direct) * 1000, direct * 1000, 3.0))
    rows += await _swarm(ours, vens, period)
    await one.close()
    return rows


async def _latency(port: int, seconds: float) -> float:
    """Median seconds of a poll over one connection."""
    times: list[float] = []

    async def timed(c: Connection, _n: int) -> None:
        begin = perf_counter()
        await c.post("OadrPoll", poll("VEN-0"))
        times.append(perf_counter() - begin)

    await rate(port, 1, seconds, timed)
    return median(times)


async def _swarm(port: int, vens: int, period: float) -> list[dict[str, Any]]:
    """Register VENs, let each poll once a period, and issue an event to all of them."""
    names = [f"SWARM-{number}" for number in range(vens)]
    begin, waiting = perf_counter(), iter(names)

    async def register() -> None:
        one = Connection(port)
        for name in waiting:
            await one.post("EiRegisterParty", registration(name))
        await one.close()

    await asyncio.gather(*(register() for _ in range(8)))
    registered = vens / (perf_counter() - begin)
    times: list[float] = []
    got: dict[str, float] = {}
    stop = asyncio.Event()

    async def live(number: int, name: str) -> None:
        await asyncio.sleep(number / vens * period)
        one, body = Connection(port), poll(name)
        while not stop.is_set():
            start = perf_counter()
            answer = await one.post("OadrPoll", body)
            times.append(perf_counter() - start)
            if b"oadrDistributeEvent" in answer:
                got.setdefault(name, perf_counter())
            await asyncio.sleep(max(0.0, period - (perf_counter() - start)))
        await one.close()

    tasks = [asyncio.create_task(live(number, name)) for number, name in enumerate(names)]
    await asyncio.sleep(2 * period)
    calm = quantiles(times, n=100)[98] * 1000
    begin = perf_counter()
    await asyncio.to_thread(_issue, port, names)
    issued = perf_counter() - begin
    for _ in range(600):
        if len(got) == vens:
            break
        await asyncio.sleep(0.1)
    last = max(got.values(), default=perf_counter()) - begin if len(got) == vens else None
    stop.set()
    await asyncio.gather(*tasks)
    return [
        _row(f"registrations per s, {vens} VENs", registered, None, None),
        _row(f"poll of {vens} VENs every {period:g} s, 99th percentile ms", calm, None, 500.0),
        _row(f"event to {vens} VENs issued, s", issued, None, None),
        _row(f"event with the last of {vens} VENs, s", last, None, period),
    ]


def _issue(port: int, vens: list[str]) -> None:
    start = datetime.now(UTC) + timedelta(hours=2)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 1}]}
    body = {"event_id": "SWARM", "vens": vens, "starts_at": start.isoformat(), "signals": [signal]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/events", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=300).close()


def _row(figure: str, value: float | None, stock: float | None, goal: float | None) -> dict[str, Any]:
    return {"figure": figure, "flexkg": value, "openleadr": stock, "goal": goal}
