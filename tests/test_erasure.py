"""A subject is erased from everything a store holds, and takes all that is kept about it along before."""

import csv
import json
import random
import shutil
from datetime import UTC, datetime, timedelta

import pytest

import kg.erasure
import kg.renewal
from kg.directory import open_directory
from kg.erasure import erase, finish
from kg.errors import UsageError
from kg.graphs.formats import convert_graph
from kg.holds import Holds
from kg.ingest import Ingest, rebuild
from kg.journal import Journal
from kg.proof import patterns, search
from kg.redaction import Names, redacted
from kg.takeout import export, import_
from tests.messages import event, opt, register, report

ANNA, BERT = "VEN-ANNA-4711", "VEN-BERT-0815"


def both(data):
    """An event for one more VEN."""
    return data.replace(b"<ei:eiTarget>", f"<ei:eiTarget><ei:venID>{BERT}</ei:venID>".encode())


def payloads():
    for ven in (ANNA, BERT):
        yield register(f"PUMP-{ven}", ven=ven, request=f"R-{ven}")
        yield report("1.5", "2.5", "3.5", ven=ven, request=f"Q-{ven}")
        yield opt("optOut", opt_id=f"O-{ven[-4:]}", ven=ven, request=f"P-{ven}")
        yield event(event_id=f"E-{ven[-4:]}", ven=ven, request=f"V-{ven}")
        yield event(event_id="BAD", ven=ven, hours=2, request=f"W-{ven}")
    yield both(event(event_id="E-BOTH", ven=ANNA, request="R-BOTH"))
    yield event(event_id="E-LONGER", ven=ANNA + "-2", request="R-L")


