"""The operator's commands and notifications, over a service in a process of its own; and bad clients."""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from kg.cli import app
from tests.openadr.raw import RawVen
from tests.openadr.serving import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("operator") / "store") as made:
        yield made


@pytest.fixture(scope="module")
def ven(served):
    def post(service, data):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        connection.request("POST", f"/OpenADR2/Simple/2.0b/{service}", data)
        body = connection.getresponse().read()
        connection.close()
        return body

    made = RawVen(post)
    assert made.register().code == "200"
    return made


def command(served, *arguments):
    done = CliRunner().invoke(app, ["event", *arguments, "--url", served.url])
    return done.exit_code, done.output


def test_events_from_the_command_line(served, ven, tmp_path):
    """Created, listed, changed, cancelled; a wrong one says what is wrong and how to mend it."""
    start = ["--start", "2031-01-01T10:00:00Z"]
    code, text = command(served, "create", "C-1", "--ven", "VEN-1", *start, "--level", "1")
    assert (code, text) == (0, "C-1 v0 VEN-1 far from 2031-01-01T10:00:00+00:00: no answer yet\n")
    sent = ven.poll()
    ven.created_event("C-1", 0, sent.one("requestID"))
    assert "optIn" in command(served, "list")[1]
    assert " v1 " in command(served, "modify", "C-1", *start, "--delta-w", "-4000")[1]
    code, text = command(served, "modify", "C-1", "--start", "2031-01-01T12:00:00Z")
    assert (code, text.split(": ")[0]) == (0, "C-1 v2 VEN-1 far from 2031-01-01T12:00:00+00:00")
    with urllib.request.urlopen(f"{served.url}/events/C-1", timeout=10) as answer:
        asked = json.load(answer)[0]["asked"]
    assert asked["signals"][0]["intervals"] == [{"duration": "PT1H", "value": -4000.0}]
    assert (asked["signals"][0]["item"]["units"], asked["starts_at"]) == ("W", "2031-01-01T12:00:00Z")
    assert command(served, "modify", "C-1")[0] == 2
    assert "--ven" in command(served, "create", "C-2", *start, "--level", "1")[1]
    assert "cancelled" in command(served, "cancel", "C-1")[1]
    file = tmp_path / "event.json"
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 2}]}
    file.write_text(json.dumps({"starts_at": "2031-01-02T10:00:00Z", "signals": [signal]}))
    assert command(served, "create", "C-2", "--ven", "VEN-1", "--file", str(file))[0] == 0


def test_settling_from_the_command_line(served, ven):
    """One that runs is refused; one that is over is settled, here without anything to settle it from."""
    ends = datetime.now(UTC) + timedelta(seconds=2)
    ending = (ends - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    for name, start in (("S-1", "2031-01-01T10:00:00Z"), ("S-2", ending)):
        assert command(served, "create", name, "--ven", "VEN-1", "--start", start, "--level", "1")[0] == 0
    done = CliRunner().invoke(app, ["event", "settle", "S-1", "--url", served.url])
    assert done.exit_code == 2
    assert "is not over" in done.output
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.1)
    code, text = command(served, "settle", "S-2")
    assert (code, text) == (
        1,
        "nothing to settle: no data point of a power is registered behind the event's targets\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "C-9", "--ven", "NOBODY", "--start", "2031-01-01T10:00:00Z", "--level", "1"),
        ("create", "C-9", "--ven", "VEN-1", "--start", "2031-01-01T10:00:00Z", "--level", "9"),
        ("create", "C-9", "--ven", "VEN-1", "--start", "tomorrow", "--level", "1"),
        ("create", "C-9", "--ven", "VEN-1"),
        ("cancel", "no-such-event"),
        ("create", "C-9", "--file", "no-such-file.json"),
    ],
)
def test_wrong_command_is_told(served, ven, arguments):
    done = CliRunner().invoke(app, ["event", *arguments, "--url", served.url])
    assert done.exit_code != 0
    assert done.exception is not None
    assert "Traceback" not in done.output


def test_messages_are_told_as_server_sent_events(served, ven):
    """Each message that changes what is known is one event, with type, VEN, direction and row."""
    got, ready = [], threading.Event()

    def listen():
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        connection.request("GET", "/notifications")
        answer = connection.getresponse()
        for line in answer:
            if line.startswith(b": ready"):
                ready.set()
            if line.startswith(b"data: "):
                got.append(json.loads(line[6:]))
                break
        connection.close()

    reader = threading.Thread(target=listen)
    reader.start()
    assert ready.wait(15)
    ven.schedule("O-77", "2031-01-01T00:00:00Z")
    reader.join(15)
    assert [(one["message_type"], one["ven"], one["direction"]) for one in got] == [
        ("oadrCreateOpt", "VEN-1", "in")
    ]


def test_half_sent_and_slow_bodies_harm_nobody(served, ven):
    """Clients that stop in the middle hold nothing up; what they sent is not taken in."""
    idle = []
    for size in (b"100000", b"5"):
        one = socket.create_connection(("127.0.0.1", served.port))
        one.sendall(
            b"POST /OpenADR2/Simple/2.0b/EiEvent HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + size
        )
        one.sendall(b"\r\n\r\n<a")
        idle.append(one)
    assert ven.poll().type in ("oadrResponse", "oadrDistributeEvent")
    for one in idle:
        with contextlib.suppress(OSError):
            one.close()
    assert ven.request_events().code == "200"
