"""A value without a binding is refused at level strict: the tables of bindings and the rules say the same.

No rule of its own is needed for it: each combination that the tables give no meaning is one that a rule about
signals, items or report descriptions refuses, and each that they give one is let through.
"""

from functools import cache

import pytest

from kg.binding_draft import Binding
from kg.bindings import point_binding, signal_binding
from kg.check import checker
from kg.graphs import facts_of
from kg.lift import Lifted, lift
from kg.namespaces import FLEX, VOCAB
from kg.vocabulary import iri, schemes
from kg.xml import read
from tests.paths import ROOT

#: Items of other kinds than a number in a unit: what they count, the payload says elsewhere.
NO_NUMBER = {"oadrGBDataDescription"}
BASES = ["", *sorted(set(schemes()["itemBase"].concepts) - NO_NUMBER)]


@cache
def _example(name: str) -> Lifted:
    return lift(read((ROOT / "examples" / name).read_bytes()))


def _edited(lifted: Lifted, concepts: dict[str, str]) -> Lifted:
    """Give a graph with other concepts for some properties; an empty itemBase takes the item away."""
    lines = []
    for line in lifted.lines:
        subject, predicate, _ = line.split(" ", 2)
        name = predicate[1:-1].removeprefix(FLEX)
        if concepts["itemBase"] == "" and (name == "item" or "/item/" in subject):
            continue
        if name in concepts:
            line = f"{subject} {predicate} <{iri(name, concepts[name])}> ."
        lines.append(line)
    used = {term for line in lines for term in [line.split(" ", 2)[2][:-2]] if term.startswith(f"<{VOCAB}")}
    made = Lifted(lifted.message, lifted.message_type, lifted.profile, lines)
    made.walked, made.concepts = lambda: lifted.nodes, used
    return made


def _refused(lifted: Lifted, *areas: str) -> set[str]:
    """Rules of these areas that refuse a graph at level strict."""
    made = checker("strict")
    found = (made._violation(lifted, result) for result in made.validate(lifted))
    return {v.rule for v in found if v.severity == "Violation" and v.rule.startswith(areas)}


def _binding(lifted: Lifted, kind: str) -> Binding:
    facts = facts_of(lifted.lines)
    (subject,) = (s for s, node in facts.items() if f"<{FLEX}{kind}>" in str(node))
    return (signal_binding if kind == "Signal" else point_binding)(subject, facts)


@pytest.mark.parametrize("name", sorted(schemes()["signalName"].concepts))
def test_signals_without_a_meaning_are_those_that_strict_refuses(name: str) -> None:
    """Signal name, type and item: no row and refused, or a row and let through."""
    wrong = []
    for kind in sorted(schemes()["signalType"].concepts):
        for base in BASES:
            concepts = {"signalName": name, "signalType": kind, "itemBase": base}
            lifted = _edited(_example("02-load-shed/shed-0.xml"), concepts)
            refused = _refused(lifted, "SIG")
            if _binding(lifted, "Signal").complete == bool(refused):
                wrong.append((kind, base, refused))
    assert wrong == []


@pytest.mark.parametrize("report", sorted(schemes()["reportType"].concepts))
def test_points_without_a_meaning_are_refused_at_strict(report: str) -> None:
    """Report type, reading type and item: what has no meaning is refused; a quantity needs its unit."""
    wrong = []
    for reading in sorted(schemes()["readingType"].concepts):
        for base in BASES:
            concepts = {"reportType": report, "readingType": reading, "itemBase": base}
            lifted = _edited(_example("04-report-to-query/1-register.xml"), concepts)
            if not _binding(lifted, "reportType").complete and not _refused(lifted, "RDS"):
                wrong.append((reading, base))
    assert wrong == []


@pytest.mark.parametrize(
    ("example", "name", "what"),
    [
        ("02-load-shed/shed-0.xml", "signalName", "Signal"),
        ("02-load-shed/shed-0.xml", "signalType", "Signal"),
        ("04-report-to-query/1-register.xml", "reportType", "reportType"),
        ("04-report-to-query/1-register.xml", "readingType", "reportType"),
    ],
)
def test_extensions_without_a_meaning_are_refused_at_strict(example: str, name: str, what: str) -> None:
    """A token that no vocabulary knows has no binding, and no pass at strict."""
    lifted = _edited(_example(example), {name: "x-own", "itemBase": "powerReal"})
    assert not _binding(lifted, what).complete
    assert _refused(lifted, "SIG", "RDS")
