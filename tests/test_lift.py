"""lift: each leaf of each payload is in the graph where the mapping file says, with the wire's value."""

import random
import subprocess
import sys
from collections import defaultdict

import pyoxigraph as ox
import pytest
from lxml import etree

import kg
from bench.payloads import KINDS, fresh
from kg.lift import Lifted, lift, lifter_for
from kg.literals import decimal, string
from kg.namespaces import FLEX, ID, XSD
from kg.pointers import place
from kg.xml import Document, read
from kg.xpath import OADR_20B
from tests.leaves import Reading, ignored, leaves, mapping_file, same, text_of
from tests.openleadr_messages import MESSAGES, message
from tests.paths import PAYLOADS, ROOT, needs_data

#: Properties that are worked out or tell of the form: times, lengths; the wire's spelling ends in ``Text``.
DERIVED = {
    "seconds",
    "endsAt",
    "startsAt",
    "totalSeconds",
    "startStated",
    "intervalStartsStated",
    "emptyElement",
}


def corpus() -> list[bytes]:
    """Every schema-valid payload of the reference data, and one of each kind that is made here."""
    made = [fresh(kind, sizes[0], 1, random.Random(3))[0] for kind, (_, sizes) in KINDS.items()]
    made += [message(name) for name in MESSAGES]
    return made + [path.read_bytes() for path in CORPUS]


def _valid(data: bytes) -> bool:
    try:
        return read(data).schema_errors == ()
    except kg.UnreadablePayload:
        return False


CORPUS = [path for path in sorted((PAYLOADS / "2.0b").rglob("*.xml")) if _valid(path.read_bytes())]
Graph = dict[tuple[str, str], list[ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple]]


def graph(lifted: Lifted) -> Graph:
    """The lifted triples, by subject and predicate."""
    found: Graph = defaultdict(list)
    for quad in ox.parse(lifted.ntriples, format=ox.RdfFormat.N_TRIPLES):
        found[str(quad.subject), quad.predicate.value].append(quad.object)
    return found


def lifted_and_expected(data: bytes) -> tuple[Document, Lifted, Reading]:
    document = read(data)
    reading = Reading(data, document.body.tag)
    reading.run()
    return document, lift(document), reading


def assert_whole(data: bytes) -> None:
    """Hold a payload's graph against the mapping file, in both directions."""
    _, lifted, reading = lifted_and_expected(data)
    found, expected = graph(lifted), reading.expected
    assert lifted.unmapped == []
    missing = [
        held for held in expected.held if not any(same(held, o) for o in found[held.subject, held.predicate])
    ]
    assert missing == [], "text that the graph does not hold"
    covered = {held.leaf for held in expected.held}
    assert [leaf for leaf in leaves(reading.root) if leaf not in covered and text_of(leaf).strip()] == []
    holders: dict[tuple[str, str], set] = defaultdict(set)
    for held in expected.held:
        holders[held.subject, held.predicate].add(held.leaf)
    assert [place for place, held in holders.items() if len(held) > 1] == [], "two leaves in one property"
    facts = {(s, p, str(o)) for (s, p), objects in found.items() for o in objects}
    assert expected.facts - facts == set()
    more = {
        (s, p)
        for s, p, o in facts - expected.facts
        if (s, p) not in holders and p.removeprefix(FLEX) not in DERIVED and not p.endswith("Text")
    }
    assert more == set(), "triples that the mapping file does not name"


