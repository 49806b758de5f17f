"""What an event delivered: as the stored query has it, entered once, corrected when readings come late."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kg.activation.baseline import Mean, figures
from kg.activation.registry import Registry
from kg.activation.settlement import settle
from kg.cli import app
from kg.errors import UsageError
from kg.graphs import lexical
from kg.ingest import Ingest
from kg.service import Service
from kg.settings import load_settings
from kg.simulation.outcome import fill
from kg.simulation.portfolio import Portfolio
from tests.messages import event, register, report
from tests.readings_world import comparable

AFTER = datetime(2026, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["graph", "columns"])
def test_settlement_says_what_the_stored_query_says(tmp_path, kind):
    """Both ways of working it out, on both back ends."""
    name = "SHED-20260609"
    with Service(load_settings(store=tmp_path / "store", readings=kind)) as service:
        fill(Portfolio(2, 10, timedelta(hours=1)), service.store)
        names, rows = comparable(service.ask("performance", {"event": name}))
        asked = {}
        for row in rows:
            cells = {key: lexical(cell) if cell else "" for key, cell in zip(names, row, strict=True)}
            if cells["baseline"]:
                asked[cells["resource"], "baseline"] = float(cells["declared"] or cells["baseline"])
                asked[cells["resource"], "delivery"] = float(cells["delivered"])
        made = [entry for entry in settle(service.store, name).made if entry.step != "deviation"]
        found = {(entry.resource, entry.step): float(entry.value) for entry in made}
        assert found.keys() == asked.keys()
        assert found == pytest.approx(asked, abs=0.0006)
        assert settle(service.store, name).outcome == "unchanged"


@pytest.fixture
def ingest(tmp_path):
    with Service(load_settings(store=tmp_path / "store")) as service:
        for data in (event(), register()):
            assert service.ingest(data).accepted
        yield service.store


def test_no_baseline_no_delivery(ingest):
    """Readings of the event alone say what was drawn, not what was delivered."""
    ingest.ingest(report("2", "2", "2", "2"))
    found = settle(ingest, "E-1", now=AFTER)
    assert (found.outcome, found.without_baseline) == ("nothing", ["VEN-1 power"])


def test_reading_beyond_all_measure_is_settled_like_any_other():
    """One number that no meter has must not keep anybody from settling the event."""
    unit = "http://qudt.org/vocab/unit/KiloW"
    found = figures(Mean(Decimal("-2e38"), unit, 1), Mean(Decimal("0.0004"), unit, 1), ())
    assert [(one.step, float(one.value)) for one in found] == [("baseline", 0), ("delivery", 2e38)]


def test_no_readings_is_told_from_no_data_point(tmp_path, ingest):
    assert settle(ingest, "E-1", now=AFTER).without_readings == ["VEN-1 power"]
    with Ingest(tmp_path / "other") as other:
        other.ingest(event())
        found = settle(other, "E-1", now=AFTER)
        assert (found.outcome, found.without_readings) == ("nothing", [])


def test_late_readings_correct_what_was_entered(ingest):
    ingest.ingest(report("2", "2", "2", "2"))
    days = [report("6", "6", "6", "6", request="R-8").replace(b"2026-12-01T16", b"2026-11-30T16")]
    days.append(report("8", "8", "8", "8", request="R-9").replace(b"2026-12-01T16", b"2026-11-27T16"))
    days.append(report("99", request="R-10").replace(b"2026-12-01T16", b"2026-11-29T16"))  # a Sunday
    for data in days[:1]:
        assert ingest.ingest(data).accepted
    base, delivery = settle(ingest, "E-1", now=AFTER).made
    assert (base.value, base.unit, base.answer) == ("6", "KiloW", "mean of the same hours of 1 similar days")
    assert (delivery.value, delivery.resource, delivery.agent) == ("4", "PUMP-1", "VTN-1")
    for data in days[1:]:
        assert ingest.ingest(data).accepted
    again, more = settle(ingest, "E-1", now=AFTER).made
    assert (again.value, again.corrects, more.value, more.corrects) == ("7", base.entry, "5", delivery.entry)
    same = settle(ingest, "E-1", now=AFTER)
    assert (same.outcome, len(same.unchanged)) == ("unchanged", 2)
    assert [e["step"] for e in Registry(ingest).entries("E-1")] == ["baseline", "delivery"] * 2


def test_event_that_runs_or_was_cancelled_is_not_settled(ingest):
    with pytest.raises(UsageError, match="not over"):
        settle(ingest, "E-1", now=datetime(2026, 12, 1, 16, 30, tzinfo=UTC))
    with pytest.raises(UsageError, match="no event"):
        settle(ingest, "E-9", now=AFTER)
    ingest.ingest(event(1, request="R-5").replace(b"eventStatus>far", b"eventStatus>cancelled"))
    with pytest.raises(UsageError, match="cancelled"):
        settle(ingest, "E-1", now=AFTER)


def test_test_event_is_not_settled(tmp_path):
    """Not the baseline either, before the delivery is refused."""
    with Ingest(tmp_path / "store") as store:
        day_before = report("1", "1", "1", "1", request="R-7").replace(b"2026-12-01T16", b"2026-11-30T16")
        sent = event().replace(b"testEvent>false", b"testEvent>true")
        for data in (sent, register(), day_before, report("2", "2", "3", "3")):
            assert store.ingest(data).accepted
        with pytest.raises(UsageError, match="a test"):
            settle(store, "E-1", now=AFTER)
        assert Registry(store).entries("E-1") == []


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ({"without_baseline": ["VEN-1 power"]}, 1, "state a baseline with POST /activations/E-1"),
        ({"without_readings": ["VEN-1 power"]}, 1, "have them sent, and settle again"),
        ({}, 1, "no data point of a power"),
        ({"outcome": "unchanged", "unchanged": ["x"]}, 0, "settled before"),
    ],
)
def test_command_ends_with_1_where_something_is_missing(monkeypatch, capsys, said, code, words):
    names = ("made", "unchanged", "without_readings", "without_baseline", "opted_out")
    answer = {"outcome": "nothing", **{name: [] for name in names}, **said}
    monkeypatch.setattr("kg.cli_event._call", lambda *_: answer)
    with pytest.raises(SystemExit) as ended:
        app(["event", "settle", "E-1"])
    assert ended.value.code == code
    assert words in "".join(capsys.readouterr())
