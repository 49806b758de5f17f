"""Where a VTN posts to: what a VEN declares is looked at when it registers, and each time it is used."""

import http.server
import socket
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from kg.errors import UsageError
from kg.openadr.destinations import DestinationRefused, Destinations, destinations
from kg.openadr.pushing import Pusher
from kg.openadr.transport import PartyUnreachable, post
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import RawVen

#: As names that others chose may resolve.
NAMES = {
    "ven.example": ["93.184.216.34"],
    "mixed.example": ["93.184.216.34", "10.0.0.7"],
    "inside.example": ["10.20.0.9"],
    "metadata.example": ["169.254.169.254"],
    "six.example": ["::ffff:127.0.0.1"],
    "localhost": ["127.0.0.1"],
}


@pytest.fixture
def names(monkeypatch):
    def known(host, port, **_):
        return [(0, 0, 0, "", (address, port)) for address in NAMES.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", known)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://ven.example/x", ""),
        ("http://ven.example/x", "by http"),
        ("https://mixed.example", "no public address"),
        ("https://inside.example", "no public address"),
        ("https://metadata.example/latest/meta-data", "no public address"),
        ("https://six.example", "this host"),
        ("https://localhost", "this host"),
        ("https://127.0.0.1:8000", "this host"),
        ("https://[::1]:8000", "this host"),
        ("https://[::ffff:10.1.1.1]", "no public address"),
        ("https://[64:ff9b::a9fe:a9fe]", "no public address"),
        ("https://[2002:7f00:1::]", "this host"),
        ("https://[fd00:ec2::254]", "no public address"),
        ("https://169.254.169.254", "no public address"),
        ("https://100.100.100.200", "no public address"),
        ("https://0.0.0.0", "this host"),
        ("https://239.1.1.1", "no public address"),
        ("https://2130706433", "this host"),
        ("https://0x7f.1", "this host"),
        ("ftp://ven.example", "no address"),
        ("https://user:word@ven.example", "no address"),
        ("https://ven.example:99999", "no address"),
        ("file:///etc/passwd", "no address"),
    ],
)
def test_only_public_addresses_are_posted_to_unless_others_are_allowed(names, url, why):
    NAMES["2130706433"] = NAMES["0x7f.1"] = ["127.0.0.1"]
    usual = Destinations()
    if why:
        with pytest.raises(DestinationRefused, match=why):
            usual.resolve(url)
    else:
        assert usual.resolve(url) == "93.184.216.34"
    literal = not any(name in url for name in ("mixed", "inside", "metadata", "six", "localhost"))
    assert bool(usual.glance(url)) == (bool(why) and literal) or "http://" in url


def test_what_is_allowed_is_posted_to(names):
    allowed = destinations("10.20.0.0/16 metadata.example 127.0.0.0/8", loopback=False, plain=False)
    assert allowed.resolve("https://inside.example") == "10.20.0.9"
    assert allowed.resolve("https://metadata.example") == "169.254.169.254"
    assert allowed.resolve("http://localhost:81") == "127.0.0.1"  # http stays on this host
    for refused in ("https://mixed.example", "http://inside.example"):
        with pytest.raises(DestinationRefused):
            allowed.resolve(refused)
    assert destinations("", loopback=False, plain=True).resolve("http://ven.example") == "93.184.216.34"
    with pytest.raises(UsageError, match="FLEXKG_PUSH_ALLOW"):
        destinations("https://ven.example", loopback=False, plain=False)


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Sends whoever posts to somewhere else."""

    def do_POST(self):
        self.server.hosts.append(self.headers["Host"])
        self.send_response(307)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inside")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def redirecting():
    server = http.server.HTTPServer(("127.0.0.1", 0), Redirecting)
    server.hosts = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_connection_goes_where_the_name_was_looked_up_and_no_redirect_is_followed(redirecting):
    url = f"http://ven.invalid:{redirecting.server_port}/EiEvent"
    with pytest.raises(PartyUnreachable, match="status 307"):
        post(url, b"<x/>", at="127.0.0.1")
    assert redirecting.hosts == [f"ven.invalid:{redirecting.server_port}"]


def test_registration_with_an_address_that_is_not_posted_to_is_refused(tmp_path):
    """With code 451, recorded, without effect; a name that turns out to lead inside gets nothing."""
    told = {"store": tmp_path / "store", "vtn_id": "VTN-1"}
    told |= {"issuer": "https://idp.example", "audience": "a"}
    with Service(load_settings(**told)) as service:
        ven = RawVen(lambda at, data: service.vtn.answer(data, at), "PUSH-1")
        answer = ven.register(address="http://169.254.169.254/latest", pull=False)
        assert (answer.code, "VTN-6" in answer.text, answer.one("registrationID")) == ("451", True, "")
        assert service.operator.state() == []
        assert ven.register(address="https://localhost:1", pull=False).code == "200"
        level = SimpleNamespace(ven=service.vtn.roster.ven("PUSH-1"))
        service.operator.reregister("PUSH-1")
        pusher = Pusher(service.vtn)
        pusher.step()
        pusher.stop()
        assert "reregistration" in level.ven.outgoing
        assert level.ven.outgoing["reregistration"].sent_at == float("-inf")  # nothing was given out


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_answer_that_trickles_ends(monkeypatch, head):
    """Eight VENs that send a byte now and then would hold up all others for good."""
    monkeypatch.setattr("kg.openadr.transport.WHOLE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle():
            other, _ = server.accept()
            with other, suppress(OSError):
                other.sendall(head)
                for _ in range(100):
                    other.sendall(b"x")
                    time.sleep(0.05)

        threading.Thread(target=trickle, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(PartyUnreachable, match="not whole after"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/x", b"<x/>")
        assert time.monotonic() - began < 4
