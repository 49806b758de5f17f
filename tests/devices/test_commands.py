"""The check before dispatch: what is allowed becomes exact writes, what is not says why."""

import json
from decimal import Decimal
from random import Random

import pytest

from kg.devices.commands import Command, Past, Situation, check_command
from kg.devices.documents import read_document
from kg.devices.encodings import from_registers, registers
from kg.devices.models import find_model, instance, written
from kg.devices.points import compile_points
from kg.devices.sites import load_site
from kg.errors import UsageError

HP = "urn:dev:hp-3"
VALUES = {"HOST": "127.0.0.1", "PORT": "1502", "UNIT": "1"}
NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """A heat pump behind HP, a wall box behind EV, both behind POOL."""
    folder = tmp_path_factory.mktemp("site")
    for name, model in (("hp-3", "generic-heat-pump"), ("ev-1", "ev-charger-modbus")):
        made = instance(
            find_model(model), f"urn:dev:{name}", VALUES | {"UNIT": "2" if name == "ev-1" else "1"}
        )
        (folder / f"{name}.td.jsonld").write_text(written(made))
    site = {
        "@context": "https://w3id.org/flexkg/context/site",
        "resources": [
            {"resourceID": "HP", "devices": [HP], "descriptions": [{"marketContext": "https://a.example/"}]},
            {"resourceID": "EV", "devices": ["urn:dev:ev-1"]},
            {"resourceID": "POOL", "parts": ["HP", "EV"], "inService": True},
            {"resourceID": "OFF", "parts": ["HP"], "inService": False},
        ],
    }
    (folder / "site.site.jsonld").write_text(json.dumps(site))
    return load_site([str(folder)]).plans


def simple(level):
    return Command("SIMPLE", "level", Decimal(level))


def point(name, value):
    return Command(point=name, value=Decimal(str(value)))


def rules(verdict):
    return [reason.rule for reason in verdict.refusals]


def test_level_becomes_writes(plans):
    """A level of SIMPLE becomes the writes of its rows, in order, encoded for the device."""
    verdict = check_command(plans, "HP", simple(1), NOW)
    assert [(w.point, w.raw, w.message["address"], w.message["registers"]) for w in verdict.writes] == [
        ("mode", 1, 100, [1]),
        ("powerLimit", 6000, 101, [6000]),
    ]


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (point("powerLimit", 1900), "CMD-4"),
        (point("powerLimit", 8100), "CMD-4"),
        (point("powerLimit", 2550), "CMD-6"),
        (point("tankSetpoint", 55), "CMD-7"),
        (point("mode", 9), "CMD-7"),
        (point("powerLimit", 2400), "CMD-15"),
        (point("outdoorTemperature", 5), "CMD-16"),
        (point("nothing", 5), "CMD-2"),
        (point("powerLimit", "NaN"), "CMD-3"),
        (point("powerLimit", "Infinity"), "CMD-3"),
        (Command("SIMPLE", "level", Decimal(7)), "CMD-20"),
        (Command("BID_PRICE", "price", Decimal(1)), "CMD-5"),
        (Command("LOAD_DISPATCH", "delta", Decimal(-500)), "CMD-13"),
        (Command("SIMPLE", "level", Decimal(1), market="https://b.example/"), "CMD-17"),
    ],
)
def test_command_is_refused(plans, command, rule):
    """Each limit refuses on its own, and nothing is written."""
    verdict = check_command(plans, "HP", command, NOW)
    assert rule in rules(verdict)
    assert verdict.writes == ()


@pytest.mark.parametrize(
    ("value", "past", "rule"),
    [
        (3000, Past(Decimal(3000), NOW - 30), "CMD-9"),
        (3000, Past(Decimal(3000), NOW + 30), "CMD-18"),
        (3000, Past(Decimal(3000), NOW - 60), None),
    ],
)
def test_history_counts(plans, value, past, rule):
    """The time between two writes counts, and a clock that went back is told."""
    situation = Situation(past={(HP, "powerLimit"): past})
    found = rules(check_command(plans, "HP", point("powerLimit", value), NOW, situation))
    assert found == ([rule] if rule else [])


def test_rate_counts(plans):
    """A change that is too fast is refused, the same change later is allowed."""
    for gone, found in ((300, []), (10, ["CMD-9"])):
        past = {(HP, "tankSetpoint"): Past(Decimal(45), NOW - gone)}
        command = point("tankSetpoint", 46)
        assert rules(check_command(plans, "HP", command, NOW, Situation(past=past))) == found
    past = {(HP, "tankSetpoint"): Past(Decimal(0), NOW - 300)}
    assert rules(check_command(plans, "HP", point("tankSetpoint", 46), NOW, Situation(past=past))) == [
        "CMD-8"
    ]


def test_writes_are_counted(plans):
    """The twenty-fifth write of a day is refused, and the first of the next day is not."""
    times = tuple(NOW - 86_000 + 600 * n for n in range(24))
    past = {(HP, "mode"): Past(Decimal(1), times[-1], times, 24)}
    assert rules(check_command(plans, "HP", point("mode", 1), NOW, Situation(past=past))) == ["CMD-10"]
    assert check_command(plans, "HP", point("mode", 1), NOW + 1000, Situation(past=past)).allowed


