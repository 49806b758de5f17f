"""How many triples readings in columns have, by class and predicate."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kg.readings import View
from kg.sparql.observations.vocabulary import CLASSES, COLUMNS, OBSERVATION, RESULT, SPAN, TYPE

#: Columns that may be empty in a row, and in the names of a series.
_EMPTY = {"quality": "quality", "confidence": "confidence", "accuracy": "accuracy", "span": "length"}
_NAMED = ("resource", "property", "unit")


@dataclass(frozen=True, slots=True)
class Line:
    """What nodes of one role have.

    Args:
        role: what they are.
        kind: their class; empty where it is not asked for.
        predicate: what leads from them; empty likewise.
        triples: how often they have both.
        nodes: how many have both.
    """

    role: str
    kind: str
    predicate: str
    triples: int
    nodes: int


def census(
    view: View, classes: Collection[str], kinds: bool, predicates: bool, *, exact: bool = True
) -> list[Line]:
    """Count the triples of readings.

    Args:
        view: the columns.
        classes: each node has all of these.
        kinds: count for each class of a node.
        predicates: count for each predicate of a node.
        exact: False: numbers are of no use, but for being none.
    """
    filled = _filled(view)
    nodes = dict.fromkeys((OBSERVATION, RESULT), filled["number"])
    nodes[SPAN] = _spans(view) if exact and filled["span"] else filled["span"]
    lines = []
    for role, number in nodes.items():
        own = [name for name, of in CLASSES.items() if of == role]
        if any(name not in own for name in classes) or not number:
            continue
        for kind in own if kinds else [""]:
            for predicate, times, having in _predicates(role, number, len(own), filled, predicates):
                if having:
                    lines.append(Line(role, kind, predicate, times * having, having))
    return lines


def _predicates(
    role: str, number: int, classes: int, filled: dict[str, int], wanted: bool
) -> Iterator[tuple[str, int, int]]:
    """Give predicates, how often a node has each, and how many do."""
    if not wanted:
        yield "", 1, number
        return
    yield TYPE, classes, number
    for predicate, column in COLUMNS[role].items():
        yield predicate, 1, number if role == SPAN else filled.get(column, number)


def _filled(view: View) -> dict[str, int]:
    """Count the readings, and those in which a column is filled."""
    counts = ", ".join(f"count(r.{name})" for name in _EMPTY.values())
    rows = view.rows(f"SELECT r.series, count(*), {counts} FROM current r GROUP BY r.series")
    names = {row[0]: row[1:] for row in view.rows("SELECT id, resource, property, unit FROM names")}
    found = dict.fromkeys(("number", *_EMPTY, *_NAMED), 0)
    for series, number, *more in rows:
        found["number"] += number
        for name, filled in zip(_EMPTY, more, strict=True):
            found[name] += filled
        for name, value in zip(_NAMED, names[series], strict=True):
            found[name] += number if value is not None else 0
    return found


def _spans(view: View) -> int:
    """Count the different spans."""
    inner = "SELECT DISTINCT r.starts, r.length FROM current r WHERE r.length IS NOT NULL"
    return int(view.rows(f"SELECT count(*) FROM ({inner}) d")[0][0])
