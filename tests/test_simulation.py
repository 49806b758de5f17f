"""The made-up portfolio: the same for the same seed, conforming, and the same as payloads and in a store."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

import kg
from kg.cli import app
from kg.errors import UsageError
from kg.graphs import lexical
from kg.ingest import Ingest
from kg.readings.backends import open_readings
from kg.service import Service
from kg.settings import load_settings
from kg.simulation import messages
from kg.simulation.outcome import fill, payloads, write
from kg.simulation.portfolio import Portfolio
from tests.readings_world import comparable

SMALL = Portfolio(3, 3, timedelta(hours=1), seed=5)


def test_payloads_conform():
    """Each kind of payload passes every rule; nothing is left to warn of."""
    seen = set()
    for name, data in payloads(SMALL):
        report = kg.check(data)
        assert report.conforms, (name, report.violations)
        seen.add(report.message_type)
    assert seen == {"oadrRegisterReport", "oadrDistributeEvent", "oadrCreatedEvent", "oadrUpdateReport"}


def test_the_same_seed_gives_the_same_portfolio():
    """And another seed another one."""
    assert list(payloads(SMALL)) == list(payloads(Portfolio(3, 3, timedelta(hours=1), seed=5)))
    assert list(payloads(SMALL)) != list(payloads(Portfolio(3, 3, timedelta(hours=1), seed=6)))


def test_events_are_followed_by_who_takes_part():
    """A heat pump draws a quarter of what it would, where its VEN opted in."""
    big = Portfolio(40, 3)
    event = big.event(2)
    drawn = {True: [], False: []}
    for ven in big.names:
        if "heat-pump" in big.resources(ven):
            watts = [
                s.watts
                for s in big.day(ven, 2)
                if s.resource == "heat-pump" and s.at // 3_600_000_000 % 24 == 17
            ]
            drawn[big.takes_part(ven, event)] += watts
    assert drawn[False]
    assert max(drawn[True]) < min(drawn[False])


@pytest.mark.parametrize("kind", ["graph", "columns"])
def test_store_is_filled_as_by_the_payloads(tmp_path, kind):
    """Registrations, events and answers as payloads, the readings directly: the same readings in the end."""

    def opened(graphs, folder):
        return open_readings(graphs, folder, kind)

    with (
        Ingest(tmp_path / "one", readings=opened) as direct,
        Ingest(tmp_path / "two", readings=opened) as slow,
    ):
        number, readings = fill(SMALL, direct)
        receipts = [receipt for _, receipt in slow.ingest_many(payloads(SMALL))]
        assert all(receipt.accepted for receipt in receipts)
        assert number == len(receipts) - 9
        assert readings == direct.readings.count()

        def seen(store):
            return {
                (r.series, r.starts_at, r.ends_at, r.value, r.resource, r.property, r.unit, r.quality)
                for r in store.readings.scan()
            }

        assert seen(direct) == seen(slow)


def test_command_writes_a_folder_or_fills_a_store(tmp_path):
    """And says how much."""
    run = CliRunner().invoke
    made = run(
        app, ["simulate", "--vens", "2", "--days", "1", "--interval", "6h", "--out", str(tmp_path / "out")]
    )
    assert (made.exit_code, made.output.split()[0]) == (0, "4")
    store = str(tmp_path / "store")
    made = run(app, ["simulate", "--vens", "2", "--days", "1", "--interval", "6h", "--store", store])
    assert made.exit_code == 0, made.output
    with Service(load_settings(store=tmp_path / "store"), create=False) as service:
        query = "SELECT (COUNT(*) AS ?n) { ?o a saref:Observation }"
        assert [row[0].split('"')[1] for row in service.ask(query)] == [made.output.split()[3]]


@pytest.mark.parametrize(
    "options", [["--interval", "7m"], ["--interval", "x"], ["--out", "a", "--store", "b"], []]
)
def test_command_says_what_is_wrong(options, tmp_path, monkeypatch):
    """An interval that does not divide a day, two places, none."""
    monkeypatch.chdir(tmp_path)
    where = ["--out", "new"] if "--interval" in options else []
    made = CliRunner().invoke(app, ["simulate", *where, *options])
    assert made.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_folder_with_something_in_it_is_left_alone(tmp_path):
    """Nothing is written over."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        write(SMALL, tmp_path)


@pytest.mark.parametrize("kind", ["graph", "columns"])
def test_delivery_is_what_was_drawn_less_than_on_similar_days(tmp_path, kind):
    """Worked out by hand: weekdays without an event before Tuesday 9 June, from 17:00 to 19:00."""
    portfolio = Portfolio(2, 10, timedelta(hours=1))
    with Service(load_settings(store=tmp_path / "store", readings=kind)) as service:
        fill(portfolio, service.store)
        event = portfolio.event(8)
        assert portfolio.takes_part("VEN-00002", event)
        service.ingest(messages.answer("VEN-00002", event, opts_in=False))  # the last answer counts
        names, rows = comparable(service.ask("performance", {"event": event.name}))
    opts = [row[names.index("opt")] for row in rows if '"VEN-00002"' in row]
    assert opts == ['"optOut"'] * len(portfolio.resources("VEN-00002"))

    def power(day):
        hours = [s for s in portfolio.day("VEN-00002", day) if s.resource == "meter"]
        return [s.watts for s in hours if s.at // 3_600_000_000 % 24 in (17, 18)]

    usual = [watts for day in (0, 1, 3, 4, 7) for watts in power(day)]
    meter = next(dict(zip(names, row, strict=True)) for row in rows if '"VEN-00002-meter"' in row)
    found = {
        name: float(lexical(meter[name])) for name in ("baseline", "actual", "delivered", "requested", "days")
    }
    assert found["baseline"] == pytest.approx(sum(usual) / len(usual) / 1000)
    assert found["actual"] == pytest.approx(sum(power(8)) / 2000)
    assert found["delivered"] == pytest.approx(found["baseline"] - found["actual"])
    assert (found["requested"], found["days"]) == (-1, 5)
