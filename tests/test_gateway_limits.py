"""Who goes before whom: an emergency stop, a grid operator's limit, events by their priority."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kg.activation.registry import Registry
from kg.devices.commands import Past
from kg.devices.reasons import refusal
from kg.devices.sites import load_site
from kg.gateway.carrier import Carrier
from kg.gateway.duty import Duty
from kg.gateway.memory import Memory
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord
from kg.gateway.station import Row, Station
from kg.ingest import Ingest
from kg.openadr.ven import Event
from tests.paths import ROOT
from tests.test_gateway import Plant, World, plans  # noqa: F401 - a fixture
from tests.test_gateway_lines import site_of


@pytest.fixture
def world(tmp_path, plans):  # noqa: F811
    made = World(tmp_path, plans)
    made.ven.step()
    yield made
    made.close()


def later(world):
    """As if the last writes had been long ago."""
    past = world.carrier._memory.past
    for key, one in past.items():
        past[key] = Past(one.value, one.at - 5000, tuple(at - 5000 for at in one.times), one.count)


def said(world, name="E-1"):
    return [e["answer"] for e in Registry(world.ingest).entries(name) if e["step"] == "deviation"]


def test_limit_goes_before_an_event_and_is_let_go(world):
    assert world.carrier.limit(Decimal(-28000), by="GRID") == []
    world.issue(-30000)
    world.ven.step()
    assert {w.point: w.value for w in world.carrier.dispatch()} == {"setpoint": 28, "start": 1}
    assert said(world) == ["setpoint: limited to 28 instead of 30"]
    assert world.carrier.dispatch() == []
    later(world)
    world.carrier.limit(None, by="GRID")
    assert [(w.point, w.value) for w in world.carrier.dispatch()] == [("setpoint", 30)]
    noted = Registry(world.ingest).interventions()
    assert [(e["value"], e["unit"], e["answer"], e["on_behalf_of"]) for e in noted] == [
        ("-28000", "W", "in force", "GRID"),
        ("", "", "ended", "GRID"),
    ]


class Pump:
    """A heat pump without any event: its limit is 8000 W unless somebody sets it."""

    def __init__(self, folder):
        self.plans = site_of(
            folder / "site", "generic-heat-pump", "modbus+tcp://127.0.0.1:9", PORT="9", UNIT="1"
        )
        self.folder, self.plant = folder, Plant()
        self.begin()

    def begin(self):
        self.ingest = Ingest(self.folder / "store")
        memory = Memory(self.ingest, self.plans["R"])
        self.carrier = Carrier(
            self.plans, "R", self.plant, ven="V", records=[OwnRecord(self.ingest)], memory=memory
        )

    def dispatch(self):
        return [(w.point, w.value) for w in self.carrier.dispatch()]


@pytest.fixture
def pump(tmp_path):
    made = Pump(tmp_path)
    yield made
    made.ingest.close()


def test_limit_is_kept_without_an_event_and_over_a_restart(pump):
    pump.carrier.limit(Decimal(4000), by="GRID")
    assert pump.dispatch() == [("powerLimit", 4000)]
    assert pump.dispatch() == []
    assert Registry(pump.ingest).interventions()[-1]["answer"] == "kept to the limit: confirmed"
    pump.ingest.close()
    pump.begin()
    assert pump.dispatch() == []
    later(pump)
    pump.carrier.limit(Decimal(9000))  # beyond the range: refused, the one before counts
    assert pump.dispatch() == []
    pump.carrier.limit(None)
    assert pump.dispatch() == [("powerLimit", 8000)]
    assert Registry(pump.ingest).interventions()[-1]["answer"] == "brought back: confirmed"


def test_limit_whose_file_is_damaged_is_missed_aloud(pump, caplog):
    pump.carrier.limit(Decimal(4000))
    (pump.folder / "store" / "limit.json").write_text('{"watts"')
    pump.ingest.close()
    pump.begin()
    assert "no limit is in force" in caplog.text


def test_limit_ends_by_itself(pump):
    pump.carrier.limit(Decimal(4000), until=time.time() + 0.3)
    assert pump.dispatch() == [("powerLimit", 4000)]
    later(pump)
    time.sleep(0.35)
    assert pump.dispatch() == [("powerLimit", 8000)]


def over(carrier, name, **held):
    """An event that asked for something and is over."""
    at = datetime.now(UTC) - timedelta(hours=2)
    carrier._duties[name] = Duty(Event(name, "V", 0, [], at, at + timedelta(hours=1)), "TOP", "", [])
    for point, value in held.items():
        carrier._memory.wrote(find_point(carrier.plan, point), Decimal(value), 0.0, name)


def test_what_an_event_leaves_to_a_limit_is_let_go_with_it(pump):
    """Else a plant would stay limited for good."""
    pump.carrier.limit(Decimal(4000))
    over(pump.carrier, "E-1", powerLimit=3000)
    assert pump.dispatch() == [("powerLimit", 4000)]
    assert pump.dispatch() == []
    later(pump)
    pump.carrier.limit(None)
    assert pump.dispatch() == [("powerLimit", 8000)]


def charger(folder):
    found = site_of(folder, "ev-charger-modbus", "modbus+tcp://127.0.0.1:9", PORT="9", UNIT="1")
    return Carrier(found, "R", Plant(), ven="V", records=[])


def test_limit_counts_for_what_is_no_power(tmp_path):
    """A charger is limited by its current."""
    carrier = charger(tmp_path)
    assert carrier.limit(Decimal(4200)) == []
    over(carrier, "E-1", currentLimit=16)
    assert [(w.point, w.value) for w in carrier.dispatch()] == [("currentLimit", 6)]


def test_limit_for_which_no_strategy_sets_anything_is_refused(tmp_path, monkeypatch):
    carrier = charger(tmp_path)
    monkeypatch.setattr(carrier._hands, "judge", lambda _: ({("urn:dev:d", "enabled"): Decimal(1)}, []))
    assert [reason.rule for reason in carrier.limit(Decimal(4200))] == ["CMD-5"]
    assert carrier._memory.limit is None


def test_limit_holds_while_a_device_does_not_tell_what_it_is_worked_out_from(world, monkeypatch):
    """Else an event would have its way in between."""
    world.carrier.limit(Decimal(-28000))
    world.issue(-30000)
    world.ven.step()
    assert {w.point: w.value for w in world.carrier.dispatch()} == {"setpoint": 28, "start": 1}
    later(world)
    missing = [refusal("CMD-13", "It has not been read.")]
    monkeypatch.setattr(world.carrier._hands, "judge", lambda _: ({}, missing))
    assert world.carrier.dispatch() == []
    world.carrier._hands._capped = None  # as after a restart
    assert world.carrier.dispatch() == []


def test_limit_that_cannot_be_kept_is_refused(world):
    """The control centre gets a negative answer, and nothing is in force."""
    assert world.carrier.limit(Decimal(-60000))
    assert world.carrier._memory.limit is None


def test_event_of_higher_priority_goes_before(world):
    world.issue(-30000, priority=2)
    world.issue(-28000, name="E-2", priority=1)
    world.issue(-26000, name="E-3")
    world.ven.step()
    assert {w.point: w.value for w in world.carrier.dispatch()} == {"setpoint": 28, "start": 1}
    assert said(world) == ["setpoint: the event E-2 goes before"]
    later(world)
    world.service.operator.cancel("E-2")
    world.ven.step()
    assert [(w.point, w.value) for w in world.carrier.dispatch()] == [("setpoint", 30)]
    later(world)
    world.service.operator.cancel("E-1")
    world.ven.step()
    assert [(w.point, w.value) for w in world.carrier.dispatch()] == [("setpoint", 26)]


def test_emergency_goes_before_a_limit(world):
    world.carrier.limit(Decimal(-28000))
    world.carrier.emergency("fire")
    assert world.carrier.dispatch() == []


def test_control_centre_sets_and_ends_a_limit(world):
    got = []
    rows = {"setpoint": Row("setpoint", "LIMIT", "limit", Decimal(-1000), "PT1H", Decimal(50))}
    own = load_site([str(ROOT / "examples" / "07-telecontrol" / "station")]).plans
    station = Station(
        own, "STATION", rows, ["V"],
        issue=got.append, cancel=got.append, stop=got.append,
        limit=lambda watts, until: world.carrier.limit(watts, until=until, by="GRID"),
    )  # fmt: skip
    assert station.take("setpoint", Decimal(32)).allowed
    limit = world.carrier._memory.limit
    assert (limit.watts, limit.by) == (-32000, "GRID")
    assert 3590 < limit.until - datetime.now(UTC).timestamp() < 3601
    assert station.take("setpoint", Decimal(50)).allowed
    assert world.carrier._memory.limit is None
    assert got == []
