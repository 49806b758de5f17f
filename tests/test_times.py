"""Starts, ends and lengths: what is worked out from a message, and what texts of the wire mean."""

import random
import re

import pyoxigraph as ox
import pytest

import kg
from bench.payloads import fresh
from kg import literals
from kg.lift import lift
from kg.namespaces import FLEX, XSD
from kg.times import moment, seconds
from kg.xml import read

EVENT = fresh("oadrDistributeEvent", 1, 1, random.Random(9))[0].decode()
REPORT = fresh("oadrUpdateReport", 10, 1, random.Random(9))[0].decode()
TIME = re.compile(r"<xcal:date-time>[^<]*")
LENGTH = re.compile(r"<xcal:duration><xcal:duration>[^<]*")


def event(
    start: str, lengths: list[str], *, whole: str = "PT1H", starts: dict[int, str] | None = None
) -> str:
    """An event with one signal whose intervals have these lengths, some of them starts of their own."""
    intervals = "".join(
        "<ei:interval>"
        + (
            f"<xcal:dtstart><xcal:date-time>{starts[n]}</xcal:date-time></xcal:dtstart>"
            if starts and n in starts
            else ""
        )
        + (f"<xcal:duration><xcal:duration>{length}</xcal:duration></xcal:duration>" if length else "")
        + f"<xcal:uid><xcal:text>{n}</xcal:text></xcal:uid><ei:signalPayload><ei:payloadFloat>"
        "<ei:value>1</ei:value></ei:payloadFloat></ei:signalPayload></ei:interval>"
        for n, length in enumerate(lengths)
    )
    text = TIME.sub(f"<xcal:date-time>{start}", EVENT)
    text = LENGTH.sub(f"<xcal:duration><xcal:duration>{whole}", text, count=1)
    head, _, tail = text.partition("<strm:intervals>")
    second = tail.index("<ei:eiEventSignal>")
    tail = tail[tail.index("</strm:intervals>") : second] + tail[tail.index("</ei:eiEventSignals>") :]
    return f"{head}<strm:intervals>{intervals}{tail}"


def graph(text: str) -> dict[tuple[str, str], str]:
    """Value by the last part of the subject below the event, and property, of a payload's graph."""
    document = read(text.encode())
    assert document.schema_errors == ()
    found = {}
    for quad in ox.parse(lift(document).ntriples, format=ox.RdfFormat.N_TRIPLES):
        below = "/".join(str(quad.subject)[:-1].split("/")[9:]) if "/id/event/" in str(quad.subject) else ""
        found[below, quad.predicate.value.removeprefix(FLEX)] = quad.object.value
    return found


