"""Fetches a star grouped, as an inline table of groups."""

from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any

from kg.sparql.observations.aggregates import COUNT, LEAST, MOST, SUM, Grouping
from kg.sparql.observations.columns import Cells, fraction
from kg.sparql.observations.fetch import PARTS, Plan, cell, source, too_many
from kg.sparql.observations.tree import Raw
from kg.sparql.observations.vocabulary import CONSTANT, SQL, Slot

_VALUE = SQL["value"]


def has_text(plan: Plan, cells: Cells) -> bool:
    """Whether a value that the star matches is kept as text, which SQL does not sum up."""
    text, values = source(plan.conditions)
    return bool(cells.view.rows(f"SELECT 1 {text} AND r.exact IS NOT NULL LIMIT 1", values))


def fetch(plan: Plan, made: Grouping, cells: Cells, mentioned: Container[str]) -> Raw:
    """Fetch a star's groups and write them as an inline table.

    Args:
        plan: how the star is fetched.
        made: how it is grouped.
        cells: the columns.
        mentioned: variables that the query mentions; the table has no others.

    Raises:
        kg.errors.QueryError: there are too many groups.
    """
    whole = any(slot.column in ("series", "number") for slot in made.keys)
    parts = {slot.variable: _parts(slot, whole) for slot in made.keys}
    keys = list(dict.fromkeys(part for slot in made.keys for part in parts[slot.variable]))
    sums = ["count(*)"]
    for slot in made.times:
        time = f"epoch_us({SQL[slot.column]})"
        sums += [f"min({time})", f"max({time})"]
    if made.value is not None:
        sums += ["sum(r.milli)", "sum(r.micro)", f"min({_VALUE})", f"max({_VALUE})"]
    batches = any("b." in key for key in keys)
    text, values = source(plan.conditions, batches)
    if any(key.startswith("n.") for key in keys):
        text = text.replace("FROM current r", "FROM current r JOIN names n ON n.id = r.series", 1)
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
        names += [SUM, LEAST, MOST, made.value.variable]
    kept = [n for n, name in enumerate(names) if n < len(made.keys) or name in mentioned]
    kept = kept or [len(made.keys)]
    writers = _writers(made, parts, keys, cells)
    columns = [[write(row) for row in found if row[len(keys)]] for write in (writers[n] for n in kept)]
    rows = "\n".join(f"({' '.join(row)})" for row in zip(*columns, strict=True))
    names = [names[n] for n in kept]
    return Raw(f"{{ SELECT * {{ VALUES ({' '.join(names)}) {{\n{rows}\n}} }} }}", names)


def _parts(slot: Slot, whole: bool) -> tuple[str, ...]:
    """Give the SQL of a key; what is constant of a series groups by itself where the series do not count."""
    return (f"n.{slot.column}",) if slot.column in CONSTANT and not whole else PARTS[slot.column]


def _writers(
    made: Grouping, parts: dict[str, tuple[str, ...]], keys: list[str], cells: Cells
) -> list[Callable[[Sequence[Any]], str]]:
    """Give what writes each column of the table from a row."""
    at = {key: n for n, key in enumerate(keys)}
    writers: list[Callable[[Sequence[Any]], str]] = [
        partial(_iri, at[parts[slot.variable][0]])
        if parts[slot.variable][0].startswith("n.")
        else partial(_key, slot, [at[part] for part in parts[slot.variable]], cells)
        for slot in made.keys
    ]
    next_ = len(keys)
    writers.append(partial(_count, next_))
    next_ += 1
    for _ in made.times:
        writers += [partial(_moment, cells, n) for n in (next_, next_, next_ + 1)]
        next_ += 2
    if made.value is not None:
        writers.append(partial(_total, next_))
        writers += [partial(_number, n) for n in (next_ + 2, next_ + 3, next_ + 2)]
    return writers


def _key(slot: Slot, at: list[int], cells: Cells, row: Sequence[Any]) -> str:
    return cell(slot, [row[n] for n in at], cells)


def _iri(at: int, row: Sequence[Any]) -> str:
    return f"<{row[at]}>"


def _count(at: int, row: Sequence[Any]) -> str:
    return str(row[at])


def _moment(cells: Cells, at: int, row: Sequence[Any]) -> str:
    return cells.time(row[at])


def _total(at: int, row: Sequence[Any]) -> str:
    return fraction(int(row[at] or 0) * 1000 + int(row[at + 1] or 0), 6)


def _number(at: int, row: Sequence[Any]) -> str:
    return fraction(row[at], 6)
