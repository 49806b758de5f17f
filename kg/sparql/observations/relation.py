"""What the graph says around a star, as a table for SQL: which series, keys and bounds belong together.

The rest of a group sees of a reading only what is constant of its series. So the graph is asked once for each
series, not for each reading, and what it says is joined with the readings in SQL.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from kg.graphs import lexical
from kg.namespaces import XSD
from kg.readings.column_batch import micros
from kg.sparql.observations.columns import Cells
from kg.sparql.observations.conditions import instant
from kg.sparql.observations.doubles import double, span
from kg.sparql.observations.stars import Condition
from kg.sparql.observations.tree import Element
from kg.sparql.observations.vocabulary import SQL
from kg.sparql.observations.writer import element

Ask = Callable[[str], Iterable[tuple[str | None, ...]]]
_OPERATORS = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_NUMBERS = (f"^^<{XSD}decimal>", f"^^<{XSD}integer>")
#: Most rows that the graph may say; beyond it the readings come one by one, under their own bound.
_MOST = 500_000
_FAR = 9 * 10**18


class Unlike(Exception):
    """A query that cannot be answered in this way."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison of a star's column with a variable of the graph: ``column operator variable``."""

    column: str
    operator: str
    variable: str


class Spelt(NamedTuple):
    """Terms of keys in SQL: what is joined for them, what they are then, between blanks, and its values."""

    joins: str
    terms: str
    values: list[Any]


@dataclass(slots=True)
class Relation:
    """Rows of the graph for SQL.

    Args:
        linked: whether a row is about one series.
        columns: for each row the series (or nothing), number of its key, how often it stands there, and the
            bounds.
        bounds: what the bounds are compared with.
        keys: text of the terms of each key.
    """

    linked: bool
    columns: list[list[int]]
    bounds: list[Bound]
    keys: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def single(self) -> bool:
        """Whether each row stands there once."""
        return all(number == 1 for number in self.columns[2])

    def source(self) -> tuple[str, list[Any]]:
        """Write what the readings are joined with, and its values.

        Where the bounds are of the start alone the times that occur are joined first, and the readings by
        equality.
        """
        names = ["s", "k", "m", *(f"b{n}" for n in range(len(self.bounds)))]
        told = [n for n in range(len(names)) if names[n] != "m" or not self.single]
        table = ", ".join(f"unnest(?::BIGINT[]) AS {names[n]}" for n in told)
        values: list[Any] = [self.columns[n] for n in told]
        series = ["w.s = r.series"] if self.linked else []
        where, limits = self._limits()
        if not self.bounds:
            return f"JOIN (SELECT {table}) w ON {' AND '.join(series) or 'true'}", values
        if all(bound.column == "start" for bound in self.bounds):
            inner = " AND ".join(self._compared("t.starts", n) for n in range(len(self.bounds)))
            times = f"SELECT DISTINCT r.starts FROM current r WHERE {where}"
            joined = f"SELECT v.*, t.starts FROM ({times}) t JOIN (SELECT {table}) v ON {inner}"
            on = " AND ".join(["w.starts = r.starts", *series])
            return f"JOIN ({joined}) w ON {on}", [*limits, *values]
        both = [*series, *(self._compared(SQL[b.column], n, "w") for n, b in enumerate(self.bounds))]
        return f"JOIN (SELECT {table}) w ON {' AND '.join(both)}", values

    @property
    def key(self) -> str:
        """SQL of the number of a row's key."""
        return "w.k"

    def spelt(self) -> Spelt:
        """Write what groups ``g`` are joined with to get the terms of their keys."""
        table = "(SELECT unnest(?::BIGINT[]) AS k, unnest(?::VARCHAR[]) AS terms)"
        values = [list(range(len(self.keys))), [" ".join(key) for key in self.keys]]
        return Spelt(f" JOIN {table} d ON d.k = g.k", "d.terms", values)

    def terms(self, keys: Iterable[int], cells: Cells) -> Mapping[int, tuple[str, ...]]:
        """Give the terms of keys, as ``spelt`` does."""
        return {key: self.keys[key] for key in keys}

    def limits(self) -> Condition:
        """Give a condition that every reading fulfils which fulfils some row's bounds."""
        where, values = self._limits()
        return Condition(where, tuple(values))

    def _compared(self, column: str, at: int, table: str = "v") -> str:
        bound = self.bounds[at]
        right = f"{table}.b{at}" if bound.column == "value" else f"make_timestamp({table}.b{at})"
        return f"{column} {_OPERATORS[bound.operator]} {right}"

    def _limits(self) -> tuple[str, list[int]]:
        where, values = [], []
        for n, bound in enumerate(self.bounds):
            held = self.columns[3 + n]
            if bound.column == "start" and held:
                if bound.operator in (">", ">=", "="):
                    where.append("r.starts >= make_timestamp(?)")
                    values.append(min(held))
                if bound.operator in ("<", "<=", "="):
                    where.append("r.starts <= make_timestamp(?)")
                    values.append(max(held))
        return " AND ".join(where) or "true", values


