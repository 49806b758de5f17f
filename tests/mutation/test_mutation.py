"""Mutation test of the rules: damage written from the clauses, and whether each is seen for what it is.

The kinds of damage know nothing of the rules: not their ids, not their shapes. What a mutant breaks is said
in words, and a finding counts if it lies where the damage was done and speaks of it.
"""

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from kg.check import Checker, checker
from kg.report import Violation
from tests.mutation import mutants as run
from tests.mutation import openadr3
from tests.mutation.damage import Kind
from tests.mutation.payloads import published, ready
from tests.paths import DATA, ROOT, needs_data

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "mutation.md"
HEAD = """# What happens to damaged payloads

For gateway developers who wonder what a check is worth. {kinds} kinds of damage, each from a clause of the
standard or from its schema's own words, were done to those of {payloads} payloads that they fit, at the first
place and at the last. All {mutants} mutants are valid against the schema. A kind has to be refused at level
core where the standard says must, at level strict where a value would lose its meaning; "told" stands for
what deserves a word and no refusal. A refusal counts if it points at the damage and speaks of it.

{caught} of {due} mutants that have to be refused are ({share}); of {doubtful} that deserve a word, {told} get
one. {passed} more are left out: what is found in them was found before the damage. Kinds that nothing sees
stand in the table with the reason. The levels of the kinds were settled after a first run, when the
severities of the rules were known: the share says that damage is seen for what it is, not that the severities
are right.

Made by `pytest tests/mutation --update-golden`.
"""
TABLE = """
## Damage to {area}

| what is wrong | what the standard says | level | payloads | mutants | caught | gap |
|---|---|---|---|---|---|---|
"""
UNSEEN = """
## Rules that no mutant shows

Each rule whose breach refuses a payload at level core is taken away in turn, and a mutant then goes
unnoticed.
Not so with these: what they ask is asked by the schema already, and they hold for messages that have no
schema and for graphs that come from no payload. Those of OpenADR 3 are below, those of 2.0a have tests of
their own.

| rule | asks | why |
|---|---|---|
"""

OPENADR3 = """
## Damage to messages of OpenADR 3

{kinds} kinds, done to {payloads} messages: those of the tests and, made of the examples of the members, those
of the OpenAPI documents. These are no schema that a check could ask first, so the rules say all of it.
{strict} kinds are due at level strict, the others at level core: {caught} of {due} mutants are refused for
their cause. Each rule A30 that refuses is taken away in turn, and a mutant then goes unnoticed.

| what is wrong | what the standard says | messages | mutants | caught |
|---|---|---|---|---|
"""


@cache
def all_mutants() -> dict[str, list[run.Judged]]:
    """The mutants by kind, without those that only show what was found before."""
    return {name: [one for one in found if one] for name, found in run.judged(DATA.is_dir()).items()}


@cache
def unseen() -> dict[str, str]:
    """Rules that no mutant can show, with the reason."""
    with (HERE / "rules_unseen.csv").open(encoding="utf-8", newline="") as lines:
        return {row["rule"]: row["reason"] for row in csv.DictReader(lines)}


def refusing() -> dict[str, str]:
    """Rules of profile 2.0b that refuse at level core, with what they ask."""
    rules = checker("core").shapes.rules.values()
    return {
        rule.id: rule.description
        for rule in rules
        if rule.severity == "Violation" and not re.match(r"A\d", rule.id)
    }


def _share(kinds: list[Kind]) -> tuple[int, int]:
    judged = [mutant for kind in kinds for mutant in all_mutants()[kind.name]]
    return sum(mutant.caught for mutant in judged), len(judged)


def page() -> str:
    """Make the page anew."""
    judged = all_mutants()
    caught, due = _share([kind for kind in run.KINDS if kind.level != "told"])
    told, doubtful = _share([kind for kind in run.KINDS if kind.level == "told"])
    text = HEAD.format(
        told=told,
        doubtful=doubtful,
        passed=sum(found.count(None) for found in run.judged(DATA.is_dir()).values()),
        kinds=len(run.KINDS),
        payloads=len(ready()) + len(published()),
        mutants=sum(map(len, judged.values())),
        caught=caught,
        due=due,
        share=f"{caught / due:.1%}",
    )
    for area, module in run.AREAS.items():
        text += TABLE.format(area=area)
        for kind in module.KINDS:
            found = judged[kind.name]
            seen = sum(mutant.caught for mutant in found)
            payloads = len({mutant.mutant.payload for mutant in found})
            text += (
                f"| {kind.name} | {kind.clause} | {kind.level} | {payloads} | {len(found)} | {seen} "
                f"| {kind.gap if seen < len(found) else ''} |\n"
            )
    asked = refusing()
    text += UNSEEN + "".join(f"| {rule} | {asked[rule]} | {why} |\n" for rule, why in unseen().items())
    return text + _of_openadr3()


