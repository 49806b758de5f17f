"""A gateway's carrier: opts by what the plant can do, writes what was checked, brings it back, survives."""

import dataclasses
import io
import socket
import time
import urllib.error
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kg.activation.registry import Registry
from kg.devices.emergency import stop_writes
from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.errors import AssetError, UsageError
from kg.gateway.asking import Refused
from kg.gateway.carrier import Carrier
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.duty import duties
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord, VtnRecord
from kg.gateway.station import Station, read_rows
from kg.ingest import Ingest
from kg.lift import lift
from kg.openadr import distribution
from kg.openadr.event_request import EventRequest, Interval, Item, Signal
from kg.openadr.told import Message
from kg.openadr.upstream import Upstream
from kg.registry_entry import RegistryEntry
from kg.service import Service
from kg.settings import load_settings
from kg.xml import read
from tests.openadr.test_tree import Endpoint
from tests.paths import ROOT


class Plant:
    """A driver over nothing but memory; ``down`` and ``no`` say how it answers."""

    def __init__(self):
        self.values, self.written, self.down, self.no = (
            {"available": Decimal(1), "power": Decimal(30)},
            [],
            False,
            False,
        )

    def write(self, write):
        if self.down:
            raise DeviceUnreachable("the line is down")
        self.written.append((write.point, write.value))
        return "negative confirmation" if self.no else "confirmed"

    def read(self, point):
        if self.down:
            raise DeviceUnreachable("the line is down")
        return self.values.get(point.name)


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    made = instance(find_model("vhpready-chp-iec104"), "urn:dev:chp-1", {"HOST": "127.0.0.1"})
    (folder / "chp.td.jsonld").write_text(written(made))
    (folder / "a.site.jsonld").write_text(
        '{"@context": "https://w3id.org/flexkg/context/site",'
        ' "resources": [{"resourceID": "CHP", "devices": ["urn:dev:chp-1"]}]}'
    )
    return load_site([str(folder)]).plans


class World:
    """A VTN, and a gateway as its VEN."""

    def __init__(self, folder, plans):
        self.folder, self.plans, self.plant = folder, plans, Plant()
        self.service = Service(load_settings(store=folder / "vtn", vtn_id="TOP", report_every="PT1M"))
        self.end = Endpoint(lambda service, data: self.service.vtn.answer(data, service))
        self.begin()

    def begin(self):
        self.ingest = Ingest(self.folder / "gateway")
        self.carrier = Carrier(
            self.plans,
            "CHP",
            self.plant,
            ven="CHP-1",
            records=[OwnRecord(self.ingest)],
            memory=Memory(self.ingest, self.plans["CHP"]),
            ready="available",
            meter=Meter(find_point(self.plans["CHP"], "power"), Decimal(-1000)),
        )
        self.ven = Upstream(self.end.url, "CHP-1", self.ingest, self.carrier)

    def again(self):
        """Restart the gateway."""
        self.ingest.close()
        self.begin()

    def issue(self, watts=-30000, name="E-1", start=0, lasts="PT1H", **more):
        at = datetime.now(UTC) + timedelta(seconds=start)
        signal = Signal("LOAD_DISPATCH", "setpoint", [Interval(lasts, watts)], Item("powerReal", "W"))
        self.service.operator.issue(EventRequest(["CHP-1"], at, [signal], event_id=name, **more))

    def opt(self, name="E-1"):
        return next(e["opt"] for e in self.service.operator.list_events() if e["event_id"] == name)

    def reason(self):
        return [o["reason"] for o in self.service.operator.state()[0]["opts"]]

    def steps(self, name="E-1"):
        return [(e["step"], e["point"]) for e in Registry(self.ingest).entries(name)]

    def close(self):
        self.end.close()
        self.ingest.close()
        self.service.close()


@pytest.fixture
def world(tmp_path, plans):
    made = World(tmp_path, plans)
    made.ven.step()
    yield made
    made.close()


