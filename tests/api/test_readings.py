"""GET /readings: windows and buckets as JSON, CSV and Arrow, with unit and direction."""

import csv
import io
import json

import pytest
from pyarrow import ipc

from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.api.problem import problem
from tests.paths import ROOT

STORY = ROOT / "examples" / "04-report-to-query"


@pytest.fixture(scope="module", params=["graph", "columns"])
def filled(request, tmp_path_factory):
    """A client of a service that took a registration and a report in, for either back end."""
    store = tmp_path_factory.mktemp("readings") / "store"
    with serving(Service(load_settings(store=store, readings=request.param))) as client:
        for name in ("1-register.xml", "2-readings.xml"):
            assert client.post("/payloads", content=(STORY / name).read_bytes()).status_code == 201
        yield client


def test_readings_come_with_unit_and_direction(filled):
    """Each value says what it is."""
    rows = filled.get("/readings").json()
    assert [row["value"] for row in rows] == [6.2, 6.05, 1.9, 2.1]
    assert rows[0] == {
        "resource": "https://w3id.org/flexkg/id/resource/VEN-HARBOUR/HEATPUMP-3",
        "series": "https://w3id.org/flexkg/id/series/VEN-HARBOUR/USAGE-1/import-power",
        "start": "2026-12-01T16:30:00Z",
        "end": "2026-12-01T16:45:00Z",
        "value": 6.2,
        "unit": "http://qudt.org/vocab/unit/KiloW",
        "property": "http://qudt.org/vocab/quantitykind/ActivePower",
        "direction": "import",
        "quality": "https://w3id.org/flexkg/vocab/dataQuality/Quality%20Good%20-%20Non%20Specific",
        "number": 1,
    }


def test_buckets_come_as_csv(filled):
    """Mean, sum, least and most of each hour."""
    answer = filled.get("/readings", params={"bucket": "PT1H", "resource": "HEATPUMP-3", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["start"], row["value"], row["total"], row["least"], row["number"]) for row in rows] == [
        ("2026-12-01T16:00:00Z", "6.125", "12.25", "6.05", "2"),
        ("2026-12-01T17:00:00Z", "2", "4", "1.9", "2"),
    ]


def test_readings_come_as_arrow(filled):
    """A stream with typed columns."""
    answer = filled.get("/readings", headers={"accept": "application/vnd.apache.arrow.stream"})
    table = ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 4
    assert str(table.schema.field("start").type) == "timestamp[us, tz=UTC]"
    assert table.column("value").to_pylist() == [6.2, 6.05, 1.9, 2.1]


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"from": "2026-12-01T17:00:00Z"}, 2),
        ({"to": "2026-12-01T17:45:00+01:00"}, 1),
        ({"resource": "OTHER"}, 0),
        ({"property": "quantitykind:ActiveEnergy"}, 0),
        ({"property": "quantitykind:ActivePower", "limit": "3"}, 3),
    ],
)
def test_readings_are_chosen(filled, given, number):
    """By window, resource, property and number."""
    assert len(json.loads(filled.get("/readings", params=given).text)) == number


@pytest.mark.parametrize(
    ("given", "says", "code"),
    [
        ({"from": "2026-12-01T17:00:00"}, "no zone", "usage"),
        ({"bucket": "an hour"}, "no length", "usage"),
        ({"bucket": "-PT1H"}, "no length", "usage"),
        ({"format": "xlsx"}, "no format", "usage"),
        ({"property": "not an iri"}, "no iri", "query"),
    ],
)
def test_what_means_nothing_is_a_problem(filled, given, says, code):
    """What is wrong, where, and what to do."""
    assert says in problem(filled.get("/readings", params=given), 400, code)["detail"]


DAY = {"from": "2026-12-01T16:00:00Z", "to": "2026-12-01T18:00:00Z"}


def test_gaps_come_as_json_and_csv(filled):
    """Also the whole window for a registered series that never had a reading."""
    rows = filled.get("/readings/gaps", params=DAY).json()
    mine = [row for row in rows if row["series"].endswith("/import-power")]
    assert [(row["start"], row["end"], row["hours"]) for row in mine] == [
        ("2026-12-01T16:00:00Z", "2026-12-01T16:30:00Z", 0.5),
        ("2026-12-01T17:30:00Z", "2026-12-01T18:00:00Z", 0.5),
    ]
    assert mine[0]["resource"] == "https://w3id.org/flexkg/id/resource/VEN-HARBOUR/HEATPUMP-3"
    text = filled.get("/readings/gaps", params=DAY, headers={"accept": "text/csv"}).text
    assert [list(row.values()) for row in csv.DictReader(io.StringIO(text))] == [
        [row["resource"] or "", row["series"], row["start"], row["end"], f"{row['hours']:g}"] for row in rows
    ]
    assert filled.head("/readings/gaps", params=DAY).status_code == 200


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"resource": "HEATPUMP-3"}, 2),
        ({"resource": "OTHER"}, 0),
        ({"property": "quantitykind:ActivePower", "resource": "HEATPUMP-3"}, 2),
        ({"property": "quantitykind:ActiveEnergy", "resource": "HEATPUMP-3"}, 0),
        ({"series": "https://w3id.org/flexkg/id/series/VEN-HARBOUR/USAGE-1/import-power"}, 2),
        ({"limit": "1"}, 1),
    ],
)
def test_gaps_are_chosen(filled, given, number):
    """By resource, property, series and number."""
    assert len(filled.get("/readings/gaps", params={**DAY, **given}).json()) == number


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"to": DAY["from"]}, "empty"),
        ({"from": "2026-12-01T16:00:00"}, "zone"),
        ({"format": "arrow"}, "no format"),
        ({"property": "not an iri"}, "no iri"),
        ({"from": ""}, "from"),
    ],
)
def test_gaps_need_a_window_that_means_something(filled, given, says):
    """What is wrong, where, and what to do."""
    answer = filled.get("/readings/gaps", params={**DAY, **given})
    assert answer.status_code in (400, 422)
    assert says in answer.text
