"""A service that is elsewhere: nothing counts as sent to it, and no token goes where nobody meant it to."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.gateway.asking import Asker, Refused
from kg.gateway.records import VtnRecord
from kg.identity.device_flow import _post
from kg.openadr.event_request import EventRequest, Interval, Signal
from kg.registry_entry import RegistryEntry


@pytest.fixture
def moved():
    """A service that sends everybody to another path, where each request succeeds; what it got there."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            elsewhere = self.path.startswith("/elsewhere")
            got.extend([self.headers["Authorization"]] * elsewhere)
            self.send_response(200 if elsewhere else 301)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def test_event_that_was_sent_elsewhere_is_not_issued(moved):
    """Else a control centre would get a positive answer for nothing."""
    url, got = moved
    event = EventRequest(["V"], datetime.now(UTC), [Signal("SIMPLE", "level", [Interval("PT1H", 1)])])
    with pytest.raises(Refused, match=r"the service is at .*/elsewhere; give that address"):
        Asker(url, "T").issue(event)
    done = CliRunner().invoke(
        app,
        [
            "event",
            "create",
            "E-1",
            "--url",
            url,
            "--ven",
            "V",
            "--start",
            "2026-12-01T00:00:00Z",
            "--level=1",
        ],
    )
    assert done.exit_code != 0
    assert "give that address" in done.stderr
    assert got == []


def test_entry_that_was_sent_elsewhere_is_kept(moved):
    url, got = moved
    record = VtnRecord(url, "T")
    record.waiting.append(
        RegistryEntry.made(vtn="T", event="E", ven="V", step="command", at="2026-12-01T00:00:00Z")
    )
    record.send()
    assert (len(record.waiting), got) == (1, [])


def test_provider_that_is_elsewhere_gets_no_code(moved):
    assert _post(f"{moved[0]}/token", {"device_code": "secret"}, {}) == (301, {}, "")
