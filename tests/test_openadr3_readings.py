"""Readings of OpenADR 3: a report describes its own data points, so that they mean what those of 2.0 mean."""

import json
import re

from kg.binding_tables import load
from kg.explain import explain
from kg.graphs import lexical
from kg.ingest import Ingest
from kg.lift import lift
from kg.self_described import _items
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
    for meaning in explain(lift(read(sent(bare)))):
        assert len(meaning.binding.missing) == 2


def test_the_whole_of_a_ven_is_no_resource():
    """The name AGGREGATED_REPORT stands for all resources of a VEN together."""
    whole = json.loads(json.dumps(REPORT))
    whole["resources"][0]["resourceName"] = "AGGREGATED_REPORT"
    for meaning in explain(lift(read(sent(whole)))):
        assert meaning.of == ("VEN-HARBOUR",)
        assert meaning.binding.complete


@needs_data
def test_each_unit_and_payload_type_of_a_report_has_a_row():
    """Every number that the standard names for reports has a direction, every unit but two an item."""
    folder = DATA / "openadr3" / "3.1.0" / "enumerations"
    units = re.findall(r"^    - ([A-Z]+)$", (folder / "units.schema.yaml").read_text("utf-8"), re.MULTILINE)
    assert set(units) - set(_items()) == {"GHG", "PERCENT"}
    text = (folder / "report-payloads.schema.yaml").read_text("utf-8")
    kinds = set(re.findall(r"^    ([A-Z0-9_]+):$", text, re.MULTILINE))
    fees = {"IMPORT_RESERVATION_FEE", "EXPORT_RESERVATION_FEE"}
    assert kinds - {key for (key,) in load().reports} == {"DATA_QUALITY", *fees}
    text = (folder / "reading-types.schema.yaml").read_text("utf-8")
    types = set(re.findall(r"^    - ([A-Z_]+)$", text, re.MULTILINE))
    assert types - {key for (key,) in load().reading_types} == {"NORMAL", "ERROR"}
