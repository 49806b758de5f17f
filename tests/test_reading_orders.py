"""What is ordered of readings: withdrawn, erased, retained, made up; done again by a rebuild and a move."""

import csv
import io
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.erasure import erase
from kg.errors import StoreUnavailable
from kg.ingest import Ingest, rebuild
from kg.namespaces import ID
from kg.readings.backends import FILE, open_readings
from kg.readings.columns import ColumnReadings
from kg.readings.orders import Order
from kg.service import Service
from kg.settings import load_settings
from kg.simulation.outcome import fill
from kg.simulation.portfolio import Portfolio
from kg.upkeep import move_readings
from tests.messages import register, report
from tests.paths import ROOT
from tests.test_reading_store import reading

STORY = ROOT / "examples" / "04-report-to-query"
FILES = [(path.name, path.read_bytes()) for path in sorted(STORY.glob("*.xml"))]
SMALL = Portfolio(2, 2, timedelta(hours=6), seed=3)


def flexkg(*words):
    done = CliRunner().invoke(app, ["readings", *map(str, words)])
    return done.exit_code, done.output


@pytest.fixture(params=["columns", "graph"])
def store(tmp_path, request):
    """The directory of a store with four readings of two series."""

    def opener(graphs, folder):
        return open_readings(graphs, folder, request.param)

    with Ingest(tmp_path / "store", readings=opener) as made:
        assert all(receipt.accepted for _, receipt in made.ingest_many(FILES))
    return tmp_path / "store"


def seen(store):
    with Ingest(store) as made:
        return [(str(one.value), one.starts_at) for one in made.readings.scan()]


def names(store):
    with Ingest(store) as made:
        return made.readings.series()


def test_what_is_ordered_is_done_and_stays_done(store):
    """Each command, then a rebuild: the same readings are in view, those that came later too."""
    (series, *_), before = names(store), seen(store)
    until = ("--until", "2030-01-01T00:00:00Z")
    done = flexkg(
        *("withdraw", "--store", store, "--series", series.partition("/series/")[2]),
        *("--from", "2026-12-01T17:15:00Z", *until),
    )
    assert done == (0, "1 readings withdrawn\n")
    assert seen(store) == before[:-1]
    assert flexkg("erase", "--store", store, "--series", series) == (0, "3 readings erased\n")
    with Ingest(store) as made:
        made.ingest(FILES[1][1].replace(b">6.20<", b">7.5<").replace(b"R-77", b"R-78"))
    left = [("7.5", before[0][1]), *before[1:]]
    assert seen(store) == left
    rebuild(store)
    assert seen(store) == left
    code, text = flexkg("retain", "--store", store, "--since", "2026-12-01T18:00:00+01:00")
    assert (code, text.partition(",")[0]) == (0, "2 readings removed")
    rebuild(store)
    assert seen(store) == left[2:]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["erase", "--series", "usage"], "no readings of a series"),
        (
            ["withdraw", "--series", "x", "--from", "now", "--until", "2026-01-01T00:00:00Z"],
            "no time with zone",
        ),
        (
            [
                "withdraw",
                "--series",
                "x",
                "--from",
                "2026-01-02T00:00:00Z",
                "--until",
                "2026-01-01T00:00:00Z",
            ],
            "empty",
        ),
        (["retain", "--since", "2026-01-01"], "no time"),
        (["retain", "--since", "P99999999D"], "no time"),
        (["retain", "--since", "2999-01-01T00:00:00Z"], "every reading would go"),
        (["gaps", "--from", "2026-01-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"], "empty"),
    ],
)
@pytest.mark.parametrize("store", ["columns"], indirect=True)
def test_order_that_makes_no_sense_is_refused(store, words, says):
    """It says what is wrong and how to mend it; nothing is changed."""
    before = seen(store)
    done = CliRunner().invoke(app, ["readings", *words, "--store", str(store)])
    assert done.exit_code != 0
    assert says in str(done.exception) + done.output
    assert seen(store) == before


@pytest.mark.parametrize(
    "order",
    [
        Order("erase", series=f"{ID}series/VEN-B/USAGE/power"),
        Order("withdraw", f"{ID}series/VEN-B/USAGE/power", "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"),
        Order("retain", start="2029-01-01T00:00:00Z"),
    ],
    ids=lambda order: order.what,
)
def test_order_is_not_done_again_when_somebody_else_is_erased(tmp_path, order):
    """Readings that came after it stay, as after a rebuild."""

    def opener(graphs, folder):
        return open_readings(graphs, folder, "columns")

    with Ingest(tmp_path / "s", readings=opener) as made:
        for ven in ("VEN-A", "VEN-B"):
            made.ingest(register("usage", ven=ven, request=f"R-{ven}"))
            made.ingest(report("1", "2", ven=ven, request=f"Q-{ven}"))
        assert made.order([order]) > 0
        made.ingest(report("7", "8", "9", ven="VEN-B", request="Q-later"))
        assert made.readings.count(f"{ID}series/VEN-B/USAGE/power") == 3
    erase(tmp_path / "s", "VEN-A")
    found = seen(tmp_path / "s")
    assert [value for value, _ in found] == ["7", "8", "9"]
    rebuild(tmp_path / "s")
    assert seen(tmp_path / "s") == found


