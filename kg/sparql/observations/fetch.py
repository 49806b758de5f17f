"""Fetches what a star matches, as an inline table: rows, or distinct ones where doubles do not count."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kg.errors import QueryError
from kg.namespaces import FLEX, ID
from kg.sparql.observations.columns import Cells, fraction, number
from kg.sparql.observations.stars import Condition, Star
from kg.sparql.observations.tree import Raw
from kg.sparql.observations.vocabulary import CONSTANT, Slot
from kg.sparql.observations.writer import triple

#: SQL of each column, and how many values it gives.
PARTS = {
    "start": ("epoch_us(r.starts)",),
    "end": ("epoch_us(r.starts) + coalesce(r.length, 0)",),
    "stop": ("epoch_us(r.starts) + r.length",),
    "message": ("b.digest",),
    "value": ("r.milli", "r.micro", "r.exact"),
    "quality": ("r.quality",),
    "confidence": ("r.confidence",),
    "accuracy": ("r.accuracy",),
    "observation": ("r.series", "epoch_us(r.starts)"),
    "result": ("r.series", "epoch_us(r.starts)"),
    "span": ("epoch_us(r.starts)", "r.length"),
    "rowid": ("r.rowid",),
    "number": ("r.series",),
    **dict.fromkeys(CONSTANT, ("r.series",)),
}
#: What else has a predicate of readings.
_OTHERS = {
    f"<{FLEX}ofResource>": "flex:Series",
    f"<{FLEX}series>": "flex:ReportDescription",
    f"<{FLEX}startsAt>": "flex:EventVersion",
}


@dataclass(slots=True)
class Plan:
    """How a star is fetched.

    Args:
        star: what is asked.
        slots: the slots that the rest of the query uses.
        conditions: in SQL.
        distinct: whether doubles do not count.
        most: rows beyond which the query is refused.
        limit: rows that are enough, None for all.
        names_only: whether the series' names alone answer it.
        alone: whether it is the only star of its group.
    """

    star: Star
    slots: list[Slot]
    conditions: list[Condition] = field(default_factory=list)
    distinct: bool = False
    most: int = 250_000
    limit: int | None = None
    names_only: bool = False
    alone: bool = True


def source(conditions: Sequence[Condition], batches: bool = False) -> tuple[str, list[Any]]:
    """Write FROM and WHERE of conditions, and their values."""
    series = [condition for condition in conditions if condition.series]
    others = [condition for condition in conditions if not condition.series]
    where = [condition.sql for condition in others]
    values = [value for condition in others for value in condition.values]
    if series:
        inner = " AND ".join(condition.sql for condition in series)
        where.append(f"r.series IN (SELECT n.id FROM names n WHERE {inner})")
        values += [value for condition in series for value in condition.values]
    join = " JOIN batches b ON b.id = r.batch" if batches else ""
    return f"FROM current r{join} WHERE {' AND '.join(where) or 'true'}", values


def fetch(plan: Plan, cells: Cells) -> Raw:
    """Fetch a star and write it as an inline table.

    Raises:
        QueryError: it would have too many rows; says which pattern, how many, and what to add.
    """
    rows = _rows(plan, cells)
    names = [slot.variable for slot in plan.slots]
    if not names:
        table = "VALUES (?__row) { " + "\n".join(f"({n})" for n in range(len(rows))) + " }"
    else:
        table = f"VALUES ({' '.join(names)}) {{\n" + "\n".join(f"({' '.join(row)})" for row in rows) + "\n}"
    same = "".join(f" FILTER(sameTerm({one}, {other}))" for one, other in plan.star.same)
    # where nothing is named every row says the same: several such tables multiply when they are joined
    text = f"{{ SELECT {' '.join(names) or '(1 AS ?__one)'} {{ {table}{same} }} }}"
    if not plan.star.sure:
        others = "\n".join(map(triple, plan.star.triples))
        text = f"{{ {text} UNION {{ {others} }} }}"
    return Raw(text, names)


def _rows(plan: Plan, cells: Cells) -> list[list[str]]:
    if plan.names_only:
        inner = " AND ".join(condition.sql for condition in plan.conditions if condition.series) or "true"
        values = [value for condition in plan.conditions if condition.series for value in condition.values]
        found = cells.view.rows(f"SELECT n.id FROM names n WHERE {inner}", values)
        return [[cell(slot, [row[0]], cells) for slot in plan.slots] for row in found]
    columns = list(dict.fromkeys(part for slot in plan.slots for part in PARTS[slot.column]))
    at = {part: n for n, part in enumerate(columns)}
    batches = any(part.startswith("b.") or "b." in part for part in columns)
    text, values = source(plan.conditions, batches)
    word = "DISTINCT " if plan.distinct else ""
    most = plan.most if plan.limit is None else min(plan.limit, plan.most + 1)
    sql = f"SELECT {word}{', '.join(columns) or '1'} {text} LIMIT {most + 1 if plan.limit is None else most}"
    found = cells.view.rows(sql, values)
    if len(found) > plan.most:
        raise too_many(plan, cells)
    return [
        [cell(slot, [row[at[part]] for part in PARTS[slot.column]], cells) for slot in plan.slots]
        for row in found
    ]


def too_many(plan: Plan, cells: Cells) -> QueryError:
    """Refuse a star that is too large."""
    text, values = source(plan.conditions)
    count = cells.view.rows(f"SELECT count(*) {text}", values)[0][0]
    where = " ".join(triple(one) for one in plan.star.triples)
    cure = (
        "add a FILTER on the time (flex:startsAt) or name a resource; or group by hour, day or resource"
        " with SUM, AVG, MIN, MAX or COUNT of the value"
    )
    if not plan.alone:
        cure += (
            "; where several readings are joined, group each in a sub-select of its own by what they share"
        )
    if not plan.star.sure and plan.star.root[:3] != "?__":
        root, said = plan.star.root, {str(one.predicate) for one in plan.star.triples}
        other = next((name for predicate, name in _OTHERS.items() if predicate in said), "flex:Event")
        cure = f"if {root} is to be no reading, say what it is, for example {root} a {other}; else {cure}"
    return QueryError(
        f"this pattern takes in {count:,} readings, more than the {plan.most:,} allowed",
        where=where if len(where) < 400 else where[:400] + " ...",
        cure=cure,
        code="readings-too-many",
    )


def cell(slot: Slot, values: Sequence[Any], cells: Cells) -> str:
    """Write one cell."""
    value, column = values[0], slot.column
    if column in CONSTANT:
        return cells.series(value, column)
    match column:
        case "start" | "end" | "stop":
            return cells.time(value)
        case "value":
            return written(values[0], values[1], values[2])
        case "quality":
            return cells.quality(value)
        case "accuracy":
            return number(Decimal(value))
        case "message":
            return f"<{ID}message/{value}>"
        case "observation" | "result":
            return cells.node(column, values[0], values[1], None)
        case "span":
            return cells.node(column, 0, values[0], values[1])
        case _:
            return str(value)


def written(milli: int | None, micro: int | None, text: str | None) -> str:
    """Write a value from the three columns that it may be in."""
    if milli is not None:
        return fraction(milli, 3)
    if micro is not None:
        return fraction(micro, 6)
    return number(Decimal(text or "0"))
