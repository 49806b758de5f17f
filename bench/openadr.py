"""Live OpenADR: polls, reports and the guard, each beside a stock openleadr VTN or the goal."""

import asyncio
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.servers import serving
from bench.signed import signed_rate
from bench.swarm import STOCK, Connection, flexkg, offer, poll, rate, registration, report


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Start both VTNs, the guard, and measure them in turns.

    Returns:
        One row for each figure, beside its yardstick.
    """
    seconds = 0.3 if quick else 3.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(serving(*flexkg(folder / "store"), ready="serves"))
        stock = stack.enter_context(serving("-c", STOCK, ready="ready"))
        upstream = f"http://127.0.0.1:{stock}/OpenADR2/Simple/2.0b"
        code = "from kg.cli import main; main()"
        guard = stack.enter_context(
            serving("-c", code, "guard", "--upstream", upstream, "--port", "0", ready="guards")
        )
        rows = asyncio.run(_measure(ours, stock, guard, seconds))
    with tempfile.TemporaryDirectory() as apart:
        signed = signed_rate(Path(apart), seconds)
    return [*rows, _row("signed polls per s, each answer signed", signed, None, None)]


async def _measure(ours: int, stock: int, guard: int, seconds: float) -> list[dict[str, Any]]:
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


def _row(figure: str, value: float | None, stock: float | None, goal: float | None) -> dict[str, Any]:
    return {"figure": figure, "flexkg": value, "openleadr": stock, "goal": goal}