def _of_openadr3() -> str:
    """Make the part of the page about OpenADR 3."""
    found = openadr3.judged(DATA.is_dir())
    every = [one for judged in found.values() for one in judged]
    caught = sum(seen for _, seen, _ in every)
    text = OPENADR3.format(
        kinds=len(found),
        payloads=len(openadr3.messages(DATA.is_dir())),
        caught=caught,
        due=len(every),
        strict=sum(kind.level == "strict" for kind in openadr3.KINDS),
    )
    for kind in openadr3.KINDS:
        judged = found[kind.name]
        payloads = len({mutant.payload for mutant, _, _ in judged})
        seen = sum(seen for _, seen, _ in judged)
        text += f"| {kind.name} | {kind.clause} | {payloads} | {len(judged)} | {seen} |\n"
    return text


def test_kinds_are_many_and_differ():
    """A kind of damage has a name of its own, a clause and a level, and is not taken from the rules."""
    assert len(run.KINDS) >= 60
    assert [name for name, count in Counter(kind.name for kind in run.KINDS).items() if count > 1] == []
    assert {kind.level for kind in run.KINDS} == {"core", "strict", "told"}
    for path in HERE.glob("kinds_*.py"):
        assert not re.search(r"shape|kg\.", path.read_text(encoding="utf-8")), path.name


def test_kind_fits_a_payload_that_is_always_there():
    """Each kind damages some payload, without the reference data too."""
    left = [kind.name for kind in run.KINDS if not next(run.mutants(kind, ready()), None)]
    assert left == []


def test_undamaged_payload_is_not_refused():
    """What nobody has damaged conforms at level core."""
    payloads = {**ready(), **(published() if DATA.is_dir() else {})}
    refused = {name for name, data in payloads.items() if checker("core").check(data).verdict != "conforms"}
    assert refused == set()


def test_mutants_are_refused_for_their_cause():
    """At least 97 % of the mutants are refused by a finding that points at the damage and speaks of it."""
    caught, due = _share([kind for kind in run.KINDS if kind.level != "told"])
    assert caught >= 0.97 * due
    for area, module in run.AREAS.items():
        caught, due = _share([kind for kind in module.KINDS if kind.level != "told"])
        assert caught >= 0.9 * due, area


def test_gap_has_a_reason():
    """A kind of which a mutant is not seen says why; one that is always seen has no excuse left."""
    gaps = {name for name, found in all_mutants().items() if not all(mutant.caught for mutant in found)}
    assert gaps == {kind.name for kind in run.KINDS if kind.gap}


@needs_data
def test_page_lists_every_kind(update_golden):
    """docs/mutation.md is what happens to the mutants today."""
    made = page()
    if update_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_rule_taken_away_is_missed():
    """Without a rule that refuses at level core, a mutant that only it refuses goes unnoticed."""
    only: dict[str, run.Mutant] = {}
    for judged in (judged for found in all_mutants().values() for judged in found):
        if len(judged.core) == 1:
            only.setdefault(next(iter(judged.core)), judged.mutant)
    assert set(refusing()) - set(only) == set(unseen())
    shapes = checker("core").shapes
    for rule, mutant in only.items():
        left = run.check(mutant.data, mutant.kind, Checker(shapes, {}, without=frozenset({rule})))
        assert _refusals(left.violations) == [], f"{rule}: {mutant.kind.name}, {mutant.payload}"


def _refusals(violations: tuple[Violation, ...]) -> list[Violation]:
    return [violation for violation in violations if violation.severity == "Violation"]


@pytest.mark.parametrize("kind", ["no element", "no word"])
def test_blame_needs_place_and_words(kind):
    """A finding elsewhere, or about something else, is no proof that the damage was seen."""
    damage = next(k for k in run.KINDS if k.name == "SIMPLE with 4")
    mutant = next(run.mutants(damage, ready()))
    found = _refusals(run.check(mutant.data, damage).violations)[0]
    assert mutant.blamed(found)
    other = {
        "no element": Violation(found.rule, found.severity, found.message, pointer="/oadr:oadrPayload"),
        "no word": Violation(found.rule, found.severity, "The venID is blank.", pointer=found.pointer),
    }
    assert not mutant.blamed(other[kind])
