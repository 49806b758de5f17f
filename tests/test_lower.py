"""lower: the payload again, from its graph alone."""

import random
import re

import pyoxigraph as ox
import pytest
from lxml import etree
from openleadr.messaging import parse_message

from bench.payloads import KINDS, fresh
from kg.check import check
from kg.errors import FlexKGError, UsageError
from kg.lift import lift
from kg.lower import lower, lowered
from kg.namespaces import FLEX, ID, RDF, VOCAB
from kg.schema import schema_for
from kg.schema_model import model_of
from kg.xml import read
from tests import messages
from tests.openleadr_messages import MESSAGES, message
from tests.paths import PAYLOADS, needs_data
from tests.payload_values import values

CORPUS = sorted((PAYLOADS / "2.0b").rglob("*.xml"))
corpus = pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)


def valid(path) -> bytes:
    data = path.read_bytes()
    try:
        if not read(data).schema_errors:
            return data
    except FlexKGError:
        pass
    pytest.skip("not schema-valid, so never lifted")


def canonical(data: bytes) -> list[str]:
    """The graph of a payload, with one name for its digest."""
    document = read(data)
    return sorted(lift(document).ntriples.replace(document.digest, "0" * 64).splitlines())


def assert_same(data: bytes, lowered: bytes, *, spelt: bool = True) -> None:
    root = etree.fromstring(lowered)
    assert values(root, model_of(), spelt=spelt) == values(read(data).root, model_of(), spelt=spelt)
    assert schema_for("2.0b").validate(root), schema_for("2.0b").error_log


def assert_round_trip(data: bytes) -> None:
    """Lift and lower a payload: the same elements and values, the same graph again; also through a store."""
    graph = lift(read(data)).ntriples
    lowered = lower(graph)
    assert_same(data, lowered)
    assert canonical(lowered) == canonical(data)
    store = ox.Store()
    store.load(graph.encode(), format=ox.RdfFormat.N_TRIPLES)
    assert_same(data, lower(store), spelt=False)


@needs_data
@corpus
def test_lower_gives_each_valid_payload_again(path):
    """The same elements in the order of the schema, each leaf with the same value."""
    assert_round_trip(valid(path))


@pytest.mark.parametrize("name", MESSAGES)
def test_lower_gives_messages_of_openleadr_again(name):
    """openleadr reads from the lowered message what it reads from its own."""
    data = message(name)
    assert_round_trip(data)
    assert parse_message(lower(lift(read(data)).ntriples)) == parse_message(data)


@pytest.mark.parametrize("kind", KINDS)
def test_lower_gives_made_payloads_again(kind):
    """Payloads with new values round trip as the samples do."""
    assert_round_trip(fresh(kind, KINDS[kind][1][0], 1, random.Random(7))[0])


ALTERED = [
    ("uid with zeros", messages.event(), "<xcal:text>0<", "<xcal:text>007<"),
    ("uid that is a name", messages.event(), "<xcal:text>0<", "<xcal:text>first<"),
    ("duration in weeks", messages.event(), ">PT1H<", ">2W<"),
    ("duration with a sign", messages.event(), ">PT1H<", ">+PT60M<"),
    ("duration that states no length", messages.event(), ">PT1H<", ">P<"),
    ("no number", messages.event(), "<ei:value>1<", "<ei:value>NaN<"),
    ("infinite", messages.event(), "<ei:value>1<", "<ei:value>-INF<"),
    ("exponent", messages.event(), "<ei:value>1<", "<ei:value>1.25E-7<"),
    ("beyond a float", messages.event(), "<ei:value>1<", "<ei:value>1E99<"),
    ("date-time without a zone", messages.event(), "2026-12-01T14:00:00Z", "2026-12-01T14:00:00"),
    ("fraction of a second", messages.event(), "2026-12-01T14:00:00Z", "2026-12-01T14:00:00.250Z"),
    ("boolean as a digit", messages.register(), "oadrOnChange>false", "oadrOnChange>1"),
    ("extension token", messages.event(), ">SIMPLE<", ">x-a/b c%20<"),
    ("quotes, entities and spaces", messages.event(), ">S-1<", '> "a" &lt;b&gt; &amp;\\\n\t <'),
    ("beyond ASCII", messages.event(), ">S-1<", ">Wärmepumpe 𝄞<"),
    ("empty identifier", messages.poll(), ">VEN-1<", "><"),
    ("number with zeros", messages.event(), "modificationNumber>0", "modificationNumber>000"),
    (
        "empty target of a signal",
        messages.event(),
        "</strm:intervals>",
        "</strm:intervals><ei:eiTarget/>",
    ),
    (
        "tolerance without a value",
        messages.event(),
        "<ei:x-eiNotification>",
        "<xcal:tolerance><xcal:tolerate/></xcal:tolerance><ei:x-eiNotification>",
    ),
    (
        "first interval with a start",
        messages.report("1", "2"),
        "<xcal:dtstart><xcal:date-time>2026-12-01T16:15:00Z</xcal:date-time></xcal:dtstart>",
        "",
    ),
    (
        "signal interval with a start",
        messages.event(),
        "<ei:interval>",
        "<ei:interval><xcal:dtstart><xcal:date-time>2026-12-01T16:00:00Z</xcal:date-time></xcal:dtstart>",
    ),
]


