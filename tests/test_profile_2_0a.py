"""OpenADR 2.0a: read, lifted, checked by rules of its own, lowered; the schema of 2.0a is the oracle."""

import copy
import re
from collections import Counter
from functools import cache

import pytest
from lxml import etree

from kg import coverage
from kg.check import Checker, check
from kg.engines import NAMES
from kg.errors import UnreadablePayload, UsageError
from kg.lift import lift, lifter_for
from kg.lower import lower, lowered
from kg.namespaces import FLEX, VOCAB
from kg.profiles import load_profile
from kg.rules import Shapes
from kg.schema import messages as messages_of
from kg.schema_model import Model, model_of
from kg.xml import read
from kg.xpath import OADR_20A, OADR_20B
from tests import messages
from tests.openleadr_messages import message
from tests.paths import DATA, PAYLOADS, ROOT, needs_data
from tests.payload_values import values

EVENT = (ROOT / "tests" / "profile_2_0a" / "event.xml").read_bytes()
CORPUS = [path for path in sorted(PAYLOADS.rglob("*.xml")) if OADR_20A.encode() in path.read_bytes()]
RESPONSE = (
    f'<oadrResponse xmlns="{OADR_20A}" xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
    ' xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"><ei:eiResponse>'
    "<ei:responseCode>200</ei:responseCode><pyld:requestID>r</pyld:requestID></ei:eiResponse></oadrResponse>"
).encode()


@cache
def oracle() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(DATA / "openadr" / "xsd" / "2.0a" / "oadr_20a.xsd"))


@cache
def shapes() -> Shapes:
    return Shapes(load_profile("core").files)


def violations(data: bytes) -> set[str]:
    return {v.rule for v in check(data).violations if v.severity == "Violation"}


def edited(old: str, new: str) -> bytes:
    found, count = re.subn(old.encode(), new.encode(), EVENT, flags=re.DOTALL)
    assert count
    return found


def test_the_profile_is_read_from_the_message():
    """A message of 2.0a is lifted and checked as one, a message of 2.0b as one of 2.0b."""
    assert read(EVENT).profile == lift(read(EVENT)).profile == "2.0a"
    assert check(EVENT).verdict == check(EVENT, standard="2.0a").verdict == "conforms"
    assert read(messages.event()).profile == "2.0b"


@pytest.mark.parametrize(
    ("data", "standard"), [(EVENT, "2.0b"), (messages.event(), "2.0a")], ids=["2.0a", "2.0b"]
)
def test_another_profile_than_the_one_asked_for_is_refused(data, standard):
    """Where one profile is asked for, a message of the other is unreadable, with a cause in one line."""
    report = check(data, standard=standard)
    assert (report.verdict, report.violations[0].rule) == ("unreadable", "READ-profile")
    with pytest.raises(UnreadablePayload, match=f"OpenADR {re.escape(standard)} is asked for"):
        read(data, standard=standard)


def test_a_profile_that_does_not_exist_is_refused():
    """Only 2.0a and 2.0b can be asked for."""
    with pytest.raises(UsageError, match=r"no profile is called '2\.0c'; use 2\.0b or 2\.0a"):
        read(EVENT, standard="2.0c")


def test_a_message_of_2_0a_has_no_envelope():
    """An oadrPayload is of 2.0b; a 2.0a message in it is refused."""
    data = (
        f'<oadrPayload xmlns="{OADR_20B}"><oadrSignedObject>'.encode()
        + RESPONSE
        + b"</oadrSignedObject></oadrPayload>"
    )
    with pytest.raises(UnreadablePayload, match=r"carries the OpenADR 2\.0a message oadrResponse"):
        read(data)


def test_the_graph_is_that_of_the_same_message_in_2_0b():
    """The same content gives the same triples, whatever the profile."""
    twin = EVENT.replace(OADR_20A.encode(), OADR_20B.encode())
    graphs = [lift(read(data)).ntriples.replace(read(data).digest, "") for data in (EVENT, twin)]
    assert sorted(graphs[0].splitlines()) == sorted(graphs[1].splitlines())