NOON = "2026-03-01T12:00:00Z"
#: start of the event, lengths of the intervals, then start and end of each interval, "" where there is none
TABLE = {
    "one after the other": (
        NOON,
        ["PT15M", "PT30M", "PT15M"],
        [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:15:00Z"),
            ("2026-03-01T12:15:00Z", "2026-03-01T12:45:00Z"),
            ("2026-03-01T12:45:00Z", "2026-03-01T13:00:00Z"),
        ],
    ),
    "seconds, hours and days": (
        NOON,
        ["PT90S", "P1DT1H", "P7D"],
        [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:01:30Z"),
            ("2026-03-01T12:01:30Z", "2026-03-02T13:01:30Z"),
            ("2026-03-02T13:01:30Z", "2026-03-09T13:01:30Z"),
        ],
    ),
    "open end": (
        NOON,
        ["PT15M", "PT0S", "PT15M"],
        [("2026-03-01T12:00:00Z", "2026-03-01T12:15:00Z"), ("2026-03-01T12:15:00Z", ""), ("", "")],
    ),
    "months have no seconds": (NOON, ["P1M", "PT15M"], [("2026-03-01T12:00:00Z", ""), ("", "")]),
    "negative": (NOON, ["-PT15M", "PT15M"], [("2026-03-01T12:00:00Z", ""), ("", "")]),
    "no length at all": (
        NOON,
        ["PT15M", "", "PT1M"],
        [("2026-03-01T12:00:00Z", "2026-03-01T12:15:00Z"), ("2026-03-01T12:15:00Z", ""), ("", "")],
    ),
    "leap day": (
        "2028-02-28T23:30:00Z",
        ["PT1H", "P1D"],
        [("2028-02-28T23:30:00Z", "2028-02-29T00:30:00Z"), ("2028-02-29T00:30:00Z", "2028-03-01T00:30:00Z")],
    ),
    "no leap day": ("2026-02-28T23:30:00Z", ["PT1H"], [("2026-02-28T23:30:00Z", "2026-03-01T00:30:00Z")]),
    "clock change in Europe does not matter": (
        "2026-03-29T00:30:00Z",
        ["PT1H", "PT1H"],
        [("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"), ("2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z")],
    ),
    "no zone is added": ("2026-03-01T12:00:00", ["PT1H"], [("2026-03-01T12:00:00", "2026-03-01T13:00:00")]),
    "fraction of a second": (
        "2026-03-01T12:00:00.250Z",
        ["PT1H"],
        [("2026-03-01T12:00:00.25Z", "2026-03-01T13:00:00.25Z")],
    ),
    "zero fraction": (
        "2026-03-01T12:00:00.000Z",
        ["PT1H"],
        [("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")],
    ),
    "24:00:00 is the next day": (
        "2026-12-31T24:00:00Z",
        ["PT1H"],
        [("2027-01-01T00:00:00Z", "2027-01-01T01:00:00Z")],
    ),
    "end of the calendar": (
        "9999-12-31T23:30:00Z",
        ["PT1H", "PT1H"],
        [("9999-12-31T23:30:00Z", ""), ("", "")],
    ),
    "before the calendar": ("-0044-03-15T12:00:00Z", ["PT1H"], [("", "")]),
    "longer than the calendar": (NOON, ["P999999999D", "PT1H"], [(NOON, ""), ("", "")]),
    "more digits than a number has": (NOON, [f"PT{'9' * 5000}S", "PT1H"], [(NOON, ""), ("", "")]),
}


@pytest.mark.parametrize("name", TABLE)
def test_lift_works_out_starts_and_ends(name):
    """An interval starts where the one before it ends; where a length is not known, nothing is invented."""
    start, lengths, expected = TABLE[name]
    found = graph(event(start, lengths))
    times = [
        tuple(found.get((f"signal/0/interval/{n}", key), "") for key in ("startsAt", "endsAt"))
        for n in range(len(lengths))
    ]
    assert times == expected


def test_lift_keeps_own_starts():
    """An interval's own start is kept; the one after it follows from there."""
    own = "2026-03-01T14:00:00Z"
    found = graph(event(NOON, ["PT15M", "PT15M", "PT15M"], starts={1: own}))
    starts = [found[f"signal/0/interval/{n}", "startsAt"] for n in range(3)]
    assert starts == [NOON, own, "2026-03-01T14:15:00Z"]
    assert found["signal/0/interval/1", "startStated"] == "true"
    assert ("signal/0/interval/2", "startStated") not in found


@pytest.mark.parametrize(
    ("whole", "seconds_", "end"),
    [
        ("PT4H", "14400", "2026-03-01T16:00:00Z"),
        ("PT0S", "0", None),
        ("P1M", None, None),
        ("PT0M", "0", None),
    ],
)
def test_lift_works_out_the_event(whole, seconds_, end):
    """An event has seconds and an end where its length is known; PT0S is an open end."""
    found = graph(event(NOON, ["PT15M"], whole=whole))
    assert found.get(("", "seconds")) == seconds_
    assert found.get(("", "endsAt")) == end
    assert found["", "startsAt"] == NOON


@pytest.mark.parametrize(
    ("lengths", "total"),
    [(["PT15M", "PT1H"], "4500"), (["PT0S"], "0"), (["PT15M", "P1M"], None), (["PT15M", ""], None),
     (["-PT15M", "PT15M"], "0"), (["2W", "P1D2H"], "1303200")],
)  # fmt: skip
def test_lift_sums_a_sequence(lengths, total):
    """A signal's total is the sum of its intervals, where all of them have seconds."""
    assert graph(event(NOON, lengths)).get(("signal/0", "totalSeconds")) == total


