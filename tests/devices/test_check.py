"""What strangers write: each mapping that is wrong is named by pointer, with a cure."""

import json
from decimal import Decimal

import pytest

from kg.devices.check import check
from kg.devices.commands import Command, check_command
from kg.devices.models import shipped
from tests.paths import DATA, needs_data

MODEL = json.dumps(shipped()["generic-heat-pump"].data)
LIMIT = "/properties/powerLimit"


def changed(at, value):
    """The heat pump with one member changed."""
    data = json.loads(MODEL)
    node, *steps = (data, *at.split("/")[1:])
    for step in steps[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step.replace("~1", "/")]
    node[int(steps[-1]) if isinstance(node, list) else steps[-1]] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("data", "rule", "pointer"),
    [
        (MODEL[:700].encode(), "READ-not-json", "line 1, column"),
        (MODEL.encode() + b" " * 5_000_000, "READ-too-large", ""),
        (b"[" * 100_000, "READ-too-deep", ""),
        (b"\xff{}", "READ-encoding", "byte 0"),
        (b'{"title": "a", "title": "b"}', "READ-duplicate-key", ""),
        (MODEL.replace("0.1", "1e999").encode(), "READ-number", "1e999"),
        (MODEL.replace("0.1", "NaN").encode(), "READ-number", ""),
        (changed("/@context", "http://evil.example/c"), "JSON", "/@context"),
        (changed("/@context/0", "http://evil.example/c"), "JSON", "/@context"),
        (changed("/@context/1/flex", "http://evil.example/"), "JSON", "/@context"),
        (changed("/properties/x", 5), "JSON", "/properties/x"),
        (changed("/@type", 1.5), "JSON", "/@type"),
        (changed(f"{LIMIT}/flex:safevalue", 5), "JSON", LIMIT),
        (changed(f"{LIMIT}/flex:allowedMinimum", "low"), "JSON", f"{LIMIT}/flex:allowedMinimum"),
        (changed(f"{LIMIT}/forms", []), "JSON", f"{LIMIT}/forms"),
        (changed(f"{LIMIT}/forms/0/href", 7), "JSON", f"{LIMIT}/forms/0/href"),
        (changed(f"{LIMIT}/flex:scaleFactorPoint", "powerLimit"), "PNT-5", LIMIT),
        (changed(f"{LIMIT}/unit", "furlongs a week"), "PNT-7", f"{LIMIT}/unit"),
        (changed(f"{LIMIT}/unit", "qudt-unit:V"), "PNT-6", f"{LIMIT}/unit"),
        (changed("/properties/mode/oneOf", [{"const": "x"}]), "PNT-2", "/properties/mode"),
        (changed(f"{LIMIT}/@id", "urn:elsewhere"), None, ""),
        (
            changed('/properties/a b"<>', {"type": "integer", "forms": [{"href": "/1/1"}]}),
            "MOD-6",
            '/properties/a b"<>',
        ),
    ],
)
def test_bad_input_is_named(data, rule, pointer):
    """Each finding has its place and a cure."""
    report = check(data)
    if rule is None:
        assert report.conforms
        return
    found = [v for v in report.violations if v.rule == rule]
    assert found, report.violations
    assert any(v.pointer.startswith(pointer) for v in found)
    assert all(v.cure and v.source for v in found)


def test_misspelt_term_is_the_only_one_named():
    """Of the terms of a point, the one that is none is told."""
    (found,) = check(changed(f"{LIMIT}/flex:safevalue", 5)).violations
    assert found.message == "There is no term flex:safevalue here."


@needs_data
def test_things_of_strangers_are_read():
    """Thing Descriptions that we did not write give findings or none, and never an exception."""
    files = sorted(DATA.glob("devices/wot-td*/*.jsonld"))
    assert len(files) >= 20
    verdicts = {check(path.read_bytes(), path.name).verdict for path in files}
    assert verdicts <= {"conforms", "violates"}


@pytest.mark.parametrize(
    "value", [5, 5.5, "5", "many", None, Decimal("1E+999999"), Decimal("sNaN"), float("inf")]
)
def test_values_of_any_kind_are_judged(value):
    """A number that is no decimal is taken as written; what is no number is refused, not raised."""
    verdict = check_command({}, "X", Command(point="p", value=value), 0.0)
    assert not verdict.allowed


def test_port_that_is_none_is_told():
    """A placeholder filled with nonsense does not make a mapping."""
    data = json.loads(MODEL) | {"base": "modbus+tcp://192.0.2.7:five"}
    assert [v.pointer for v in check(json.dumps(data).encode()).violations] == ["/base"]
