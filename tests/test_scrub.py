"""Damage to the files of a store is found by the scrub, or does no harm (R5)."""

import random
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.entry import Entry
from kg.errors import StoreUnavailable
from kg.graphs.embedded import EmbeddedGraphs
from kg.graphs.oxigraph import read_through
from kg.ingest import Ingest, rebuild
from kg.journal import Journal
from kg.scrub import scrub
from tests.messages import event, opt, register, report


@pytest.fixture(scope="module", params=["graph", "columns"])
def store(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("scrub") / "store"
    Ingest(path).close()
    rebuild(path, readings=request.param)
    with Ingest(path) as opened:
        for number in range(3):
            ven = f"VEN-{number}"
            for data in (
                register(ven=ven, request=f"R-{ven}"),
                report(*map(str, range(20)), ven=ven, request=f"Q-{ven}"),
                event(event_id=f"E-{number}", ven=ven, request=f"V-{ven}"),
                opt(event_id=f"E-{number}", opt_id=f"O-{number}", ven=ven, request=f"P-{ven}"),
            ):
                assert opened.ingest(data).accepted
    return path


def held(path):
    """What graph and readings hold; the graph is closed whatever happens."""
    with Ingest(path) as opened:
        told = [(r.series, r.starts_at, r.value) for r in opened.readings.scan()]
        return opened.graphs.digest(), opened.graphs.applied(), told


def test_sound_store_is_told_and_left_as_it_is(store, tmp_path):
    """Twice, by the command."""
    path = shutil.copytree(store, tmp_path / "store")
    before = held(path)
    for _ in range(2):
        done = CliRunner().invoke(app, ["scrub", "--store", str(path)])
        assert (done.exit_code, "nothing is damaged" in done.output) == (0, True), done.output
    assert held(path) == before


@pytest.mark.parametrize("places", [12, pytest.param(200, marks=pytest.mark.long)])
def test_flipped_byte_is_found_or_harmless(store, tmp_path, places):
    """In the graph's files, the columns' file and the journal, each as often as the others."""
    draw, sound, found, kinds = random.Random(places), held(store), 0, []
    for place in range(places):
        path = shutil.copytree(store, tmp_path / str(place))
        files = [f for f in path.rglob("*") if f.is_file() and f.stat().st_size and f.parent != path]
        files = [f for f in files if f.suffix in (".sst", ".duckdb") or f.name[:8] in ("CURRENT", "MANIFEST")]
        file = draw.choice([*files, path / "journal.sqlite"])
        data = bytearray(file.read_bytes())
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        file.write_bytes(data)
        kinds.append(file.suffix)
        if scrub(path).damage:
            found += 1
        else:
            assert held(path) == sound, file
        shutil.rmtree(path)
    assert found >= places / 5, kinds


@pytest.mark.parametrize("name", ["journal.sqlite", "keys.sqlite"])
def test_headers_are_found_or_harmless(store, tmp_path, name):
    """Each byte of the header of the record's files: else the store takes payloads as before."""
    path = shutil.copytree(store, tmp_path / "store", ignore=lambda *_: {"graph", "readings"})
    sound, told = (path / name).read_bytes(), 0
    for at in range(0, 100, 3):
        data = bytearray(sound)
        data[at] ^= 1 << at % 8
        (path / name).write_bytes(data)
        if scrub(path).damage:
            told += 1
            continue
        copy = shutil.copytree(path, tmp_path / str(at))
        journal = Journal(copy)
        journal.append(Entry(b"<x/>", "oadrPoll", ("VEN-1",), "conforms", "{}", "1"))
        journal.verify()
        journal.close()
        shutil.rmtree(copy)
    assert told > 7


def test_free_room_in_the_journal_is_harmless(store, tmp_path):
    """What lies where nothing is kept is not told; it is written over, and nothing is read from there."""
    path = shutil.copytree(store, tmp_path / "store", ignore=lambda *_: {"graph", "readings"})
    data = bytearray((path / "journal.sqlite").read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for page in range(size, len(data), size):  # between the pointers of a leaf and its first cell
        if data[page] == 13:
            cells, first = (int.from_bytes(data[page + n : page + n + 2], "big") for n in (3, 5))
            for at in range(page + 8 + 2 * cells, page + (first or 65536)):
                data[at] ^= 0x5A
    (path / "journal.sqlite").write_bytes(data)
    assert scrub(path).damage == []
    journal = Journal(path)
    for number in range(50):
        journal.append(Entry(b"<x/>", "oadrPoll", (f"VEN-{number}",), "conforms", "{}", "1"))
    assert journal.verify().seq == 62
    journal.close()
    assert scrub(path).damage == []


def test_damage_that_shows_at_the_end_is_told(store, tmp_path, monkeypatch):
    """The engine merges files beside; what it meets there it says when it is closed."""
    path = shutil.copytree(store, tmp_path / "store")
    close = EmbeddedGraphs.close

    def closes_badly(graphs):
        close(graphs)
        raise StoreUnavailable("the graph store cannot be read or written: Corruption")

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedGraphs, "close", closes_badly)
        assert "Corruption" in scrub(path).damage[0]
    assert scrub(path).damage == []


def test_scrub_changes_nothing(store, tmp_path):
    """Not a byte of graph, columns, journal and keys, and nothing is left beside them."""
    path = shutil.copytree(store, tmp_path / "store")
    Ingest(path).close()

    def files():
        return {
            f.relative_to(path): f.read_bytes() for f in path.rglob("*") if f.is_file() and f.name != "lock"
        }

    before = files()
    assert scrub(path).damage == []
    assert {name for name in files() if files()[name] != before.get(name)} <= {Path("journal.head")}
    assert files().keys() == before.keys()


def test_damage_is_told_with_its_cure(store, tmp_path):
    """One in each part; the exit code is 1."""
    path = shutil.copytree(store, tmp_path / "store")
    for file in (path / "graph").glob("*.sst"):
        data = bytearray(file.read_bytes())
        for at in range(0, len(data), 64):
            data[at] ^= 0x55
        file.write_bytes(data)
    done = CliRunner().invoke(app, ["scrub", "--store", str(path)])
    assert done.exit_code == 1
    assert "graph: " in done.output
    assert "flexkg rebuild" in done.output
    (path / "journal.head").write_bytes(b"x")
    assert any(line.startswith("journal: ") for line in scrub(path).damage)


def test_store_in_use_is_not_called_damaged(store, tmp_path):
    """Whoever has it open is named."""
    path = shutil.copytree(store, tmp_path / "store")
    with Ingest(path), pytest.raises(StoreUnavailable, match="in use"):
        scrub(path)


def test_minus_one_beside_decimals_is_no_damage(tmp_path):
    """On disk Oxigraph gives decimals for the object -1 too; every store with the ontology has both."""
    x = "http://www.w3.org/2001/XMLSchema#"
    store = ox.Store(str(tmp_path / "graph"))
    for text, kind in (("-1", "integer"), ("0", "decimal"), ("2.5", "decimal")):
        value = ox.Literal(text, datatype=ox.NamedNode(x + kind))
        store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), value, ox.NamedNode("urn:g")))
    assert read_through(store, "here") == 3


