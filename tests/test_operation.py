"""What an operator does: measures, logs, settings, backups, tenants."""

import http.client
import json
import logging
import os
import subprocess
import sys
import threading
import urllib.request
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from api.logs import start
from kg.backup import backup, restore
from kg.cli import app
from kg.errors import JournalCorrupt, StoreUnavailable, UsageError
from kg.ingest import Ingest
from kg.journal import Journal
from kg.service import Service
from kg.settings import load_settings, origins
from tests.api.conftest import serving
from tests.messages import event

run = CliRunner().invoke


def test_a_backup_under_load_restores(tmp_path):
    """Payloads come in while it is made; what it holds is the beginning of the record, whole."""
    with Ingest(tmp_path / "store") as store:
        for number in range(10):
            store.ingest(event(event_id=f"A-{number}"))
        more = threading.Thread(
            target=lambda: [store.ingest(event(event_id=f"B-{number}")) for number in range(30)]
        )
        more.start()
        rows = backup(tmp_path / "store", tmp_path / "copy", tmp_path / "apart" / "keys.sqlite")
        more.join()
        assert rows >= 10
        assert not (tmp_path / "copy" / "keys.sqlite").exists()
        found, made = restore(tmp_path / "copy", tmp_path / "again", tmp_path / "apart" / "keys.sqlite")
        assert (found, made.accepted) == (rows, rows)
        again = Journal(tmp_path / "again")
        assert [again.payload(seq) for seq in range(1, rows + 1)] == [
            store.journal.payload(seq) for seq in range(1, rows + 1)
        ]
        again.close()
        backup(tmp_path / "store", tmp_path / "quiet")
        digest = store.graphs.digest()
    restore(tmp_path / "quiet", tmp_path / "same")
    with Ingest(tmp_path / "same") as same:
        assert same.graphs.digest() == digest


def test_backups_that_cannot_be_made_or_used(tmp_path):
    """No store, a place that is taken, a copy that was damaged: each is told."""
    with pytest.raises(StoreUnavailable):
        backup(tmp_path / "none", tmp_path / "copy")
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
    backup(tmp_path / "store", tmp_path / "copy")
    with pytest.raises(UsageError):
        backup(tmp_path / "store", tmp_path / "copy")
    with pytest.raises(UsageError):
        restore(tmp_path / "copy", tmp_path / "store")
    data = (tmp_path / "copy" / "journal.head").read_bytes()
    (tmp_path / "copy" / "journal.head").write_bytes(data[:-4] + b"xxxx")
    with pytest.raises(JournalCorrupt):
        restore(tmp_path / "copy", tmp_path / "again")


def test_commands(tmp_path, monkeypatch):
    """backup, restore, settings and tenants from the command line."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
    done = run(app, ["backup", str(tmp_path / "copy"), "--store", str(tmp_path / "store")])
    assert (done.exit_code, done.output.split()[0]) == (0, "1")
    done = run(app, ["restore", str(tmp_path / "copy"), "--store", str(tmp_path / "again")])
    assert done.output.startswith("1 rows verified; 1 accepted")
    file = tmp_path / "flexkg.toml"
    file.write_text('query_seconds = 2.5\nport = 9000\nlog_format = "json"\n')
    monkeypatch.setenv("FLEXKG_CONFIG", str(file))
    monkeypatch.setenv("FLEXKG_PORT", "9001")
    shown = run(app, ["settings"]).output
    assert "query_seconds = 2.5  # file\n" in shown
    assert "port = 9001  # environment\n" in shown
    assert "query_rows = 1000000  # default\n" in shown
    assert origins(load_settings())["log_format"] == "file"
    file.write_text("query_secondz = 1")
    with pytest.raises(UsageError, match="query_secondz"):
        load_settings()
    file.write_text("= 1")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings()


def test_tenants_have_a_store_each(tmp_path, monkeypatch):
    """A header names the tenant on a host of one's own; what one stored no other sees, nor its name."""
    monkeypatch.setenv("FLEXKG_TENANTS", str(tmp_path))
    for name in ("north", "south"):
        assert run(app, ["tenants", "--add", name]).exit_code == 0
    assert run(app, ["tenants"]).output == "north\nsouth\n"
    for wrong in ("north", "../x", "A"):
        assert run(app, ["tenants", "--add", wrong]).exit_code == 2
    query = {"query": "SELECT ?id { ?e flex:eventID ?id }"}
    with serving(Service(load_settings())) as client:
        for name in ("north", "south"):
            answer = client.post("/payloads", content=event(event_id=name), headers={"FlexKG-Tenant": name})
            assert answer.status_code == 201
        for name in ("north", "south"):
            found = client.get("/sparql", params=query, headers={"FlexKG-Tenant": name}).json()
            assert [row["id"]["value"] for row in found["results"]["bindings"]] == [name]
        assert client.get("/sparql", params=query, headers={"FlexKG-Tenant": "west"}).status_code == 404
        assert client.get("/sparql", params=query, headers={"FlexKG-Tenant": "../north"}).status_code == 404
        answer = client.get("/sparql", params=query)
        assert answer.status_code == 400
        assert "FlexKG-Tenant" in answer.json()["cure"]
        measured = client.get("/metrics").text
        assert 'route="/sparql",status="200",tenant="north"' in measured
        assert "west" not in measured
        shown = client.get("/metrics").text
        assert 'flexkg_journal_rows{tenant="north"} 1.0' in shown


