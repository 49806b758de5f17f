"""Kill -9 at random points: nothing that was acknowledged is lost, torn or double."""

import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import time

import pytest

from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild
from kg.namespaces import FLEX, ID, RDF, SH
from kg.readings.backends import kind_of, open_readings
from kg.upkeep import move_readings

from . import crash_writer

#: Makes writers of a process that has imported everything already, and opened nothing.
WRITERS = multiprocessing.get_context("forkserver")
WRITERS.set_forkserver_preload(["tests.crash_writer"])


def killed(arguments, *, after, delay):
    """Start the writer, wait for that many lines of its output and a while more, kill it; give its lines."""
    out, into = WRITERS.Pipe(duplex=False)
    process = WRITERS.Process(target=crash_writer.told, args=(into, *arguments), daemon=True)
    process.start()
    into.close()
    lines = []
    with os.fdopen(os.dup(out.fileno()), encoding="utf-8") as said:
        out.close()
        try:
            while len(lines) < after:
                line = said.readline()
                assert line, "the writer ended by itself"
                lines.append(line)
            time.sleep(delay)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.join(30)
        lines += said
    assert process.exitcode == -signal.SIGKILL
    process.close()
    # A line that was cut off was still acknowledged to nobody.
    return [line for line in "".join(lines).splitlines(keepends=True) if line.endswith("\n")]


def acknowledged(lines):
    """Row -> digest and verdict, of the receipts that the writer printed."""
    receipts = (line.split() for line in lines if line[0].isdigit())
    return {int(seq): (digest, verdict) for seq, digest, verdict in receipts}


def examine(path, known):
    """Open the store as after a crash and compare it with what was acknowledged; give the graph's digest."""
    with Ingest(path) as store:
        store.journal.verify()
        rows = list(store.journal.rows())
        digests = [hashlib.sha256(store.journal.payload(row.seq)).hexdigest() for row in rows]
        lost = {seq for seq in known if seq > len(rows)}
        assert lost == set(), "acknowledged, then lost"
        for seq, (digest, verdict) in known.items():
            assert (digests[seq - 1], rows[seq - 1].verdict) == (digest, verdict), "torn"
        assert len(set(digests)) == len(digests), "double"
        assert store.graphs.applied() == len(rows)
        graphs = [name for name in store.graphs.graphs() if name != META]
        applied = store.graphs.query(
            f"SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?row) AS ?rows) {{ ?m <{FLEX}journalRow> ?row"
            f' FILTER(!STRSTARTS(STR(?m), "{ID}readings/")) }}',  # the readings of a message say its row too
            default_graph=graphs,
            named_graphs=[],
        )
        assert {term.split('"')[1] for term in next(iter(applied))} == {str(len(rows))}, "applied not once"
        refused = list(store.graphs.match(None, f"<{RDF}type>", f"<{SH}ValidationReport>"))
        assert len(refused) == sum(row.verdict == "violates" for row in rows)
        return store.graphs.digest()


@pytest.mark.parametrize("rounds", [20, pytest.param(100, marks=pytest.mark.long)])
def test_kill_during_ingest_loses_tears_and_doubles_nothing(tmp_path, rounds):
    """Many times on one store, while it is opened, checks, records or applies."""
    chance = random.Random(20261105)
    store, known = tmp_path / "store", {}
    for n in range(rounds):
        early = n % 5 == 4
        lines = killed(
            ["ingest", str(store), f"S{n}"],
            after=0 if early else 1 + chance.randrange(10),
            delay=chance.uniform(0, 0.15) if early else chance.uniform(0, 0.05),
        )
        fresh = acknowledged(lines)
        assert known.keys().isdisjoint(fresh)
        known |= fresh
        digest = examine(store, known)
    assert len(known) > rounds
    rebuild(store)
    assert examine(store, known) == digest


def test_kill_during_rebuild_leaves_a_whole_graph(tmp_path):
    """The old graph or the new one; they are equal, and nothing is left beside them."""
    chance = random.Random(20261106)
    store = tmp_path / "store"
    known = acknowledged(killed(["ingest", str(store), "S"], after=60, delay=0))
    digest = examine(store, known)
    for _ in range(5):
        killed(["rebuild", str(store)], after=1, delay=chance.uniform(0, 0.4))
        assert examine(store, known) == digest
        assert sorted(path.name for path in store.glob("graph*")) == ["graph"]


@pytest.mark.parametrize("torn", ["graph", "graph of an earlier time"])
def test_a_lost_graph_is_made_again(tmp_path, torn):
    """Without its directory, or with one from a backup, the store opens with the same graph."""
    store = tmp_path / "store"
    known = acknowledged(killed(["ingest", str(store), "S"], after=30, delay=0))
    examine(store, known)
    shutil.copytree(store / "graph", tmp_path / "earlier")
    known |= acknowledged(killed(["ingest", str(store), "T"], after=30, delay=0))
    digest = examine(store, known)
    shutil.rmtree(store / "graph")
    if torn != "graph":
        (tmp_path / "earlier").rename(store / "graph")
    assert examine(store, known) == digest
    copy = EmbeddedGraphs(store / "graph")
    assert copy.digest() == digest
    copy.close()


def test_kill_during_ingest_leaves_columns_whole(tmp_path):
    """Readings in columns: after each kill they are those that the journal states, none twice."""
    chance, store = random.Random(7), tmp_path / "store"
    Ingest(store, readings=lambda graphs, folder: open_readings(graphs, folder, "columns")).close()
    for round_ in range(4):
        killed(
            ["ingest", str(store), f"c{round_}"], after=chance.randrange(2, 12), delay=chance.random() / 20
        )
        with Ingest(store) as opened:
            assert kind_of(opened.graphs) == "columns"
            assert opened.graphs.applied() == opened.journal.head.seq
            kept = list(opened.readings.scan())
    assert kept
    move_readings(store, "graph")
    with Ingest(store) as opened:
        shown = [(one.series, one.starts_at, one.value) for one in opened.readings.scan()]
    assert shown == [(one.series, one.starts_at, one.value) for one in kept]


@pytest.mark.parametrize("delay", [0.0, 0.15])
def test_an_update_that_is_killed_is_done_wholly_or_not_at_all(tmp_path, delay):
    """Between journal and graph: the graph has all or nothing, and all when it is opened again."""
    graph = "urn:numbers"
    lines = killed(["update", str(tmp_path / "store"), graph], after=1, delay=delay)
    assert lines[0] == "recorded\n"
    left = EmbeddedGraphs(tmp_path / "store" / "graph")
    assert left.count(graph) in (0, 40_000)
    left.close()
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.count(graph) == 40_000
        assert store.graphs.applied() == store.journal.head.seq == 1
