"""What a template gives is what making, reading and checking the message each time would give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.known import told
from kg.lift import Lifted
from kg.openadr import distribution
from kg.openadr.circulars import Circulars, lines_of, unnamed
from kg.openadr.event_request import EventRequest, Interval, Item, Signal, version_iri, version_lines
from kg.openadr.template import Template, fits
from kg.openadr.told import Message

MARKS = ("f3a9c1d07b5e48f2", "0b7d5e2c9a1f4863")
TEXTS = [("r-1", "VEN-1"), ("a<b>&c", 'V"E\\N'), ("x%2Fy", "A/B#c?d"), ("same", "same")]


@pytest.fixture
def ingest(tmp_path):
    with Ingest(tmp_path / "store") as made:
        yield made


@pytest.mark.parametrize("texts", TEXTS)
def test_filled_message_equals_the_one_that_is_made_by_itself(ingest, texts):
    """The same bytes, graph, subjects and verdict, for texts that need escapes too."""
    assert fits(*texts)
    template = Template(ingest.examine(distribution.response(MARKS[0], MARKS[1]), "VTN-1"), MARKS)
    filled = template.fill(*texts)
    alone = ingest.examine(distribution.response(texts[0], texts[1]), "VTN-1")
    assert filled.data == alone.data
    assert filled.report == alone.report
    assert filled.lifted.message == alone.lifted.message
    assert sorted(filled.lifted.lines) == sorted(alone.lifted.lines)
    assert (filled.subjects, filled.sender) == (alone.subjects, alone.sender)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "ä", "\u2028", "x" * 600])
def test_text_that_could_mean_something_else_is_not_filled_in(text):
    """White space that a reader changes, letters with several forms, what is empty or very long."""
    assert not fits("plain", text)


def test_message_with_findings_is_no_template(ingest):
    """A finding would speak of the marks."""
    with pytest.raises(UsageError):
        Template(ingest.examine(b"<oadr/>", "VTN-1"), MARKS)


def an_event(ven, name, *, number=0, day=1, comment=""):
    """An event as the roster has it."""
    power = Signal("LOAD_DISPATCH", "setpoint", [Interval("PT1H", 5000)], Item("powerReal", "W"))
    level = Signal("SIMPLE", "level", [Interval("PT1H", 1)])
    start = datetime(2030, 1, day, 12, tzinfo=UTC)
    asked = EventRequest([ven], start, [level, power], resources=["meter"], comment=comment)
    lines = version_lines(asked, "VTN-1", ven, name, number, start - timedelta(days=1))
    message = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines))
    return message.event(f"<{version_iri('VTN-1', name, number)}>")


@pytest.mark.parametrize("answers", [None, "asked-1"], ids=["told", "asked for"])
def test_event_that_is_told_to_many_equals_one_that_is_made_for_each(ingest, answers):
    """Names that need escapes, that occur elsewhere in the event, that sort in any order; several events."""
    circulars = Circulars(ingest, "VTN-1")
    now = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)  # the first one is active, its current values count
    examined, ingest.examine = [], lambda *given: examined.append(1) or Ingest.examine(ingest, *given)
    for ven in ("VEN-1", "a/b&c", "meter", "1", "2030"):
        others = [an_event(ven, f"{'zA'[ven > 'W']}@{ven}"), an_event(ven, f"F@{ven}", number=2)]
        circular = circulars.work(ven, others, now, answers)
        filled = circular.work
        request = Message(filled.lifted).one("requestID")
        data = distribution.distribute("VTN-1", others, now, answers, request)
        alone = Ingest.examine(ingest, data, "VTN-1")
        assert filled.data == data
        assert filled.report == alone.report
        assert filled.report.conforms
        assert sorted(filled.lifted.lines) == sorted(alone.lifted.lines)
        assert filled.subjects == alone.subjects
        assert filled.tells == told("oadrDistributeEvent", alone.lifted.facts)
        read = Message(alone.lifted).versions()
        assert circular.told == tuple(told for _, told in read)
        for event, (wanted, _) in zip(circular.events, read, strict=True):
            assert sorted(lines_of(event)) == sorted(wanted.lines)
            assert replace(event, lines=[], form=()) == replace(wanted, lines=[])
            assert sorted(event.form) == sorted(unnamed(wanted, "VTN-1"))
    assert len(examined) == 2  # one for each order of the events


def test_name_of_an_event_in_words_to_people_stays_as_it_is(ingest):
    """Only where a name is a name it is filled in."""
    circulars, now = Circulars(ingest, "VTN-1"), datetime(2030, 1, 1, tzinfo=UTC)
    for ven in ("VEN-1", "VEN-2"):
        filled = circulars.work(ven, [an_event(ven, f"E@{ven}", comment="VEN-1 has E@VEN-1")], now).work
        assert b"VEN-1 has E@VEN-1" in filled.data
        assert f"<ei:venID>{ven}<".encode() in filled.data
