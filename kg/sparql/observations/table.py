"""The answer to a query that the columns answered wholly: a table, in columns too."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kg.sparql.observations.forms import DECIMAL, INTEGER, IRI, STRING, TERM
from kg.sparql.observations.tree import Item, Select


class Unsortable(Exception):
    """Rows whose order only the engine knows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: datatype of its literals as ``forms`` has it, and their texts; ``TERM``: N-Triples terms."""

    datatype: str
    cells: Sequence[str | None]


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
        length = len(next(iter(self.columns.values())).cells) if self.columns else 0
        rows = list(range(length))
        for item in reversed(select.ordered):
            key = _ranks(self.columns[item.expression.text])
            rows.sort(key=key.__getitem__, reverse=item.word == "DESC")
        first = select.slices.get("OFFSET", 0)
        rows = rows[first:][: select.slices.get("LIMIT", length)]
        made = Table()
        for item in select.items:
            column = self.columns[item.expression.text]
            cells = [column.cells[row] for row in rows]
            made.columns[item.variable or item.expression.text] = Column(column.datatype, cells)
        return made


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


def _ranks(column: Column) -> list[tuple[int, object]]:
    """Give what orders cells as SPARQL does: nothing first, then by value.

    Raises:
        Unsortable: it is not known how.
    """
    cells = column.cells
    if column.datatype in (INTEGER, DECIMAL):
        from decimal import Decimal

        return [(0, 0) if cell is None else (1, Decimal(cell)) for cell in cells]
    if column.datatype in (IRI, STRING):
        return [(0, "") if cell is None else (1, cell) for cell in cells]
    if column.datatype == TERM:
        kinds = {(cell[0], cell[-1]) for cell in set(cells) if cell is not None}
        if len(kinds) < 2 and kinds <= {("<", ">"), ('"', '"')} and not any("\\" in (c or "") for c in cells):
            return [(0, "") if cell is None else (1, cell[:-1]) for cell in cells]
    raise Unsortable
