"""P1, load: half the rate that the service takes, mixed as in life; nothing is lost, nothing breaks."""

import http.client
import os
import statistics
import subprocess
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from bench.swarm import poll
from kg.journal import Journal
from tests.messages import event, report
from tests.paths import ROOT
from tests.services.test_device import FLEXKG

SECONDS = int(os.environ.get("FLEXKG_LOAD_SECONDS", "60"))
CLIENTS = 4


def payload(number):
    """80 % reports, 15 % polls, 5 % events; of all 20 % are bad."""
    kind, bad = number % 20, number % 5 == 0
    if kind < 16:
        data = report(f"{number % 90}.5", ven=f"VEN-{number % 50}", request=f"R-{number}")
        return data.replace(b"PT15M", b"-PT15M") if bad else data
    if kind < 19:
        return poll(f"VEN-{number % 50}")
    return event(number, event_id=f"E-{number % 40}", hours=2 if bad else 1, request=f"V-{number}")


class Load:
    """Clients that send at a rate, and what they were answered."""

    def __init__(self, address):
        self.host = address.removeprefix("http://")
        self.numbers, self.lock = count(), threading.Lock()
        self.status, self.taken, self.kept = {}, [], set()

    def send(self, until, pause):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        due = time.monotonic()
        while time.monotonic() < until:
            with self.lock:
                number = next(self.numbers)
            begun = time.monotonic()
            connection.request("POST", "/payloads", payload(number), {"Content-Type": "application/xml"})
            answer = connection.getresponse()
            answer.read()
            with self.lock:
                self.taken.append(time.monotonic() - begun)
                self.status[answer.status] = self.status.get(answer.status, 0) + 1
                if answer.status in (201, 422):
                    self.kept.add(number)
            due += pause
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def run(self, seconds, rate):
        """Send for some seconds, so many in each, or as many as there can be; gives the number sent."""
        before, until = len(self.taken), time.monotonic() + seconds
        several = [
            threading.Thread(target=self.send, args=(until, CLIENTS / rate if rate else 0.0))
            for _ in range(CLIENTS)
        ]
        for one in several:
            one.start()
        for one in several:
            one.join(seconds + 90)
        assert not any(one.is_alive() for one in several)
        return len(self.taken) - before


def memory(pid):
    """Bytes of a process that lie in memory."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) * 1024


@pytest.mark.parametrize(
    "seconds",
    [pytest.param(SECONDS, marks=pytest.mark.services), pytest.param(1800, marks=pytest.mark.long)],
)
def test_load_is_held(tmp_path, seconds):
    """No answer is a 5xx, every payload that was answered with a row is in the journal."""
    running = subprocess.Popen(
        [*FLEXKG, "serve", "--store", str(tmp_path / "store"), "--port", "0"],
        cwd=ROOT, env=os.environ | {"FLEXKG_READINGS": "columns"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        load = Load(running.stdout.readline().split("serves on ")[1].split(" ")[0])
        warm = max(2, seconds // 12)
        rate = load.run(warm, 0) / warm / 2
        thirds = []
        load.taken.clear()
        for _ in range(3):
            load.run(seconds / 3, rate)
            thirds.append(memory(running.pid))
    finally:
        running.terminate()
        try:
            running.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
    assert [status for status in load.status if status >= 500] == []
    assert thirds[2] < 1.5 * thirds[0] + (64 << 20), "memory grows with what was sent"
    journal = Journal(tmp_path / "store")
    try:
        assert journal.verify().seq == len(load.kept) > 0
    finally:
        journal.close()
    slow = statistics.quantiles(load.taken, n=100)[98]
    print(
        f"{seconds} s at {rate:.0f}/s: {load.status}; 99th percentile {slow * 1000:.0f} ms; "
        f"memory by thirds {[f'{size >> 20} MB' for size in thirds]}, {len(load.kept)} rows, 0 lost"
    )
    if seconds >= 600:  # before that, what is loaded once is most of it
        assert thirds[2] <= 1.1 * thirds[1]
