"""The rules on mappings: each says what it is, finds what it should in its golden cases, and nothing else."""

import re

import pyoxigraph as ox
import pytest
from rdflib import SH as SHACL

from kg import assets
from kg.devices.check import shapes
from kg.namespaces import SH
from kg.rules import parse
from tests.devices.cases import FOLDER, cases

RULES = sorted(shapes().rules.values(), key=lambda rule: rule.id)
FILES = assets.files("shapes", "devices/*.ttl")
each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@pytest.mark.parametrize("engine", ["shacl", "pyshacl"])
@each_case
def test_case_gives_exactly_what_it_lists(case, engine):
    """A golden case gives the findings that it lists and no other, whatever the engine."""
    assert case.findings(engine) == case.finds


def test_cases_belong_to_rules():
    """Every rule has cases, and no cases are left of a rule that is gone."""
    assert {path.stem for path in FOLDER.glob("*.yml")} == {rule.id for rule in RULES}


@each_rule
def test_rule_has_cases_of_both_kinds(rule):
    """A rule has a case that keeps it and one that breaks it."""
    broken = [any(found[0] == rule.id for found in case.finds) for case in cases() if case.rule == rule.id]
    assert any(broken)
    assert not all(broken)


@each_rule
def test_rule_taken_away_is_missed(rule):
    """Without the rule, a golden case of its own no longer gives what it lists."""
    case = next(c for c in cases() if c.rule == rule.id and any(found[0] == rule.id for found in c.finds))
    assert case.findings("shacl", rule.id) == tuple(found for found in case.finds if found[0] != rule.id)


@each_rule
def test_rule_says_what_it_is(rule):
    """A rule has an id, a description, a message, a cure, a severity and a source."""
    assert re.fullmatch(r"[A-Z]{3}-[1-9][0-9]*", rule.id)
    assert rule.severity in ("Violation", "Warning", "Info")
    for text in (rule.description, rule.message, rule.cure):
        assert re.fullmatch(r"[A-Z].*[^.]\.", text)
    assert rule.source


@each_file
def test_shape_file_uses_terms_of_shacl(path):
    """Engines ignore a misspelt term, so each one is looked up."""
    used = {
        term.value.removeprefix(SH)
        for triple in parse(path)
        for term in triple
        if isinstance(term, ox.NamedNode) and term.value.startswith(SH)
    }
    assert {name for name in used if name not in SHACL} == set()
    assert len(path.read_text("utf-8").splitlines()) < 300


def test_every_shape_belongs_to_a_rule():
    """A named shape has a rule id, or lists the rules of a class."""
    rules = {rule.shape for rule in RULES}
    for path in FILES:
        for triple in parse(path):
            if triple.predicate.value == SH + "property" and isinstance(triple.object, ox.NamedNode):
                assert triple.object.value in rules