def test_numbers_are_found_by_their_value_alone(tmp_path):
    """On disk the engine gives neighbours of some numbers, too; in memory it does not."""
    x = "http://www.w3.org/2001/XMLSchema#"
    numbers = ["-1", "0", "-2", "-256", "-257", "255", str(2**63 - 1), str(-(2**63))]
    terms = [f'"{text}"^^<{x}integer>' for text in numbers]
    terms += [f'"{text}"^^<{x}decimal>' for text in ("-1", "0", "2.5", "1.50", "-0.000000000000000001")]
    terms += [f'"{text}"^^<{x}dateTime>' for text in ("1969-12-31T23:59:59Z", "2026-01-01T00:00:00Z")]
    terms += [f'"-1"^^<{x}long>', '"-1"', "<urn:o>"]
    lines = "\n".join(f"<urn:s{n}> <urn:p> {term} ." for n, term in enumerate(terms))
    disk, memory = EmbeddedGraphs(tmp_path / "graph"), EmbeddedGraphs()
    for graphs in (disk, memory):
        graphs.add("urn:g", lines)
    for term in terms:
        for pattern in ((None, None, term), (None, "<urn:p>", term), (None, None, term, "urn:g")):
            assert sorted(disk.match(*pattern)) == sorted(memory.match(*pattern)) != []
    disk.close()
