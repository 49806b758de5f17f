"""A store whose readings are in columns: moved, cut off, lost, damaged."""

import contextlib
import os
import shutil

import pytest

from kg.errors import StoreUnavailable, UsageError
from kg.ingest import Ingest, rebuild
from kg.readings.backends import FILE, open_readings
from kg.service import Service
from kg.settings import load_settings
from kg.upkeep import move_readings
from tests.paths import ROOT

STORY = ROOT / "examples" / "04-report-to-query"
FILES = [(path.name, path.read_bytes()) for path in sorted(STORY.glob("*.xml"))]


def in_columns(graphs, folder):
    return open_readings(graphs, folder, "columns")


@pytest.fixture
def store(tmp_path):
    """The directory of a store with four readings in columns."""
    with Ingest(tmp_path / "store", readings=in_columns) as made:
        assert all(receipt.accepted for _, receipt in made.ingest_many(FILES))
    return tmp_path / "store"


def values(store):
    with Ingest(store) as made:
        return [str(reading.value) for reading in made.readings.scan()]


def test_moving_there_and_back_changes_no_answer(store):
    """Rows of a stored query and of SPARQL, and the graph itself, are equal."""

    def seen():
        with Service(load_settings(store=store), create=False) as service:
            query = "SELECT * { ?o a saref:Observation ; flex:startsAt ?t ; saref:hasResult ?r }"
            return [sorted(map(str, service.ask(asked))) for asked in ("readings", query)]

    before = seen()
    assert len(before[1]) == 4
    assert "graph now" in move_readings(store, "graph")
    assert not (store / "readings").exists()
    assert seen() == before
    assert "columns now" in move_readings(store, "columns")
    assert seen() == before


def test_what_was_cut_off_before_the_graph_is_applied_again_once(tmp_path, monkeypatch):
    """Readings on disk, the graph not yet: opening the store anew adds no reading twice and loses none."""
    with Ingest(tmp_path, readings=in_columns) as made:
        made.ingest(FILES[0][1])

        def full(_changes):
            raise StoreUnavailable("the disk is full")

        monkeypatch.setattr(made.graphs, "write", full)
        made.ingest(FILES[1][1])
        assert made.graphs.applied() == 1
    assert values(tmp_path) == ["6.2", "6.05", "1.9", "2.1"]


def test_lost_file_is_told_and_made_again(store):
    """A store never answers as if there had been no readings."""
    (store / "readings" / FILE).unlink()
    with pytest.raises(StoreUnavailable, match="lost") as caught:
        values(store)
    assert "rebuild" in caught.value.cure
    rebuild(store)
    assert values(store) == ["6.2", "6.05", "1.9", "2.1"]


@pytest.mark.parametrize("place", [0.0, 0.002, 0.9])
def test_damaged_file_is_told_and_made_again(store, place):
    """Bytes that were overwritten: opened with an error that says what to do, or read rightly."""
    file = store / "readings" / FILE
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(int(size * place))
        stream.write(os.urandom(64) if place else b"\0" * 64)
    with contextlib.suppress(StoreUnavailable):
        assert values(store) == ["6.2", "6.05", "1.9", "2.1"]
    rebuild(store)
    assert values(store) == ["6.2", "6.05", "1.9", "2.1"]


def test_another_back_end_is_not_opened_in_silence(store):
    """The setting says graph, the readings are in columns: how to move them is told."""
    with pytest.raises(UsageError, match="readings are in the back end 'columns'") as caught:
        Service(load_settings(store=store, readings="graph"))
    assert "readings move --to graph" in caught.value.cure


def test_moving_what_is_not_there_is_refused(tmp_path):
    """No store, no such back end."""
    with pytest.raises(UsageError, match="no store"):
        move_readings(tmp_path / "none", "columns")
    with pytest.raises(UsageError, match="no back end"):
        move_readings(tmp_path, "paper")


def test_the_same_report_with_other_values_corrects(store):
    """A second report of the same spans replaces the values and keeps the first for who asks."""
    changed = FILES[1][1].replace(b">6.20<", b">7.5<").replace(b"R-77", b"R-78")
    with Ingest(store) as made:
        made.ingest(changed)
    assert values(store) == ["7.5", "6.05", "1.9", "2.1"]
    rebuild(store)
    assert values(store) == ["7.5", "6.05", "1.9", "2.1"]


def test_store_made_anew_from_its_record_alone_follows_the_settings(store, monkeypatch):
    """Where neither graph nor readings are left, as after a restore, the setting says where readings go."""
    shutil.rmtree(store / "graph")
    shutil.rmtree(store / "readings")
    monkeypatch.setenv("FLEXKG_READINGS", "columns")
    rebuild(store)
    assert (store / "readings" / FILE).exists()
    assert values(store) == ["6.2", "6.05", "1.9", "2.1"]


def test_lost_graph_is_made_again_with_its_readings(store):
    """The readings' file alone is left: both are made anew, in columns."""
    shutil.rmtree(store / "graph")
    rebuild(store)
    assert (store / "readings" / FILE).exists()
    assert (
        sorted(path.name for path in store.iterdir() if "." in path.name and path.suffix in (".old", ".new"))
        == []
    )
    assert values(store) == ["6.2", "6.05", "1.9", "2.1"]