@pytest.mark.parametrize(
    ("data", "old", "new"), [row[1:] for row in ALTERED], ids=[row[0] for row in ALTERED]
)
def test_lower_keeps_what_is_rare(data, old, new):
    """Spellings, empty elements, strange names: all that the schema admits comes back."""
    assert data.count(old.encode()) >= 1
    altered = data.replace(old.encode(), new.encode())
    assert read(altered).schema_errors == ()
    assert_round_trip(altered)


def test_lower_writes_no_start_that_was_worked_out():
    """Intervals have flex:startsAt whether the message states it or not; only stated ones are written."""
    data = messages.event()
    graph = lift(read(data)).ntriples
    assert graph.count("startsAt>") == 2
    assert lower(graph).count(b"dtstart>") == data.count(b"dtstart>") == 2


def test_lower_writes_utc_where_the_schema_asks_for_it():
    """A time with an offset, which OpenADR's pattern refuses, is written in UTC."""
    graph = lift(read(messages.event())).ntriples.replace(
        '"2026-12-01T14:00:00Z"', '"2026-12-01T15:00:00+01:00"'
    )
    assert b"<ei:createdDateTime>2026-12-01T14:00:00Z<" in lower(graph)


def test_lowered_says_what_has_no_place():
    """A property that the profile does not know is named; what the lift works out is not."""
    data = messages.event()
    graph = lift(read(data)).ntriples
    assert lowered(graph).left == ()
    node = f"{ID}event/VTN-1/E-1/0"
    more = f'<{node}> <urn:x> "1" .\n<{node}/signal/0> <{FLEX}interval> <urn:y> .\n'
    found = lowered(graph + more)
    assert found.data == lower(graph)
    assert found.left == ((node, "urn:x"),)
    assert lowered(lift(read(messages.opt())).ntriples).left == ()


def test_lower_fills_in_what_the_schema_fixes():
    """A text that the schema fixes need not be in the graph."""
    data = message("oadrRegisterReport")
    lines = [line for line in lift(read(data)).lines if "itemDescription" not in line]
    assert_same(data, lower("\n".join(lines)))


def test_nothing_is_dropped_in_silence():
    """What cannot come back, because the graph has no place for it, is reported by the check."""
    payload = (
        b"<ei:signalPayload><ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat></ei:signalPayload>"
    )
    hollow = b"<xcal:components/>"
    for old, new, rule in (
        (payload, payload * 2, "LIFT-3"),
        (hollow, b"<xcal:components><ei:eiTarget/></xcal:components>", "LIFT-1"),
        (hollow, b"<xcal:components>more</xcal:components>", "LIFT-1"),
    ):
        data = messages.event().replace(old, new)
        assert data != messages.event()
        assert read(data).schema_errors == ()
        (found,) = [v for v in check(data).violations if v.rule.startswith("LIFT")]
        assert (found.rule, found.severity) == (rule, "Warning")
        assert "signalPayload[2]" in found.pointer or found.pointer.endswith("xcal:components")


def test_lower_chooses_among_messages():
    """Of a graph with several messages, the one that is named is written."""
    first, second = messages.poll("VEN-1"), messages.poll("VEN-2")
    graph = lift(read(first)).ntriples + lift(read(second)).ntriples
    assert_same(second, lower(graph, f"{ID}message/{read(second).digest}"))
    assert_same(first, lower(graph, f"{ID}message/{read(first).digest}"))