@pytest.mark.parametrize("resource", ["HP", "POOL"])
def test_opt_out_and_service_count_for_what_is_above_and_below(plans, resource):
    """An opt-out of a pool is one of its parts; a device out of service refuses for all."""
    out = check_command(plans, "HP", simple(1), NOW, Situation(opted_out={resource}))
    assert rules(out) == ["CMD-12"]
    off = check_command(plans, resource, simple(1), NOW, Situation(out_of_service={HP}))
    assert "CMD-11" in rules(off)
    assert off.writes == ()
    assert rules(check_command(plans, "OFF", simple(1), NOW)) == ["CMD-11"]
    assert rules(check_command(plans, "NONE", simple(1), NOW)) == ["CMD-1"]


def test_opt_out_of_a_part_stops_the_pool(plans):
    """A pool does not command a part that opted out or is not in service; the others may be asked alone."""
    for known, rule in (
        (Situation(opted_out={"HP"}), "CMD-12"),
        (Situation(out_of_service={"HP"}), "CMD-11"),
    ):
        assert rules(check_command(plans, "POOL", simple(1), NOW, known)) == [rule]
        assert check_command(plans, "EV", simple(1), NOW, known).allowed


def test_set_point_is_shared_by_rated_power(plans):
    """A set point of a pool goes to its devices in the proportion of their rated powers."""
    verdict = check_command(plans, "POOL", Command("LOAD_DISPATCH", "setpoint", Decimal(15000)), NOW)
    assert [(w.device, w.value) for w in verdict.writes] == [
        (HP, Decimal(4000)),
        ("urn:dev:ev-1", Decimal("15.9")),
    ]


def test_delta_needs_the_present_value(plans):
    """A delta is added to what was read, and comes down to the grid of steps."""
    known = Situation(readings={(HP, "electricPower"): Decimal(4123)})
    verdict = check_command(plans, "HP", Command("LOAD_DISPATCH", "delta", Decimal(-1000)), NOW, known)
    assert [write.raw for write in verdict.writes] == [3100]


@pytest.mark.parametrize("price", ["-0.1", "0.049", "0.05", "0.2", "0.35", "5"])
def test_price_has_thresholds(plans, price):
    """A price is below, between or above the thresholds of the strategy."""
    (write,) = check_command(plans, "HP", Command("ELECTRICITY_PRICE", "price", Decimal(price)), NOW).writes
    assert write.raw == (
        2 if Decimal(price) < Decimal("0.05") else 0 if Decimal(price) >= Decimal("0.35") else 1
    )


@pytest.mark.parametrize(
    "data_type", ["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
)
@pytest.mark.parametrize("order", [(False, False), (True, False), (False, True), (True, True)])
def test_registers_come_back(data_type, order):
    """What is encoded is decoded to the same number, in each order of words and bytes."""
    dice = Random(7)
    for _ in range(20):
        raw = dice.randrange(0, 30000) / (4 if data_type.startswith("float") else 1)
        raw = raw if data_type.startswith("float") else int(raw)
        words = registers(raw, data_type, order)
        assert all(0 <= word <= 0xFFFF for word in words)
        assert from_registers(words, data_type, order) == raw


def test_scale_factor_is_read_first():
    """A point whose power of ten lies in the device needs it, and one outside -10..10 is not believed."""
    thing = {
        "@context": "https://www.w3.org/2022/wot/td/v1.1",
        "id": "urn:dev:inv",
        "title": "x",
        "base": "modbus+tcp://127.0.0.1",
        "properties": {
            "W": {
                "type": "integer",
                "flex:dataType": "int16",
                "flex:scaleFactorPoint": "SF",
                "flex:allowedMinimum": 0,
                "flex:allowedMaximum": 5000,
                "forms": [{"href": "/1/1", "modv:entity": "HoldingRegister"}],
            }
        },
    }
    from kg.devices.resources import Plan, Portion

    points, _ = compile_points(read_document(json.dumps(thing).encode()))
    portion = Portion("urn:dev:inv", points, {}, {}, Decimal(1))
    plans = {"I": Plan("I", frozenset("I"), (portion,), True, frozenset(), Decimal(0))}
    key = ("urn:dev:inv", "SF")
    for exponent, found in ((None, ["CMD-13"]), (11, ["CMD-13"]), (1, []), (2, ["CMD-14"])):
        known = Situation(readings={} if exponent is None else {key: Decimal(exponent)})
        verdict = check_command(plans, "I", point("W", 4990), NOW, known)
        assert rules(verdict) == found
        assert [write.raw for write in verdict.writes] == ([499] if exponent == 1 else [])
        if found == ["CMD-13"]:
            why = "has not been read" if exponent is None else "is 11, which is no whole number of -10 to 10"
            assert why in verdict.refusals[0].message


def test_site_that_does_not_conform_is_not_loaded(tmp_path):
    """Commands are not checked against mappings that break a rule."""
    made = instance(find_model("generic-heat-pump"), HP, VALUES)
    del made["properties"]["powerLimit"]["flex:allowedMaximum"]
    (tmp_path / "hp.td.jsonld").write_text(written(made))
    with pytest.raises(UsageError, match="PNT-2"):
        load_site([str(tmp_path)])


@pytest.mark.parametrize("level", ["2.5", "4", "-1"])
def test_level_that_there_is_not_is_refused(plans, level):
    """OpenADR has the levels 0 to 3: what a strategy's bands would take between them is nobody's level."""
    assert rules(check_command(plans, "HP", Command("SIMPLE", "level", Decimal(level)), NOW)) == ["CMD-20"]
