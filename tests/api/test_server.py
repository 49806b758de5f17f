"""The service as a process: how it reads requests and ends answers, on a socket."""

import http.client
import json
import os
import socket
import subprocess
import sys

import pytest

from kg.ingest import Ingest
from tests.messages import event

CODE = "from api.command import main; main()"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A service with a store, its address, and the file with its log."""
    folder = tmp_path_factory.mktemp("served")
    with Ingest(folder / "store") as store:
        store.ingest(event())
    command = [sys.executable, "-c", CODE, "serve", "--store", str(folder / "store"), "--port", "0"]
    environment = {**os.environ, "FLEXKG_QUERY_ROWS": "60000", "FLEXKG_QUERY_SECONDS": "20"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            yield process.stdout.readline().partition("http://")[2].partition(" ")[0], folder / "log"
        finally:
            process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=20)


def raw(address, *parts):
    """Send bytes as they are and give what comes back until the end."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except ConnectionError:
            pass  # it ended the connection in the middle, as it may
        found = b""
        try:
            while part := connection.recv(65_536):
                found += part
        except ConnectionError:
            pass
        return found


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ", *[b"x" * 10_000] * 8],
        [b"GET /sparql?query=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"],
        [b"GET /health HTTP/1.1\r\nHost: localhost\r\n", *[b"X-A: " + b"y" * 1000 + b"\r\n"] * 80, b"\r\n"],
    ],
    ids=["a field without end", "a long address", "many fields"],
)
def test_a_head_that_is_too_long_is_refused(served, parts):
    """Nothing of it is kept for longer than it takes to say so."""
    answer = raw(served[0], *parts)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["cure"]


def test_what_is_no_http_is_refused_and_bodies_are_no_heads(served):
    """A body may be longer than a head, one request may follow another in one piece."""
    assert raw(served[0], b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    for hosts in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        answer = raw(served[0], b"GET /health HTTP/1.1\r\n" + hosts + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"one field Host" in answer
    long = b"x" * 100_000
    one = b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
    two = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = raw(served[0], one % (len(long), long) + two)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b'"unreadable"' in answer
    assert b'"status":"ok"' in answer


def test_fields_behind_a_body_are_bounded_and_count_for_nothing(served):
    """Trailers of any number took as much memory as they were long, before anybody was asked for a token."""
    address, _ = served
    head = (
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    chunks = b"1\r\n<\r\n" * 50_000 + b"0\r\n"  # a body in single bytes is no attack
    answer = raw(address, head, chunks, b"Host: other.example\r\nAccept: text/turtle\r\n", b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"application/json" in answer
    assert raw(address, head, b"1\r\n<\r\n0\r\n", *[b"X-Long: " + b"x" * 50_000 + b"\r\n"] * 40) == b""
    assert raw(address, head, b"1\r\n<\r\n0\r\nX-Long: ", *[b"x" * 50_000] * 40) == b""


def test_an_answer_that_reaches_a_limit_underway_is_cut(served):
    """Nobody takes it for whole; the log says so in a line, without a traceback."""
    address, log = served
    connection = http.client.HTTPConnection(address, timeout=30)
    values = " ".join(map(str, range(250)))
    asked = f"SELECT ?a ?b ('{'x' * 40}' AS ?c) {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} }}"
    connection.request("POST", "/sparql", asked, {"Content-Type": "application/sparql-query"})
    answer = connection.getresponse()
    assert answer.status == 200
    with answer, pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()
    (told,) = [line for line in log.read_text().splitlines() if "request_id" in line]
    assert "an answer was cut at a limit" in told
    assert "limit=rows" in told
    assert "60,000 rows" in told
    assert "without completing" not in log.read_text()