@needs_data
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_lift_holds_each_leaf_of_the_corpus(path):
    """Each element and attribute text is at the subject and property that the mapping names, alone there."""
    assert_whole(path.read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_lift_holds_each_leaf_of_made_payloads(kind):
    """The same for payloads with values that were never seen before."""
    for data in fresh(kind, min(3, KINDS[kind][1][-1]), 3, random.Random(11)):
        assert_whole(data)


def test_openleadr_has_templates_for_the_messages_tested():
    """Every message type that openleadr has a template for is among the messages that it writes here."""
    import openleadr

    folder = ROOT.joinpath(openleadr.__file__).parent / "templates"
    assert {path.stem for path in folder.glob("*.xml")} - {"oadrPayload"} == set(MESSAGES)
    assert len(MESSAGES) == 23


@pytest.mark.parametrize("name", MESSAGES)
def test_lift_holds_each_leaf_of_openleadr_messages(name):
    """What openleadr writes is schema-valid, conforms, and is lifted whole, its envelope too."""
    data = message(name)
    report = kg.check(data)
    assert (report.verdict, report.message_type) == ("conforms", name)
    assert [v for v in report.violations if v.severity == "Violation"] == []
    assert_whole(data)


def test_ignored_states_reasons():
    """What is left out on purpose is an element or attribute of some schema, with the reason."""
    entries = mapping_file()["flexkg"]["ignored"]
    assert len(entries) == len(ignored())
    for entry in entries:
        assert len(entry["reason"].split()) > 4, entry


def test_lift_is_deterministic():
    """The same bytes give the same lines in the same order, in another process with other hashes too."""
    payloads = corpus()
    assert payloads
    code = (
        "import sys, hashlib\nfrom kg import lift, read\n"
        "for size in sys.argv[1:]:\n"
        "    data = sys.stdin.buffer.read(int(size))\n"
        "    print(hashlib.sha256(lift(read(data)).ntriples.encode()).hexdigest())\n"
    )
    sums = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, *(str(len(data)) for data in payloads)],
            input=b"".join(payloads),
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        )
        sums.append(done.stdout.split())
    assert len(sums[0]) == len(payloads)
    assert sums[0] == sums[1]
    for data in payloads:
        assert lift(read(data)).ntriples == lift(read(data)).ntriples


def test_lift_takes_its_envelope_along():
    """An oadrPayload is a node that contains the message; the message's graph is the one without envelope."""
    inner = fresh("oadrPoll", 1, 1, random.Random(5))[0].decode()
    data = (
        f'<p:oadrPayload xmlns:p="{OADR_20B}"><p:oadrSignedObject p:Id="signed">{inner}'
        "</p:oadrSignedObject></p:oadrPayload>"
    ).encode()
    lifted = lift(read(data))
    found = graph(lifted)
    envelope = f"<{lifted.message}/envelope>"
    assert [str(o) for o in found[envelope, FLEX + "contains"]] == [f"<{lifted.message}>"]
    assert [str(o) for o in found[envelope, FLEX + "signedObjectID"]] == ['"signed"']
    bare = lift(read(inner.encode()))
    rest = [line for line in lifted.lines if not line.startswith(envelope)]
    assert [line.replace(lifted.message, bare.message) for line in rest] == bare.lines
    assert lifted.nodes[envelope][0].tag == f"{{{OADR_20B}}}oadrPayload"


def test_lift_keeps_siblings_of_a_name_apart():
    """An event that comes twice in one message has two positions, so that a rule can see it."""
    data = fresh("oadrDistributeEvent", 1, 1, random.Random(5))[0].decode()
    start, end = data.index("<oadr:oadrEvent>"), data.index("</oadr:oadrDistributeEvent>")
    lifted = lift(read((data[:end] + data[start:]).encode()))
    versions = [s for s, p in graph(lifted) if p == FLEX + "modificationNumber"]
    assert len(versions) == 1
    assert len(graph(lifted)[versions[0], FLEX + "position"]) == 2


AWKWARD = ("a/b", "..", "a b", "ä€😀", "100%", "<a>", "", "a?b#c", 'q"uo\\te', "http://x/y", "\u202e")


