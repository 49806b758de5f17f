"""What a template gives is what making, reading and checking the message each time would give."""

import pytest

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.openadr import distribution
from kg.openadr.template import Template, fits

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
    template = Template(ingest.examine(distribution.updated_report(MARKS[1], MARKS[0]), "VTN-1"), MARKS)
    filled = template.fill(*texts)
    alone = ingest.examine(distribution.updated_report(texts[1], texts[0]), "VTN-1")
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
