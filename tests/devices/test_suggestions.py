"""Automatic configuration: the right mapping is first, and what nothing fits gets none."""

import json

import pytest

from kg.devices.documents import read_document
from kg.devices.suggestions import records, suggest
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


@pytest.mark.parametrize("value", [[], 1, ["x"], None])
def test_what_is_no_record_is_told(value):
    with pytest.raises(UsageError):
        records(value)
