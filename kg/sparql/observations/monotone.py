"""Queries to which the graph alone gives enough: any rows will do, and readings could only add some.

Where each solution over the graph is one over graph and readings too, ten rows of the graph are a right
answer to ``LIMIT 10`` without ORDER BY, and one is to ASK.
"""

from kg.errors import QueryError
from kg.sparql.observations.candidates import Ask
from kg.sparql.observations.conditions import parts
from kg.sparql.observations.parser import parse
from kg.sparql.observations.paths import take_apart
from kg.sparql.observations.tree import (
    Bind,
    Block,
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
from kg.sparql.observations.variables import spread
from kg.sparql.observations.vocabulary import CLASSES, TYPE, VIRTUAL
from kg.sparql.observations.writer import query

#: What may say something else when it is asked again.
_FICKLE = frozenset(("RAND", "NOW"))


def graph_gives_enough(text: str, ask: Ask) -> bool:
    """Say whether the graph alone has as many solutions as a query wants, and any solutions will do.

    Args:
        text: SPARQL that the engine takes, with all prefixes declared; it names no graphs to read (FROM).
        ask: answers a SELECT over the graph.
    """
    try:
        select, tokens = parse(text)
    except QueryError:
        return False
    if select.dataset or not _any_will_do(select):
        return False
    take_apart(select, tokens)
    spread(select)
    if not _grows(Group(select=select), top=True):
        return False
    number = 1 if select.form == "ASK" else select.slices["LIMIT"] + select.slices.get("OFFSET", 0)
    if number == 0:
        return True
    if select.form != "SELECT":
        select.form, select.template = "SELECT", None
        select.items = [Item(Expression("term", "1"), "?__one")]
    select.slices = {"LIMIT": 1, "OFFSET": number - 1}
    return any(True for _ in ask(query(select)))


def _any_will_do(select: Select) -> bool:
    if select.form == "ASK":
        return not select.slices
    return select.form in ("SELECT", "CONSTRUCT") and "LIMIT" in select.slices and not select.ordered


def _grows(group: Group, *, top: bool = False) -> bool:
    """Whether what more there is can only add solutions to those of a group."""
    if group.select is not None:
        select = group.select
        if select.aggregates or (select.slices and not top):
            return False
        if any(not own(item.expression) for item in select.items):
            return False
        return _grows(select.where)
    for element in group.elements:
        match element:
            case Block() | Values():
                continue
            case Filter() if all(map(_holds, parts(element.expression))):
                continue
            case Bind() if own(element.expression):
                continue
            case Part(kind="group" | "graph") if _grows(element.group):
                continue
            case Part(kind="optional" | "minus") if untouched(element.group):
                continue
            case Union() if all(map(_grows, element.groups)):
                continue
        return False
    return True


def _holds(part: Expression) -> bool:
    """Whether a condition that holds of a solution goes on to, whatever more there is."""
    if part.kind == "exists" and part.group is not None:
        return untouched(part.group) if part.text else _grows(part.group) or untouched(part.group)
    return own(part)


def own(found: Expression) -> bool:
    """Whether an expression depends on the solution alone."""
    return all(part.group is None and part.text not in _FICKLE for part in found.walk())


def untouched(group: Group) -> bool:
    """Whether no reading can match anything in a group."""
    return group.select is None and all(
        all(map(of_graph_alone, element.triples))
        if isinstance(element, Block)
        else isinstance(element, Filter) and own(element.expression)
        for element in group.elements
    )


def of_graph_alone(triple: Triple) -> bool:
    """Whether a predicate is none of a reading, or a class none."""
    predicate = triple.predicate
    if not isinstance(predicate, str) or predicate[0] == "?" or predicate in VIRTUAL:
        return False
    return predicate != TYPE or (triple.object[0] != "?" and triple.object not in CLASSES)
