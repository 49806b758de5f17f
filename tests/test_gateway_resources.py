"""Several resources behind one VEN: each gets its part of an event; whoever falls out leaves it to others."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kg.activation.registry import Registry
from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.errors import UsageError
from kg.gateway.carrier import Carrier
from kg.gateway.configuration import read_configuration
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord
from kg.gateway.resources import Member, Resources
from kg.gateway.running import Gateway
from kg.ingest import Ingest
from kg.openadr.event_request import EventRequest, Interval, Item, Signal
from kg.openadr.splitting import Share
from kg.openadr.upstream import Upstream
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.test_tree import Endpoint

LIMITS = {"PUMP": 8000, "BOILER": 6000}


class Plant:
    """Devices in memory; those in ``down`` do not answer."""

    def __init__(self):
        self.values, self.written, self.down = {}, [], set()

    def write(self, write):
        if write.device in self.down:
            raise DeviceUnreachable("the line is down")
        self.written.append((write.device.rpartition(":")[2], write.point, int(write.value)))
        return "confirmed"

    def read(self, point):
        if point.device in self.down:
            raise DeviceUnreachable("the line is down")
        return self.values.get(point.key, Decimal(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site with two heat pumps, each a resource."""
    made = tmp_path_factory.mktemp("site")
    resources = []
    for unit, name in enumerate(LIMITS, 1):
        values = {"HOST": "127.0.0.1", "PORT": "9", "UNIT": str(unit)}
        thing = instance(find_model("generic-heat-pump"), f"urn:dev:{name}", values)
        (made / f"{name}.td.jsonld").write_text(written(thing))
        resources.append({"resourceID": name, "devices": [f"urn:dev:{name}"]})
    site = {"@context": "https://w3id.org/flexkg/context/site", "resources": resources}
    (made / "home.site.jsonld").write_text(json.dumps(site))
    return made


class World:
    """A VTN, and a gateway with two resources as its VEN."""

    def __init__(self, folder, site, rule="proportional"):
        self.folder, self.plans, self.plant, self.rule = folder, load_site([str(site)]).plans, Plant(), rule
        self.service = Service(load_settings(store=folder / "vtn", vtn_id="TOP", report_every="PT1M"))
        self.end = Endpoint(lambda service, data: self.service.vtn.answer(data, service))
        self.begin()

    def begin(self):
        self.ingest = Ingest(self.folder / "gateway")
        members, past = [], []
        for name, limit in LIMITS.items():
            memory = Memory(self.ingest, self.plans[name], name)
            past = memory.messages
            carrier = Carrier(
                self.plans, name, self.plant, ven="HOME", records=[OwnRecord(self.ingest)], memory=memory,
                ready="electricPower", ready_when=lambda _: True, shared=True,
                meter=Meter(find_point(self.plans[name], "electricPower"), Decimal(1)),
            )  # fmt: skip
            members.append(Member(Share(name, Decimal(limit), len(members)), carrier))
        self.below = Resources(members, self.rule, past)
        self.ven = Upstream(self.end.url, "HOME", self.ingest, self.below)

    def again(self):
        self.ingest.close()
        self.begin()

    def issue(self, watts, name="E-1", start=0, resources=(), **more):
        at = datetime.now(UTC) + timedelta(seconds=start)
        signal = Signal("LOAD_DISPATCH", "setpoint", [Interval("PT1H", watts)], Item("powerReal", "W"))
        asked = EventRequest(["HOME"], at, [signal], event_id=name, resources=list(resources), **more)
        self.service.operator.issue(asked)
        self.ven.step()
        return self.opt(name)

    def opt(self, name="E-1"):
        return next(e["opt"] for e in self.service.operator.list_events() if e["event_id"] == name)

    def dispatch(self):
        return {(w.device.rpartition(":")[2], w.point): int(w.value) for w in self.below.dispatch()}

    def close(self):
        self.end.close()
        self.ingest.close()
        self.service.close()


@pytest.fixture
def world(tmp_path, folder):
    made = World(tmp_path, folder)
    made.ven.step()
    yield made
    made.close()


def test_power_is_split_levels_are_not_and_entries_name_the_resource(world):
    assert world.issue(7000) == "optIn"
    assert world.dispatch() == {("PUMP", "powerLimit"): 4000, ("BOILER", "powerLimit"): 3000}
    noted = Registry(world.ingest).entries("E-1")
    assert {(e["step"], e["resource"], e["value"]) for e in noted} == {
        ("command", "PUMP", "4000"), ("answer", "PUMP", ""),
        ("command", "BOILER", "3000"), ("answer", "BOILER", ""),
    }  # fmt: skip
    world.again()
    world.ven.sync()
    assert world.dispatch() == {}  # the parts are the same, and the points hold them
    assert world.opt() == "optIn"


def test_event_is_known_after_a_restart_while_plant_and_vtn_are_away(world):
    """Its parts are not brought back because nobody can be asked."""
    assert world.issue(7000) == "optIn"
    assert len(world.dispatch()) == 2
    world.plant.down |= {"urn:dev:PUMP", "urn:dev:BOILER"}
    world.again()
    world.plant.down.clear()
    for member in world.below.members:
        past = member.carrier._memory.past
        past.update({key: type(one)(one.value, one.at - 5000) for key, one in past.items()})
    assert world.dispatch() == {}


def test_what_is_beyond_all_limits_is_opted_out_of(world):
    assert world.issue(14001) == "optOut"
    assert world.dispatch() == {}


