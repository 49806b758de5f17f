"""Gives the variables that a sub-select keeps to itself names of their own.

``?t`` in one sub-select and ``?t`` in another, or around it, are two variables where they are not projected.
With two names each star can be judged by where its own variables are used.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Item,
    Part,
    Select,
    Triple,
    Union,
    Values,
)
from kg.sparql.observations.variables import counted

#: A character that names of variables may have, and that nobody types.
MARK = "\u00b7"


def apart(select: Select) -> None:
    """Rename what is local to each sub-select of a query and used elsewhere too; in place.

    Args:
        select: a query whose sub-selects say what they project.
    """
    for number, inner in enumerate(list(_inner(select))):
        if inner.star:
            continue
        whole, own = counted(select), counted(inner)
        shown = {item.variable or item.expression.text for item in inner.items}
        names = {
            name: f"{name}{MARK}{number}"
            for name in own
            if name not in shown and whole[name] > own[name] and MARK not in name
        }
        if names and not Counter(names.values()).keys() & whole.keys():
            _select(inner, names)


def _inner(select: Select) -> Iterator[Select]:
    """Give the sub-selects of a query, each before that around it."""
    for expression in _expressions(select):
        for part in expression.walk():
            if part.group is not None:
                yield from _in_group(part.group)
    yield from _in_group(select.where)


def _in_group(group: Group) -> Iterator[Select]:
    if group.select is not None:
        yield from _inner(group.select)
        yield group.select
    for element in group.elements:
        match element:
            case Filter() | Bind():
                for part in element.expression.walk():
                    if part.group is not None:
                        yield from _in_group(part.group)
            case Part():
                yield from _in_group(element.group)
            case Union():
                for one in element.groups:
                    yield from _in_group(one)


def _expressions(select: Select) -> Iterator[Expression]:
    for item in (*select.items, *select.grouped, *select.ordered):
        yield item.expression
    yield from select.having


def _select(select: Select, names: dict[str, str]) -> None:
    _items((*select.items, *select.grouped, *select.ordered), names)
    for having in select.having:
        _expression(having, names)
    if select.values is not None:
        _element(select.values, names)
    _group(select.where, names)


def _items(items: Iterable[Item], names: dict[str, str]) -> None:
    for item in items:
        _expression(item.expression, names)
        item.variable = names.get(item.variable, item.variable)


def _expression(expression: Expression, names: dict[str, str]) -> None:
    for part in expression.walk():
        if part.kind == "term":
            part.text = names.get(part.text, part.text)
        if part.group is not None:
            _group(part.group, names)


def _group(group: Group, names: dict[str, str]) -> None:
    if group.select is not None:
        _select(group.select, names)
    for element in group.elements:
        _element(element, names)


def _element(element: Element, names: dict[str, str]) -> None:
    match element:
        case Block():
            element.triples[:] = [_triple(one, names) for one in element.triples]
        case Filter():
            _expression(element.expression, names)
        case Bind():
            _expression(element.expression, names)
            element.variable = names.get(element.variable, element.variable)
        case Values():
            element.variables[:] = [names.get(name, name) for name in element.variables]
        case Part():
            element.graph = names.get(element.graph, element.graph)
            _group(element.group, names)
        case Union():
            for one in element.groups:
                _group(one, names)


def _triple(triple: Triple, names: dict[str, str]) -> Triple:
    predicate = triple.predicate
    if isinstance(predicate, str):
        predicate = names.get(predicate, predicate)
    return Triple(
        names.get(triple.subject, triple.subject), predicate, names.get(triple.object, triple.object)
    )
