"""Mutants: each kind of damage done to each payload that it fits, and what a check says of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from lxml import etree

from kg.check import Checker, checker
from kg.context import Kind as Complete
from kg.context import StoreContext
from kg.context_files import remember
from kg.graphs.embedded import EmbeddedGraphs
from kg.lift import lift
from kg.report import Report, Violation
from kg.schema import schema_for
from kg.xml import read
from kg.xpath import pointer
from tests.mutation import (
    kinds_context,
    kinds_event,
    kinds_interval,
    kinds_message,
    kinds_offer,
    kinds_opt,
    kinds_registration,
    kinds_report,
    kinds_signal,
)
from tests.mutation.damage import Kind
from tests.mutation.payloads import published, ready

AREAS = {
    "messages": kinds_message,
    "events": kinds_event,
    "intervals": kinds_interval,
    "signals": kinds_signal,
    "reports": kinds_report,
    "data points and requests": kinds_offer,
    "opts": kinds_opt,
    "registration": kinds_registration,
    "series of messages": kinds_context,
}
KINDS: list[Kind] = [kind for area in AREAS.values() for kind in area.KINDS]


@dataclass(frozen=True)
class Mutant:
    """A payload damaged in one way.

    Attributes:
        kind: the damage.
        payload: name of the payload.
        data: the damaged bytes, schema-valid.
        limits: XPaths of the elements in which a finding may point.
    """

    kind: Kind
    payload: str
    data: bytes
    limits: tuple[str, ...]

    def blamed(self, finding: Violation) -> bool:
        """Whether a finding is about the damage: it points there and speaks of it."""
        there = any(_within(finding.pointer, limit) for limit in self.limits)
        return there and bool(re.search(self.kind.speaks, finding.message, re.IGNORECASE))


def _within(path: str, above: str) -> bool:
    return path == above or path.startswith(above + "/")


def _limit(element: etree._Element, name: str) -> str:
    if not name:
        parent = element.getparent()
        return pointer(element if parent is None else parent)
    for above in (element, *element.iterancestors()):
        if etree.QName(above).localname == name:
            return pointer(above)
    return pointer(element)


def mutants(kind: Kind, payloads: dict[str, bytes]) -> Iterator[Mutant]:
    """Damage the payloads, each at the first place and at the last; what breaks the schema is an error."""
    for name, data in payloads.items():
        if kind.only not in ("", name):
            continue
        made = set()
        for place in (0, -1):
            root = etree.fromstring(data)
            wrong = kind.damage(root, place)
            if not wrong:
                continue
            damaged = etree.tostring(root)
            if damaged in made:
                continue
            made.add(damaged)
            schema = schema_for("2.0b")
            if not schema.validate(root):
                raise AssertionError(
                    f"{kind.name}: {name} is no longer schema-valid: {schema.error_log.last_error}"
                )
            yield Mutant(
                kind,
                name,
                damaged,
                tuple(_limit(element, kind.within) for element in wrong),
            )


def check(data: bytes, kind: Kind, made: Checker | None = None) -> Report:
    """Check at the level that a kind asks for, or with another checker."""
    made = made or checker("core" if kind.level == "core" else "strict")
    return made.check(data, now=_time(kind.now), context=known(kind.context))


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@cache
def known(names: tuple[str, ...] | None) -> StoreContext | None:
    """Give payloads that were sent before as a context that is complete."""
    if names is None:
        return None
    graphs = EmbeddedGraphs()
    remember(graphs, [lift(read(ready()[name])) for name in names])
    return StoreContext(graphs, complete=tuple(Complete), enforced=True)


@cache
def undamaged(payload: str, level: str, now: str, context: tuple[str, ...] | None) -> tuple[Violation, ...]:
    """What is found in a payload before it is damaged."""
    data = ready().get(payload) or published()[payload]
    made = checker(level)
    return made.check(data, now=_time(now), context=known(context)).violations


@dataclass(frozen=True)
class Judged:
    """A mutant, the rules that refuse it at level core for whatever cause, and whether its cause is seen."""

    mutant: Mutant
    core: frozenset[str]
    caught: bool


def judge(mutant: Mutant) -> Judged | None:
    """Check a mutant as its kind asks; None where it only shows what was found before."""
    kind = mutant.kind
    level = "core" if kind.level == "core" else "strict"
    before = undamaged(mutant.payload, level, kind.now, kind.context)
    known = {(v.rule, v.pointer, v.severity) for v in before}
    found = [v for v in check(mutant.data, kind).violations if (v.rule, v.pointer, v.severity) not in known]
    due = ("Violation",) if kind.level != "told" else ("Violation", "Warning", "Info")
    caught = any(v.severity in due and mutant.blamed(v) for v in found)
    if not caught and any(mutant.blamed(v) for v in before):
        return None
    core = found if level == "core" else check(mutant.data, kind, checker("core")).violations
    return Judged(mutant, frozenset(v.rule for v in core if v.severity == "Violation"), caught)


@cache
def judged(data: bool) -> dict[str, list[Judged | None]]:
    """All mutants by kind, those of published payloads too where they are there."""
    payloads = {**ready(), **(published() if data else {})}
    return {kind.name: [judge(mutant) for mutant in mutants(kind, payloads)] for kind in KINDS}
