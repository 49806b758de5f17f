"""Surveys: which classes, predicates and graphs there are, and how many triples each has.

Of readings a few numbers answer that: which classes and predicates one has is the same for all, but for
columns that may be empty. So a table with a row for each class and predicate stands for all of their triples.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kg.errors import QueryError
from kg.graphs import month_graph
from kg.readings import View
from kg.sparql.observations.census import Line, census
from kg.sparql.observations.opened import Open, Other, read_open
from kg.sparql.observations.parser import parse
from kg.sparql.observations.paths import take_apart
from kg.sparql.observations.tree import (
    AGGREGATES,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Item,
    Part,
    Raw,
    Select,
    Union,
)
from kg.sparql.observations.variables import in_element, in_expression, in_items, in_triple, spread
from kg.sparql.observations.writer import query

_NUMBER, _SUBJECTS = "?__n", "?__subjects"


def survey(text: str, view: View) -> str | None:
    """Rewrite a survey so that the graph answers it; None: it is none, or none that can be answered.

    Args:
        text: SPARQL that the engine takes, with all prefixes declared; it names no graphs to read (FROM).
        view: the columns.
    """
    try:
        select, tokens = parse(text)
        take_apart(select, tokens)
        spread(select)
        if select.form != "SELECT" or select.dataset or select.values is not None or select.where.select:
            return None
        if not _of_graphs(select, view):
            _of_nodes(select, view)
    except (QueryError, Other):
        return None
    return query(select)


def _of_graphs(select: Select, view: View) -> bool:
    """Rewrite ``SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }``."""
    parts = [element for element in select.where.elements if isinstance(element, Part)]
    if len(parts) != 1 or parts[0].kind != "graph" or parts[0].graph[0] != "?":
        return False
    name, inner = parts[0].graph, parts[0].group
    blocks = [element for element in inner.elements if isinstance(element, Block)]
    if inner.select or len(inner.elements) != 1 or len(blocks) != 1 or len(blocks[0].triples) != 1:
        raise Other
    if len({name, *in_triple(blocks[0].triples[0])}) != 4 or select.aggregates:
        raise Other
    if select.modifier != "DISTINCT" or not _used(select, [name]) <= {name}:
        raise Other
    months = view.rows(
        "SELECT DISTINCT year(b.received), month(b.received) FROM current r JOIN batches b ON b.id = r.batch"
    )
    rows = [(f"<{month_graph('report', f'{year:04}-{month:02}')}>",) for year, month in months]
    _put(select, parts[0], [name], rows, Group([parts[0]]))
    return True


def _of_nodes(select: Select, view: View) -> None:
    found, place, rest = read_open(select)
    keys = found.keys
    if not select.aggregates:
        if select.modifier != "DISTINCT" or _used(select, keys) & set(found.hidden):
            raise Other
        used = [name for name in keys if name in _used(select, keys) | set(_in(rest))]
        if not used:
            raise Other
        graph = _inner(found, used, [])
        graph.modifier = "DISTINCT"
    else:
        made = _Counting(found, select, bool(rest))
        made.rewrite(select)
        used = [name for name in keys if name in _used(select, keys) | set(_in(rest))]
        if made.subjects and set(used) != {item.expression.text for item in select.grouped}:
            raise Other
        numbers = [Item(_count(""), _NUMBER)]
        if made.subjects:
            numbers.append(Item(_count(found.hidden[0]), _SUBJECTS))
        graph = _inner(found, used, numbers)
        graph.grouped = [Item(Expression("term", name)) for name in used]
    lines = census(view, found.fixed, bool(found.classes), bool(found.predicates), exact=select.aggregates)
    names = used + [item.variable for item in graph.items if item.variable]
    apart = [triple for triple in place.triples if triple not in found.triples]
    graphs = Group([Part("group", Group(select=graph))])
    _put(select, place, names, _rows(found, lines, used, names), graphs, [Block(apart)] if apart else [])


class _Counting:
    """Turns the numbers that a query asks for into sums over a table of numbers."""

    def __init__(self, found: Open, select: Select, joined: bool) -> None:
        self.found, self.joined, self.subjects = found, joined, False
        self.grouped = {item.expression.text for item in select.grouped}
        if any(item.variable or item.expression.kind != "term" for item in select.grouped):
            raise Other
        if self.grouped & set(found.hidden):
            raise Other

    def rewrite(self, select: Select) -> None:
        select.items = [replace(item, expression=self._sum(item.expression)) for item in select.items]
        select.ordered = [replace(item, expression=self._sum(item.expression)) for item in select.ordered]
        select.having = [self._sum(one) for one in select.having]

    def _sum(self, found: Expression) -> Expression:
        if found.kind == "exists":
            raise Other
        if found.kind != "call" or found.text not in AGGREGATES:
            return replace(found, of=[self._sum(part) for part in found.of])
        name = found.of[0].text if found.of and found.of[0].kind == "term" else ""
        if found.text != "COUNT" or (found.of and not name):
            raise Other
        if found.distinct and name in self.found.keys:
            return found
        if found.distinct:
            if name != self.found.hidden[0] or self.joined:
                raise Other
            self.subjects = True
            return _total(_SUBJECTS)
        if found.of and name not in (*self.found.hidden, *self.found.keys):
            raise Other
        return _total(_NUMBER)


def _total(name: str) -> Expression:
    return Expression("call", "SUM", [Expression("term", name)])


def _count(name: str) -> Expression:
    if not name:
        return Expression("call", "COUNT", rest="*")
    return Expression("call", "COUNT", [Expression("term", name)], distinct=True)


def _inner(found: Open, keys: Iterable[str], numbers: list[Item]) -> Select:
    """Write what the graph is asked of these nodes."""
    items = [Item(Expression("term", name)) for name in keys]
    return Select("SELECT", Group([Block(found.triples)]), items=[*items, *numbers])


def _rows(found: Open, lines: Iterable[Line], used: list[str], names: list[str]) -> list[tuple[str, ...]]:
    """Write what readings have, by what is used of it."""
    numbers: dict[tuple[str, ...], int] = {}
    subjects: dict[tuple[str, ...], dict[str, int]] = {}
    for line in lines:
        told = {found.classes: line.kind, found.predicates: line.predicate}
        key = tuple(told[name] for name in used)
        numbers[key] = numbers.get(key, 0) + line.triples
        roles = subjects.setdefault(key, {})
        roles[line.role] = max(roles.get(line.role, 0), line.nodes)
    rows = []
    for key, number in numbers.items():
        told = {_NUMBER: str(number), _SUBJECTS: str(sum(subjects[key].values()))}
        rows.append((*key, *(told[name] for name in names[len(used) :])))
    return rows


def _put(
    select: Select,
    place: Element,
    names: list[str],
    rows: Sequence[tuple[str, ...]],
    graph: Group,
    more: Sequence[Element] = (),
) -> None:
    """Put what the graph says, and beside it a table, in the place of a pattern, and more behind it."""
    text = "\n".join(f"({' '.join(row)})" for row in rows)
    table = Raw(f"{{ SELECT * {{ VALUES ({' '.join(names)}) {{\n{text}\n}} }} }}", names)
    at = next(n for n, element in enumerate(select.where.elements) if element is place)
    select.where.elements[at : at + 1] = [Union([graph, Group([table])]), *more]


def _used(select: Select, keys: Iterable[str]) -> set[str]:
    """Give the variables of a query that are not made by itself."""
    found = set(in_items((*select.items, *select.grouped, *select.ordered)))
    found.update(name for having in select.having for name in in_expression(having))
    made = {item.variable for item in select.items} - set(keys)
    filters = [element for element in select.where.elements if isinstance(element, Filter)]
    return (found - made) | set(_in(filters))


def _in(elements: Iterable[Element]) -> Iterable[str]:
    for element in elements:
        yield from in_element(element)
