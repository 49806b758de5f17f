"""Polls that are answered before the routes of the service are gone through: the answers are the same."""

import socket
import time

import pytest

from bench.swarm import poll, registration
from tests.openadr.serving import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("lane") / "store") as made:
        made.post("EiRegisterParty", registration("VEN-1"))
        made.post("OadrPoll", poll("VEN-1"))
        yield made


def request(body, host="127.0.0.1", path="OadrPoll"):
    head = f"POST /OpenADR2/Simple/2.0b/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/xml\r\n"
    return f"{head}X-Request-Id: mine\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def exchange(served, *parts, answers=1):
    """Send parts one after the other; gives the answers, each with its fields in order, without the date."""
    with socket.create_connection(("127.0.0.1", served.port), 10) as wire:
        for part in parts:
            wire.sendall(part)
            time.sleep(0.05)
        stream, found = wire.makefile("rb"), []
        for _ in range(answers):
            lines = list(iter(lambda: stream.readline().strip(), b""))
            fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines[1:])}
            fields.pop(b"date", None)
            found.append((lines[0], fields, stream.read(int(fields[b"content-length"]))))
        return found


def test_poll_on_the_short_way_is_answered_as_on_the_long_one(served):
    """Status, fields and body; a body that comes apart from its head takes the long way."""
    whole = request(poll("VEN-1"))
    [short] = exchange(served, whole)
    [long] = exchange(served, whole[:-20], whole[-20:])
    assert short == long
    assert short[0] == b"HTTP/1.1 200 OK"
    assert b"oadrResponse" in short[2]


def test_polls_that_come_together_are_answered_in_their_order(served):
    known, other = request(poll("VEN-1")), request(poll("nobody"))
    first, second, third = exchange(served, known + other + known, answers=3)
    assert first == third
    assert b"responseCode>463<" in second[2]


def test_poll_of_a_stranger_host_is_refused_on_the_short_way_too(served):
    [answer] = exchange(served, request(poll("VEN-1"), host="evil.example"))
    assert answer[0].startswith(b"HTTP/1.1 421")


def test_poll_counts_as_one_of_its_route(served):
    exchange(served, request(poll("VEN-1")))
    text = served.ask("GET", "/metrics")[1].decode()
    line = next(
        one for one in text.splitlines() if one.startswith("flexkg_request_seconds_count") and "2.0b" in one
    )
    assert 'route="/OpenADR2/Simple/2.0b/{service}"' in line
