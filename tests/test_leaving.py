"""A subject is erased while the store takes payloads and answers; a crash anywhere is recovered."""

import contextlib
import shutil
import threading
import time
from contextlib import nullcontext

import pytest

import kg.leaving
from kg.directory import open_directory
from kg.erased import prove
from kg.errors import StoreUnavailable, UsageError
from kg.ingest import Ingest, rebuild
from kg.journal import Journal
from kg.leaving import Leaving
from kg.service import Service
from kg.settings import load_settings
from tests.messages import event, register, report
from tests.test_erasure import ANNA, BERT, names_in, payloads

ASK = "SELECT (COUNT(*) AS ?n) { ?s <https://w3id.org/flexkg/def#eventID> ?o }"


@pytest.fixture(scope="module", params=["graph", "columns"])
def filled(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("leaving") / "store"
    Ingest(path).close()
    rebuild(path, readings=request.param)
    with Ingest(path) as store:
        for data in payloads():
            store.ingest(data)
    return path


@pytest.fixture
def store(filled, tmp_path):
    with Ingest(shutil.copytree(filled, tmp_path / "store")) as opened:
        yield opened


def leaving(store):
    return Leaving(store, lambda _graphs: None, lambda _name: nullcontext(int))


def path_of(store):
    return store.journal.directory.path


def state(path):
    with Ingest(path) as store:
        told = [(r.series, r.starts_at, r.value, r.seq, r.digest) for r in store.readings.scan()]
        return store.graphs.digest(), told


def remove(store, name=ANNA):
    done, names = leaving(store).remove(name)
    others = store.journal.keys.names()
    prove(store.journal.directory, names, done, others, store.graphs, store.readings)
    return done


def test_store_in_use_forgets_a_subject(store):
    """What came in meanwhile is there, nobody is refused, no byte is left, and a rebuild makes the same."""
    path, stop, failed, number = path_of(store), threading.Event(), [], [0]

    def send():
        while not stop.is_set():
            number[0] += 1
            time.sleep(0.02)
            try:
                assert store.ingest(report("7", ven=BERT, request=f"Q-more-{number[0]}")).accepted
            except Exception as error:  # noqa: BLE001 - told by the test
                failed.append(error)

    def ask():
        while not stop.is_set():
            try:
                rows = list(store.graphs.query(ASK, default_graph=None, named_graphs=[]))
                assert int(rows[0][0].split('"')[1]) >= 4
                assert store.readings.count() >= 3
                for one in store.graphs.match(None, None, None):
                    next(store.graphs.match(one.subject), None)
                    break
            except Exception as error:  # noqa: BLE001 - told by the test
                failed.append(error)

    threads = [threading.Thread(target=one) for one in (send, ask, ask)]
    for one in threads:
        one.start()
    try:
        time.sleep(0.1)
        before = number[0]
        done = remove(store)
    finally:
        stop.set()
        for one in threads:
            one.join(30)
    assert not any(one.is_alive() for one in threads)
    assert failed == []
    assert (done.hits, done.rows, done.redacted) == ([], 6, 3)
    assert number[0] > before > 0
    assert names_in(path, ANNA) == []
    assert len(names_in(path, BERT)) > 10
    assert not (path / "erasing").exists()
    assert {p.name for p in path.iterdir() if "." in p.name} <= {
        "flexkg.json", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.head",
        "keys.sqlite",
    }  # fmt: skip
    assert store.ingest(report("8", ven=BERT, request="Q-last")).accepted
    store.close()
    found = state(path)
    rebuild(path)
    assert state(path) == found
    assert sum(value == 8 for _, _, value, *_ in found[1]) == 1
    with Ingest(path) as store:
        assert store.journal.verify().seq >= number[0]


def test_nothing_is_there_twice_and_nobody_else_is_gone(store):
    """Erasing one after the other, then again, then one that never was."""
    for name in (ANNA, BERT):
        assert remove(store, name).hits == []
    for name in (ANNA, "VEN-NOBODY"):
        with pytest.raises(UsageError, match="no such subject") as caught:
            remove(store, name)
        assert name not in str(caught.value)
    assert not (path_of(store) / "erasing").exists()
    assert store.readings.count() == 0


STEPS = [
    ("kg.leaving.Departure", None),
    ("kg.ingest.Ingest.still", None),
    ("kg.renewal.Renewal.make", None),
    ("kg.leaving.Leaving._catch_up", None),
    ("kg.leaving.Leaving._away", None),
    ("kg.departure.Departure.complete", None),
    ("kg.journal.Journal.append_many", None),
    ("kg.keys.Keys.destroy", None),
    ("kg.leaving.exchange", None),
    ("pathlib.Path.rename", 1),
    ("pathlib.Path.rename", 2),
    ("pathlib.Path.rename", 3),
    ("kg.leaving.tidy", 2),
    ("kg.leaving.end", None),
]


def copied(source, target):
    """Copy a file, unless the engine has just removed it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


@pytest.mark.parametrize(("step", "time"), STEPS)
def test_a_crash_is_recovered(store, step, time, monkeypatch):
    """Wherever the process ends: whoever opens the store next ends the erasure, in whatever state it is."""

    class Killed(BaseException):
        pass

    path, calls = path_of(store), [0]
    whole = path.parent / "crashed"
    name, _, member = step.rpartition(".")
    parts = name.split(".")
    owner = __import__(parts[0] if parts[0] != "kg" else ".".join(parts[:2]), fromlist=["x"])
    for part in parts[2 if parts[0] == "kg" else 1 :]:
        owner = getattr(owner, part)
    real = getattr(owner, member)

    def kill(*given, **more):
        calls[0] += 1
        if calls[0] == (time or 1):
            shutil.copytree(path, whole, copy_function=copied)  # what is on disk when the power goes
            raise Killed
        return real(*given, **more)

    if STEPS.index((step, time)) % 6 and not (path / "readings").exists():
        pytest.skip("tried where readings are in columns")
    with monkeypatch.context() as patched:
        patched.setattr(owner, member, kill)
        with pytest.raises(Killed):
            leaving(store).remove(ANNA)
    assert (whole / "erasing").exists()
    with Ingest(whole) as store:
        assert store.ingest(report("8", ven=BERT, request="Q-last")).accepted
        assert BERT in store.journal.keys.names()
        assert ANNA not in store.journal.keys.names()
    assert names_in(whole, ANNA) == []
    assert not (whole / "erasing").exists()
    if STEPS.index((step, time)) % 3 == 0:
        found = state(whole)
        rebuild(whole)
        assert state(whole) == found


@pytest.mark.parametrize("step", ["kg.renewal.Renewal.make", "kg.departure.Departure.complete"])
def test_what_cannot_be_done_changes_nothing(store, step, monkeypatch):
    """A full disk, say: the subject is there, the store goes on, and the next try is complete."""

    def fail(*_):
        raise StoreUnavailable("the disk is full", code="store-full")

    before = store.graphs.digest()
    with monkeypatch.context() as patched:
        patched.setattr(step, fail)
        with pytest.raises(StoreUnavailable, match="full"):
            leaving(store).remove(ANNA)
    assert store.graphs.digest() == before
    assert not (path_of(store) / "erasing").exists()
    assert store.ingest(report("8", ven=ANNA, request="Q-last")).accepted
    assert remove(store).hits == []


def test_subject_that_goes_on_registering(store, monkeypatch):
    """A resource that was not known when the files were begun: they are begun anew."""
    real, times = kg.leaving.Leaving._catch_up, []

    def register_more(self, leaving, applier):
        times.append(1)
        if len(times) == 1:
            more = register("HEATER-ANNA-99", ven=ANNA, request="R-more")
            assert threading.Thread(target=self.ingest.ingest, args=(more,)).start() is None
            while self.ingest.journal.head.seq == leaving.reached:
                time.sleep(0.01)
        return real(self, leaving, applier)

    # the first catching up is made to happen before everybody waits
    monkeypatch.setattr(kg.leaving, "_FEW", -1)
    monkeypatch.setattr(kg.leaving, "_ROUNDS", 2)
    monkeypatch.setattr(kg.leaving.Leaving, "_catch_up", register_more)
    done = remove(store)
    assert done.hits == []
    assert names_in(path_of(store), "HEATER-ANNA-99") == []


def test_who_reads_on_is_waited_for_but_not_for_ever(store, monkeypatch):
    """An answer that is held: nothing is changed, nobody is kept waiting, and the next try succeeds."""
    monkeypatch.setattr(kg.leaving, "_PATIENCE", 0.05)
    monkeypatch.setattr(kg.leaving, "_ROUNDS", 2)
    held = store.graphs.query(ASK, default_graph=None, named_graphs=[])
    with pytest.raises(StoreUnavailable, match="read"):
        leaving(store).remove(ANNA)
    assert store.ingest(event(event_id="E-later", ven=BERT, request="V-later")).accepted
    assert list(held)
    del held
    assert remove(store).hits == []


def test_live_vtn_knows_the_subject_no_more(filled, tmp_path, monkeypatch):
    """Its roster and its polls; the other one is still there, without anything being read again."""
    if not (filled / "readings").exists():
        pytest.skip("the readings make no difference to a roster")
    path = shutil.copytree(filled, tmp_path / "store")
    with Service(load_settings(store=path, vtn_id="VTN-1")) as service:
        from kg.openadr.ven import Ven

        roster = service.vtn.roster
        for name in (ANNA, BERT):
            roster.vens[name] = Ven(name, registration_id=f"REG-{name}")
        held = service.store.graphs.query(ASK, default_graph=None, named_graphs=[])
        with monkeypatch.context() as patched:
            patched.setattr(kg.leaving, "_PATIENCE", 0.05)
            patched.setattr(kg.leaving, "_ROUNDS", 1)
            with pytest.raises(StoreUnavailable, match="read"):
                service.leaving().remove(ANNA)
        assert list(roster.vens) == [ANNA, BERT]  # it is not gone, and is known as before
        del held
        done, _ = service.leaving().remove(ANNA)
        service.asking.drop()
        assert done.rows == 6
        assert list(roster.vens) == [BERT]
        assert service.vtn is not None


def test_journal_alone_is_enough(store):
    """Graph and readings lost after it: what is made from the journal is the same."""
    remove(store)
    path = path_of(store)
    store.close()
    found = state(path)
    directory = open_directory(path)
    kind = "columns" if (directory.readings / "columns.duckdb").exists() else "graph"
    shutil.rmtree(directory.graph)
    rebuild(path, readings=kind)
    assert state(path) == found
    journal = Journal(path)
    assert journal.verify().seq == journal.head.seq
    journal.close()
