"""Automatic configuration: the right mapping is first, and what nothing fits gets none."""

import json

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.devices.discovery import records
from kg.devices.documents import read_document
from kg.devices.suggestions import suggest
from kg.errors import UsageError
from tests.paths import ROOT

RECORDS = json.loads((ROOT / "tests" / "devices" / "discoveries.json").read_text("utf-8"))


def first(record):
    found = suggest(record)
    return found[0].model if found else "none"


def test_right_mapping_is_first():
    """At least 95 of 100 records get the right mapping first."""
    wrong = [entry for entry in RECORDS if first(entry["record"]) != entry["expect"]]
    assert len(RECORDS) >= 60
    assert len(wrong) <= 0.05 * len(RECORDS), wrong


def test_what_nothing_fits_gets_none():
    """A device that no mapping is for is not guessed."""
    entries = [entry for entry in RECORDS if entry["expect"] == "none"]
    assert len(entries) >= 10
    assert [first(entry["record"]) for entry in entries] == ["none"] * len(entries)


def test_suggestions_have_reasons():
    """Each candidate says what speaks for it."""
    (found,) = suggest({"protocol": "dlms", "obis": ["1-0:1.8.0*255"]})
    assert found.model == "smart-meter-dlms"
    assert any("obis" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "record", [{"colour": "red"}, {"model": {"a": 1}}, {"models": [[1]]}, {"kind": True}]
)
def test_wrong_records_are_told(record):
    """A field that is none, or of the wrong kind, is named."""
    with pytest.raises(UsageError) as caught:
        suggest(record)
    assert caught.value.where.startswith("/")


def test_broken_pattern_is_told():
    """A pattern of a mapping of one's own that is none names the mapping."""
    data = b'{"title": "x", "@type": "tm:ThingModel", "flex:discovery": {"model": "("}}'
    with pytest.raises(UsageError, match="regular expression"):
        suggest({"model": "x"}, {"mine": read_document(data, "mine.tm.jsonld")})


def test_file_that_cannot_be_read_is_named(tmp_path):
    """The records and each model: whoever reads the line has several files."""
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "bad.tm.jsonld").write_text('{"title": 1')
    (tmp_path / "good.json").write_text("{}")
    for words, name in ((["a.json"], "a.json"), (["good.json", "--models", str(tmp_path)], "bad.tm.jsonld")):
        done = CliRunner().invoke(app, ["devices", "suggest", str(tmp_path / words[0]), *words[1:]])
        assert done.exit_code == 2
        assert f"{tmp_path / name}, line 1, column" in done.stderr


@pytest.mark.parametrize("value", [[], 1, ["x"], None])
def test_what_is_no_record_is_told(value):
    with pytest.raises(UsageError):
        records(value)


def test_place_of_what_is_wrong_is_told():
    """In a list of records the wrong one is named by its index, and so is its member."""
    with pytest.raises(UsageError) as caught:
        records([{"kind": "meter"}, "x"])
    assert caught.value.where == "/1"
    ((_, first), (where, second)) = records([{"kind": "meter"}, {"colour": "red"}])
    suggest(first)
    with pytest.raises(UsageError) as caught:
        suggest(second, where=where)
    assert caught.value.where == "/1/colour"


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"protocol": "ocpp1.6", "kind": "EVSE"}, ["ev-charger-ocpp16"]),
        ({"protocol": "ocpp", "version": "1.6", "kind": "EVSE"}, ["ev-charger-ocpp16"]),
        ({"protocol": "OCPP 2.1", "kind": "EVSE"}, ["ev-charger-ocpp21"]),
        (
            {"protocol": "ocpp", "kind": "EVSE"},
            ["ev-charger-ocpp16", "ev-charger-ocpp201", "ev-charger-ocpp21"],
        ),
        ({"protocol": "ocpp 1.5", "kind": "EVSE"}, []),
        ({"protocol": "lonworks", "kind": "heat pump", "model": "Heat pump 8"}, []),
    ],
)
def test_version_of_the_protocol_counts(record, found):
    """A version that is told decides, without one all are candidates; an unknown protocol fits none."""
    assert [one.model for one in suggest(record)] == found


def test_all_of_several_patterns_have_to_fit():
    """A battery over SunSpec has the storage model and the one that it is controlled by."""
    assert first({"protocol": "modbus", "models": [1, 704, 713]}) == "sunspec-battery"
    assert first({"protocol": "modbus", "models": [1, 713]}) == "none"
    assert first({"protocol": "modbus", "models": [1, 113]}) == "none"  # floats: other registers