def test_gaps_are_listed(store):
    """As CSV: what no reading covers in a window."""
    window = ("--from", "2026-12-01T16:00:00Z", "--until", "2026-12-01T18:30:00Z")
    code, text = flexkg("gaps", "--store", store, *window)
    rows = [
        (row["start"][11:16], row["end"][11:16], row["hours"]) for row in csv.DictReader(io.StringIO(text))
    ]
    assert (code, rows) == (0, [("16:00", "16:30", "0.5"), ("17:30", "18:30", "1")])
    assert flexkg("gaps", "--store", store, "--resource", "NONE", *window) == (0, "series,start,end,hours\n")


def test_registered_series_without_any_reading_is_a_gap(store):
    """From one end of the window to the other, whichever other readings there are."""
    with Ingest(store) as made:
        assert made.ingest(register(ven="VEN-MUTE", request="R-9")).accepted
    window = ("--from", "2026-12-01T16:00:00Z", "--until", "2026-12-01T18:30:00Z")
    _, text = flexkg("gaps", "--store", store, *window)
    rows = [
        (row["series"].rpartition("series/")[2], row["hours"]) for row in csv.DictReader(io.StringIO(text))
    ]
    assert ("VEN-MUTE/USAGE/power", "2.5") in rows
    assert rows == sorted(rows, key=lambda row: row[0])
    _, mine = flexkg("gaps", "--store", store, "--resource", "PUMP-1", *window)
    assert [row["hours"] for row in csv.DictReader(io.StringIO(mine))] == ["2.5"]


def test_portfolio_that_is_made_up_moves_with_the_store(tmp_path):
    """From columns to triples and back: the same answers, and a VEN that is erased is gone."""
    with Service(load_settings(store=tmp_path / "s", readings="columns")) as service:
        _, number = fill(SMALL, service.store)

    def answers():
        with Service(load_settings(store=tmp_path / "s"), create=False) as service:
            assert service.store.readings.count() == number
            asked = ("energy", "latest", "quality")
            return [sorted(map(str, service.ask(name))) for name in asked]

    before = answers()
    assert number > 20
    assert len(before[0]) > 4
    move_readings(tmp_path / "s", "graph")
    assert answers() == before
    move_readings(tmp_path / "s", "columns")
    assert answers() == before


def test_compact_file_says_the_same_in_less(tmp_path):
    """Rows, what was known before, names and digests; an order behind it finds its series."""
    store = ColumnReadings(tmp_path / FILE)
    first = [reading(n, str(n), payload="a", seq=1) for n in range(300)]
    store.append(first)
    store.append([reading(n, str(n + 1), payload="b", seq=2) for n in range(200)])
    kept, old = list(store.scan()), list(store.scan(known_at=first[0].received))
    before, after = store.compact()
    assert after <= before
    assert (list(store.scan()), list(store.scan(known_at=first[0].received))) == (kept, old)
    assert store.append(first) == 0
    store.close()
    assert list(ColumnReadings(tmp_path / FILE).scan()) == kept


def test_file_stays_as_it_was_where_it_cannot_be_made_compact(tmp_path, monkeypatch):
    """A new file that cannot be written: the old one still counts."""
    store = ColumnReadings(tmp_path / FILE)
    store.append([reading(n, str(n)) for n in range(30)])
    (tmp_path / (FILE + ".new")).mkdir()
    with pytest.raises(StoreUnavailable):
        store.compact()
    assert store.count() == 30
    (tmp_path / (FILE + ".new")).rmdir()
    with pytest.raises(StoreUnavailable):
        store.tables.renew("nothing")
    (tmp_path / (FILE + ".new.wal")).write_bytes(b"left by a process that was killed")
    assert store.compact()[1] > 0
    store.close()
    assert ColumnReadings(tmp_path / FILE).count() == 30


def test_room_among_the_rows_is_closed_up_by_itself(tmp_path, monkeypatch):
    """After many corrections the rows are written anew, and nothing is lost."""
    monkeypatch.setattr("kg.readings.columns._ROOM", 10)
    store = ColumnReadings(tmp_path / FILE)
    store.append([reading(n, str(n), payload="a", seq=1) for n in range(60)])
    store.append([reading(n, str(-n), payload="b", seq=2) for n in range(30)])
    with store.view() as view:
        assert view.rows("SELECT max(rowid) FROM current") == [(59,)]
    assert [int(one.value) for one in store.scan()] == [*(-n for n in range(30)), *range(30, 60)]


def test_order_is_read_as_it_was_written():
    """Through the bytes in the journal."""
    for order in (
        Order("simulate", ven="V 1", portfolio=(2, 3, 900, 1)),
        Order("retain", start="2026-01-01T00:00:00Z"),
    ):
        assert Order.read(order.payload()) == order
    assert Order("erase", series="https://w3id.org/flexkg/id/series/VEN%201/a/b").party == "VEN 1"
