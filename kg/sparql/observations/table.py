"""The answer to a query that the columns answered wholly: a table, in columns too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from kg.sparql.observations.forms import DECIMAL, INTEGER, IRI, STRING, TERM
from kg.sparql.observations.tree import Item, Select

Cell = TypeVar("Cell")


class Unsortable(Exception):
    """Rows whose order only the engine knows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Args:
        datatype: of its literals as ``forms`` has it; ``TERM``: the cells are N-Triples terms.
        cells: their texts, None where there is none.
        at: for each row the place of its cell among the cells; None: they are one for each row.
    """

    datatype: str
    cells: Sequence[str | None]
    at: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.cells if self.at is None else self.at)

    def spread(self, made: Sequence[Cell]) -> Sequence[Cell]:
        """Give for each row what was made of its cell."""
        return made if self.at is None else [made[n] for n in self.at]

    def taken(self, rows: Sequence[int], known: "dict[int, list[int]]") -> "Column":
        """Give some rows of it.

        Args:
            rows: their numbers.
            known: what was taken of places before, by ``id`` of theirs.
        """
        if self.at is None:
            return Column(self.datatype, [self.cells[row] for row in rows])
        at = known.get(id(self.at))
        if at is None:
            at = known[id(self.at)] = [self.at[row] for row in rows]
        return Column(self.datatype, self.cells, at)


@dataclass(slots=True)
class Table:
    """Rows by variable.

    Args:
        columns: by variable, with ``?``; a query shows the columns that it names, under its own names.
    """

    columns: dict[str, Column] = field(default_factory=dict)

    def shown(self, select: Select) -> "Table":
        """Give what a query shows of it, in its order; it must be ``plain``.

        Raises:
            Unsortable: terms of several kinds are to be ordered.
        """
        length = len(next(iter(self.columns.values()))) if self.columns else 0
        rows = self._ordered(select, length)
        first = select.slices.get("OFFSET", 0)
        rows = rows[first:][: select.slices.get("LIMIT", length)]
        same = isinstance(rows, range) and len(rows) == length
        made, known = Table(), dict[int, list[int]]()
        for item in select.items:
            column = self.columns[item.expression.text]
            name = item.variable or item.expression.text
            made.columns[name] = column if same else column.taken(rows, known)
        return made

    def _ordered(self, select: Select, length: int) -> Sequence[int]:
        """Give the numbers of the rows in the query's order; those that are alike stay as they are."""
        if not select.ordered:
            return range(length)
        places = [0] * length
        columns = [(self.columns[item.expression.text], item.word == "DESC") for item in select.ordered]
        for _, run in groupby(columns, key=lambda one: id(one[0] if one[0].at is None else one[0].at)):
            together = list(run)  # columns whose cells have the same places are put in order before these
            told, size = [0] * len(together[0][0].cells), 1
            for column, turned in together:
                ranks, most = _ranks(column)
                told = [
                    n * (most + 1) + (most - r if turned else r) for n, r in zip(told, ranks, strict=True)
                ]
                size *= most + 1
            spread = together[0][0].spread(told)
            places = [place * size + n for place, n in zip(places, spread, strict=True)]
        return sorted(range(length), key=places.__getitem__)


def plain(select: Select, columns: Sequence[str]) -> bool:
    """Whether a query only shows, orders and cuts the rows of a table with these variables."""
    items: list[Item] = [*select.items, *select.ordered]
    return (
        select.form == "SELECT"
        and not select.modifier
        and select.values is None
        and not select.having
        and all(one.expression.kind == "term" and one.expression.text in columns for one in items)
    )


def _ranks(column: Column) -> tuple[list[int], int]:
    """Give the place of each cell among the different ones, as SPARQL orders them, and the last place.

    Raises:
        Unsortable: it is not known how.
    """
    cells = column.cells
    told = {cell for cell in cells if cell is not None}
    if column.datatype in (INTEGER, DECIMAL):
        from decimal import Decimal

        values: dict[str, Any] = {cell: Decimal(cell) for cell in told}
    elif column.datatype in (IRI, STRING):
        values = {cell: cell for cell in told}
    else:
        kinds = {(cell[0], cell[-1]) for cell in told}
        if column.datatype != TERM or len(kinds) > 1 or not kinds <= {("<", ">"), ('"', '"')}:
            raise Unsortable
        if any("\\" in cell for cell in told):
            raise Unsortable
        values = {cell: cell[:-1] for cell in told}
    place = {value: n for n, value in enumerate(sorted(set(values.values())), start=1)}
    rank: dict[str | None, int] = {cell: place[value] for cell, value in values.items()}
    rank[None] = 0
    return [rank[cell] for cell in cells], len(place)
