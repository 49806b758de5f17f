"""A site in the store: its mappings are a graph that stored queries read, by way of the journal."""

import csv
import json

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.devices.models import find_model, instance, written
from kg.devices.site_graph import DEVICES
from kg.service import Service
from kg.settings import load_settings
from tests.paths import ROOT

VALUES = {"HOST": "192.0.2.7", "PORT": "502"}


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A heat pump, a relay behind a part of a pool that is out of service, and a meter behind nothing."""
    folder, store = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("store") / "s"
    for number, name in enumerate(("generic-heat-pump", "sg-ready-relay", "sunspec-meter"), 1):
        made = instance(find_model(name), f"urn:dev:{number}", VALUES | {"UNIT": str(number)})
        (folder / f"{name}.td.jsonld").write_text(written(made))
    offer = {"marketContext": "https://m.example/", "minimumPower": 0, "maximumPower": 8000}
    resources = [{"resourceID": "HP", "devices": ["urn:dev:1"], "descriptions": [offer]}]
    others = [
        {"resourceID": "SG", "devices": ["urn:dev:2"], "descriptions": [offer | {"maximumPower": 0}]},
        {"resourceID": "POOL", "parts": ["SG"], "inService": False},
    ]
    for name, entries in (("a", resources), ("b", others)):
        body = {"@context": "https://w3id.org/flexkg/context/site", "resources": entries}
        (folder / f"{name}.site.jsonld").write_text(json.dumps(body))
    told = run("devices", "load", folder, "--store", store)
    assert told.startswith("3 devices, 4 resources, ")
    return folder, store


@pytest.fixture(scope="module")
def answers(loaded):
    """The rows of each stored query about mappings, whole and narrowed, and of one written by hand."""
    offers = (
        "PREFIX flex: <https://w3id.org/flexkg/def#> SELECT ?name ?most "
        "{ ?d flex:describes/flex:resourceID ?name ; flex:maximumPower ?most } ORDER BY ?name"
    )
    wanted = [
        ("resource-commands", {}),
        ("resource-commands", {"resource": "HP"}),
        ("devices-out-of-service", {}),
        ("devices-out-of-service", {"resource": "HP"}),
        ("mappings-without-limits", {}),
        ("mappings-without-limits", {"device": "urn:dev:3"}),
        (offers, {}),
    ]
    with Service(load_settings(store=loaded[1])) as service:
        found = [service.ask(name, values).serialize("text/csv").decode() for name, values in wanted]
    return [list(csv.DictReader(text.splitlines())) for text in found]


def test_what_resources_can_do(answers):
    """Each point that can be written, with range, for the resource, for its pool, and for a device alone."""
    everything, rows = answers[:2]
    limit = next(row for row in rows if row["command"] == "limit")
    assert (limit["least"], limit["most"], limit["unit"], limit["step"]) == ("2000", "8000", "W", "100")
    assert (limit["safe"], limit["protocol"], limit["strategy"]) == ("8000", "modbus", "heat-pump")
    assert {row["resource"] for row in rows} == {"HP"}
    found = {(row["resource"], row["device"]) for row in everything}
    assert found == {("HP", "urn:dev:1"), ("SG", "urn:dev:2"), ("POOL", "urn:dev:2")}


def test_devices_out_of_service(answers):
    """A device is out of service with its resource, or with what that is a part of."""
    rows, of_hp = answers[2:4]
    found = [(row["resource"], row["device"], row["reason"]) for row in rows]
    assert found == [("SG", "urn:dev:2", "site file")]
    assert of_hp == []


def test_mappings_without_limits(answers):
    """What a mapping does not state is listed; a device that is only read is, too."""
    rows, of_meter = answers[4:6]
    found = {(row["device"], row["point"], row["missing"]) for row in rows}
    assert ("urn:dev:3", "", "anything that can be written") in found
    assert ("urn:dev:1", "powerLimit", "rate of change") in found
    assert ("urn:dev:1", "powerLimit", "safe value") not in found
    assert {row["device"] for row in of_meter} == {"urn:dev:3"}


def test_two_site_files_do_not_mix_their_descriptions(answers):
    """What one resource offers to a market is not taken for the offer of another."""
    assert [(row["name"], row["most"]) for row in answers[6]] == [("HP", "8000"), ("SG", "0")]


def test_a_second_load_takes_the_place_of_the_first_and_survives_a_rebuild(loaded):
    """The graph is that of the last load, also after the journal is replayed."""

    def digest():
        with Service(load_settings(store=store)) as service:
            return service.store.graphs.count(DEVICES), service.store.graphs.digest()

    folder, store = loaded
    before = digest()
    run("devices", "load", folder, "--store", store)
    assert digest() == before
    run("rebuild", "--store", store)
    assert digest() == before


def test_what_does_not_conform_is_not_loaded(tmp_path):
    (tmp_path / "x.td.jsonld").write_text("{}")
    result = CliRunner().invoke(app, ["devices", "load", str(tmp_path), "--store", str(tmp_path / "s")])
    assert result.exit_code == 2
    assert not (tmp_path / "s").exists()


def test_models_alone_take_nothing_away(loaded, tmp_path):
    """A folder with a Thing Model only is refused: what was loaded stays."""
    shipped = ROOT / "mappings" / "devices" / "sunspec-meter.tm.jsonld"
    (tmp_path / "meter.tm.jsonld").write_text(shipped.read_text("utf-8"))
    _, store = loaded
    result = CliRunner().invoke(app, ["devices", "load", str(tmp_path), "--store", str(store)])
    assert result.exit_code == 2 or "there is no device" in str(result.exception)
    assert run("query", "resource-commands", "resource=HP", "--store", store).strip().count("\n") >= 1


def test_graph_of_a_site_is_shown(loaded):
    """What is loaded can be sent to a running service as well."""
    text = run("devices", "graph", loaded[0], "--format", "nt")
    assert '<https://w3id.org/flexkg/def#resourceID> "POOL"' in text
