"""Patterns about one node of which nothing is known: any class, any predicate."""

from dataclasses import dataclass, field

from kg.sparql.observations.monotone import of_graph_alone, own, untouched
from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Filter,
    Part,
    Select,
    Triple,
    Values,
)
from kg.sparql.observations.variables import in_element
from kg.sparql.observations.vocabulary import CLASSES, TYPE


class Other(Exception):
    """A query is no survey."""


@dataclass(slots=True)
class Open:
    """Patterns about one node of which nothing is known.

    Args:
        triples: what is asked of it.
        classes: variable of its class.
        predicates: variable of its predicate.
        fixed: classes that it has to have.
        hidden: variables of the node, and of what the open predicate leads to.
    """

    triples: list[Triple] = field(default_factory=list)
    classes: str = ""
    predicates: str = ""
    fixed: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Variables that may be shown."""
        return [name for name in (self.classes, self.predicates) if name]


def read_open(select: Select) -> tuple[Open, Block, list[Element]]:
    """Find the patterns about one node, and what else there is, which readings cannot match."""
    blocks = [element for element in select.where.elements if isinstance(element, Block)]
    place = next((block for block in blocks if any(map(_is_open, block.triples))), None)
    if place is None:
        raise Other
    subject = next(triple for triple in place.triples if _is_open(triple)).subject
    found = Open(hidden=[subject])
    others: list[Element] = []
    for triple in place.triples:
        if triple.subject == subject and (_is_open(triple) or triple.predicate == TYPE):
            found.triples.append(triple)
            _note(triple, found)
        else:
            others.append(Block([triple]))
    if subject[0] != "?" or len({*found.hidden, *found.keys}) != len(found.hidden) + len(found.keys):
        raise Other
    others += [element for element in select.where.elements if element is not place]
    for element in others:
        if set(in_element(element)) & set(found.hidden) or not _harmless(element):
            raise Other
    return found, place, others


def _note(triple: Triple, found: Open) -> None:
    """Take in one pattern about the node."""
    if triple.predicate == TYPE and triple.object[0] != "?":
        if triple.object not in CLASSES:
            raise Other
        found.fixed.append(triple.object)
    elif triple.predicate == TYPE:
        if found.classes:
            raise Other
        found.classes = triple.object
    else:
        if found.predicates or triple.object[0] != "?" or not isinstance(triple.predicate, str):
            raise Other
        found.predicates = triple.predicate
        found.hidden.append(triple.object)


def _is_open(triple: Triple) -> bool:
    predicate = triple.predicate
    return isinstance(predicate, str) and (
        predicate[0] == "?" or (predicate == TYPE and triple.object[0] == "?")
    )


def _harmless(element: Element) -> bool:
    """Whether an element says the same of a solution whatever readings there are."""
    match element:
        case Block():
            return all(map(of_graph_alone, element.triples))
        case Filter() | Bind():
            return own(element.expression)
        case Part(kind="optional" | "minus"):
            return untouched(element.group)
        case Values():
            return True
    return False
