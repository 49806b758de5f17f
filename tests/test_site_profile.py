"""The profile of a national market: each of its rules has a case that keeps and one that breaks it."""

import pytest

from kg.check import check
from kg.profiles import load_profile
from kg.rules import Shapes
from tests.paths import ROOT

BASE = ROOT / "tests" / "shapes" / "_base"
SIGNAL = "<ei:signalName>LOAD_DISPATCH</ei:signalName>"
TARGET = "<ei:groupID>group-1</ei:groupID>"
POINT = "<power:serviceDeliveryPoint><power:node>%s</power:node></power:serviceDeliveryPoint>"
#: Name -> base payload, edits, and what the market's own rules find.
CASES = {
    "conforms": ("event", {}, []),
    "starts-between": ("event", {"17:00:00Z": "17:05:00Z"}, ["SDE-1 Violation"]),
    "starts-with-seconds": ("event", {"17:00:00Z": "17:00:30Z"}, ["SDE-1 Violation"]),
    "starts-on-a-quarter": ("event", {"17:00:00Z": "17:15:00Z"}, []),
    "lasts-ten-minutes": (
        "event",
        {"PT30M": "PT10M", "PT1H<": "PT20M<"},
        ["SDE-2 Violation", "SDE-2 Violation"],
    ),
    "is-paid-in-euro": ("price", {}, []),
    "is-paid-in-dollars": ("price", {">EUR<": ">USD<"}, ["SDE-3 Violation"]),
    "names-a-market-location": ("dispatch", {TARGET: POINT % "51238696781"}, []),
    "names-no-market-location": ("dispatch", {TARGET: POINT % "SDP-7"}, ["SDE-4 Warning"]),
    "bids-less": ("dispatch", {"LOAD_DISPATCH": "BID_LOAD"}, ["SDE-5 Info", "SDE-5 Info"]),
    "bids-enough": (
        "dispatch",
        {"LOAD_DISPATCH": "BID_LOAD", "siScaleCode>k<": "siScaleCode>M<"},
        [],
    ),
}


def found(name: str, edits: dict[str, str], engine: str, profile: str = "site-de") -> list[str]:
    text = (BASE / f"{name}.xml").read_text("utf-8")
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    report = check(text.encode(), profile=profile, engine=engine)
    assert "XSD" not in {v.rule for v in report.violations}
    return sorted(f"{v.rule} {v.severity}" for v in report.violations if v.rule.startswith("SDE-"))


@pytest.mark.parametrize("name", CASES)
def test_rules_of_the_market_find_what_they_name(name):
    """A payload is judged by the market's rules in its profile alone; the reference engine agrees."""
    base, edits, expected = CASES[name]
    assert found(base, edits, "compiled") == expected
    assert found(base, edits, "compiled", "strict") == []
    if expected:
        assert found(base, edits, "pyshacl") == expected


def test_every_rule_of_the_market_has_a_case():
    """No rule of the profile is without a case that it finds; each has what a report needs."""
    own = set(load_profile("site-de").files) - set(load_profile("strict").files)
    rules = Shapes(own).rules.values()
    assert {rule.id for rule in rules} == {f.partition(" ")[0] for _, _, fs in CASES.values() for f in fs}
    for rule in rules:
        assert all((rule.message, rule.cure, rule.source, rule.description)), rule.id


def test_market_asks_for_targets():
    """What core leaves open the market asks for: an event without targets is refused."""
    text = (BASE / "event.xml").read_text("utf-8")
    start, end = text.index("<ei:eiTarget>"), text.index("</ei:eiTarget>")
    bare = (text[:start] + "<ei:eiTarget>" + text[end:]).encode()
    assert "EVT-25" in {
        v.rule for v in check(bare, profile="site-de").violations if v.severity == "Violation"
    }
    assert "EVT-25" not in {v.rule for v in check(bare).violations if v.severity == "Violation"}