@pytest.fixture(scope="module", params=["graph", "columns"])
def filled(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "store"
    Ingest(path).close()
    rebuild(path, readings=request.param)
    with Ingest(path) as store:
        for data in payloads():
            store.ingest(data)
    return path


@pytest.fixture
def store(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "store")


def names_in(path, name):
    """Where a name stands in the files; found without our own search."""
    found = []
    for file in path.rglob("*"):
        if file.is_file():
            raw = file.read_bytes().lower()
            for form, pattern in patterns(name).items():
                at = raw.find(pattern.lower())
                while at >= 0:
                    longer = pattern.lower() + patterns("-2")[form].lower() if form in ("UTF-8",) else None
                    if longer is None or raw[at : at + len(longer)] != longer:
                        found.append((file.name, form))
                    at = raw.find(pattern.lower(), at + 1)
    return found


def test_erasure_leaves_no_byte(store):
    """Before it the name stands in many places, after it in none; the chain verifies."""
    assert len(names_in(store, ANNA)) > 10
    shutil.copytree(store / "graph", store / "snapshots" / "1")
    done = erase(store, ANNA)
    assert (done.hits, done.rows, done.redacted) == ([], 6, 3)
    assert names_in(store, ANNA) == []
    assert names_in(store, f"PUMP-{ANNA}") == []
    assert len(names_in(store, BERT)) > 10
    journal = Journal(store)
    journal.verify()
    assert journal.keys.names() == sorted(
        [BERT, ANNA + "-2"] + [n for n in journal.keys.names() if n[:7] == "tenant:"]
    )
    journal.close()


def test_others_keep_what_is_theirs(store, tmp_path):
    """A payload about two of them stays for the other one, without the name; so does the evidence."""
    with Ingest(store) as opened:
        before = opened.journal.head
        shared = [row for row in opened.journal.rows() if row.subjects.count("[") > 2]
    assert len(shared) == 1
    erase(store, ANNA)
    with Ingest(store) as opened:
        opened.journal.verify(before)
        assert opened.journal.payload(shared[0].seq) is None
        found = "\n".join(f"{s.subject} {s.predicate} {s.object}" for s in opened.graphs.match())
        assert "E-BOTH" in found
        assert "party/erased" in found
        assert "optOut" in found
        assert sum(r.value == 1 for r in opened.readings.scan()) == 0
        assert {r.series.split("/series/")[1].split("/")[0] for r in opened.readings.scan()} == {BERT}
        digest = opened.graphs.digest()
    rebuild(store)
    with Ingest(store) as opened:
        assert opened.graphs.digest() == digest
    shutil.rmtree(store / "graph")
    shutil.rmtree(store / "readings", ignore_errors=True)
    with Ingest(store) as opened:
        assert opened.journal.verify().seq == 15
        assert "party/erased" in "".join(s.object for s in opened.graphs.match())


@pytest.mark.parametrize("name", [ANNA, BERT, ANNA + "-2"])
def test_what_is_copied_is_what_a_rebuild_makes(filled, tmp_path, name, monkeypatch):
    """Graph and readings after an erasure, by copies and by replaying the whole journal."""
    copied = []
    monkeypatch.setattr(kg.erasure, "renew", lambda *a, **more: copied.append(kg.renewal.renew(*a, **more)))
    path = shutil.copytree(filled, tmp_path / "store")
    assert erase(path, name).hits == []

    def state():
        with Ingest(path) as store:
            told = [(r.series, r.starts_at, r.value, r.seq, r.digest) for r in store.readings.scan()]
            return store.graphs.digest(), told, store.graphs.applied()

    found = state()
    with Ingest(path) as store:
        assert copied == [store.readings.view() is not None]
    rebuild(path)
    again = state()
    assert found[:2] == again[:2]
    with Ingest(path) as store:
        receipt = store.ingest(report("9", ven=BERT + "-new", request="R-new"))
        assert receipt.accepted
        assert store.graphs.applied() == receipt.seq


def test_what_is_loaded_at_once_is_what_grew(filled, tmp_path, monkeypatch):
    """A rebuild writes files instead of going through the store's memory: the same triples and readings."""
    path = shutil.copytree(filled, tmp_path / "store")

    def state():
        with Ingest(path) as store:
            held = sorted((s for s in store.graphs.match() if "/ontology" not in s.graph), key=str)
            return store.graphs.digest(), held, list(store.readings.scan()), store.graphs.applied()

    before = state()
    monkeypatch.setattr("kg.graphs.embedded._AT_ONCE", 1)
    rebuild(path)
    assert state() == before


def test_erasing_twice_is_refused_and_tells_nothing(store):
    """Whether somebody was there once is not said."""
    erase(store, ANNA)
    for name in (ANNA, "VEN-NOBODY"):
        with pytest.raises(UsageError, match="no such subject") as caught:
            erase(store, name)
        assert caught.value.code == "unknown-subject"
        assert name not in str(caught.value)


def test_erasing_all_of_them(store):
    """One after the other: a payload that is about nobody any more is left without a name."""
    for name in (ANNA, BERT):
        assert erase(store, name).hits == []
    assert names_in(store, BERT) == []
    with Ingest(store) as opened:
        found = "\n".join(f"{s.subject} {s.predicate} {s.object}" for s in opened.graphs.match())
        assert "E-BOTH" in found
        assert list(opened.readings.scan()) == []


@pytest.mark.parametrize("step", ["_destroy", "renew", "_finish", "append", "destroy"])
def test_erasure_that_is_cut_off_is_ended_later(store, step, monkeypatch):
    """Wherever the process ends, the next one completes what was begun."""

    class Killed(BaseException):
        pass

    def kill(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patched:
        if step == "append":
            patched.setattr(Journal, "append_many", kill)
        elif step == "destroy":
            patched.setattr("kg.keys.Keys.destroy", kill)
        else:
            patched.setattr(kg.erasure, step, kill)
        with pytest.raises(Killed):
            erase(store, ANNA)
    assert finish(store)
    assert not finish(store)
    assert names_in(store, ANNA) == []


def test_held_subject_is_not_erased(store):
    """Until the hold ends or is lifted."""
    holds = Holds(open_directory(store))
    holds.put(ANNA, datetime.now(UTC) + timedelta(days=1), "case 7")
    with pytest.raises(UsageError, match="legal hold"):
        erase(store, ANNA)
    assert (store / "holds.json").stat().st_mode & 0o77 == 0
    holds.put(ANNA, datetime.now(UTC) - timedelta(days=1), "case 7")
    assert erase(store, ANNA).hits == []


def test_export_can_be_imported_again(store, tmp_path):
    """Taken into an empty store and exported again it is the same graph and the same readings (G2)."""
    export(store, ANNA, tmp_path / "one")
    import_(tmp_path / "other", tmp_path / "one")
    export(tmp_path / "other", ANNA, tmp_path / "two")
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert len(manifest["payloads"]) == 6
    graphs = []
    for folder in ("one", "two"):
        text = (tmp_path / folder / "graph.ttl").read_text()
        graphs.append(sorted(convert_graph(text, "application/n-triples").splitlines()))
        assert BERT not in text
    assert graphs[0] == graphs[1]
    tables = [
        list(csv.DictReader((tmp_path / f / "readings.csv").read_text().splitlines())) for f in ("one", "two")
    ]
    assert tables[0] == tables[1]
    assert [float(row["value"]) for row in tables[0]] == [1.5, 2.5, 3.5]
    assert BERT.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file())


def test_export_says_what_it_cannot_do(store, tmp_path):
    """Unknown subjects, folders that hold something, folders that are no export."""
    with pytest.raises(UsageError, match="no such subject"):
        export(store, "VEN-NOBODY", tmp_path / "x")
    with pytest.raises(UsageError, match="holds something"):
        export(store, ANNA, store)
    with pytest.raises(UsageError, match="no export"):
        import_(tmp_path / "other", store)


@pytest.mark.parametrize("form", ["UTF-8", "UTF-16LE", "UTF-16BE", "hexadecimal", "base64"])
def test_search_finds_planted_names(tmp_path, form):
    """In each encoding, across the borders of what is read at a time, and not in longer names of others."""
    import base64

    name = "VEN-1"
    raws = {
        "UTF-16LE": name.encode("utf-16-le"),
        "UTF-16BE": name.encode("utf-16-be"),
        "UTF-8": name.encode(),
    }
    raws |= {"hexadecimal": name.encode().hex().encode(), "base64": base64.b64encode(b"id=VEN-10")}
    if form == "base64":
        name = "VEN-1234567"
        raws["base64"] = base64.b64encode(b"x=VEN-1234567;")
    (tmp_path / "a").write_bytes(b"." * ((1 << 22) - 3) + raws[form] + b"." * 100)
    (tmp_path / "b").write_bytes(b"VEN-10 VEN-100")
    files, size, hits = search(tmp_path, [name], others=["VEN-10", "VEN-100"])
    assert files == 2
    assert size > 1 << 22
    assert [(hit.file, hit.encoding.split()[0]) for hit in hits] == [("a", form)]


@pytest.mark.parametrize(
    "text",
    [
        '{"clientName": "ven-1", "x": [1.50, 1e400, {"ven-1": "a ven-1, ven-10"}]}',
        '{"objectType": "REPORT", "clientName": "ven-1"}',
    ],
)
def test_redaction_of_json_keeps_every_digit(text):
    """Numbers stay as they are written."""
    made = redacted(text.encode(), Names(["ven-1"], others=["ven-10"])).decode()
    assert made == text.replace('"ven-1', '"erased').replace("a ven-1,", "a erased,")


def test_names_with_every_kind_of_character_are_redacted():
    """Markup in a name is no way around."""
    rng = random.Random(7)
    for _ in range(50):
        name = "V" + "".join(rng.choice("a<>&\"' -.;é漢") for _ in range(6)) + "Z"
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        made = redacted(event(ven=escaped), Names([name]))
        assert made is not None
        assert b"<ei:venID>erased</ei:venID>" in made