def test_event_is_written_once_recorded_and_survives_a_restart(world):
    world.issue()
    world.ven.step()
    assert world.opt() == "optIn"
    assert {w.point for w in world.carrier.dispatch()} == {"setpoint", "start"}
    assert world.plant.written == [("setpoint", 30), ("start", 1)]
    assert world.carrier.dispatch() == []
    assert world.steps() == [
        ("command", "setpoint"),
        ("answer", "setpoint"),
        ("command", "start"),
        ("answer", "start"),
    ]
    world.again()
    world.ven.sync()
    assert world.carrier.dispatch() == []  # the points hold it, and may not be written again so soon
    assert len(world.plant.written) == 2
    world.service.operator.cancel("E-1")
    world.ven.step()
    past = world.carrier._memory.past
    for key in past:  # as if it had been long ago
        past[key] = type(past[key])(past[key].value, past[key].at - 5000)
    assert {(w.point, w.value) for w in world.carrier.dispatch()} == {("setpoint", 25), ("start", 0)}
    assert world.steps()[-1][0] == "deviation"  # of a cancelled event, which commands nothing
    assert world.carrier.dispatch() == []


def test_value_beyond_the_mapping_is_opted_out_of(world):
    world.issue(-80000)
    world.ven.step()
    assert world.opt() == "optOut"
    assert world.carrier.dispatch() == []
    assert world.plant.written == []


@pytest.mark.parametrize("why", ["locked", "no value", "down"])
def test_plant_that_is_not_available_opts_out(world, why):
    world.issue()
    world.ven.step()
    assert world.opt() == "optIn"
    if why == "down":
        world.plant.down = True
    else:
        world.plant.values["available"] = Decimal(0) if why == "locked" else None
    world.ven.step()
    assert (world.opt(), world.reason()) == ("optOut", ["outageRunStatus"])
    assert world.carrier.dispatch() == []
    assert world.steps() == [("deviation", "")]
    world.plant.down, world.plant.values["available"] = False, Decimal(1)
    world.issue(name="E-2", start=3600)  # tells E-1 again
    world.ven.step()
    assert (world.opt(), world.opt("E-2")) == ("optOut", "optIn")
    assert world.carrier.dispatch() == []


def test_opt_holds_over_a_restart_without_the_vtn(world):
    """What was opted out of is not written when the plant is there again; what was opted in to is."""
    world.issue()
    world.issue(name="E-2", start=3600)
    world.plant.values["available"] = Decimal(0)
    world.ven.step()
    assert (world.opt(), world.opt("E-2")) == ("optOut", "optOut")
    world.plant.values["available"] = Decimal(1)
    world.again()
    assert world.carrier.dispatch() == []
    world.service.operator.cancel("E-1")
    world.issue(name="E-3")
    world.ven.step()
    assert (world.opt("E-2"), world.opt("E-3")) == ("optOut", "optIn")
    world.again()
    assert len(world.carrier.dispatch()) == 2


def test_emergency_stop_holds_over_a_restart(world):
    world.issue()
    world.ven.step()
    world.carrier.dispatch()
    assert world.carrier.emergency("fire", by="GRID")[0].point == "emergencyStop"
    assert world.plant.written[-1] == ("emergencyStop", 1)
    world.again()
    assert world.carrier.stopped
    world.ven.step()
    assert (world.opt(), world.reason()) == ("optOut", ["emergency"])
    assert world.carrier.dispatch() == []
    world.issue(name="E-2", start=60)
    world.ven.step()
    assert world.opt("E-2") == "optOut"
    world.carrier.emergency("fire is out", on=False)
    noted = Registry(world.ingest).interventions("CHP-1")
    assert [(one["step"], one["value"], one["on_behalf_of"], one["answer"]) for one in noted] == [
        ("emergency", "1", "GRID", "fire: confirmed"),
        ("emergency", "0", "", "fire is out: confirmed"),
    ]
    assert world.plant.written[-1] == ("emergencyStop", 0)
    world.again()
    assert not world.carrier.stopped


def test_emergency_stop_of_a_plant_that_is_not_reached_stays_in_force(world):
    world.plant.down = True
    with pytest.raises(DeviceUnreachable):
        world.carrier.emergency("fire")
    assert world.carrier.stopped
    assert [one["answer"] for one in Registry(world.ingest).interventions()] == [
        "fire: no answer: the line is down"
    ]
    world.plant.down = False
    world.carrier.emergency("fire")
    world.plant.down = True
    with pytest.raises(DeviceUnreachable):
        world.carrier.emergency("fire is out", on=False)  # the plant is still shut down
    assert world.carrier.stopped