def test_measures_and_ids(tmp_path):
    """Requests by route, queries, stores; an id for each request, taken over where one is given."""
    with serving(Service(load_settings(store=tmp_path / "store"))) as client:
        client.post("/payloads", content=event())
        client.get("/sparql", params={"query": "ASK { ?s ?p ?o }"})
        client.get("/sparql", params={"query": "ASK { ?s ?p "})
        shown = client.get("/metrics").text
        for line in (
            'flexkg_request_seconds_count{method="POST",route="/payloads",status="201",tenant=""} 1.0',
            "flexkg_queries_running 0.0",
            'flexkg_query_refusals_total{reason="syntax"} 1.0',
            'flexkg_journal_rows{tenant=""} 1.0',
            'flexkg_snapshot_age_seconds{tenant=""} 0.0',
        ):
            assert line in shown, line
        assert client.get("/ready").json() == {"ready": True, "reasons": []}
        given = client.get("/health", headers={"X-Request-Id": "my-1"})
        assert given.headers["x-request-id"] == "my-1"
        assert len(client.get("/health", headers={"X-Request-Id": "a b"}).headers["x-request-id"]) == 32


def test_the_log_is_json_with_the_request(tmp_path, capsys):
    """One line a request: route, status, time and id."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        start("json", "info")
        with serving(Service(load_settings())) as client:
            client.get("/nothing", headers={"X-Request-Id": "my-2"})
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "my-2" in line]
    finally:
        root.handlers[:], level = before[0], before[1]
        root.setLevel(level)
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["status"], line["method"], line["request_id"]) == (404, "GET", "my-2")
    assert line["seconds"] > 0


def test_a_service_that_cut_an_answer_ends_when_it_is_told_to(tmp_path):
    """The log says why it was cut, without a traceback, and nothing that is left of it holds up the end."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
    code = "from api.command import main; main()"
    command = [sys.executable, "-c", code, "serve", "--store", str(tmp_path / "store"), "--port", "0"]
    limits = os.environ | {"FLEXKG_QUERY_SECONDS": "1"}
    with subprocess.Popen(
        command,
        env=limits,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            address = serving.stdout.readline().partition("http://")[2].partition(" ")[0]
            query = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
            with (
                pytest.raises(http.client.IncompleteRead),
                urllib.request.urlopen(
                    f"http://{address}/sparql?{urlencode({'query': query})}", timeout=30
                ) as answer,
            ):
                answer.read()
            serving.terminate()
            _, log = serving.communicate(timeout=20)
        finally:
            serving.kill()
    assert "Traceback" not in log
    assert serving.returncode == 0
    assert "an answer was cut at a limit" in log
    assert "limit=deadline" in log
