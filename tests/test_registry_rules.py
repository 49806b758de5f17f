"""The rules of the registry: each finds what its golden cases list, nothing else, and is missed when gone.

``tests/shapes/registry/<RULE>.yml``: what was recorded ``before``, the ``step`` and what its ``entry`` states
beyond the usual, a property to ``drop`` from its graph, and the rules that it breaks.
"""

import re
from contextlib import ExitStack
from functools import cache

import pytest
import yaml

from kg.activation.registry import EntryRefused, Registry, facts, rules
from kg.ingest import Ingest
from tests.messages import event
from tests.paths import ROOT
from tests.test_activation import answer, entry

FOLDER = ROOT / "tests" / "shapes" / "registry"
USUAL = {"delivery": {"value": "5", "unit": "KiloW-HR"}}
CASES = [
    (path.stem, case)
    for path in sorted(FOLDER.glob("*.yml"))
    for case in yaml.safe_load(path.read_text("utf-8"))["cases"]
]
RULES = sorted(rules()[0].rules.values(), key=lambda rule: rule.id)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def happen(ingest, name):
    """Record one of the things that cases name."""
    recorded = {
        "command": lambda: entry(entry="C-1"),
        "correction": lambda: entry(entry="C-2", corrects="C-1", value="10"),
        "baseline": lambda: entry("baseline", entry="B-1", point="power", value="6", unit="KiloW"),
        "delivery": lambda: entry("delivery", entry="D-1", point="power", value="5", unit="KiloW-HR"),
        "emergency": lambda: entry("emergency", entry="X-1"),
        "let-go": lambda: entry("emergency", entry="X-2", value="0"),
        "emergency-again": lambda: entry("emergency", entry="X-3"),
        "emergency-of-another": lambda: entry("emergency", ven="VEN-2"),
    }
    if name in recorded:
        Registry(ingest).record(recorded[name]())
        return
    data = {
        "event": lambda: event(),
        "test-event": lambda: event().replace(b"<ei:testEvent>false", b"<ei:testEvent>true"),
        "cancelled": lambda: event(1, request="R-2").replace(b"eventStatus>far", b"eventStatus>cancelled"),
        "changed": lambda: event(1, level=2, request="R-2"),
        "opt-in": lambda: answer("optIn"),
        "opt-in-again": lambda: answer("optIn", number=1, request="R-2"),
        "opt-out": lambda: answer("optOut"),
        "opt-out-of-another": lambda: answer("optOut", ven="VEN-2"),
    }[name]()
    assert ingest.ingest(data).accepted, name


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """Give the graph of a case's entry; each is made once, and what was before the same for several."""
    opened = ExitStack()

    @cache
    def after(names):
        ingest = opened.enter_context(Ingest(tmp_path_factory.mktemp("case") / "store"))
        for name in names:
            happen(ingest, name)
        return ingest.graphs

    @cache
    def made(number):
        case = CASES[number][1]
        one = entry(case["step"], **{**USUAL.get(case["step"], {}), **case.get("entry", {})})
        lines = [*one.lines(), *facts(one, after(tuple(case["before"])))]
        if "drop" in case:
            kept = [line for line in lines if case["drop"] not in line]
            assert len(kept) < len(lines)
            lines = kept
        return "\n".join([*lines, ""])

    with opened:
        yield made


@pytest.mark.parametrize("name", ["compiled", "shacl", "pyshacl"])
@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{CASES[n][0]}: {CASES[n][1]['says']}")
def test_case_breaks_exactly_what_it_lists(graphs, number, name):
    """A golden case breaks the rules that it lists and no other, whatever the engine."""
    shapes, _ = rules()
    found = {shapes.rules[one.shape].id for one in rules(name)[1].validate(graphs(number))}
    assert found == set(CASES[number][1].get("finds", ()))


@each_rule
def test_rule_has_cases_of_both_kinds(rule):
    """A rule has a case that keeps it and one that breaks it."""
    broken = [rule.id in case.get("finds", ()) for name, case in CASES if name == rule.id]
    assert any(broken)
    assert not all(broken)


@each_rule
def test_rule_taken_away_is_missed(rule, graphs):
    """Without the rule, a golden case of its own no longer finds it."""
    number = next(n for n, (name, case) in enumerate(CASES) if name == rule.id and case.get("finds"))
    shapes, made = rules("compiled", rule.id)
    found = {shapes.rules[one.shape].id for one in made.validate(graphs(number))}
    assert found == set(CASES[number][1]["finds"]) - {rule.id}


def test_cases_belong_to_rules():
    """Every rule has cases, and no cases are left of a rule that is gone."""
    assert {path.stem for path in FOLDER.glob("*.yml")} == {rule.id for rule in RULES}


@each_rule
def test_rule_says_what_it_is(rule):
    """A rule has an id, a description, a message, a cure, a response code and a source."""
    assert re.fullmatch(r"ACT-[1-9][0-9]*", rule.id)
    assert re.fullmatch(r"4\d\d", rule.response_code)
    for text in (rule.description, rule.message, rule.cure):
        assert re.fullmatch(r"[A-Z].*[^.]\.", text)
    assert rule.source


def test_refused_entry_is_not_kept(tmp_path):
    """What the rules refuse is told with rule and cure, and leaves nothing behind."""
    with Ingest(tmp_path / "store") as ingest:
        ingest.ingest(event())
        with pytest.raises(EntryRefused, match="ACT-8"):
            Registry(ingest).record(entry("answer", answer="done"))
        assert Registry(ingest).entries("E-1") == []
