"""Property paths taken apart into plain triples, so that every pattern over observations can be seen."""

from kg.sparql.observations.tokens import Tokens
from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Part,
    Path,
    Select,
    Triple,
    Union,
)
from kg.sparql.observations.vocabulary import TYPE, VIRTUAL


def take_apart(select: Select, tokens: Tokens) -> None:
    """Take the paths of a query apart, in place.

    Sequences and inverses become triples, as the standard defines them; alternatives that may speak of
    readings become a union. What is left are paths with ``* + ?`` or ``!``.
    """
    _group(select.where, tokens)
    for item in (*select.items, *select.grouped, *select.ordered):
        _expression(item.expression, tokens)
    for having in select.having:
        _expression(having, tokens)


def mentions(path: str | Path) -> set[str]:
    """Give all IRIs in a path."""
    if isinstance(path, str):
        return {path}
    return {iri for part in path.of for iri in mentions(part)}


def _group(group: Group, tokens: Tokens) -> None:
    if group.select is not None:
        take_apart(group.select, tokens)
    made: list[Element] = []
    for element in group.elements:
        match element:
            case Block():
                made += _block(element.triples, tokens)
                continue
            case Filter() | Bind():
                _expression(element.expression, tokens)
            case Part():
                _group(element.group, tokens)
            case Union():
                for one in element.groups:
                    _group(one, tokens)
        made.append(element)
    group.elements = made


def _expression(expression: Expression, tokens: Tokens) -> None:
    for part in expression.walk():
        if part.group is not None:
            _group(part.group, tokens)


def _block(triples: list[Triple], tokens: Tokens) -> list[Element]:
    plain: list[Triple] = []
    unions: list[Element] = []
    stack = list(reversed(triples))
    while stack:
        triple = stack.pop()
        path = triple.predicate
        if isinstance(path, str):
            plain.append(triple)
        elif path.kind == "seq":
            nodes = [triple.subject, *(tokens.fresh("path") for _ in path.of[1:]), triple.object]
            steps = zip(nodes, path.of, nodes[1:], strict=False)
            stack += reversed([Triple(a, step, b) for a, step, b in steps])
        elif path.kind == "inv":
            stack.append(Triple(triple.object, path.of[0], triple.subject))
        elif path.kind == "alt" and mentions(path) & (VIRTUAL | {TYPE}):
            groups = [Group(_block([Triple(triple.subject, p, triple.object)], tokens)) for p in path.of]
            unions.append(Union(groups))
        else:
            plain.append(triple)
    return [*([Block(plain)] if plain else []), *unions]