@pytest.mark.parametrize("text", AWKWARD)
def test_lift_mints_absolute_iris_from_any_identifier(text):
    """Whatever an identifier holds, it is one segment of the IRI, and other identifiers give other IRIs."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    poll = fresh("oadrPoll", 1, 1, random.Random(5))[0].decode()
    head, _, tail = poll.partition("<ei:venID>")
    data = f"{head}<ei:venID>{escaped}{tail[tail.index('</ei:venID>') :]}".encode()
    lifted = lift(read(data))
    found = graph(lifted)
    (ven,) = found[f"<{lifted.message}>", FLEX + "ven"]
    assert ven.value.startswith(ID + "party/")
    assert "/" not in ven.value.removeprefix(ID + "party/")
    assert found[f"<{lifted.message}>", FLEX + "venID"] == [ox.Literal(text)]


def spaces() -> dict[str, str]:
    return {**mapping_file()["prefixes"], "xml": "http://www.w3.org/XML/1998/namespace"}


def pointed(document: Document, xpath: str):
    """The element, or the element and attribute, that a pointer leads to."""
    path, _, attribute = xpath.partition("/@")
    (element,) = document.root.xpath(path, namespaces=spaces())
    if not attribute:
        return element, ""
    prefix, _, local = attribute.rpartition(":")
    return element, f"{{{spaces()[prefix]}}}{local}" if prefix else local


@needs_data
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_place_leads_back_to_each_leaf(path):
    """From the node, the property and the value of the graph, the pointer resolves to the leaf by XPath."""
    document, lifted, reading = lifted_and_expected(path.read_bytes())
    other = dict(zip(reading.root.iter(etree.Element), document.root.iter(etree.Element), strict=True))
    for held in reading.expected.held:
        found = place(lifted, held.subject, f"<{held.predicate}>", f'"{held.text.strip()}"')
        assert found is not None
        element, attribute = pointed(document, found.pointer)
        assert (element, attribute) == (other[held.leaf[0]], held.leaf[1]), found.pointer
        assert found.line == element.sourceline


MISSING = {
    "signal/0": ("signalID", "ei:eiEventSignal[1]/ei:signalID"),
    "signal/1": ("currentValue", "ei:eiEventSignal[2]/ei:currentValue/ei:payloadFloat/ei:value"),
    "signal/1/interval/2": ("uid", "ei:eiEventSignal[2]/strm:intervals/ei:interval[3]/xcal:uid/xcal:text"),
}


@pytest.mark.parametrize("node", MISSING)
def test_place_says_where_a_missing_element_would_be(node):
    """Where the payload lacks what a rule asks for, the pointer ends at the place that it would have."""
    name, end = MISSING[node]
    root = etree.fromstring(fresh("oadrDistributeEvent", 1, 1, random.Random(5))[0])
    before = lift(read(etree.tostring(root)))
    (subject,) = (subject for subject in before.nodes if subject.endswith(f"/{node}>"))
    asked = place(before, subject, f"<{FLEX}{name}>")
    assert asked is not None
    (element,) = root.xpath(asked.pointer, namespaces=spaces())
    element.getparent().remove(element)
    document = read(etree.tostring(root))
    found = place(lift(document), subject, f"<{FLEX}{name}>")
    assert found is not None
    assert found.pointer.endswith(end)
    assert document.root.xpath(found.pointer, namespaces=spaces()) == []


def test_place_knows_no_other_nodes():
    """A node that the payload did not make has no place in it."""
    lifted = lift(read(fresh("oadrPoll", 1, 1, random.Random(5))[0]))
    assert place(lifted, f"<{ID}party/x>", f"<{FLEX}venID>") is None
    message = place(lifted, f"<{lifted.message}>", None)
    assert message is not None
    assert message.pointer == "/oadr:oadrPoll"
    assert place(lifted, f"<{lifted.message}>", f"<{XSD}nothing>") == message


def _damaged(data: bytes, chance: random.Random) -> bytes:
    """Repeat, drop, empty or rename one element, or put a strange one into it."""
    root = etree.fromstring(data)
    at = chance.choice([e for e in root.iter("*") if e is not root])
    match chance.randrange(6):
        case 0:
            at.addnext(etree.fromstring(etree.tostring(at)))
        case 1:
            at.getparent().remove(at)
        case 2:
            at[:] = []
            at.text = ""
        case 3:
            at.tag = chance.choice([e.tag for e in root.iter("*")])
        case 4:
            at.append(etree.Element("{http://a.example/}strange"))
        case _:
            at.text = "strange"
    return etree.tostring(root)


@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.long)])
def test_functions_walk_as_the_tables_do(count, monkeypatch):
    """Each payload, and damaged ones of it, has the same graph by functions and by the plan's tables."""
    chance, seen = random.Random(5), 0
    for data in corpus():
        for damaged in [data, *(_damaged(data, chance) for _ in range(count))]:
            try:
                document = read(damaged)
            except kg.UnreadablePayload:
                continue
            by_function, seen = lift(document), seen + 1
            with monkeypatch.context() as patch:
                for plan in lifter_for(document.profile).plans.values():
                    patch.setattr(plan, "run", plan.plainly)
                by_table = lift(document)
            assert by_function.facts == by_table.facts
            assert by_function.concepts == by_table.concepts
            for name in ("unmapped", "repeated"):
                assert getattr(by_function, name) == getattr(by_table, name)
    assert seen > 3 * count


def test_literals_are_canonical():
    """A text is written as canonical N-Triples has it, whatever characters of XML it holds."""
    text = 'a"\\\n\r\t\x7f\x85é😀 \u2028'
    assert string(text) == str(ox.Literal(text))


def test_digits_beyond_all_floats_are_no_number():
    """Hundreds of digits are as much too large as an exponent is; behind the point they are kept."""
    assert decimal("9" * 400) == f'"{"9" * 400}"'
    assert decimal("1e60").endswith("#decimal>")
    assert decimal("0." + "1" * 400).endswith("#decimal>")
