"""Mandates on paper, by the command line; as evidence they are like those of the page."""

import re
import socket
import threading
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.erasure import erase
from kg.ingest import Ingest
from kg.journal import Journal
from kg.mandates import MANDATE, Mandates, recorded
from kg.service import Service
from kg.settings import load_settings
from tests.messages import register
from tests.provider import Provider

BASIS = 'signed 2026-11-03, folder "12", Müller\\Söhne'


@pytest.fixture
def store(tmp_path):
    with Ingest(tmp_path / "store") as opened:
        for ven in ("VEN-ANNA-1", "VEN-BERT-2"):
            assert opened.ingest(register(ven=ven, request=f"R-{ven}")).accepted
    return tmp_path / "store"


def run(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


def granted(store, party="VEN-ANNA-1", *, code=0, **more):
    said = {"client": "agg", "purpose": "settlement", "until": "2099-12-31T00:00:00Z", "basis": BASIS} | more
    words = [word for name, value in said.items() for word in (f"--{name}", value)]
    return run("mandate", "grant", party, "--store", store, *words, code=code)


def test_paper_mandate_counts_until_it_is_withdrawn(store):
    """Recorded with the place of the paper, for that client and purpose; listed; withdrawn by whose it is."""
    name = granted(store).partition(":")[0]
    with recorded(store) as mandates:
        assert mandates.covered("agg", "settlement") == {"VEN-ANNA-1"}
        assert mandates.covered("agg", "operation") == mandates.covered("other", "settlement") == frozenset()
        assert [one.basis for one in mandates.all()] == [BASIS]
    shown = run("mandate", "list", "--store", store)
    assert re.match(rf"{name}  VEN-ANNA-1  agg  settlement  until 2099-12-31\S+  in force  \(", shown)
    assert BASIS in shown
    assert run("mandate", "list", "--store", store, "--party", "VEN-BERT-2") == "no mandates\n"
    assert "no such mandate" in run("mandate", "withdraw", "VEN-BERT-2", name, "--store", store, code=2)
    assert "counts no more" in run("mandate", "withdraw", "VEN-ANNA-1", name, "--store", store)
    assert "withdrawn" in run("mandate", "list", "--store", store)
    journal = Journal(store)
    try:
        assert Mandates(journal).covered("agg", "settlement") == frozenset()
        assert len(journal.numbers(MANDATE)) == 2  # both are evidence
        journal.verify()
    finally:
        journal.close()
    done = erase(store, "VEN-ANNA-1")
    assert (done.hits, done.shared) == ([], ["PUMP-1"])  # which is the name of a pump of the other one, too
    assert run("mandate", "list", "--store", store) == "no mandates\n"


@pytest.mark.parametrize(
    ("party", "wrong", "says"),
    [
        ("VEN-ANA-1", {}, "no such subject"),
        ("VEN-ANNA-1", {"purpose": "marketing"}, "no purpose"),
        ("VEN-ANNA-1", {"until": "2020-01-01T00:00:00Z"}, "past"),
        ("VEN-ANNA-1", {"until": "2099-01-01T00:00:00"}, "no zone"),
        ("VEN-ANNA-1", {"until": "soon"}, "no time"),
        ("VEN-ANNA-1", {"client": ""}, "no client ID"),
        ("VEN-ANNA-1", {"basis": "  "}, "where the paper is"),
    ],
)
def test_wrong_mandates_are_not_recorded(store, party, wrong, says):
    """What is wrong, and nothing half written."""
    assert says in granted(store, party, code=2, **wrong)
    assert run("mandate", "list", "--store", store) == "no mandates\n"


def test_store_in_use_is_told(store):
    """A service that has it open is named, not worked around."""
    with Ingest(store):
        assert "in use" in granted(store, code=2)


def test_store_in_use_says_how_to_ask_the_service(store):
    """Whoever has it open is named, and the way that goes through it."""
    with Ingest(store):
        said = run("mandate", "list", "--store", store, code=2)
    assert "in use" in said
    assert "--url" in said
    assert "identity:write" in said
    assert "--url" in run("mandate", "list", code=2)


@contextmanager
def serving(app):
    """The application on a port of loopback, for as long as the block runs."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


def test_mandates_by_a_running_service(store):
    """The same commands with an address: recorded, listed, refused and withdrawn there."""
    from api.app import create_app

    provider, opened = Provider(), Service(load_settings(store=store))
    app = create_app(opened, tokens=provider.tokens())
    token = provider.token("identity:read", "identity:write")
    said = ("--client", "agg", "--purpose", "settlement", "--until", "2099-12-31T00:00:00Z", "--basis", BASIS)
    with serving(app) as url:
        to = ("--url", url, "--token", token)
        name = run("mandate", "grant", "VEN-ANNA-1", *to, *said).partition(":")[0]
        assert "in force" in run("mandate", "list", *to, "--party", "VEN-ANNA-1")
        assert run("mandate", "list", *to, "--party", "VEN-BERT-2") == "no mandates\n"
        assert "no such subject" in run("mandate", "grant", "VEN-X", *to, *said, code=2)
        assert "no such mandate" in run("mandate", "withdraw", "VEN-BERT-2", name, *to, code=2)
        assert "does not allow" in run(
            "mandate", "list", "--url", url, "--token", provider.token("admin"), code=2
        )
        assert "counts no more" in run("mandate", "withdraw", "VEN-ANNA-1", name, *to)
    assert "no service answers" in run("mandate", "list", "--url", url, code=2)
    assert "withdrawn" in run("mandate", "list", "--store", store)
