"""Fetches a star grouped, as an inline table of groups."""

from collections.abc import Sequence
from typing import Any

from kg.sparql.observations.aggregates import COUNT, LEAST, MOST, SUM, Grouping
from kg.sparql.observations.columns import Cells, fraction
from kg.sparql.observations.conditions import SQL
from kg.sparql.observations.fetch import PARTS, Plan, cell, source, too_many
from kg.sparql.observations.tree import Raw

_VALUE = SQL["value"]


def has_text(plan: Plan, cells: Cells) -> bool:
    """Whether a value that the star matches is kept as text, which SQL does not sum up."""
    text, values = source(plan.conditions)
    return bool(cells.view.rows(f"SELECT 1 {text} AND r.exact IS NOT NULL LIMIT 1", values))


def fetch(plan: Plan, made: Grouping, cells: Cells) -> Raw:
    """Fetch a star's groups and write them as an inline table.

    Raises:
        kg.errors.QueryError: there are too many groups.
    """
    keys = list(dict.fromkeys(part for slot in made.keys for part in PARTS[slot.column]))
    sums = ["count(*)"]
    for slot in made.times:
        time = f"epoch_us({SQL[slot.column]})"
        sums += [f"min({time})", f"max({time})"]
    if made.value is not None:
        sums += ["sum(r.milli)", "sum(r.micro)", f"min({_VALUE})", f"max({_VALUE})"]
    batches = any("b." in key for key in keys)
    text, values = source(plan.conditions, batches)
    by = [*keys, *made.calendars]
    sql = f"SELECT {', '.join([*keys, *sums])} {text}"
    if by:
        sql += f" GROUP BY {', '.join(by)}"
    found = cells.view.rows(f"{sql} LIMIT {plan.most + 1}", values)
    if len(found) > plan.most:
        raise too_many(plan, cells)
    names = [slot.variable for slot in made.keys] + [COUNT]
    for slot in made.times:
        names += [slot.variable, f"?__first_{slot.column}", f"?__last_{slot.column}"]
    if made.value is not None:
        names += [SUM, LEAST, MOST, *([made.value.variable] if made.shown else [])]
    rows = "\n".join(f"({' '.join(_row(row, keys, made, cells))})" for row in found if row[len(keys)])
    return Raw(f"{{ SELECT * {{ VALUES ({' '.join(names)}) {{\n{rows}\n}} }} }}", names)


def _row(row: Sequence[Any], keys: list[str], made: Grouping, cells: Cells) -> list[str]:
    at = {key: n for n, key in enumerate(keys)}
    cells_ = [cell(slot, [row[at[part]] for part in PARTS[slot.column]], cells) for slot in made.keys]
    rest = list(row[len(keys) :])
    cells_.append(str(rest.pop(0)))
    for _ in made.times:
        first, last = cells.time(rest.pop(0)), cells.time(rest.pop(0))
        cells_ += [first, first, last]
    if made.value is not None:
        milli, micro, least, most = rest
        total = fraction(int(milli or 0) * 1000 + int(micro or 0), 6)
        cells_ += [total, fraction(least, 6), fraction(most, 6)]
        cells_ += [fraction(least, 6)] if made.shown else []
    return cells_