#: rule, what is done, pattern, replacement, every finding that is a Violation
CASES = [
    ("A20-1", "another signal", ">simple<", ">LOAD_DISPATCH<", {"A20-1"}),
    ("A20-1", "an extension", ">simple<", ">x-own<", {"A20-1"}),
    ("A20-1", "the spelling of 2.0b", ">simple<", ">SIMPLE<", set()),
    ("A20-2", "another type", ">level<", ">product<", {"A20-2", "SIG-4", "SIG-6"}),
    ("A20-3", "no current value", "<ei:currentValue>.*</ei:currentValue>", "", {"A20-3"}),
    ("A20-4", "no notification", "<ei:x-eiNotification>.*</ei:x-eiNotification>", "", {"A20-4"}),
    ("A20-4", "notification of no length", ">PT2H<", ">PT0S<", set()),
    ("A20-5", "a schema version", "<oadr:oadrDistributeEvent", '\\g<0> ei:schemaVersion="2.0b"', {"A20-5"}),
    ("LIFT-3", "two values alike", "<ei:signalPayload>.*?</ei:signalPayload>", r"\g<0>\g<0>", {"LIFT-3"}),
    ("LIFT-2", "a group name", "<ei:venID>", "<ei:groupName>g</ei:groupName>\\g<0>", {"LIFT-2"}),
    (
        "LIFT-2",
        "a target of the signal",
        "</strm:intervals>",
        "\\g<0><ei:eiTarget><ei:venID>v</ei:venID></ei:eiTarget>",
        {"LIFT-2"},
    ),
    (
        "LIFT-2",
        "the start of an interval",
        "<ei:interval>",
        "\\g<0><xcal:dtstart><xcal:date-time>2026-03-02T17:00:00Z</xcal:date-time></xcal:dtstart>",
        {"LIFT-2"},
    ),
]


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize(("rule", "case", "old", "new", "finds"), CASES, ids=[row[1] for row in CASES])
def test_rules_find_what_2_0a_does_not_allow(rule, case, old, new, finds, engine):
    """Each rule of 2.0a finds its breach and nothing else; on messages of 2.0b none of them is tried."""
    data = edited(old, new)
    found = {v.rule for v in check(data, engine=engine).violations if v.severity == "Violation"}
    assert found == finds, case
    assert rule in found or not finds
    twin = data.replace(OADR_20A.encode(), OADR_20B.encode())
    assert not {name for name in violations(twin) if name.startswith(("A20", "LIFT"))}
    assert (rule == "LIFT-3") == ("LIFT-3" in {v.rule for v in check(twin).violations})


@pytest.mark.parametrize("rule", sorted(r.id for r in shapes().rules.values() if r.id.startswith("A20")))
def test_a_rule_taken_away_is_missed(rule):
    """Without the rule, its case no longer has the finding."""
    _, _, old, new, finds = next(row for row in CASES if row[0] == rule and row[4])
    left = Checker(shapes(), {}, "shacl", frozenset({rule})).check(edited(old, new))
    assert {v.rule for v in left.violations if v.severity == "Violation"} == finds - {rule}


def test_rules_say_what_they_are():
    """A rule of 2.0a has a description, a message, a cure, a response code and a clause, as any rule has."""
    rules = [rule for rule in shapes().rules.values() if rule.id.startswith("A20")]
    assert len(rules) == 5
    for rule in rules:
        assert re.fullmatch(r"4\d\d", rule.response_code)
        assert all(
            re.fullmatch(r"[A-Z].*[^.]\.", text) for text in (rule.description, rule.message, rule.cure)
        )
        assert re.match(r"OpenADR 2\.0a, oadr_\w+\.xsd, [\w-]+", rule.source)


def test_the_rule_on_schema_versions_of_2_0b_is_not_tried():
    """A rule that flex:inProfile confines to 2.0b says nothing of a message of 2.0a, and is tried on 2.0b."""
    data = edited("<oadr:oadrDistributeEvent", '\\g<0> ei:schemaVersion="2.0a"')
    twin = data.replace(OADR_20A.encode(), OADR_20B.encode())
    assert "A20-5" in {v.rule for v in check(data).violations}
    assert "MSG-6" not in {v.rule for v in check(data).violations}
    assert "MSG-6" in {v.rule for v in check(twin).violations}


@needs_data
def test_every_element_of_2_0a_is_mapped():
    """Held against the schema of 2.0a, no element or attribute is without a property or a reason."""
    model = Model(DATA / "openadr" / "xsd" / "2.0a" / "oadr_20a.xsd")
    rows = coverage.rows(lifter_for("2.0a"), model)
    assert [row for row in rows if not row.accounted] == []
    assert {row.element for row in rows} > {f"oadr:{name}" for name in messages_of("2.0a")}


