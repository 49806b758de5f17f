"""One VTN and many VENs that poll: how soon an event is with all of them, and how long a poll takes."""

import asyncio
import json
import math
import os
import re
import resource
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, Final

from bench.servers import Listening, serving
from bench.swarm import Connection, created_event, flexkg, poll, registration

#: VENs without and with ``--long``; ``FLEXKG_SWARM`` says another number.
_VENS, _LONG, _QUICK = 500, 5000, 50
_PERIOD: Final = 10.0
_AT_ONCE: Final = 16
_TOLD: Final = re.compile(
    rb"modificationNumber>(\d+)<.*?eventID>([^<]+)<|eventID>([^<]+)<.*?modificationNumber>(\d+)<", re.DOTALL
)
_REQUEST: Final = re.compile(rb"requestID>([^<]+)<")


def measure(*, quick: bool = False, long: bool = False) -> list[dict[str, Any]]:
    """Register VENs, let each poll once in ten seconds, and issue, change and cancel an event for all.

    Returns:
        One row for each figure, beside its goal where there is one. VENs and VTN share the processors.
    """
    vens = _QUICK if quick else int(os.environ.get("FLEXKG_SWARM", _LONG if long else _VENS))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(*flexkg(Path(folder) / "store"), ready="serves") as port,
        ):
            return asyncio.run(_Fleet(port, vens, 1.0 if quick else _PERIOD).measure())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class _Fleet:
    """VENs of one VTN.

    Args:
        port: where it listens.
        vens: how many.
        period: seconds between two polls of one.
    """

    def __init__(self, port: Listening, vens: int, period: float) -> None:
        self._port, self._period = port, period
        self._names = [f"SWARM-{number}" for number in range(vens)]
        self._ends = False
        self._polls: list[float] = []
        #: when the operator was answered, the version that is told since, polls since then without it
        self._told_at, self._telling, self._without = math.inf, "", 0
        #: version -> VEN -> when it had it, and when its answer was answered
        self._got: dict[str, dict[str, float]] = {}
        self._answered: dict[str, dict[str, float]] = {}

    async def measure(self) -> list[dict[str, Any]]:
        """Measure."""
        count = len(self._names)
        begin = perf_counter()
        waiting = iter(self._names)
        await asyncio.gather(*(self._register(waiting) for _ in range(_AT_ONCE)))
        rows = [_row(f"registrations per s, {count:,} VENs", count / (perf_counter() - begin), None)]
        tasks = [asyncio.create_task(self._live(n, name)) for n, name in enumerate(self._names)]
        await asyncio.sleep(1.5 * self._period)
        theirs, ours = self._port.cpu(), time.process_time()
        self._polls.clear()
        begin = perf_counter()
        await asyncio.sleep(2 * self._period)
        past = perf_counter() - begin
        rows += [
            _row("polls per s", len(self._polls) / past, count / self._period),
            _row("poll, 99th percentile ms", _late(self._polls), 500.0),
            _row("VTN's processor time per s of it", (self._port.cpu() - theirs) / past, None),
            _row("VENs' processor time per s of it", (time.process_time() - ours) / past, None),
        ]
        for number, (what, method) in enumerate(
            (("issued", "POST"), ("changed", "PUT"), ("cancelled", "DELETE"))
        ):
            rows += await self._event(str(number), what, method)
        self._ends = True
        await asyncio.gather(*tasks)
        return rows

    async def _event(self, version: str, what: str, method: str) -> list[dict[str, Any]]:
        """Issue, change or cancel the event; wait until all VENs have it and have answered."""
        self._polls.clear()
        self._told_at, self._telling, self._without = math.inf, version, 0
        got, answered = self._got.setdefault(version, {}), self._answered.setdefault(version, {})
        used, begin = self._port.cpu(), perf_counter()
        await asyncio.to_thread(self._ask, method, int(version))
        self._told_at = perf_counter()
        for _ in range(1200):
            if len(answered) == len(self._names):
                break
            await asyncio.sleep(0.1)
        late, used = _late(self._polls), self._port.cpu() - used
        ends, behind = perf_counter() + 120, 1
        while behind and perf_counter() < ends:
            behind = (await asyncio.to_thread(self._health))["unapplied_rows"]
            await asyncio.sleep(0.1)
        whole = len(answered) == len(self._names)
        return [
            _row(f"event {what}, s", self._told_at - begin, None),
            _row(f"event {what}: polls since then without it", float(self._without), 0.0),
            _row(
                f"event {what}: with the last VEN, s",
                max(got.values()) - begin if whole else None,
                self._period,
            ),
            _row(
                f"event {what}: answered by all, s", max(answered.values()) - begin if whole else None, None
            ),
            _row(f"event {what}: poll meanwhile, 99th percentile ms", late, 500.0),
            _row(f"event {what}: VTN's processor time, s", used, None),
            _row(f"event {what}: all of it in the graph, s", perf_counter() - begin, None),
        ]

    async def _register(self, waiting: Any) -> None:
        one = Connection(self._port)
        for name in waiting:
            await one.post("EiRegisterParty", registration(name))
        await one.close()

    async def _live(self, number: int, name: str) -> None:
        """Poll, and answer what is told, until the end."""
        await asyncio.sleep(number / len(self._names) * self._period)
        one, body = Connection(self._port), poll(name)
        while not self._ends:
            start = perf_counter()
            answer = await one.post("OadrPoll", body)
            self._polls.append(perf_counter() - start)
            if b"oadrDistributeEvent" in answer:
                await self._take(one, name, answer)
            elif start > self._told_at and name not in self._got[self._telling]:
                self._without += 1
            await asyncio.sleep(max(0.0, self._period - (perf_counter() - start)))
        await one.close()

    async def _take(self, one: Connection, name: str, told: bytes) -> None:
        event, request = _TOLD.search(told), _REQUEST.search(told)
        assert event is not None
        assert request is not None
        number, event_id = (event[1], event[2]) if event[1] is not None else (event[4], event[3])
        version = number.decode()
        assert name not in self._got[version], "a VEN was told twice of what it answered"
        self._got[version][name] = perf_counter()
        made = created_event(name, event_id.decode(), version, request[1].decode())
        answer = await one.post("EiEvent", made)
        assert b"responseCode>200<" in answer, answer
        self._answered[version][name] = perf_counter()

    def _health(self) -> dict[str, Any]:
        """Ask how the VTN does."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def _ask(self, method: str, value: int) -> None:
        """Do what the operator does."""
        start = datetime.now(UTC) + timedelta(hours=2)
        signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": value + 1}]}
        body = {"vens": self._names, "starts_at": start.isoformat(), "signals": [signal], "event_id": "SWARM"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/events{'' if method == 'POST' else '/SWARM'}",
            json.dumps(body).encode() if method != "DELETE" else None,
            {"Content-Type": "application/json"},
            method=method,
        )
        urllib.request.urlopen(request, timeout=300).close()


def _late(times: list[float]) -> float | None:
    """Give the 99th percentile in milliseconds."""
    return quantiles(times, n=100)[98] * 1000 if len(times) > 1 else None


def _row(figure: str, value: float | None, goal: float | None) -> dict[str, Any]:
    return {"figure": figure, "flexkg": value, "goal": goal}
