"""POST /commands/check and /devices: the check before dispatch over HTTP."""

import pytest

from kg.devices.models import find_model, instance, written
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.api.problem import problem

VALUES = {"HOST": "127.0.0.1", "PORT": "1502", "UNIT": "1"}


@pytest.fixture
def gateway(tmp_path):
    """A client of a service with one heat pump."""
    made = instance(find_model("generic-heat-pump"), "urn:dev:hp-3", VALUES, "HP")
    (tmp_path / "hp.td.jsonld").write_text(written(made))
    with serving(Service(load_settings(devices=tmp_path))) as client:
        yield client


def test_command_becomes_writes(gateway):
    """A level that is allowed is answered with its writes."""
    body = {"resource": "HP", "signal": "SIMPLE", "type": "level", "value": 1}
    answer = gateway.post("/commands/check", json=body)
    assert answer.status_code == 200
    assert answer.json()["allowed"] is True
    assert [write["message"]["registers"] for write in answer.json()["writes"]] == [[1], [6000]]


def test_refusal_says_why(gateway):
    """A value that is refused gives 200, the reasons, and no write; history counts."""
    past = {"urn:dev:hp-3": {"powerLimit": {"value": 3000, "at": "2026-11-27T10:00:00Z"}}}
    body = {"resource": "HP", "point": "limit", "value": 2450, "now": "2026-11-27T10:00:10Z", "past": past}
    answer = gateway.post("/commands/check", json=body).json()
    assert (answer["allowed"], answer["writes"]) == (False, [])
    assert [reason["rule"] for reason in answer["refusals"]] == ["CMD-6", "CMD-15", "CMD-9"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/resource"),
        ({"resource": "HP", "value": 1}, "/signal"),
        ({"resource": "HP", "point": "limit", "value": "many"}, "/value"),
        ({"resource": "HP", "point": "limit", "value": 1, "now": "today"}, "/now"),
        ({"resource": "HP", "point": "limit", "value": 1, "colour": "red"}, "/colour"),
        ({"resource": "HP", "point": "limit", "value": 1, "past": []}, "/past"),
        (
            {"resource": "HP", "point": "limit", "value": 4000, "readings": {"urn:dev:hp-3": {"nope": 1}}},
            "urn:dev:hp-3",
        ),
        ({"resource": "HP", "point": "limit", "value": 4000, "opted_out": ["HQ"]}, "HQ"),
        ([], "/"),
    ],
)
def test_what_is_no_command_is_told_by_pointer(gateway, body, where):
    """A member that is wrong is named."""
    answer = gateway.post("/commands/check", json=body)
    assert answer.status_code == 400
    assert answer.json()["where"] == where


def test_devices_are_listed(gateway):
    """Devices and resources are those of the folder."""
    assert gateway.get("/devices").json() == {
        "devices": [{"id": "urn:dev:hp-3", "title": "Heat pump over Modbus"}],
        "resources": ["HP"],
    }


def test_mapping_is_checked(gateway):
    """A mapping is answered with its report."""
    report = gateway.post("/devices/check", content=b'{"title": 1}').json()
    assert report["verdict"] == "violates"
    assert {violation["pointer"] for violation in report["violations"]} >= {"/title"}
    assert gateway.post("/devices/check", content=b"nonsense").json()["verdict"] == "unreadable"


def test_service_without_mappings_says_so(checking):
    """Without a folder of mappings there is nothing to check a command with."""
    problem(checking.get("/devices"), 503, "no-devices")
