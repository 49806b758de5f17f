"""A star: what a block asks of one observation, its result and its span, as slots of columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kg.errors import QueryError
from kg.graphs import lexical
from kg.namespaces import ID, XSD
from kg.sparql.observations.kinds import Split
from kg.sparql.observations.tree import Triple
from kg.sparql.observations.vocabulary import (
    COLUMNS,
    CONSTANT,
    LINKS,
    OBSERVATION,
    OPTIONAL,
    RESULT,
    TIMES,
    TYPE,
    Slot,
)

_MESSAGE = f"<{ID}message/"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in SQL over ``r`` (readings), and the values in it.

    Args:
        sql: with ``?`` for each value.
        values: what they stand for.
        exact: whether it holds just where the pattern that it is from does.
        series: whether it speaks of the series alone, so that it can be asked of ``n`` (names) too.
    """

    sql: str
    values: tuple[Any, ...] = ()
    exact: bool = True
    series: bool = False


@dataclass(slots=True)
class Star:
    """What is asked of one observation.

    Args:
        root: variable of the observation, or of the result or span where the observation is not mentioned.
        role: what the root is.
        triples: its patterns.
        slots: variables and their columns; a root, too, is a slot.
        conditions: what its constants say.
        sure: whether it matches readings alone, and nothing of the graph.
        same: pairs of variables that must be the same term.
        outer: whether the root is bound around the group, so that it is only joined with what is there.
    """

    root: str
    role: str
    triples: list[Triple] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    sure: bool = True
    same: list[tuple[str, str]] = field(default_factory=list)
    outer: bool = False

    @property
    def variables(self) -> list[str]:
        """Names of the slots."""
        return [slot.variable for slot in self.slots]

    def column(self, variable: str) -> str | None:
        """Give the column of a variable."""
        return next((slot.column for slot in self.slots if slot.variable == variable), None)

    def nodes(self) -> list[str]:
        """Give the variables of observation, result and span."""
        return [slot.variable for slot in self.slots if slot.column in ("observation", "result", "span")]


def stars(split: Split, known: Iterable[str]) -> list[Star]:
    """Put together what is asked of each observation.

    Args:
        split: a block.
        known: variables of readings that are bound around it.

    Raises:
        kg.errors.QueryError: a time, value or the like is given as a constant term.
    """
    outer = set(known)
    made: list[Star] = []
    placed: set[str] = set()
    for name, role in split.roles.items():
        if role == OBSERVATION:
            made.append(_star(name, split, outer, placed))
    for name, role in split.roles.items():
        if role != OBSERVATION and name not in placed:
            star = Star(name, role, outer=name in outer, sure=split.sure[name])
            star.slots.append(Slot(name, role))
            _fill(star, split.about[name], role)
            made.append(star)
    return made


def _star(name: str, split: Split, outer: set[str], placed: set[str]) -> Star:
    star = Star(name, OBSERVATION, outer=name in outer, sure=split.sure[name])
    star.slots.append(Slot(name, OBSERVATION))
    _fill(star, split.about[name], OBSERVATION)
    for triple in split.about[name]:
        if isinstance(triple.predicate, str) and triple.predicate in LINKS:
            node = triple.object
            if node in split.about and node not in placed:
                placed.add(node)
                _fill(star, split.about[node], split.roles[node])
    return star


def _fill(star: Star, triples: list[Triple], role: str) -> None:
    """Add the slots and conditions of what is said of one node."""
    star.triples += triples
    for triple in triples:
        if triple.predicate == TYPE:
            if role == "span":
                star.conditions.append(_present("span"))
            continue
        assert isinstance(triple.predicate, str)
        column = COLUMNS[role][triple.predicate]
        if role == "span":
            star.conditions.append(_present("span"))
        if column in OPTIONAL:
            star.conditions.append(_present(column))
        if triple.object[0] != "?":
            star.conditions.append(_constant(column, triple.object))
        elif triple.object in star.variables:
            twin = f"{triple.object}__{len(star.slots)}"
            if star.column(triple.object) != column:
                star.slots.append(Slot(twin, column))
                star.same.append((triple.object, twin))
        else:
            star.slots.append(Slot(triple.object, column))


def _present(column: str) -> Condition:
    """Write that a column is filled."""
    if column in CONSTANT:
        return Condition(f"n.{column} IS NOT NULL", series=True)
    name = {"span": "length", "stop": "length"}.get(column, column)
    return Condition(f"r.{name} IS NOT NULL")


def _constant(column: str, term: str) -> Condition:
    """Write that a column holds a constant."""
    if column in CONSTANT:
        name = "iri" if column == "series" else column
        return Condition(f"n.{name} = ?", (term[1:-1] if term[0] == "<" else "",), series=True)
    if column == "quality":
        return Condition("r.quality IN (SELECT id FROM qualities WHERE iri = ?)", (term[1:-1],))
    if column == "message":
        digest = term[len(_MESSAGE) : -1] if term.startswith(_MESSAGE) else ""
        return Condition("r.batch IN (SELECT id FROM batches WHERE digest = ?)", (digest,))
    number = lexical(term) if term.endswith(f"^^<{XSD}integer>") else term
    if column == "confidence" and number.lstrip("+-").isdecimal() and len(number) < 18:
        return Condition("r.confidence = ?", (int(number),))
    raise QueryError(
        f"the {'time' if column in TIMES else column} of a reading is given as the constant {term}",
        cure="write a variable there, and FILTER(?x = ...) beside it",
        code="readings-query",
    )


__all__ = ["CONSTANT", "RESULT", "Condition", "Star", "stars"]
