"""Mutation test of the rules of OpenADR 3: damage written from the clauses, as for OpenADR 2.0b."""

from kg.check import Checker, checker
from tests.mutation.openadr3 import KINDS, judged, messages, mutants, refusals
from tests.openadr3 import sent
from tests.paths import DATA, needs_data

EVERY = [one for found in judged(DATA.is_dir()).values() for one in found]


def test_undamaged_messages_conform():
    """What nobody has damaged conforms at level core."""
    reports = {
        name: checker("core").check(sent(value)) for name, (_, value) in messages(DATA.is_dir()).items()
    }
    assert {name for name, report in reports.items() if report.verdict != "conforms"} == set()


def test_each_kind_fits_a_message_that_is_always_there():
    """Kinds have names of their own, and each damages a message without the reference data too."""
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 60
    assert [kind.name for kind in KINDS if not next(mutants(kind, published=False), None)] == []


def test_mutants_are_refused_for_their_cause():
    """Each by a finding that points at the damage and speaks of it."""
    assert [f"{mutant.kind.name}: {mutant.payload}" for mutant, seen, _ in EVERY if not seen] == []


@needs_data
def test_rule_taken_away_is_missed():
    """Without a rule A30 that refuses, a mutant that only it refuses goes unnoticed."""
    only = {
        next(iter(rules)): mutant
        for mutant, _, rules in EVERY
        if len(rules) == 1 and mutant.kind.level == "core"
    }
    rules = checker("core").shapes.rules.values()
    own = {rule.id for rule in rules if rule.id.startswith("A30-") and rule.severity == "Violation"}
    assert own - set(only) == set()
    for rule in own:
        left = Checker(checker("core").shapes, {}, without=frozenset({rule}))
        assert refusals(only[rule], left) == [], rule