@needs_data
def test_rules_name_real_places():
    """The clause of a rule is a name in a file of the schema of 2.0a."""
    for rule in shapes().rules.values():
        for file, name in re.findall(r"OpenADR 2\.0a, (oadr_\w+\.xsd), ([\w-]+)", rule.source):
            text = (DATA / "openadr" / "xsd" / "2.0a" / file).read_text("latin-1")
            assert f'name="{name}"' in text, rule.id


#: What the schema of 2.0a accepts and rules refuse: a sample named "ei:signalName", of the type delta.
ODD = {"oadrDistributeEvent.xml"}


@needs_data
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_verdicts_agree_with_the_schema_of_2_0a(path):
    """What the schema refuses is refused; what it accepts is refused by a rule only, never for its form."""
    data = path.read_bytes()
    try:
        valid = oracle().validate(etree.fromstring(data))
    except etree.XMLSyntaxError:
        valid = False
    report = check(data)
    assert (report.verdict == "conforms") == (valid and path.name not in ODD)
    if valid:
        assert not violations(data) & {"XSD", "LIFT-2", "LIFT-3"}


def damaged() -> list[tuple[str, bytes]]:
    """The event with each element taken out, written two times, put before its neighbour, or emptied."""
    found = []
    for number, _ in enumerate(etree.fromstring(EVENT).iter()):
        for kind in ("without", "twice", "moved", "emptied", "with 2.0b"):
            root = etree.fromstring(EVENT)
            element = list(root.iter())[number]
            above, name = element.getparent(), f"{kind} {etree.QName(element).localname} {number}"
            if kind == "emptied":
                for child in list(element):
                    element.remove(child)
                element.text = ""
            elif kind == "with 2.0b":
                element.append(etree.Element("{http://docs.oasis-open.org/ns/energyinterop/201110}groupName"))
            elif above is None:
                continue
            elif kind == "twice":
                element.addnext(copy.deepcopy(element))
            elif kind == "without":
                above.remove(element)
            elif element.getprevious() is not None:
                element.getprevious().addprevious(element)
            else:
                continue
            found.append((name, etree.tostring(root)))
    return found


@needs_data
def test_damage_is_refused_as_the_schema_of_2_0a_refuses_it():
    """Whatever is taken out, doubled, moved or emptied: what the schema of 2.0a refuses does not conform."""
    unseen, counts = set(), Counter()
    for name, data in damaged():
        valid = oracle().validate(etree.fromstring(data))
        conforms = check(data).verdict == "conforms"
        counts[valid, conforms] += 1
        if conforms and not valid:
            unseen.add(name.rpartition(" ")[0])
        if valid:
            assert not violations(data) & {"XSD", "LIFT-2", "LIFT-3"}, name
    assert unseen == set()
    assert counts[False, False] > 100


@needs_data
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_lower_gives_each_valid_payload_again(path):
    """A lowered message of 2.0a has the same elements and values, and the schema of 2.0a accepts it."""
    data = path.read_bytes()
    try:
        if not oracle().validate(etree.fromstring(data)):
            return
    except etree.XMLSyntaxError:
        return
    lowered = etree.fromstring(lower(lift(read(data)).ntriples, profile="2.0a"))
    assert oracle().validate(lowered), oracle().error_log
    model = model_of("2.0a")
    assert values(lowered, model) == values(etree.fromstring(data), model)


@needs_data
def test_lower_to_2_0a_says_what_2_0a_does_not_have():
    """A message of 2.0b written as one of 2.0a is valid there, and each loss is named."""
    found = lowered(lift(read(message("oadrDistributeEvent"))).ntriples, profile="2.0a")
    left = {iri.removeprefix(FLEX) for _, iri in found.left}
    assert left == {"item", "modifiedAt", "schemaVersion", "startsAt"}
    tree = etree.fromstring(found.data)
    for signal in tree.iter("{*}eiEventSignal"):
        if signal.find("{*}currentValue") is None:  # asked for by 2.0a only
            signal.getparent().remove(signal)
    assert oracle().validate(tree), oracle().error_log


def test_lower_writes_an_event_of_2_0a_as_one_of_2_0b():
    """The graph does not say which profile it came from: it can be written in either."""
    written = lower(lift(read(EVENT)).ntriples, profile="2.0b")
    assert check(written, standard="2.0b").verdict == "conforms"
    assert f"{VOCAB}signalName/simple" in lift(read(written)).ntriples
