"""Which variables a part of a query mentions, shows or certainly binds."""

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
    Raw,
    Select,
    Triple,
    Union,
    Values,
)


def in_triple(triple: Triple) -> Iterator[str]:
    """Give the variables of a triple pattern."""
    for term in (triple.subject, triple.predicate, triple.object):
        if isinstance(term, str) and term[0] == "?":
            yield term


def in_expression(expression: Expression) -> Iterator[str]:
    """Give the variables of an expression, those in patterns of EXISTS too."""
    for part in expression.walk():
        if part.kind == "term" and part.text[0] == "?":
            yield part.text
        if part.group is not None:
            yield from in_group(part.group)


def in_group(group: Group) -> Iterator[str]:
    """Give the variables of a group, each as often as it is mentioned."""
    if group.select is not None:
        yield from in_select(group.select)
    for element in group.elements:
        yield from in_element(element)


def in_element(element: Element) -> Iterator[str]:
    """Give the variables of one element."""
    match element:
        case Block():
            for triple in element.triples:
                yield from in_triple(triple)
        case Filter():
            yield from in_expression(element.expression)
        case Bind():
            yield from in_expression(element.expression)
            yield element.variable
        case Values() | Raw():
            yield from element.variables
        case Part():
            if element.graph.startswith("?"):
                yield element.graph
            yield from in_group(element.group)
        case Union():
            for one in element.groups:
                yield from in_group(one)


def inside(element: Element) -> Iterator[Element]:
    """Give all elements in an element, those of sub-selects and EXISTS too."""
    groups: list[Group] = []
    match element:
        case Filter() | Bind():
            groups = [part.group for part in element.expression.walk() if part.group is not None]
        case Part():
            groups = [element.group]
        case Union():
            groups = element.groups
    for group in groups:
        yield from _elements(group)


def _elements(group: Group) -> Iterator[Element]:
    while group.select is not None:
        select = group.select
        for item in (*select.items, *select.grouped, *select.ordered):
            yield from inside(Filter(item.expression))
        for having in select.having:
            yield from inside(Filter(having))
        group = select.where
    for element in group.elements:
        yield element
        yield from inside(element)


def in_items(items: Iterable[Item]) -> Iterator[str]:
    """Give the variables of what is projected, grouped or ordered by."""
    for item in items:
        yield from in_expression(item.expression)
        if item.variable:
            yield item.variable


def in_select(select: Select) -> Iterator[str]:
    """Give the variables of a query, each as often as it is mentioned."""
    yield from in_items((*select.items, *select.grouped, *select.ordered))
    for having in select.having:
        yield from in_expression(having)
    for triple in select.template or ():
        yield from in_triple(triple)
    if select.values is not None:
        yield from select.values.variables
    yield from in_group(select.where)


def counted(select: Select) -> Counter[str]:
    """Count how often each variable is mentioned."""
    return Counter(in_select(select))


def shown(group: Group) -> dict[str, None]:
    """Give the variables that ``SELECT *`` over a group shows."""
    found: dict[str, None] = {}
    if group.select is not None:
        select = group.select
        if select.star:
            found.update(shown(select.where))
        else:
            found.update((item.variable or item.expression.text, None) for item in select.items)
        return found
    for element in group.elements:
        match element:
            case Block() | Values() | Raw():
                found.update(dict.fromkeys(in_element(element)))
            case Bind():
                found[element.variable] = None
            case Part(kind="minus"):
                pass
            case Part():
                if element.graph.startswith("?"):
                    found[element.graph] = None
                found.update(shown(element.group))
            case Union():
                for one in element.groups:
                    found.update(shown(one))
    return {name: None for name in found if not name.startswith("?__")}


def certain(group: Group) -> set[str]:
    """Give the variables that every solution of a group binds."""
    if group.select is not None:
        select = group.select
        inner = certain(select.where)
        if select.grouped or select.aggregates:
            inner = {item.expression.text for item in select.grouped if item.expression.text in inner}
        if select.star:
            return inner
        return {item.expression.text for item in select.items if not item.variable} & inner
    found: set[str] = set()
    for element in group.elements:
        match element:
            case Block() | Raw():
                found.update(in_element(element))
            case Values():
                found.update(
                    name
                    for n, name in enumerate(element.variables)
                    if all(r[n] != "UNDEF" for r in element.rows)
                )
            case Part(kind="group") | Part(kind="graph"):
                found |= certain(element.group)
            case Union():
                found |= set.intersection(*(certain(one) for one in element.groups))
    return found


def spread(select: Select) -> None:
    """Write out every ``SELECT *``, so that helper variables stay hidden; in place."""
    _spread(select.where)
    for item in (*select.items, *select.grouped, *select.ordered):
        _spread_in(item.expression)
    for having in select.having:
        _spread_in(having)
    if select.star and select.form in ("SELECT", "DESCRIBE"):
        names = shown(select.where)
        if select.values is not None:
            names.update(dict.fromkeys(select.values.variables))
        if names:
            select.star, select.items = (
                False,
                [
                    Item(Expression("term", name))
                    for name in sorted(names)  # as the engine orders them
                ],
            )


def _spread(group: Group) -> None:
    if group.select is not None:
        spread(group.select)
    for element in group.elements:
        match element:
            case Filter() | Bind():
                _spread_in(element.expression)
            case Part():
                _spread(element.group)
            case Union():
                for one in element.groups:
                    _spread(one)


def _spread_in(expression: Expression) -> None:
    for part in expression.walk():
        if part.group is not None:
            _spread(part.group)