def test_event_for_one_resource_is_for_it_alone(world):
    assert world.issue(3000, resources=["BOILER"]) == "optIn"
    assert world.dispatch() == {("BOILER", "powerLimit"): 3000}
    assert world.issue(1000, "E-2", 7200, resources=["CAR"]) == "optOut"


def test_resource_that_falls_out_leaves_its_part_to_the_other_and_too_few_opt_out(world):
    assert world.issue(5950) == "optIn"
    assert world.dispatch() == {("PUMP", "powerLimit"): 3400, ("BOILER", "powerLimit"): 2500}
    for member in world.below.members:  # as if it had been long ago
        past = member.carrier._memory.past
        past.update({key: type(one)(one.value, one.at - 5000) for key, one in past.items()})
    world.plant.down.add("urn:dev:PUMP")
    world.ven.step()
    assert world.opt() == "optIn"
    assert world.dispatch() == {("BOILER", "powerLimit"): 5900}
    world.plant.down.add("urn:dev:BOILER")
    world.ven.step()
    assert world.opt() == "optOut"
    assert [o["reason"] for o in world.service.operator.state()[0]["opts"]] == ["outageRunStatus"]


def test_resource_that_is_away_at_first_is_left_out_of_the_split(world):
    world.plant.down.add("urn:dev:PUMP")
    assert world.issue(3500) == "optIn"
    assert world.dispatch() == {("BOILER", "powerLimit"): 3500}
    assert world.issue(6500, "E-2", 7200) == "optOut"


def test_part_that_suits_a_resource_not_goes_to_the_other(world):
    """The smaller part is below what the pump may be limited to."""
    assert world.issue(4000) == "optIn"
    assert world.dispatch() == {("PUMP", "powerLimit"): 4000}


def test_limit_is_split_refused_as_a_whole_and_kept_over_a_restart(world):
    assert world.below.limit(Decimal(7000), by="GRID") == []
    assert world.dispatch() == {("PUMP", "powerLimit"): 4000, ("BOILER", "powerLimit"): 3000}
    assert world.below.limit(Decimal(-5), by="GRID")  # a heat pump feeds nothing in
    world.again()
    assert world.dispatch() == {}
    assert [m.carrier._memory.limit.watts for m in world.below.members] == [4000, 3000]
    assert world.below.limit(Decimal(50000)) == []
    assert [m.carrier._memory.limit.watts for m in world.below.members] == [8000, 6000]


def test_emergency_stop_is_for_all_until_all_are_let_go(world):
    """Also after a restart, and not for ever for one that is there no more."""
    with pytest.raises(UsageError, match="no point for emergencies"):  # heat pumps have none
        world.below.emergency("fire")
    noted = [(one["resource"], one["value"]) for one in Registry(world.ingest).interventions()]
    assert noted == [("PUMP", "1"), ("BOILER", "1")]
    (world.folder / "gateway" / "emergency-stop-CAR").touch()
    world.again()
    assert [m.carrier.stopped for m in world.below.members] == [True, True]
    assert world.issue(7000) == "optOut"
    world.below.emergency("it is out", on=False)
    world.again()
    assert not world.below.stopped


def test_means_are_added_up_and_sent_again_until_they_are_taken(world):
    at = datetime.now(UTC) - timedelta(minutes=3)
    for member, watts in zip(world.below.members, (1500, 700), strict=True):
        member.carrier.meter.add(at, Decimal(watts))
    (request,) = world.ven.requests
    answer = world.service.vtn.answer
    world.service.vtn.answer = lambda data, service: b"nothing that is OpenADR, with status 200"
    world.end.close()
    with pytest.raises(Exception, match="no answer"):
        world.ven.report()
    world.service.vtn.answer = answer
    world.end = Endpoint(lambda service, data: answer(data, service))
    world.ven._courier = type(world.ven._courier)(world.end.url)
    assert list(world.below.readings(request, "PT1M").values()) == [2200]
    assert world.ven.report() == 1
    assert world.ven.report() == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('resource = "PUMP"\n[[resources]]\nname = "BOILER"', "stands beside"),
        ('[[resources]]\nname = "PUMP"\n[[resources]]\nname = "PUMP"', "there twice"),
        ('[[resources]]\nname = "PUMP"\nlimit = 3', "resources.limit is not known"),
        ('split = "most"\n[[resources]]\nname = "PUMP"', "split is 'most'"),
        ("resources = 3", "no list of tables"),
        ('resource = "{name}"', "template: {name} is not filled in"),
        ("", "resource is missing"),
        ('[[resources]]\nname = "PUMP"\n[[resources]]\nname = "CAR"', "no resource 'CAR'"),
    ],
)
def test_file_that_is_wrong_is_told(tmp_path, folder, text, says):
    file = tmp_path / "gateway.toml"
    file.write_text(f'vtn = "http://127.0.0.1:9"\nven = "G"\nsite = "{folder}"\n{text}\n')
    with pytest.raises(UsageError, match=says):
        Gateway(read_configuration(file))


def test_gateway_runs_several_resources_from_its_file(tmp_path, folder):
    file = tmp_path / "gateway.toml"
    listed = "".join(f'[[resources]]\nname = "{n}"\nmeter = "electricPower"\n' for n in LIMITS)
    file.write_text(f'vtn = "http://127.0.0.1:9"\nven = "G"\nsite = "{folder}"\n{listed}')
    made = Gateway(read_configuration(file))
    try:
        assert made.describe().startswith("gateway G for PUMP, BOILER over modbus")
        assert [line.partition(":")[0] for line in made.probe()] == ["PUMP", "PUMP", "BOILER", "BOILER"]
        assert [m.share.limit_w for m in made.resources.members] == [8000, 8000]
    finally:
        made.close()
