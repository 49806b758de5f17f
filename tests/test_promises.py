"""Promises that have no other home: R3, nothing unvalidated is ever visible; R6, a backup restores."""

import shutil
import sqlite3
import threading
from datetime import datetime

import pytest

from kg.ingest import Ingest, rebuild
from kg.namespaces import FLEX
from tests.messages import event, report


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_nothing_unvalidated_is_ever_visible(tmp_path, count):
    """A reader looks without pause while payloads arrive, every third of them bad; it sees none of those."""
    bad = {f"BAD-{n}" for n in range(0, count, 3)}

    def payloads():
        for n in range(count):
            if n % 3 == 0:
                yield "", event(n, event_id=f"BAD-{n}", hours=2, request=f"B-{n}")
            else:
                yield "", event(n, event_id=f"E-{n % 50}", request=f"G-{n}")

    with Ingest(tmp_path / "store", batch=8) as store:
        seen, looks, over = set(), 0, threading.Event()

        def look():
            nonlocal looks
            while not over.is_set():
                for statement in store.graphs.match(None, f"<{FLEX}eventID>"):
                    seen.add(statement.object.strip('"'))
                looks += 1

        reader = threading.Thread(target=look)
        reader.start()
        try:
            receipts = [receipt for _, receipt in store.ingest_many(payloads())]
        finally:
            over.set()
            reader.join()
        assert sum(not receipt.accepted for receipt in receipts) == len(bad)
        assert seen & bad == set()
        assert len(seen) == 50
        assert looks > 3
        print(f"{count} payloads, {len(bad)} bad, {looks} looks: 0 seen")


def copied(source, target):
    db, out = sqlite3.connect(source), sqlite3.connect(target)
    db.backup(out)
    db.close()
    out.close()
    target.chmod(0o600)


def test_backup_under_load_restores_elsewhere(tmp_path):
    """Head, journal, keys, in this order, while payloads arrive; on another path the graph is the same."""
    source, target = tmp_path / "store", tmp_path / "elsewhere" / "store"
    target.mkdir(parents=True)
    with Ingest(source) as store:
        store.ingest(report("1", ven="VEN-FIRST"))
        over = threading.Event()

        def load():
            n = 0
            while not over.is_set():
                store.ingest(report(str(n % 90), ven=f"VEN-{n}", request=f"R-{n}"))
                n += 1

        worker = threading.Thread(target=load)
        worker.start()
        try:
            while store.journal.head.seq < 20:
                over.wait(0.01)
            shutil.copy(source / "journal.head", target)
            copied(source / "journal.sqlite", target / "journal.sqlite")
            copied(source / "keys.sqlite", target / "keys.sqlite")
            shutil.copy(source / "flexkg.json", target)
        finally:
            over.set()
            worker.join()
        rebuild(target)
        with Ingest(target) as restored:
            head = restored.journal.verify()
            assert 20 <= head.seq <= store.journal.head.seq
            store.journal.verify(head)
            rows = restored.journal.head.seq
            found = restored.graphs.digest()
    whole = Ingest(tmp_path / "again")
    with Ingest(source) as store:
        for row in store.journal.rows():
            if row.seq <= rows:
                whole.ingest(store.journal.payload(row.seq), received=datetime.fromisoformat(row.received))
    assert whole.graphs.digest() == found
    whole.close()
