"""moulds: an element lifted by its form has the graph that a walk gives it, however it is written."""

import random
import re
import sys
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

import kg
from bench import peak
from bench.payloads import KINDS, fresh
from kg import casting, portions
from kg.check import checker
from kg.lift import Lifted, lift, lifter_for
from kg.xml import Document, read
from tests.test_lift import corpus

CHECK = sys.modules["kg.check"]

#: Ways to write the same elements otherwise.
SPELLINGS: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda text, _: text,
    "comments": lambda text, chance: _somewhere(text, "<!-- <ei:interval><ei:value>1</ei:value> -->", chance),
    "instructions": lambda text, chance: _somewhere(text, "<?interval <ei:interval>?>", chance),
    "space": lambda text, chance: _somewhere(text, "\n \t", chance),
    "carriage returns": lambda text, chance: _somewhere(text, "\r\n", chance),
    "character data": lambda text, chance: _values(text, lambda value: f"<![CDATA[{value}]]>", chance),
    "references": lambda text, chance: _values(text, lambda value: f"&#{ord(value[0])};{value[1:]}", chance),
    "space around values": lambda text, chance: _values(text, lambda value: f" \n{value}\t", chance),
    "carriage returns in values": lambda text, chance: _values(text, lambda value: f"{value}\r\n", chance),
    "characters beyond ASCII": lambda text, chance: _values(text, lambda value: f"{value}é😀", chance),
    "no end": lambda text, chance: _values(text, lambda _: "", chance).replace("></ei:value>", "/>"),
    "space in tags": lambda text, chance: _tags(text, lambda tag: f"{tag[:-1]}\n>", chance),
    "greater-than signs": lambda text, chance: _values(text, lambda value: f"{value}>", chance),
    "attributes": lambda text, chance: _tags(text, lambda tag: f"{tag[:-1]} xml:lang='>'>", chance),
    "names declared again": lambda text, chance: _tags(
        text, lambda tag: f"{tag[:-1]} xmlns:ei='http://docs.oasis-open.org/ns/energyinterop/201110'>", chance
    ),
    "names that mean another thing": lambda text, chance: _tags(
        text, lambda tag: f"{tag[:-1]} xmlns:ei='http://a.example/'>", chance
    ),
    "dots between": lambda text, chance: _somewhere(text, "...", chance),
}


def _places(found: list[re.Match[str]], chance: random.Random) -> Iterator[re.Match[str]]:
    """Some of the places, from the last to the first."""
    yield from (match for match in reversed(found) if chance.random() < 0.02)


def _somewhere(text: str, more: str, chance: random.Random) -> str:
    for match in _places(list(re.finditer("><", text)), chance):
        text = f"{text[: match.start() + 1]}{more}{text[match.end() - 1 :]}"
    return text


def _values(text: str, change: Callable[[str], str], chance: random.Random) -> str:
    for match in _places(list(re.finditer(r"(?<=>)[^<>&]+(?=</)", text)), chance):
        text = f"{text[: match.start()]}{change(match[0])}{text[match.end() :]}"
    return text


def _tags(text: str, change: Callable[[str], str], chance: random.Random) -> str:
    for match in _places(list(re.finditer(r"<\w[^<>/]*>", text))[1:], chance):
        text = f"{text[: match.start()]}{change(match[0])}{text[match.end() :]}"
    return text


def _many(data: bytes, chance: random.Random, damaged: bool) -> bytes:
    """Repeat an element of a message some times, perhaps with a change in some of the copies."""
    root = etree.fromstring(data)
    at = chance.choice([e for e in root.iter("*") if e is not root])
    markup = etree.tostring(at, with_tail=False)
    for _ in range(8):
        copy = etree.fromstring(markup)
        if damaged and chance.random() < 0.4:
            _change(copy, chance)
        at.addnext(copy)
    return etree.tostring(root)


def _change(element: etree._Element, chance: random.Random) -> None:
    at = chance.choice(list(element.iter("*")))
    match chance.randrange(6):
        case 0 if at is not element:
            at.addnext(etree.fromstring(etree.tostring(at, with_tail=False)))
        case 1 if at is not element:
            at.getparent().remove(at)
        case 2:
            at[:] = []
            at.text = None
        case 3:
            at.tag = chance.choice([e.tag for e in element.iter("*")])
        case 4:
            at.append(etree.Element("{http://a.example/}strange"))
        case _ if not len(at):
            at.text = chance.choice(["strange", "PT", "1", "007", "P1DT2H", " 2026-01-01T00:00:00Z ", ""])


@pytest.fixture
def eager(monkeypatch):
    """Let each form have its mould at once, whatever other tests have lifted."""
    monkeypatch.setattr(casting, "_COST", 1)
    monkeypatch.setattr(casting, "_DEAREST", 1)
    for profile in ("2.0a", "2.0b"):
        for plan in lifter_for(profile).plans.values():
            monkeypatch.setattr(plan, "moulds", {})


def _assert_same(document: Document) -> Lifted:
    cast, walked = lift(document), lift(document, plainly=True)
    assert cast.facts == walked.facts
    assert list(cast.facts) == list(walked.facts)
    assert cast.concepts == walked.concepts
    assert cast.unmapped == walked.unmapped
    assert cast.repeated == walked.repeated
    used = cast.walked is not None
    assert cast.nodes == walked.nodes
    return cast if used else walked