def test_emergency_stop_is_not_held_up_by_a_disk(tmp_path, monkeypatch):
    def full(_path, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.touch", full)
    memory = Memory()
    memory._file = tmp_path / "emergency-stop"
    memory.stop(True)
    assert memory.stopped


def test_nothing_is_written_while_an_emergency_stop_is_in_force(world):
    """Neither are points brought back: to which power, is known when the plant is let go."""
    world.issue()
    world.ven.step()
    world.carrier.dispatch()
    world.carrier.emergency("fire")
    world.ven.step()
    world.carrier._memory.past.clear()  # no limit of time or number stands against bringing back
    before = list(world.plant.written)
    assert world.carrier.dispatch() == []
    assert world.plant.written == before


@pytest.mark.parametrize(
    ("scale", "watts"), [("n", "-4E-9"), ("p", "-4E-12"), ("k", "-4000"), ("none", "-4")]
)
def test_every_scale_of_a_signal_counts(scale, watts):
    data = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_bytes()
    data = data.replace(b"siScaleCode>k<", f"siScaleCode>{scale}<".encode())
    (duty,) = duties(Message(lift(read(data, max_bytes=len(data)))))
    assert {command.value for command in duty.every_command()} == {Decimal(watts)}


def test_test_event_reaches_no_device(world):
    world.issue(test=True)
    world.ven.step()
    assert world.carrier.dispatch() == []
    assert world.plant.written == []


def test_refusal_of_the_plant_is_recorded_and_tried_again(world):
    world.issue()
    world.ven.step()
    world.plant.no = True
    assert world.carrier.dispatch() == []
    world.plant.no = False
    assert len(world.carrier.dispatch()) == 2
    assert [step for step, _ in world.steps()].count("answer") == 4


def test_device_that_refuses_again_and_again_is_asked_ever_more_seldom(world):
    """The registry is not filled by one that never takes it."""
    world.issue()
    world.ven.step()
    world.plant.no = True
    for _ in range(20):
        world.carrier.dispatch()
    assert [step for step, _ in world.steps()].count("answer") == 4  # two points, two tries
    world.again()
    assert world.carrier._memory.held  # what was sent and not confirmed is not known to be there
    world.plant.no = False
    assert {w.point for w in world.carrier.dispatch()} <= {"setpoint", "start"}


def test_what_was_not_confirmed_before_a_restart_is_written_again(world, plans):
    world.issue()
    world.ven.step()
    world.plant.down = True
    world.plant.values["available"] = Decimal(1)
    world.carrier._ready = None  # it looks as if the plant were there
    assert world.carrier.dispatch() == []
    world.plant.down = False
    world.again()
    past = world.carrier._memory.past
    assert {one.value for one in past.values()} == {None}
    past.update({key: type(one)(one.value, one.at - 5000) for key, one in past.items()})
    assert {w.point for w in world.carrier.dispatch()} == {"setpoint", "start"}
    world.again()
    assert {key[1]: one.value for key, one in world.carrier._memory.past.items()} == {
        "setpoint": 30,
        "start": 1,
    }


def test_set_point_in_another_quantity_than_watts_is_opted_out_of(world):
    at = datetime.now(UTC)
    signal = Signal("LOAD_DISPATCH", "setpoint", [Interval("PT1H", -30000)], Item("powerApparent", "VA"))
    world.service.operator.issue(EventRequest(["CHP-1"], at, [signal], event_id="E-1"))
    world.ven.step()
    assert world.opt() == "optOut"
    assert world.plant.written == []


def test_event_of_a_market_that_the_resource_is_not_described_for_is_opted_out_of(tmp_path, plans):
    described = dataclasses.replace(plans["CHP"], markets=frozenset(("https://m.example/1",)))
    world = World(tmp_path, {**plans, "CHP": described})
    world.ven.step()
    world.issue(market_context="https://m.example/2")
    world.issue(name="E-2", start=3600, market_context="https://m.example/1")
    world.issue(name="E-3", start=7200)  # of no market
    world.ven.step()
    assert [world.opt(name) for name in ("E-1", "E-2", "E-3")] == ["optOut", "optIn", "optIn"]
    world.close()


def test_status_463_to_an_answer_makes_the_ven_register_anew(world):
    """The answer to the event that was lost is given after it."""
    world.issue()
    world.service.vtn.roster.vens["CHP-1"].answerable.clear()
    answer = world.service.vtn.answer

    def forgets(data, service):
        if service == "EiEvent" and b"oadrCreatedEvent" in data:
            return distribution.response("", "CHP-1", "463", "Not registered.")
        return answer(data, service)

    world.end.close()
    world.end = Endpoint(lambda service, data: forgets(data, service))
    world.ven._courier = type(world.ven._courier)(world.end.url)
    world.ven.step()
    assert (world.ven.registration_id, world.opt()) == ("", None)
    world.end.close()
    world.end = Endpoint(lambda service, data: answer(data, service))
    world.ven._courier = type(world.ven._courier)(world.end.url)
    world.ven.step()
    assert (bool(world.ven.registration_id), world.opt()) == (True, "optIn")


def test_set_point_of_before_a_restart_is_called_off_by_the_next(tmp_path):
    folder = ROOT / "examples" / "07-telecontrol" / "station"
    plans = load_site([str(folder / "station.td.jsonld"), str(folder / "station.site.jsonld")]).plans
    issued, cancelled = [], []

    def begin(issue=issued.append):
        return Station(
            plans, "STATION", read_rows(folder / "points.csv"), ["V"],
            issue=issue, cancel=cancelled.append, stop=lambda on: None, kept=tmp_path / "asked.json",
        )  # fmt: skip

    assert begin().take("setpoint", Decimal(30)).allowed
    made = begin()
    assert made.asked == {"setpoint": issued[0].event_id}
    assert made.take("setpoint", Decimal(20)).allowed
    assert cancelled == [issued[0].event_id]

    def silent(event):
        issued.append(event)
        raise Refused("the service does not answer", code="unreachable")

    assert not begin(silent).take("setpoint", Decimal(10)).allowed
    assert begin().take("setpoint", Decimal(0)).allowed  # whether it was issued or not
    assert cancelled == [event.event_id for event in issued]
    (tmp_path / "asked.json").write_text("{")
    assert begin().asked == {}


def test_means_are_reported_of_whole_intervals_only(plans):
    meter = Meter(find_point(plans["CHP"], "power"), Decimal(-1000))
    start = datetime(2026, 12, 1, tzinfo=UTC)
    for second, value in ((0, "10"), (30, "20.1"), (60, "7"), (119, "8")):
        meter.add(start + timedelta(seconds=second), Decimal(value))

    def readings(after, request="R-1"):
        return meter.readings(request, "PT1M", start + timedelta(seconds=after))

    assert readings(119) == {"2026-12-01T00:00:00Z": Decimal(-15050)}
    assert readings(119) == {"2026-12-01T00:00:00Z": Decimal(-15050)}  # it was not delivered yet
    meter.reported("R-1", readings(119))
    assert readings(120) == {"2026-12-01T00:01:00Z": Decimal(-7500)}
    meter.reported("R-1", readings(120))
    assert readings(500) == {}
    assert len(readings(500, "R-2")) == 2  # each request gets its own


def test_reports_reach_the_vtn(world):
    world.carrier.meter.add(datetime.now(UTC) - timedelta(minutes=3), Decimal(30))
    world.carrier.sample()
    assert world.ven.report() == 1
    end = time.monotonic() + 10  # the answer comes when it is on disk, the readings are there soon after
    while not (found := list(world.service.store.readings.scan())) and time.monotonic() < end:
        time.sleep(0.05)
    assert [r.value for r in found] == [-30000]


@pytest.fixture
def station():
    folder = ROOT / "examples" / "07-telecontrol" / "station"
    plans = load_site([str(folder / "station.td.jsonld"), str(folder / "station.site.jsonld")]).plans
    issued, cancelled, stopped = [], [], []
    made = Station(
        plans, "STATION", read_rows(folder / "points.csv"), ["V"],
        issue=issued.append, cancel=cancelled.append, stop=stopped.append,
    )  # fmt: skip
    return made, issued, cancelled, stopped


def test_set_point_becomes_an_event_and_takes_the_place_of_the_last(station):
    made, issued, cancelled, stopped = station
    assert made.take("setpoint", Decimal(30)).allowed
    assert made.take("setpoint", Decimal("12.5")).allowed
    assert made.take("level", Decimal(2)).allowed
    assert made.take("setpoint", Decimal(0)).allowed  # asks for nothing any more
    assert [(e.signals[0].name, e.signals[0].intervals[0].value) for e in issued] == [
        ("LOAD_DISPATCH", -30000), ("LOAD_DISPATCH", -12500), ("SIMPLE", 2)
    ]  # fmt: skip
    assert cancelled == [issued[0].event_id, issued[1].event_id]
    made.take("stop", Decimal(1))
    made.take("stop", Decimal(0))
    assert stopped == [True, False]


def test_station_confirms_nothing_that_did_not_happen(station):
    made, issued, _, _ = station
    for name, value, rule in (
        ("setpoint", "51", "CMD-4"),
        ("level", "4", "CMD-7"),
        ("power", "1", "CMD-5"),
        ("x", "1", "CMD-2"),
    ):
        verdict = made.take(name, Decimal(value))
        assert rule in {reason.rule for reason in verdict.refusals}
    assert made.take("setpoint", Decimal("NaN")).refusals
    assert issued == []

    def gone(*_):
        raise UsageError("the VTN is gone")

    made._issue = made._stop = gone
    assert not made.take("setpoint", Decimal(5)).allowed
    assert not made.take("stop", Decimal(1)).allowed
    assert made.asked == {}


@pytest.mark.parametrize("why", ["over", "unknown-event", "event-over"])
def test_set_point_is_taken_after_the_event_of_the_last_is_over(station, why, monkeypatch):
    """A control centre that was silent for an hour is not refused for ever."""
    made, issued, cancelled, _ = station
    assert made.take("setpoint", Decimal(30)).allowed
    if why == "over":
        later = time.time() + 3601
        monkeypatch.setattr("kg.gateway.station.time.time", lambda: later)
    else:

        def gone(event):
            raise UsageError("there is nothing to cancel", code=why)

        made._cancel = gone
    assert made.take("setpoint", Decimal(20)).allowed
    assert [e.signals[0].intervals[0].value for e in issued] == [-30000, -20000]
    assert made.asked == {"setpoint": issued[1].event_id}
    assert cancelled == []


@pytest.mark.parametrize(
    "line",
    ["setpoint,LOAD_DISPATCH,setpoint,x,PT1H,", ",A,b,1,PT1H,", "a,A,b,1", "a,A,b,1,,0", "a,A,b,1,1h,0"],
)
def test_table_that_is_broken_is_told_with_its_line(tmp_path, line):
    path = tmp_path / "points.csv"
    path.write_text(f"point,signal,type,factor,lasts,ends\n{line}\n")
    with pytest.raises(AssetError, match=r"points\.csv:2"):
        read_rows(path)


def test_record_with_the_vtn_waits_until_it_is_there(world):
    entry = RegistryEntry.made(
        vtn="TOP", event="E-1", number=0, ven="V", step="command", at="2026-12-01T00:00:00Z"
    )
    with socket.socket() as silent:  # takes a connection, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        record = VtnRecord(f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        record.keep(entry)
        assert time.monotonic() - began < 5
    assert list(record.waiting) == [entry]
    with pytest.raises(UsageError, match="no address"):
        VtnRecord("vtn.example")


@pytest.mark.parametrize(("status", "left"), [(401, 2), (429, 2), (503, 2), (422, 0), (404, 0)])
def test_record_is_dropped_only_where_the_vtn_would_say_the_same_again(monkeypatch, status, left):
    """A token that is over, or a busy service, loses no evidence."""
    record = VtnRecord("http://127.0.0.1:9")

    def refuse(request, _):
        raise urllib.error.HTTPError(request.full_url, status, "no", {}, io.BytesIO(b"{}"))

    monkeypatch.setattr("kg.gateway.records.opened", refuse)
    for number in range(2):
        record.waiting.append(
            RegistryEntry.made(
                vtn="T", event="E", number=number, ven="V", step="command", at="2026-12-01T00:00:00Z"
            )
        )
    record.send()
    assert len(record.waiting) == left


def test_plant_without_a_stop_says_so(tmp_path):
    made = instance(
        find_model("sg-ready-relay"), "urn:dev:r", {"HOST": "127.0.0.1", "PORT": "502", "UNIT": "1"}
    )
    (tmp_path / "r.td.jsonld").write_text(written(made))
    (tmp_path / "a.site.jsonld").write_text(
        '{"@context": "https://w3id.org/flexkg/context/site",'
        ' "resources": [{"resourceID": "R", "devices": ["urn:dev:r"]}]}'
    )
    with pytest.raises(UsageError, match="no point for emergencies"):
        stop_writes(load_site([str(tmp_path)]).plans["R"])
