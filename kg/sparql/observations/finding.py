"""Finds the stars of a query and puts a place for each into its group."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kg.errors import QueryError
from kg.graphs import REPORTED
from kg.sparql.observations.candidates import Ask
from kg.sparql.observations.kinds import GRAPH, split
from kg.sparql.observations.stars import Star, stars
from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Part,
    Raw,
    Select,
    Union,
)
from kg.sparql.observations.variables import certain, in_expression, in_group
from kg.sparql.observations.vocabulary import RESERVED, RESERVED_CLASSES, TYPE

_READINGS_GRAPH = f"<{REPORTED}"


@dataclass(slots=True)
class Found:
    """The stars of a query, by ``id`` of the element that holds their place.

    Args:
        reserved: predicates and classes of readings that the graph does not use.
    """

    reserved: frozenset[str]
    stars: dict[int, Star] = field(default_factory=dict)
    places: list[Raw] = field(default_factory=list)


def find(select: Select, ask: Ask) -> Found:
    """Find the stars of a query, in place.

    Args:
        select: a query whose paths were taken apart.
        ask: answers a SELECT over the graph.

    Raises:
        kg.errors.QueryError: a pattern may match readings in a way that columns cannot answer.
    """
    found = Found(_unused(ask))
    _query(select, found)
    return found


def _unused(ask: Ask) -> frozenset[str]:
    """Give the predicates and classes of readings that the graph does not use."""
    names = [*RESERVED, *RESERVED_CLASSES]
    asked = " UNION ".join(
        f"{{ SELECT ({n} AS ?n) {{ {pattern} }} LIMIT 1 }}"
        for n, pattern in enumerate(
            f"?s {name} ?o" if name in RESERVED else f"?s {TYPE} {name}" for name in names
        )
    )
    used = {names[int((row[0] or '"0"').split('"')[1])] for row in ask(f"SELECT ?n {{ {asked} }}")}
    return frozenset(names) - used


def _query(select: Select, found: Found) -> set[str]:
    """Find the stars of a query; gives the variables that all its rows bind, and to nothing of a reading."""
    for item in (*select.items, *select.grouped, *select.ordered):
        _expression(item.expression, found, {})
    for having in select.having:
        _expression(having, found, {})
    return _group(select.where, found, {}) & certain(Group(select=select))


def _group(group: Group, found: Found, known: Mapping[str, str]) -> set[str]:
    """Find the stars of a group; gives the variables of which it says that they are nothing of a reading."""
    if group.select is not None:
        return _query(group.select, found)
    _as_minus(group)
    _together(group)
    blocks = [element for element in group.elements if isinstance(element, Block)]
    inner = {
        id(element): dict.fromkeys(_query(element.group.select, found), GRAPH)
        for element in group.elements
        if isinstance(element, Part) and element.kind == "group" and element.group.select is not None
    }
    known = {**known, **{name: kind for told in inner.values() for name, kind in told.items()}}
    every = split([triple for block in blocks for triple in block.triples], known, found.reserved)
    here = {**known, **dict.fromkeys(every.ground, GRAPH)}
    so_far = dict(here) if len(blocks) == 1 else dict(known)
    made: list[Element] = []
    for element in group.elements:
        if isinstance(element, Block):
            parted = split(element.triples, here, found.reserved)
            if parted.graph:
                made.append(Block(parted.graph))
            so_far.update(dict.fromkeys(parted.ground, GRAPH))
            outer = [name for name, kind in known.items() if kind != GRAPH]
            outer += [name for name, kind in so_far.items() if kind != GRAPH and name not in outer]
            for star in stars(parted, outer):
                place = Raw("", star.variables)
                found.stars[id(place)] = star
                found.places.append(place)
                made.append(place)
                if star.sure:
                    roles = {
                        slot.variable: slot.column for slot in star.slots if slot.variable in star.nodes()
                    }
                    so_far.update(roles)
                    here.update(roles)
        else:
            made.append(element)
    group.elements = made
    # What an OPTIONAL, MINUS or EXISTS is joined with is this group alone, not what stands around it.
    reached: dict[str, str] = {}
    bound = certain(group)
    local = {name: kind for name, kind in here.items() if name in bound}
    for element in made:
        placed = found.stars.get(id(element))
        if placed is not None and placed.sure:
            reached.update({n: placed.column(n) or "" for n in placed.nodes()})
        if isinstance(element, Block):
            reached.update(
                {name: here[name] for name in every.ground if name in set(in_group(Group([element])))}
            )
        if placed is not None:
            reached.update({name: GRAPH for name in placed.variables if name in every.ground})
        reached.update(inner.get(id(element), {}))
        match element:
            case Filter() | Bind():
                _expression(element.expression, found, local if isinstance(element, Filter) else reached)
            case Part(kind="graph"):
                _in_graph(element, found, here)
            case Part(kind="group"):
                if id(element) not in inner:
                    _group(element.group, found, here)
            case Part():
                _group(element.group, found, reached)
            case Union():
                for one in element.groups:
                    _group(one, found, here)
    return {name for name, kind in local.items() if kind == GRAPH}


def _in_graph(part: Part, found: Found, known: Mapping[str, str]) -> None:
    """Let the patterns about one graph be; refuse readings there, whose graph is none."""
    if part.graph[0] == "<" and not part.graph.startswith(_READINGS_GRAPH):
        return
    before = len(found.stars)
    _group(part.group, found, known)
    if len(found.stars) > before:
        raise QueryError(
            "readings in columns are in no named graph",
            where=f"GRAPH {part.graph}",
            cure="ask for readings outside of GRAPH",
            code="readings-query",
        )


def _expression(expression: Expression, found: Found, known: Mapping[str, str]) -> None:
    for part in expression.walk():
        if part.group is not None:
            _group(part.group, found, known)


def _together(group: Group) -> None:
    """Put blocks together between which there are filters alone: these hold for the whole group."""
    made: list[Element] = []
    last: Block | None = None
    for element in group.elements:
        if isinstance(element, Block) and last is not None:
            last.triples += element.triples
            continue
        if isinstance(element, Block):
            last = element
        elif not isinstance(element, Filter):
            last = None
        made.append(element)
    group.elements = made


def _as_minus(group: Group) -> None:
    """Write NOT EXISTS as MINUS where the two say the same: it is much faster over tables."""
    bound = certain(Group([e for e in group.elements if not isinstance(e, Filter)]))
    made: list[Part] = []
    for element in group.elements:
        if not isinstance(element, Filter):
            continue
        inner = element.expression.group
        if element.expression.kind != "exists" or element.expression.text != "NOT" or inner is None:
            continue
        if inner.select is not None or not all(isinstance(e, Block | Filter) for e in inner.elements):
            continue
        own = certain(inner)
        plain = all(
            not any(part.group for part in e.expression.walk()) and set(in_expression(e.expression)) <= own
            for e in inner.elements
            if isinstance(e, Filter)
        )
        if plain and own & bound:
            made.append(Part("minus", inner))
    gone = {id(part.group) for part in made}
    group.elements = [
        e for e in group.elements if not (isinstance(e, Filter) and id(e.expression.group) in gone)
    ] + list(made)