def _read(data: bytes) -> Document | None:
    try:
        return read(data)
    except kg.UnreadablePayload:
        return None


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_children_are_lifted_by_moulds_as_by_a_walk(spelling, eager):
    """Event lists and reports of every spelling have the same graph both ways."""
    chance, seen = random.Random(7), 0
    for kind, size in (("oadrDistributeEvent", 6), ("oadrUpdateReport", 12), ("oadrRegisterReport", 8)):
        for _ in range(3):
            text = fresh(kind, size, 1, chance)[0].decode()
            document = _read(SPELLINGS[spelling](text, chance).encode())
            if document is not None:
                seen += 1
                _assert_same(document)
    assert seen > 3 or spelling == "references"


@pytest.mark.parametrize("count", [2, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("damaged", [False, True])
def test_repeated_elements_are_lifted_as_by_a_walk(count, damaged, eager):
    """Whatever element of a message comes many times, and differs among its copies, the graph is the same."""
    chance, used = random.Random(11), 0
    for data in corpus():
        for _ in range(count):
            document = _read(_many(data, chance, damaged))
            if document is not None:
                cast, walked = lift(document), lift(document, plainly=True)
                used += cast.walked is not None
                assert cast.facts == walked.facts
                assert cast.concepts == walked.concepts
                assert cast.unmapped == walked.unmapped
                assert cast.repeated == walked.repeated
                assert cast.nodes == walked.nodes
    assert used > count


WRONG = ("0", "999", "PT0S", "-1", "P1M", "2026-01-01T00:00:00Z", "x", "PT5M", "level", "1", "SIMPLE")


def _wrong(text: str, chance: random.Random) -> bytes:
    """Put each element on a line of its own, and wrong values into some."""
    text = text.replace("><", ">\n<")
    return _values(text, lambda value: chance.choice([*WRONG, value[::-1]]), chance).encode()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "oadrPoll"])
def test_findings_have_the_same_places_both_ways(kind, eager, monkeypatch):
    """A payload with wrong values gets the same report: rules, values, pointers and lines."""
    chance, check, found = random.Random(13), checker().check, 0
    for _ in range(4):
        data = _wrong(fresh(kind, 10, 1, chance)[0].decode(), chance)
        report = check(data)
        with monkeypatch.context() as patch:
            patch.setattr(CHECK, "lift", lambda document: lift(document, plainly=True))
            assert check(data) == report
        found += len(report.violations)
    assert found


@pytest.fixture
def small_portions(eager, monkeypatch):
    """Let every payload be checked in portions, however small; counts those that were."""
    monkeypatch.setattr(CHECK, "MAX_BYTES", 0)
    monkeypatch.setattr(casting, "MANY", 5)
    monkeypatch.setattr(portions, "_PORTION", 3)
    runs = []
    whole = portions.Portions.run
    monkeypatch.setattr(
        portions.Portions, "run", lambda self, *given: (runs.append(1), whole(self, *given))[1]
    )
    return runs


@pytest.mark.parametrize("count", [1, pytest.param(60, marks=pytest.mark.long)])
def test_large_payloads_are_checked_in_portions_as_a_whole(count, small_portions):
    """Whatever comes many times, and whatever is wrong with it, the report is that on the whole."""
    chance, whole, found = random.Random(17), checker(), 0
    sizes = {"oadrDistributeEvent": 9, "oadrUpdateReport": 14, "oadrRegisterReport": 9}
    texts = [fresh(kind, size, 1, chance)[0] for kind, size in sizes.items() for _ in range(8 * count)]
    texts += [_many(data, chance, chance.random() < 0.5) for data in corpus() for _ in range(count)]
    for data in texts:
        damaged = _wrong(data.decode(), chance) if chance.random() < 0.7 else data
        report = whole.check(damaged)
        assert report == whole.examine(damaged)[0]
        found += len(report.violations)
    assert len(small_portions) > 4 * count
    assert found > 20


def test_two_children_that_speak_of_one_thing_are_not_parted(small_portions):
    """An event that comes twice, or again below another parent, is judged with all that is said of it."""
    text = fresh("oadrDistributeEvent", 12, 1, random.Random(19))[0].decode()
    ids = re.findall(r"<ei:eventID>([^<]*)", text)
    text = text.replace(ids[7], ids[2])
    for damaged in (text, text.replace("<ei:priority>1<", "<ei:priority>-1<")):
        assert checker().check(damaged.encode()) == checker().examine(damaged.encode())[0]


def test_places_of_many_findings_are_those_of_each(eager):
    """The positions of many siblings are remembered; they are those that XPath finds."""
    text = fresh("oadrUpdateReport", 80, 1, random.Random(23))[0].decode()
    text = re.sub("<ei:value>[^<]*", "<ei:value>12345678901234567890", text)
    found = checker().check(text.encode()).violations
    assert len(found) == 80
    spaces = {prefix: iri for prefix, iri in etree.fromstring(text).nsmap.items() if prefix}
    root = etree.fromstring(text).getroottree()
    places = [root.xpath(finding.pointer, namespaces=spaces) for finding in found]
    assert all(len(place) == 1 and place[0].text == "12345678901234567890" for place in places)
    assert len({finding.pointer for finding in found}) == 80


def test_what_one_check_needs_is_bounded():
    """Twenty thousand readings behind a raised cap need less than ten times their size and 50 MB."""
    row = peak.measured("oadrUpdateReport", 20_000)
    assert row["verdict"] == "conforms"
    assert row["extra_mb"] < row["bound_mb"]
