"""What goes wrong on the way: slow and silent clients, a stop while they wait."""

import socket
import threading
import time

import pytest

from tests.openadr.serving import Served

POLL = (
    b"POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n<oadr:"
)
LISTEN = b"GET /notifications HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def connected(port, data=b""):
    """A connection that has sent this much and waits at most 20 s for anything."""
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    made.sendall(data)
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("faults") / "store", client_seconds=1)
    yield made
    made.stop()


def test_client_that_sends_half_a_body_is_told_and_cut_off(served):
    """It gets 408 with what to do; the connection is closed, so that nothing that comes later is read."""
    with connected(served.port, POLL) as half:
        answer = b""
        while part := half.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"takes longer than 1 s" in answer


@pytest.mark.parametrize("sent", [b"", b"POST /OpenADR2"], ids=["nothing", "half a head"])
def test_client_that_sends_no_request_is_cut_off(served, sent):
    """A connection holds no place for longer than a request may take to begin."""
    with connected(served.port, sent) as silent:
        assert silent.recv(4096) == b""


def test_clients_that_dribble_hold_up_nobody(served):
    """A hundred of them, a byte now and then: another client is answered at once, and they are cut off."""
    slow = [connected(served.port, POLL) for _ in range(100)]
    ended = threading.Event()

    def dribble():
        while not ended.wait(0.2):
            for one in slow:
                try:
                    one.send(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        with connected(served.port, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as other:
            assert other.recv(4096).startswith(b"HTTP/1.1 200")
        assert slow[0].recv(4096).startswith(b"HTTP/1.1 408")
    finally:
        ended.set()
        thread.join(10)
        for one in slow:
            one.close()


def test_stop_waits_for_no_client(tmp_path):
    """Told to stop, it ends while one client listens, one is in the middle of a body and one is silent."""
    served = Served(tmp_path / "store")
    waiting = [connected(served.port, sent) for sent in (LISTEN, POLL, b"")]
    try:
        assert b"text/event-stream" in waiting[0].recv(4096)
        begin = time.monotonic()
        said = served.stop()
        assert "Traceback" not in said
        assert time.monotonic() - begin < 10  # what uvicorn waits for clients
    finally:
        for one in waiting:
            one.close()
