"""What level strict lets through of OpenADR 3 has a meaning: the rules and the tables of bindings agree."""

import json
import re
from typing import Any

import pytest

from kg.check import check
from kg.explain import explain
from kg.lift import lift
from kg.payload_units import items
from kg.vocabulary import schemes
from kg.xml import read
from tests.openadr3 import DATA, FOLDER, sent
from tests.paths import needs_data

EVENT = json.loads((FOLDER / "event.json").read_text("utf-8"))
REPORT = json.loads((FOLDER / "report.json").read_text("utf-8"))
UNITS = ["", "PERCENT", "GHG", "BANANA", *items()]
VALUES = (0.5, 1, "word", True, {"x": 1, "y": 2})


def event(kind: str, *values: object, **told: str) -> dict[str, Any]:
    """An event with one value, and the descriptor of its type."""
    descriptor = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": kind, **told}
    interval = {"id": 0, "payloads": [{"type": kind, "values": list(values)}]}
    return {**EVENT, "payloadDescriptors": [descriptor], "intervals": [interval]}


def report(
    kind: str, *values: object, beside: tuple[dict[str, Any], ...] = (), **told: Any
) -> dict[str, Any]:
    """A report with one value, and the descriptor of its type."""
    descriptor = {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": kind, **told}
    interval = {"id": 0, "payloads": [{"type": kind, "values": list(values)}, *beside]}
    resource = {**REPORT["resources"][0], "intervals": [interval]}
    return {**REPORT, "payloadDescriptors": [descriptor], "resources": [resource]}


def meaningless(value: dict[str, Any]) -> list[str]:
    """What is missing of the meaning of the values of an object."""
    return [what for meaning in explain(lift(read(sent(value)))) for what in meaning.binding.missing]


def kinds(document: str) -> list[str]:
    """The payload types of one list of the standard, those of the vocabulary where it is not at hand."""
    if not DATA.is_dir():
        return sorted(schemes()["payloadType"].concepts)
    text = (DATA / "openadr3" / "3.1.0" / "enumerations" / f"{document}.schema.yaml").read_text("utf-8")
    return re.findall(r"^    ([A-Z0-9_]+):$", text, re.MULTILINE)


@pytest.mark.parametrize("kind", [*kinds("event-interval-payloads"), "X_OWN"])
def test_what_strict_lets_through_of_an_event_has_a_meaning(kind):
    """Whatever its value and its units are: a value without meaning is refused."""
    wrong = []
    for units in UNITS:
        for value in VALUES if units in ("", "KW") else (1,):
            told = {"units": units, "currency": "EUR"} if units else {}
            made = event(kind, value, **told)
            if meaningless(made) and check(sent(made), profile="strict").conforms:
                wrong.append((units, value, meaningless(made)))
    assert wrong == []


@pytest.mark.parametrize("kind", [*kinds("report-payloads"), "PRICE", "X_OWN"])
def test_what_strict_lets_through_of_a_report_has_a_meaning(kind):
    """Likewise, with and without a way of reading."""
    wrong = []
    for units in UNITS:
        for value in VALUES if units in ("", "KW") else (1,):
            for more in ({}, {"readingType": "MEAN"}):
                told = {"units": units, "currency": "EUR", **more} if units else more
                made = report(kind, value, **told)
                if meaningless(made) and check(sent(made), profile="strict").conforms:
                    wrong.append((units, value, more, meaningless(made)))
    assert wrong == []


@needs_data
def test_each_payload_type_is_let_through_with_the_right_units():
    """Nothing that the lists of payload types name is refused whatever its units are."""
    refused = []
    for made, document in ((event, "event-interval-payloads"), (report, "report-payloads")):
        for kind in kinds(document):
            tried = [
                made(kind, value, **told)
                for value in (1, "NORMAL", "OK", {"x": 1, "y": 2})
                for told in ({}, *({"units": u, "currency": "EUR", "readingType": "MEAN"} for u in UNITS))
            ]
            if not any(check(sent(one), profile="strict").conforms for one in tried):
                refused.append(kind)
    assert refused == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            event("EXPORT_PRICE", 0.07, units="KWH", currency="EUR"),
            "price of energy that is fed in 0.07 EUR/kWh",
        ),
        (event("PRICE", 0.07, units="KVAH", currency="EUR"), "price of energy 0.07 EUR/kVAh"),
        (
            event("IMPORT_CAPACITY_LIMIT", 11, units="KW"),
            "most import of the site 11 kW (= 11000 W), max, drawn",
        ),
        (event("GHG", 300), "marginal greenhouse gas emissions 300 g/kWh"),
        (event("ALERT_FIRE", "smoke"), 'alert of a risk of fire "smoke"'),
        (event("CURVE", {"x": 1, "y": 2}), 'point of a curve for the control "x 1, y 2"'),
        (report("OPERATING_STATE", "NORMAL"), 'operating state "NORMAL"'),
        (report("USAGE", "three", units="KWH"), 'usage "three"'),
    ],
)
def test_values_of_every_kind_are_explained(value, says):
    """Numbers in any unit, texts and points: each value is in a sentence, and none is dropped."""
    assert says in next(explain(lift(read(sent(value))))).sentence()


def test_numbers_beyond_all_measure_are_told_as_they_stand():
    """A price of 1e99 is shown, has no meaning, and is refused."""
    (meaning,) = explain(lift(read(sent(event("PRICE", 1e99, units="KWH", currency="EUR")))))
    assert meaning.text == "1e+99"
    assert not meaning.binding.complete


QUALITIES = {
    "OK": "Quality Good - Non Specific",
    "MISSING": "No Quality - No Value",
    "ESTIMATED": "Quality Uncertain - Non Specific",
    "BAD": "Quality Bad - Non Specific",
}


@pytest.mark.parametrize("word", QUALITIES)
def test_data_quality_is_the_quality_of_the_readings_beside_it(word, tmp_path):
    """In the words of 2.0, with confidence and accuracy of the descriptor; it is no data point of its own."""
    beside = ({"type": "DATA_QUALITY", "values": [word]},)
    made = report("DEMAND", 6, units="KW", readingType="MEAN", confidence=90, accuracy=0.5, beside=beside)
    first, second = explain(lift(read(sent(made))))
    assert first.quality == f"{QUALITIES[word]}, confidence 90 %, accuracy 0.5"
    assert (second.text, second.binding.complete) == (word, True)
    from kg.ingest import Ingest

    with Ingest(tmp_path / "store") as store:
        store.ingest(sent(made))
        (reading,) = store.readings.scan()
    assert reading.quality.rpartition("/")[2].replace("%20", " ") == QUALITIES[word]
    assert reading.confidence == 90
