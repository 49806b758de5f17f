"""Places of elements and members in a payload, and how a finding is shown there."""

import json
import random

import pytest
from lxml import etree

from bench.payloads import KINDS, fresh
from kg.check import check
from kg.positions import Lines, positions
from kg.render import as_text
from kg.xml import read
from kg.xpath import pointer


@pytest.mark.parametrize("kind", KINDS)
def test_positions_are_those_of_the_elements(kind):
    """Each element has its pointer, its line and its own start tag there, whatever stands before it."""
    data = fresh(kind, 1, 1, random.Random(1))[0].replace(b"><", b">\n\xc3\xa4  <".replace(b"\xc3\xa4", b""))
    found, lines = positions(data), data.decode().split("\n")
    elements = list(read(data).root.iter())
    assert found.keys() == {pointer(element) for element in elements}
    for element in elements:
        span = found[pointer(element)]
        assert span.line == element.sourceline
        shown = lines[span.line - 1][span.start : span.end]
        assert shown.startswith("<")
        assert etree.QName(element).localname in shown
        assert len(element) or shown.endswith((f"{etree.QName(element).localname}>", "/>"))


def test_positions_are_those_of_the_members():
    """Each member of JSON has its pointer and its line, with escapes of both languages."""
    value = {"a/b": [1, {"c~d": "x,y]"}, []], "é": {"\n": True}, "n": None}
    found = positions(json.dumps(value, indent=1, ensure_ascii=False).encode())
    assert {name: span.line for name, span in found.items() if name} == {
        **{"/a~1b": 2, "/a~1b/0": 3, "/a~1b/1": 4, "/a~1b/1/c~0d": 5, "/a~1b/2": 7},
        **{"/é": 9, "/é/\n": 10, "/n": 12},
    }


@pytest.mark.parametrize("data", [b"", b"<a", b"[1", b"\xff", b"{]", b"<a>&nbsp;</a>"])
def test_positions_of_what_cannot_be_read_are_none_or_some(data):
    """No bytes fail."""
    assert isinstance(positions(data), dict)


def test_caret_stands_under_the_element_of_a_long_line():
    """Of a payload in one line the place is shown, not the beginning."""
    data = fresh("oadrDistributeEvent", 2, 1, random.Random(2))[0]
    (head, tail) = data.rsplit(b"<ei:value>", 1)
    damaged = head + b"<ei:value>NaN" + tail[tail.index(b"</ei:value>") :]
    lines = as_text("x", check(damaged), damaged).splitlines()
    at = next(place for place, line in enumerate(lines) if "^" in line)
    column = lines[at].index("^")
    assert lines[at - 1][column:].startswith("<ei:value>NaN</ei:value>")
    assert lines[at].count("^") == len("<ei:value>NaN</ei:value>")


def test_findings_on_json_have_a_line():
    """A finding of a rule, of the form and of the mapping names the line of its member."""
    value = {"objectType": "EVENT", "programID": "a b", "intervals": [{"id": 0, "payloads": 7}], "x": 1}
    for change in ({}, {"intervals": [{"id": 0, "payloads": []}]}):
        data = json.dumps({**value, **change}, indent=1).encode()
        for violation in check(data).violations:
            name = violation.pointer.rpartition("/")[2]
            line = data.decode().split("\n")[violation.line - 1]
            assert f'"{name}"' in line if name else line == "{"


def test_lines_of_a_long_list_are_those_of_all_positions():
    inner = {"x/y": [{"~": n, "z": [[n], {}, "a,]}"]} for n in range(3)]}
    value = {
        "a": [{"b": list(range(40)), "c": inner, "d": n} for n in range(50)],
        "e": {"": [1, None]},
        "f": 2,
    }
    for indent in (None, 1):
        source = ("\n" * bool(indent) + json.dumps(value, indent=indent)).encode()
        lines, every = Lines(source), positions(source)
        assert {pointer: lines.at(pointer) for pointer in every} == {
            p: span.line for p, span in every.items()
        }
        assert lines.at("/a/77") == lines.at("/nowhere") == (0 if indent else 1)