def test_lift_works_out_each_node_once():
    """An event that a message repeats gives as many times as one: what is worked out does not multiply."""
    start, end = EVENT.index("<oadr:oadrEvent>"), EVENT.index("</oadr:oadrDistributeEvent>")
    one = lift(read(EVENT.encode())).lines
    many = lift(read((EVENT[:start] + EVENT[start:end] * 50 + EVENT[end:]).encode())).lines
    for name in ("startsAt", "endsAt", "seconds", "totalSeconds"):
        lines = [line for line in one if f"<{FLEX}{name}>" in line]
        assert lines
        assert {line for line in many if f"<{FLEX}{name}>" in line} == set(lines)
    assert len(many) < 50 * len(one)


def test_lift_works_out_a_report():
    """Readings without times of their own follow from the report's start."""
    text = re.sub(r"<ei:interval><xcal:dtstart>.*?</xcal:dtstart>", "<ei:interval>", REPORT)
    text = TIME.sub(f"<xcal:date-time>{NOON}", text)
    document = read(text.encode())
    assert document.schema_errors == ()
    lifted = lift(document)
    starts = [line for line in lifted.lines if f"<{FLEX}startsAt>" in line and "/interval/9>" in line]
    assert [line.split('"')[1] for line in starts] == ["2026-03-01T12:09:00Z"]
    assert f'<{lifted.message}/report/0> <{FLEX}totalSeconds> "600"^^<{XSD}integer> .' in lifted.lines


DURATIONS = [
    # wire, xsd:duration or None, seconds or None
    ("PT5M", "PT5M", 300),
    ("+PT5M", "PT5M", 300),
    ("-PT5M", "-PT5M", -300),
    ("2W", "P14D", 1209600),
    ("P2W", "P14D", 1209600),
    ("P1D2H", "P1DT2H", 93600),
    ("P1DT2H", "P1DT2H", 93600),
    ("PT0S", "PT0S", 0),
    ("PT60M", "PT60M", 3600),
    ("PT36H", "PT36H", 129600),
    ("P1Y", "P1Y", None),
    ("P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S", None),
    ("P0M", "P0M", None),
    ("P", None, None),
    ("PT", None, None),
    ("+P", None, None),
    ("", None, None),
    ("W", None, None),
    ("P1D2", None, None),
    ("PT5", None, None),
    ("5M", None, None),
    ("PT٣S", None, None),
    ("P" + "9" * 5000 + "W", None, None),
    (" PT5M\n", "PT5M", 300),
]


@pytest.mark.parametrize(("text", "normal", "length"), DURATIONS, ids=lambda value: repr(value)[:20])
def test_duration_normalises_what_has_one_meaning(text, normal, length):
    """A duration of the wire becomes the xsd:duration that it means; what means none stays a plain string."""
    assert literals.normal_duration(text) == normal
    assert seconds(text) == length
    expected = literals.string(text) if normal is None else f'"{normal}"^^<{XSD}duration>'
    assert literals.duration(text) == expected


@pytest.mark.parametrize("text", ["P", "PT", "+PT5M", "2W", "P1D2H"])
def test_duration_keeps_the_wire_text(text):
    """The wire's spelling stays beside the normal form; the payload gets a verdict."""
    payload = event(NOON, [text, "PT1H"])
    found = graph(payload)
    node = "signal/0/interval/0"
    normal = literals.normal_duration(text)
    assert found[node, "duration"] == (text if normal is None else normal)
    assert found.get((node, "durationText")) == (None if normal is None else text)
    assert kg.check(payload.encode()).verdict in ("conforms", "violates")


NUMBERS = [
    # wire, xsd:decimal or None
    ("1", "1"),
    ("-1.50", "-1.5"),
    ("+1", "1"),
    (".5", "0.5"),
    ("5.", "5"),
    ("007", "7"),
    ("-0", "0"),
    ("-0.0", "0"),
    ("1.5E3", "1500"),
    ("1.5e-3", "0.0015"),
    ("-1.5e+3", "-1500"),
    ("0e99999", None),
    ("3.14159265358979", "3.14159265358979"),
    (" 2.5\n", "2.5"),
    ("1E38", "1" + "0" * 38),
    ("1E-45", "0." + "0" * 44 + "1"),
    ("9" * 38, "9" * 38),
    ("9" * 400, None),
    ("0." + "9" * 400, "0." + "9" * 400),
    ("1E400", None),
    ("1e" + "9" * 5000, None),
    ("NaN", None),
    ("INF", None),
    ("-INF", None),
    ("", None),
    (".", None),
    ("1,5", None),
    ("1_000", None),
    ("0x1F", None),
    ("٣", None),
    ("1 2", None),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS, ids=lambda value: repr(value)[:20])
