"""The shipped mappings: they conform, state limits and sources, and their strategies reach their points."""

import json
from decimal import Decimal
from pathlib import Path

import ocpp
import pytest
from jsonschema_rs import validator_for

from kg import assets
from kg.devices.check import check_document
from kg.devices.commands import Command, Situation, check_command
from kg.devices.models import instance, placeholders, shipped, written
from kg.devices.sites import load_site
from kg.devices.strategies import shipped as strategies
from kg.devices.strategy_check import strategy

each_model = pytest.mark.parametrize("name", sorted(shipped()))
SIGNALS = {row.stem for row in strategies().values()}
VALUES = {"HOST": "127.0.0.1", "PORT": "502", "UNIT": "1", "DEVICE": "500", "STATION": "CP-1"}


@each_model
def test_shipped_mapping_conforms(name):
    """Each has no finding of any severity, a source in our words, and patterns for discoveries."""
    document = shipped()[name]
    assert check_document(document).violations == ()
    assert document.data["dct:source"]
    assert document.data["flex:discovery"]


def test_there_are_twelve_or_more():
    assert len(shipped()) >= 12


@each_model
def test_points_that_are_written_have_limits(name):
    """A point that can be written has a range or a list, and a safe value."""
    for _, point, value in shipped()[name].affordances():
        if value.get("readOnly") is not True:
            schema = value.get("input", value)
            listed = "oneOf" in schema or schema["type"] == "boolean"
            assert listed or {"flex:allowedMinimum", "flex:allowedMaximum"} <= set(value), point
            assert "flex:safeValue" in value, point


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One device of each shipped model."""
    folder = tmp_path_factory.mktemp("all")
    for number, (name, model) in enumerate(shipped().items()):
        values = {key: VALUES.get(key, f"x{number}") for key in placeholders(model)}
        values |= {"UNIT": str(number)} if "UNIT" in values else {}
        (folder / f"{name}.td.jsonld").write_text(written(instance(model, f"urn:dev:{name}", values, name)))
    return load_site([str(folder)])


@each_model
def test_strategy_reaches_the_device(name, site):
    """Each row of a mapping's strategy finds its point and a row for its value."""
    (portion,) = site.plans[name].portions
    zero = dict.fromkeys(((portion.device, point) for point in portion.points), Decimal(0))
    for (signal, kind), rows in portion.strategy.items():
        for row in rows:
            low = row.low if row.low is not None else (row.high - 1 if row.high is not None else Decimal(0))
            verdict = check_command(
                site.plans, name, Command(signal, kind, low), 1e9, Situation(readings=zero)
            )
            assert "CMD-2" not in {reason.rule for reason in verdict.refusals}, (row, verdict)
            assert "CMD-5" not in {reason.rule for reason in verdict.refusals}, (row, verdict)


@pytest.mark.parametrize("level", range(4))
@each_model
def test_each_level_is_dispatched(name, level, site):
    """SIMPLE 0 to 3 gives writes for every shipped mapping that can be written to."""
    (portion,) = site.plans[name].portions
    if not portion.strategy:
        assert not any(point.writable for point in portion.points.values())
        return
    zero = dict.fromkeys(((portion.device, point) for point in portion.points), Decimal(0))
    verdict = check_command(
        site.plans, name, Command("SIMPLE", "level", Decimal(level)), 1e9, Situation(readings=zero)
    )
    assert verdict.allowed, verdict
    assert verdict.writes


@pytest.mark.parametrize("name", sorted(strategies()))
def test_strategies_are_read(name):
    """Each strategy speaks of the levels of SIMPLE and of prices or set points."""
    assert ("SIMPLE", "level") in strategy(name)
    assert len(strategy(name)) > 1


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("ev-charger-ocpp16", "v16/schemas/SetChargingProfile.json"),
        ("ev-charger-ocpp201", "v201/schemas/SetChargingProfileRequest.json"),
        ("ev-charger-ocpp201", "v21/schemas/SetChargingProfileRequest.json"),
    ],
)
@pytest.mark.parametrize("limit", ["0", "4140", "22000"])
def test_ocpp_message_is_valid(name, schema, limit, site):
    """The message that a command makes validates against the schema of its version."""
    (write,) = check_command(site.plans, name, Command(point="limit", value=Decimal(limit)), 1e9).writes
    text = (Path(ocpp.__file__).parent / schema).read_text(encoding="utf-8-sig")
    validator = validator_for(json.loads(text))
    errors = [error.message for error in validator.iter_errors(write.message["payload"])]
    assert errors == []


def test_terms_of_the_json_schema_are_declared():
    """Each flex: term that editors offer is one of the ontology."""
    from tests.test_ontology import declared

    text = assets.text(assets.folder("mappings") / "devices" / "thing.schema.json")
    used = {name.removeprefix("flex:") for name in json.loads(text)["properties"] if name.startswith("flex:")}
    used |= {n.removeprefix("flex:") for n in json.loads(text)["$defs"]["point"]["properties"]}
    assert used - set(declared()) == set()


@pytest.mark.parametrize(
    ("name", "point", "value", "held"),
    [
        ("building-bacnet", "setpoint", "21.5", {"endpoint": "bacnet://500/2,1/85", "device": 500}),
        ("smart-meter-dlms", "limit", "5000", {"dataType": "double-long-unsigned", "value": 5000}),
        ("s2-battery", "charge", "0.5", {"message_type": "FRBC.Instruction", "operation_mode": "charge"}),
        ("s2-battery", "limit", "2500", {"message_type": "PEBC.Instruction", "abnormal_condition": False}),
        ("vhpready-chp-iec104", "setpoint", "30", {"type": 63, "cause": 6, "informationObjectAddress": 6001}),
    ],
)
def test_message_says_what_its_protocol_needs(name, point, value, held, site):
    """Addresses are in full, and types and names are those of the protocol."""
    (write,) = check_command(site.plans, name, Command(point=point, value=Decimal(value)), 1e9).writes
    assert held.items() <= write.message.items()
    if "power_envelopes" in write.message:
        ((element,),) = [one["power_envelope_elements"] for one in write.message["power_envelopes"]]
        assert element == {"upper_limit": 2500, "lower_limit": 0}
