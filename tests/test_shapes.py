"""The rules: each says what it is, finds what it should in its golden cases, and nothing else there."""

import re
from functools import cache

import pyoxigraph as ox
import pytest
from rdflib import SH as SHACL

from kg.engines import NAMES
from kg.namespaces import FLEX, SH
from kg.rules import parse
from kg.schema import schema_folder
from tests.shape_cases import FILES, FOLDER, Case, cases, findings, shapes

RULES = sorted(shapes().rules.values(), key=lambda rule: rule.id)
each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

SCHEMA_PLACE = re.compile(r"OpenADR 2\.0b, (oadr_\w+\.xsd), ([\w-]+)")
OBJECTS = re.compile(r"OpenADR 3\.1\.0, [\w-]+(\.schema)?\.yaml, \w+")
SPECIFICATION = "OpenADR 2.0b Profile Specification, "
#: What RE2 has not, and engines written in Rust or Go have not either.
BEYOND_RE2 = re.compile(r"\(\?[=!<]|\\[1-9]|\(\?P=")


@cache
def cases_of(rule: str) -> tuple[Case, ...]:
    return tuple(case for case in cases() if case.rule == rule)


@pytest.mark.parametrize("engine", NAMES)
@each_case
def test_case_gives_exactly_what_it_lists(case, engine):
    """A golden case gives the findings that it lists and no other, whatever the engine."""
    assert findings(case, engine) == case.finds


@each_case
def test_case_payload_is_valid_against_the_schema(case):
    """What the schema refuses needs no rule: the payload of a case passes it."""
    assert case.document().schema_errors == ()


def test_cases_belong_to_rules():
    """No cases are left of a rule that is gone."""
    assert {path.stem for path in FOLDER.glob("*.yml")} == {rule.id for rule in RULES}


@each_rule
def test_rule_has_cases_of_both_kinds(rule):
    """A rule has a case that keeps it and one that breaks it, each with words of its own."""
    broken = [any(found[0] == rule.id for found in case.finds) for case in cases_of(rule.id)]
    assert any(broken)
    assert not all(broken)
    assert len({case.says for case in cases_of(rule.id)}) == len(broken)


@each_rule
def test_rule_taken_away_is_missed(rule):
    """Without the rule, a golden case of its own no longer gives what it lists."""
    case = next(case for case in cases_of(rule.id) if any(found[0] == rule.id for found in case.finds))
    left = tuple(found for found in case.finds if found[0] != rule.id)
    assert findings(case, "shacl", rule.id) == left


def test_rule_ids_are_unique():
    """One id, one rule."""
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)


@each_rule
def test_rule_says_what_it_is(rule):
    """A rule has an id, a description, a message, a cure, a severity, a response code and a source."""
    assert re.fullmatch(r"[A-Z][A-Z0-9]{2}-[1-9][0-9]*", rule.id)
    assert rule.severity in ("Violation", "Warning", "Info")
    assert re.fullmatch(r"4\d\d", rule.response_code)
    for text in (rule.description, rule.message, rule.cure):
        assert re.fullmatch(r"[A-Z].*[^.]\.", text)
    assert rule.source


@each_rule
def test_rule_names_a_real_place(rule):
    """A place in a schema exists there; a Violation has a clause of the standard."""
    for file, name in SCHEMA_PLACE.findall(rule.source):
        assert f'name="{name}"' in schema_text(file), f"{name} in {file}"
    if rule.severity == "Violation":
        places = SCHEMA_PLACE.search(rule.source) or SPECIFICATION in rule.source
        assert places or (rule.id.startswith(("A30-", "CTX-")) and OBJECTS.match(rule.source))


@cache
def schema_text(file: str) -> str:
    return (schema_folder() / file).read_text(encoding="utf-8")


@each_file
def test_shape_file_is_short(path):
    """A file of shapes is read in one sitting."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


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


@each_file
def test_pattern_is_plain(path):
    """A pattern compiles, and needs nothing that linear-time engines lack."""
    for triple in parse(path):
        if triple.predicate.value == SH + "pattern":
            re.compile(triple.object.value)
            assert not BEYOND_RE2.search(triple.object.value), triple.object.value


@cache
def listed() -> set[str]:
    """The shapes that a shape lists as its properties, in whatever file."""
    pairs = ((triple.predicate.value, triple.object) for path in FILES for triple in parse(path))
    return {value.value for name, value in pairs if name == SH + "property"}


@each_file
def test_every_named_shape_is_a_rule_or_lists_rules(path):
    """A named shape has a rule id, or is the list of the rules of a class; every rule has a target."""
    facts: dict[str, set[str]] = {}
    for triple in parse(path):
        if isinstance(triple.subject, ox.NamedNode):
            facts.setdefault(triple.subject.value, set()).add(triple.predicate.value)
    for shape, said in facts.items():
        if shape in shapes().rules:
            aimed = {SH + "targetClass", FLEX + "inProfile", FLEX + "wording"} & said
            assert shape in listed() or aimed, f"{shape} has no target"
        else:
            assert {SH + "targetClass", SH + "property"} <= said, f"{shape} has no rule id"