def test_decimal_is_exact(text, value):
    """A number of the wire becomes the same number as a decimal, digit by digit, or stays a plain string."""
    expected = literals.string(text.strip()) if value is None else f'"{value}"^^<{XSD}decimal>'
    assert literals.decimal(text) == expected


@pytest.mark.parametrize("text", ["NaN", "INF", "-INF", "9" * 400, "1.5E3", "1E400"])
def test_lift_keeps_any_number_of_the_schema(text):
    """Each xs:float of the schema reaches the graph: as a decimal, or as the text that a rule refuses."""
    payload = event(NOON, ["PT1H"]).replace("<ei:value>1<", f"<ei:value>{text}<")
    found = graph(payload)["signal/0/interval/0", "value"]
    assert found == literals.decimal(text).split('"')[1]
    report = kg.check(payload.encode())
    assert (report.verdict == "violates") >= ("^^" not in literals.decimal(text))


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("2026-03-01T12:00:00Z", True), ("2026-03-01T24:00:00Z", True), ("2026-03-01T12:00:60Z", False),
     ("2026-03-01T24:00:01Z", False), ("2026-03-01T25:00:00Z", False), ("2026-13-01T12:00:00Z", False),
     ("2026-03-01", False), ("2026-03-01 12:00:00Z", False), ("2026-03-01T12:00Z", False),
     ("2026-03-01T12:00:00", True), ("2026-03-01T12:00:00+14:00", True), ("٢٠٢٦-03-01T12:00:00Z", False)],
)  # fmt: skip
def test_date_time_is_typed_where_it_is_one(text, accepted):
    """A text with the form of a date-time is typed, with or without zone; another stays a plain string."""
    assert literals.date_time(text) == (f'"{text}"^^<{XSD}dateTime>' if accepted else literals.string(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00+02:00", "2026-03-01T12:00:00+02:00"),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00"),
        ("2026-12-31T24:00:00", "2027-01-01T00:00:00"),
        ("2026-12-31T24:00:00.000Z", "2027-01-01T00:00:00+00:00"),
        ("9999-12-31T24:00:00Z", None),
        ("12026-03-01T12:00:00Z", None),
        ("0000-03-01T12:00:00Z", None),
        ("2026-02-29T12:00:00Z", None),
        ("2026-03-01T12:00:60Z", None),
        ("", None),
    ],
)
def test_moment_reads_what_the_calendar_has(text, expected):
    """A date-time keeps its zone or its lack of one; what is on no calendar gives nothing."""
    found = moment(text)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize("second", ["60", "61"])
def test_check_refuses_second_60(second):
    """XML Schema has no leap seconds: the schema refuses them, and the lift never sees them."""
    report = kg.check(event(f"2026-12-31T23:59:{second}Z", ["PT1H"]).encode())
    assert report.verdict == "violates"
    assert report.violations[0].rule == "XSD"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", "true"), ("1", "true"), ("false", "false"), (" 0 ", "false"), ("TRUE", None), ("", None)],
)
def test_boolean_takes_the_four_forms(text, expected):
    """Booleans have the four forms of XML Schema and no other."""
    assert literals.boolean(text) == (
        literals.string(text.strip()) if expected is None else f'"{expected}"^^<{XSD}boolean>'
    )


@pytest.mark.parametrize("text", ["", "\t", 'a"b', "a\\b", "a\nb\r", "ä€😀", "\u0085\u2028", "\ufffd"])
def test_string_survives_ntriples(text):
    """Any text that XML can carry is the same text after N-Triples."""
    line = f"<a:s> <a:p> {literals.string(text)} ."
    (quad,) = ox.parse(line, format=ox.RdfFormat.N_TRIPLES)
    assert quad.object == ox.Literal(text)