def relation(
    rest: Sequence[Element],
    constant: Mapping[str, str],
    keys: Sequence[str],
    bounds: Sequence[Bound],
    conditions: Sequence[Condition],
    cells: Cells,
    ask: Ask,
) -> Relation:
    """Ask the graph what it says around a star.

    Args:
        rest: the group's elements; None stands where the star was.
        constant: variables of what is constant of the star's series, and their columns.
        keys: variables that are grouped by.
        bounds: comparisons with variables of the graph.
        conditions: what is known of the star.
        cells: the columns.
        ask: answers a query over the graph.

    Raises:
        Unlike: it says too much, or something that SQL cannot compare.
    """
    text = [_series(constant, conditions, cells) if one is PLACE else element(one) for one in rest]
    names = ["?__s", *keys, *(bound.variable for bound in bounds)]
    linked = bool(constant)
    asked = list(dict.fromkeys(names if linked else names[1:])) or ["(1 AS ?__one)"]
    at = {name: n for n, name in enumerate(asked)}
    number: Counter[tuple[Any, ...]] = Counter()
    numbered: dict[tuple[str, ...], int] = {}
    for n, row in enumerate(ask(f"SELECT {' '.join(asked)} WHERE {{ {' '.join(text)} }}")):
        if n >= _MOST:
            raise Unlike
        key = tuple(_term(row[at[name]]) for name in keys)
        series = int(lexical(row[at["?__s"]] or "")) if linked else 0
        told = tuple(_bound(bound, row[at[bound.variable]]) for bound in bounds)
        number[(series, numbered.setdefault(key, len(numbered)), *told)] += 1
    rows = list(number)
    columns = [[row[n] for row in rows] for n in range(2 + len(bounds))]
    columns.insert(2, [number[row] for row in rows])
    return Relation(linked, columns, list(bounds), list(numbered))


def _known(conditions: Sequence[Condition], cells: Cells) -> list[int]:
    """Give the series that the star may be of."""
    inner = [condition for condition in conditions if condition.series]
    where = " AND ".join(condition.sql for condition in inner) or "true"
    values = [value for condition in inner for value in condition.values]
    return [row[0] for row in cells.view.rows(f"SELECT n.id FROM names n WHERE {where}", values)]


class _Place:
    """Stands where the star was."""


PLACE: Any = _Place()


def _series(constant: Mapping[str, str], conditions: Sequence[Condition], cells: Cells) -> str:
    """Write the series that the star may be of, with what is constant of them."""
    if not constant:
        return ""
    rows = "\n".join(
        f"({number} {' '.join(cells.series(number, column) for column in constant.values())})"
        for number in _known(conditions, cells)
    )
    return f"{{ SELECT * {{ VALUES (?__s {' '.join(constant)}) {{ {rows} }} }} }}"


def _term(term: str | None) -> str:
    if term is not None and term.startswith("_:"):
        raise Unlike
    return "UNDEF" if term is None else term


def _bound(bound: Bound, term: str | None) -> int:
    """Read what a column is compared with: microseconds, or millionths rounded so that nothing changes."""
    if term is None:
        raise Unlike
    if bound.column != "value":
        time = instant(term)
        if time is None:
            raise Unlike
        return micros(time)
    rough = double(term)
    if rough is not None:
        first, after = span(rough)
        if bound.operator == "=" and after != first + 1:
            raise Unlike
        return after - 1 if bound.operator in (">", "<=") else first
    text = next((lexical(term[: -len(end)]) for end in _NUMBERS if term.endswith(end)), None)
    try:
        value = Decimal(text or "") * 1_000_000
    except InvalidOperation as error:
        raise Unlike from error
    low, high = math.floor(value), math.ceil(value)
    if abs(low) > _FAR or (bound.operator == "=" and low != high):
        raise Unlike
    return low if bound.operator in (">", "<=") else high
