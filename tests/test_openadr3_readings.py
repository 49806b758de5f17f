"""Readings of OpenADR 3: a report describes its own data points, so that they mean what those of 2.0 mean."""

import json
import re

import pytest

from kg.binding_tables import load
from kg.check import check
from kg.explain import explain
from kg.graphs import lexical
from kg.ingest import Ingest
from kg.lift import lift
from kg.payload_units import items
from kg.sparql.stored import stored_queries
from kg.xml import read
from tests.openadr3 import DATA, FOLDER, sent
from tests.paths import needs_data

REPORT = json.loads((FOLDER / "report.json").read_text("utf-8"))


def test_readings_reach_the_stored_queries_with_unit_and_direction(tmp_path):
    """What is measured and what is forecast are two series of one resource."""
    forecast = json.loads(json.dumps({**REPORT, "id": "R-32"}))
    forecast["payloadDescriptors"][0]["readingType"] = "FORECAST"
    with Ingest(tmp_path / "store") as store:
        for document in (REPORT, forecast):
            store.ingest(sent(document))
        names = store.graphs.graphs()
        answers = {
            name: list(
                store.graphs.query(
                    query.text, default_graph=names, named_graphs=[], bindings=query.bindings({})
                )
            )
            for name, query in stored_queries().items()
            if name in ("latest", "series", "readings")
        }
    latest = [[lexical(cell) for cell in row if cell] for row in answers["latest"]]
    assert latest == [["crane-7", "crane-7/DEMAND", "2026-12-01T16:15:00Z", "6.05", "KiloW"]] * 2
    told = [[lexical(cell) for cell in row if cell] for row in answers["series"]]
    assert sorted(told) == [
        ["VEN-HARBOUR", "crane-7/DEMAND", "crane-7", "DEMAND", how, "ActivePower", "KiloW", "import", "mean"]
        for how in ("FORECAST", "MEAN")
    ]
    assert len(answers["readings"]) == 4


def test_values_are_explained_by_the_descriptors_of_their_report():
    """Unit, direction and aggregation; where no descriptor tells, that is said."""
    assert next(explain(lift(read(sent(REPORT))))).sentence() == (
        "From 2026-12-01T16:00:00Z to 2026-12-01T16:15:00Z: demand, mean over the interval 6.2 kW"
        " (= 6200 W), mean, drawn from the grid counts positive, for resourceID crane-7."
    )
    bare = {name: value for name, value in REPORT.items() if name != "payloadDescriptors"}
    assert [len(meaning.binding.missing) for meaning in explain(lift(read(sent(bare))))] == [2, 2]


def test_the_whole_of_a_ven_is_no_resource():
    """The name AGGREGATED_REPORT stands for all resources of a VEN together."""
    whole = json.loads(json.dumps(REPORT))
    whole["resources"][0]["resourceName"] = "AGGREGATED_REPORT"
    meanings = list(explain(lift(read(sent(whole)))))
    assert [meaning.of for meaning in meanings] == [("VEN-HARBOUR",)] * 2
    assert all(meaning.binding.complete for meaning in meanings)


@needs_data
def test_each_unit_and_payload_type_of_a_report_has_a_row():
    """Every number that the standard names for reports has a direction, every unit but two an item."""
    folder = DATA / "openadr3" / "3.1.0" / "enumerations"
    units = re.findall(r"^    - ([A-Z]+)$", (folder / "units.schema.yaml").read_text("utf-8"), re.MULTILINE)
    assert set(units) - set(items()) == {"GHG", "PERCENT"}
    text = (folder / "report-payloads.schema.yaml").read_text("utf-8")
    kinds = set(re.findall(r"^    ([A-Z0-9_]+):$", text, re.MULTILINE))
    fees = {"IMPORT_RESERVATION_FEE", "EXPORT_RESERVATION_FEE"}
    assert kinds - {key for (key,) in load().reports} == {"DATA_QUALITY", *fees}
    text = (folder / "event-interval-payloads.schema.yaml").read_text("utf-8")
    sent_kinds = set(re.findall(r"^    ([A-Z0-9_]+):$", text, re.MULTILINE))
    assert (sent_kinds | fees) - {kind for kind, _ in load().payloads} == {"SIMPLE", "CONTROL_LEVEL_OFFSET"}
    text = (folder / "reading-types.schema.yaml").read_text("utf-8")
    types = set(re.findall(r"^    - ([A-Z_]+)$", text, re.MULTILINE))
    assert types - {key for (key,) in load().reading_types} == {"NORMAL", "ERROR"}


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset(tmp_path):
    """When summer time ends, intervals go on without a gap or an overlap, and readings are in UTC."""
    report = json.loads(json.dumps(REPORT))
    resource = report["resources"][0]
    resource["intervalPeriod"] = {"start": "2026-10-25T02:30:00+02:00", "duration": "PT30M"}
    resource["intervals"] = [{"id": n, "payloads": [{"type": "DEMAND", "values": [n]}]} for n in range(4)]
    resource["intervals"][2]["intervalPeriod"] = {"start": "2026-10-25T02:30:00+01:00", "duration": "PT30M"}
    assert check(sent(report), profile="strict").violations == ()
    with Ingest(tmp_path / "store") as store:
        store.ingest(sent(report))
        starts = [reading.starts_at.isoformat() for reading in store.readings.scan()]
    assert starts == [f"2026-10-25T{time}:00+00:00" for time in ("00:30", "01:00", "01:30", "02:00")]


@pytest.mark.parametrize(
    "start",
    [
        "2026-10-25T02:30:00",
        "2026-02-30T00:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-10-25T02:30:00+25:00",
        "0000",
    ],
)
def test_a_start_that_is_no_instant_is_refused(start):
    """Without a zone, on no day, in a leap second or with an offset of more than a day."""
    report = json.loads(json.dumps(REPORT))
    report["resources"][0]["intervalPeriod"]["start"] = start
    refused = [v for v in check(sent(report)).violations if v.severity == "Violation"]
    assert {v.pointer for v in refused} == {"/resources/0/intervalPeriod/start"}