def without(data: bytes, predicate: str) -> str:
    lines = lift(read(data)).lines
    kept = [line for line in lines if f"<{FLEX}{predicate}>" not in line]
    assert len(kept) < len(lines)
    return "\n".join(kept)


def with_(data: bytes, subject: str, predicate: str, value: str) -> str:
    return lift(read(data)).ntriples + f"<{ID}{subject}> <{FLEX}{predicate}> {value} .\n"


SIGNAL = "event/VTN-1/E-1/0/signal/0"
BAD = [
    ("no triples", "", "the graph has no message"),
    ("no message", f"<urn:a> <{RDF}type> <{FLEX}Event> .", "the graph has no message"),
    ("two messages", "\n".join(lift(read(messages.poll(v))).ntriples for v in "ab"), "has 2 messages"),
    ("no N-Triples", "<urn:a> <urn:b>", "the graph is no N-Triples"),
    ("no name", without(messages.event(), "signalName"), "the node has no flex:signalName"),
    ("no value", without(messages.event(), "value"), "the node has no flex:value or "),
    ("no intervals", without(messages.event(), "interval"), "the node has no flex:interval, without which"),
    ("no identifier", without(messages.event(), "vtnID").replace(f"<{FLEX}vtn>", "<urn:x>"), "flex:vtnID"),
    ("no signals", without(messages.event(), "signal"), "the node has no flex:signal or flex:baseline,"),
    ("two values", with_(messages.event(), SIGNAL, "signalID", '"other"'), "2 values of flex:signalID"),
    (
        "concept of another scheme",
        lift(read(messages.event())).ntriples.replace(VOCAB + "signalName/", VOCAB + "signalType/"),
        "flex:signalName is 'https://w3id.org/flexkg/vocab/signalType/SIMPLE', which is no IRI of the form",
    ),
    (
        "kind without a place",
        lift(read(messages.register())).ntriples.replace("itemBase/powerReal", "itemBase/powerUnreal"),
        "oadr:oadrReportDescription has no place for powerUnreal",
    ),
    (
        "value that the schema refuses",
        lift(read(messages.event())).ntriples.replace("eventStatus/far", "eventStatus/distant"),
        "the graph makes no valid payload: Element 'eventStatus'",
    ),
    (
        "character that XML forbids",
        lift(read(messages.event())).ntriples.replace('"S-1"', '"\\u0001"'),
        "a text holds a character that XML forbids",
    ),
]


@pytest.mark.parametrize(("graph", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_lower_refuses(graph, words):
    """A graph that makes no payload is refused with the node, the property and the cure."""
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        lower(graph)
    assert "\n" not in str(caught.value)


def test_lower_refuses_a_node_that_the_message_held_twice():
    """Two events of one name and modification are one node with two positions."""
    data = messages.event()
    start, end = data.index(b"<oadr:oadrEvent>"), data.index(b"</oadr:oadrDistributeEvent>")
    twice = data[:end] + data[start:end] + data[end:]
    with pytest.raises(UsageError, match="more than one flex:position"):
        lower(
            lift(read(twice)).ntriples + lift(read(messages.poll())).ntriples,
            f"{ID}message/{read(twice).digest}",
        )


def test_lower_refuses_a_message_that_is_not_there():
    """A name that the graph does not have, or that is no message."""
    for name in (f"{ID}message/none", f"{ID}event/VTN-1/E-1"):
        with pytest.raises(UsageError, match="no such message"):
            lower(lift(read(messages.event())).ntriples, name)


@pytest.mark.parametrize(
    "data", [messages.event(), messages.report("1", "2", status=True)], ids=["event", "report"]
)
def test_lower_writes_a_valid_payload_or_an_error_whatever_is_missing(data):
    """Whichever triple is taken away, the outcome is a valid payload or an error of ours."""
    lines = lift(read(data)).lines
    refused = 0
    for number in range(len(lines)):
        try:
            assert read(lower("\n".join(lines[:number] + lines[number + 1 :]))).schema_errors == ()
        except UsageError:
            refused += 1
    assert 0 < refused < len(lines)
