"""Mandates on paper, by the command line; as evidence they are like those of the page."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.erasure import erase
from kg.ingest import Ingest
from kg.journal import Journal
from kg.mandates import MANDATE, Mandates, recorded
from tests.messages import register
from tests.paths import ROOT

FLEXKG = [sys.executable, "-c", "from api.command import main; main()"]

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


def test_mandates_by_a_running_service(store):
    """The same commands with an address: recorded, listed, refused and withdrawn there."""
    running = subprocess.Popen(
        [*FLEXKG, "serve", "--store", str(store), "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = running.stdout.readline().split("serves on ")[1].split(" ")[0]
        said = (
            "--client",
            "agg",
            "--purpose",
            "settlement",
            "--until",
            "2099-12-31T00:00:00Z",
            "--basis",
            BASIS,
        )
        name = run("mandate", "grant", "VEN-ANNA-1", "--url", url, *said).partition(":")[0]
        assert "in force" in run("mandate", "list", "--url", url, "--party", "VEN-ANNA-1")
        assert run("mandate", "list", "--url", url, "--party", "VEN-BERT-2") == "no mandates\n"
        assert "no such subject" in run("mandate", "grant", "VEN-X", "--url", url, *said, code=2)
        assert "no such mandate" in run("mandate", "withdraw", "VEN-BERT-2", name, "--url", url, code=2)
        assert "counts no more" in run("mandate", "withdraw", "VEN-ANNA-1", name, "--url", url)
    finally:
        running.terminate()
        try:
            running.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate(timeout=20)
    assert "no service answers" in run("mandate", "list", "--url", url, code=2)
    assert "withdrawn" in run("mandate", "list", "--store", store)
