"""Converting: what is converted keeps the rules of its standard, and so does what is made of it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from kg.check import check
from kg.cli import app
from kg.conversion import ConversionRefused
from kg.convert import convert, notes
from kg.errors import UsageError
from tests.openadr3 import FOLDER, sent
from tests.paths import ROOT

EVENT = json.loads((FOLDER / "event.json").read_text("utf-8"))
SHED = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_bytes()


def edited(**members: Any) -> bytes:
    """The event with other members."""
    return sent({**EVENT, **members})


def test_what_breaks_rules_is_not_converted(tmp_path):
    """A negative duration is refused with the findings, the exit code is 1, and nothing is written."""
    broken = edited(intervalPeriod={**EVENT["intervalPeriod"], "duration": "-PT1H"})
    with pytest.raises(ConversionRefused, match="A30-23") as caught:
        convert(broken, "2.0b", vtn="V")
    assert "A30-23" in {v.rule for v in caught.value.report.violations}
    path = tmp_path / "event.json"
    path.write_bytes(broken)
    done = CliRunner().invoke(app, ["convert", str(path), "--to", "2.0b", "--vtn", "V"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "/intervalPeriod/duration" in done.stderr
    assert "clause OpenADR 3.1.0" in done.stderr


def test_what_would_break_rules_is_not_written():
    """An event whose signals last differently has no place in 2.0b, whose intervals add up to the event."""
    with pytest.raises(ConversionRefused, match="would break rules: SIG-5"):
        convert(edited(duration="P1D"), "2.0b", vtn="V")


def test_warnings_of_what_was_made_are_told():
    """A set point below 0 is no violation in 3.1, and is to be looked at."""
    made = convert(SHED, "3.1", program="p1")
    assert any(text.startswith("A30-36 ") for text in made.advice)
    assert any(line.startswith("to be looked at: A30-36") for line in notes(made))


TARGETS = {
    "3.1": ["HEATPUMP-3", "VEN-HARBOUR"],
    "3.0": [
        {"type": "RESOURCE_NAME", "values": ["HEATPUMP-3"]},
        {"type": "VEN_NAME", "values": ["VEN-HARBOUR"]},
    ],
}


@pytest.mark.parametrize("standard", TARGETS)
def test_targets_are_carried_over(standard):
    """In 3.0 by type, there and back; in 3.1 as plain words, of which it is told what they stand for."""
    made = convert(SHED, standard, program="p1")
    (payload,) = made.payloads
    assert json.loads(payload)["targets"] == TARGETS[standard]
    assert not any("resourceID" in text or "venID" in text for text in made.lost)
    assert any("HEATPUMP-3" in text for text in made.assumed) == (standard == "3.1")
    back = convert(payload, "2.0b", vtn="V", hertz="50", voltage="230")
    assert check(back.payloads[0]).conforms
    kind = "resourceID" if standard == "3.0" else "groupID"
    assert f"<ei:{kind}>HEATPUMP-3</ei:{kind}>".encode() in back.payloads[0]
    assert any("groupID HEATPUMP-3" in text for text in back.assumed) == (standard == "3.1")


def test_ids_that_are_no_places_are_counted_anew():
    """2.0b numbers intervals by their places, which is said."""
    intervals = [{**interval, "id": 10 + place} for place, interval in enumerate(EVENT["intervals"])]
    made = convert(edited(intervals=intervals), "2.0b", vtn="V")
    assert any("uid 1 for id 11" in text for text in made.assumed)


def test_no_end_is_zero_in_2_0b():
    """P9999Y stands for no end."""
    endless = {"id": 0, "payloads": EVENT["intervals"][0]["payloads"]}
    value = edited(intervals=[endless], intervalPeriod={**EVENT["intervalPeriod"], "duration": "P9999Y"})
    made = convert(value, "2.0b", vtn="V")
    assert b"9999" not in made.payloads[0]
    assert any("P9999Y" in text for text in made.assumed)


@pytest.mark.parametrize(
    ("data", "to", "says"),
    [
        (edited(intervalPeriod=None), "2.0b", "does not state"),
        (edited(intervalPeriod={"start": "0001-01-01", "duration": "PT1H"}), "2.0b", "as now"),
        (
            sent({"id": "p", "objectType": "PROGRAM", "programName": "P"}),
            "2.0b",
            "program has no counterpart",
        ),
        ((ROOT / "tests/shapes/_base/poll.xml").read_bytes(), "3.1", "oadrPoll has no counterpart"),
        ((ROOT / "tests/shapes/_base/update-status.xml").read_bytes(), "3.1", "no reading of the report"),
    ],
)
def test_what_cannot_be_said_is_told_in_words_of_the_standards(data, to, says):
    """What is missing, or has no counterpart, by its name and with what to do."""
    with pytest.raises(UsageError, match=says):
        convert(data, to, vtn="V")


@pytest.mark.parametrize(
    ("scale", "sent_value", "value"),
    [("none", b"-4000", b"-4"), ("M", b"-0.0045", b"-4.5"), ("k", b"-4", b"-4")],
)
def test_scales_are_exact(scale, sent_value, value):
    """OpenADR 3 has thousands of watts alone: numbers are multiplied as decimals, and it is told."""
    data = SHED.replace(b"siScaleCode>k<", f"siScaleCode>{scale}<".encode())
    data = data.replace(b"<ei:value>-4</ei:value>", b"<ei:value>" + sent_value + b"</ei:value>")
    assert sent_value in data
    made = convert(data, "3.1", program="p1")
    assert b'"values": [' + value + b"]" in made.payloads[0]
    assert any("values in kW" in text for text in made.assumed) == (scale != "k")


def test_signals_of_one_standard_alone():
    """A level that 2.0a writes in small letters is SIMPLE; an event without any counterpart is refused."""
    event = (ROOT / "tests/shapes/_base/event.xml").read_bytes()
    made = convert(event.replace(b">SIMPLE<", b">simple<"), "3.1", program="p1")
    assert json.loads(made.payloads[0])["intervals"][0]["payloads"][0]["type"] == "SIMPLE"
    assert any("simple" in text for text in made.assumed)
    control = (ROOT / "tests/shapes/_base/control.xml").read_bytes()
    with pytest.raises(UsageError, match="no signal of an event is left"):
        convert(control, "3.1", program="p1")
