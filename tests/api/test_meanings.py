"""/lift and /explain: a payload's graph, and its values in words."""

import json

import pytest

from tests.api.problem import problem
from tests.paths import ROOT

SHED = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_bytes()
REGISTER = (ROOT / "examples" / "04-report-to-query" / "1-register.xml").read_bytes()
READINGS = (ROOT / "examples" / "04-report-to-query" / "2-readings.xml").read_bytes()


@pytest.mark.parametrize("media", ["text/turtle", "application/n-triples", "application/ld+json"])
def test_lift_gives_the_graph(checking, media):
    """In the form that is asked for, without a store."""
    answer = checking.post("/lift", content=SHED, headers={"accept": media})
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    assert "SHED-7" in answer.text


def test_explain_says_each_value_in_words(checking):
    """The same sentences as on the command line."""
    found, current = checking.post("/explain", content=SHED).json()
    assert current["about"].startswith("currentValue of signal LOAD_DISPATCH")
    assert (found["text"], found["quality"]) == ("", "")
    assert found["sentence"].startswith(
        "From 2026-12-01T17:00:00Z to 2026-12-01T18:00:00Z: change of the power"
    )
    assert (found["value"], found["base_value"], found["symbol"], found["complete"]) == (
        "-4",
        "-4000",
        "kW",
        True,
    )


def test_explain_asks_the_store_what_points_were_registered_as(client):
    """Before the registration a reading has no meaning, after it it has."""
    before = client.post("/explain", content=READINGS).json()
    assert not any(found["complete"] for found in before)
    assert client.post("/payloads", content=REGISTER).status_code == 201
    after = client.post("/explain", content=READINGS).json()
    assert all(found["complete"] for found in after)
    assert {found["symbol"] for found in after} == {"kW"}


@pytest.mark.parametrize("path", ["/lift", "/explain"])
@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"nothing", ""), (SHED.replace(b"<ei:eventID>SHED-7</ei:eventID>", b""), "schema")],
)
def test_what_has_no_meaning_is_told(checking, path, data, code):
    """422, with the place."""
    body = problem(checking.post(path, content=data), 422, code) if code == "schema" else None
    if body is None:
        assert checking.post(path, content=data).status_code == 422
    else:
        assert "line" in body["where"]


def test_explain_takes_units_from_the_programme_in_the_store(client):
    """An event of OpenADR 3 without payload descriptors means what its programme says."""
    event = json.loads((ROOT / "tests/data/openadr3/event.json").read_text("utf-8"))
    descriptors, told = event.pop("payloadDescriptors"), {"programName": "P", "id": "dynamic-price"}
    bare = json.dumps(event).encode()
    assert not client.post("/explain", content=bare).json()[0]["complete"]
    program = {**told, "objectType": "PROGRAM", "payloadDescriptors": descriptors}
    assert client.post("/payloads", content=json.dumps(program).encode()).status_code == 201
    assert client.post("/explain", content=bare).json()[0]["symbol"] == "EUR/kWh"
