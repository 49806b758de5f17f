"""The tables that say what values mean where a message does not: read once, checked, rows by their keys.

``mappings/bindings`` holds ours; a user's own come from a folder of files with the same names, and their rows
win, row by row.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from kg import assets, vocabulary
from kg.errors import AssetError

_COLUMNS = {
    "signals": (
        *("signal_name", "signal_type", "item_base", "quantity_kind", "unit"),
        *("direction", "aggregation", "says", "source"),
    ),
    "reports": ("report_type", "quantity_kind", "unit", "direction", "says", "source"),
    "payloads": (
        *("payload_type", "units", "quantity_kind", "unit", "symbol"),
        *("direction", "aggregation", "says", "source"),
    ),
    "reading-types": ("reading_type", "aggregation", "says", "source"),
    "units": ("unit", "scale", "scaled_unit", "source"),
    "points": (
        *("ven_id", "report_specifier_id", "r_id", "quantity_kind", "unit", "scale", "direction"),
        *("positive_means", "aggregation", "of", "cim_reading_type", "note"),
    ),
}
#: Further columns at the end, which a table may leave out: the range of values, in the row's unit.
RANGE = ("least", "most")
_RANGED = ("reports", "payloads", "points")
_KEYS = {"signals": 3, "reports": 1, "payloads": 2, "reading-types": 1, "units": 2, "points": 3}
#: Cells that may be left empty.
_OPTIONAL = {
    "signals": {"item_base", "quantity_kind", "unit"},
    "reports": {"quantity_kind", "unit"},
    "payloads": {"quantity_kind", "unit", "symbol"},
    "points": set(_COLUMNS["points"][3:]),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_CIM = re.compile(r"\d+(\.\d+){17}")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: file and line, and its cells by column."""

    place: str
    cells: dict[str, str]


#: Rows by their key columns.
Table = dict[tuple[str, ...], Row]


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables, a user's own rows in the place of ours."""

    signals: Table
    reports: Table
    payloads: Table
    reading_types: Table
    units: Table
    points: Table

    def payload(self, kind: str, units: str) -> Row | None:
        """Find what is said of a payload type of OpenADR 3; a row for its units goes before ``*``."""
        return self.payloads.get((kind, units)) or self.payloads.get((kind, "*"))

    def point(self, ven: str, specifier: str, point: str) -> Row | None:
        """Find what is said of a data point; a row that names VEN and report goes before one with ``*``."""
        if not self.points:
            return None
        keys = ((v, s, point) for v in (ven, "*") for s in (specifier, "*"))
        return next((self.points[key] for key in keys if key in self.points), None)


@lru_cache(maxsize=32)
def load(folder: Path | None = None) -> Tables:
    """Read the tables; they are kept for the life of the process.

    Args:
        folder: a user's own tables.

    Raises:
        AssetError: a table has other columns, or a cell that means nothing; names file and line.

    >>> load().units["W", "k"].cells["scaled_unit"]
    'KiloW'
    """
    return Tables(*(_table(name, folder) for name in _COLUMNS))


def _table(name: str, folder: Path | None) -> Table:
    own = folder / f"{name}.csv" if folder is not None else None
    shipped = assets.folder("mappings") / "bindings" / f"{name}.csv"
    return {**_read(shipped, name), **(_read(own, name) if own is not None and own.is_file() else {})}


def _read(path: Path, name: str) -> Table:
    found: Table = {}
    for number, row in _rows(path, name):
        key = tuple(row[column] for column in _COLUMNS[name][: _KEYS[name]])
        if key in found:
            raise AssetError(
                f"{' '.join(key)} stands twice",
                where=f"{path}:{number}",
                cure="keep one row for each combination",
            )
        found[key] = Row(f"{path.name}, line {number}", row)
    return found


def _rows(path: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(assets.text(path).splitlines())
    header = next(reader, [])
    ranged = name in _RANGED and tuple(header[-2:]) == RANGE
    if tuple(header[:-2] if ranged else header) != _COLUMNS[name]:
        raise AssetError(
            "the table has other columns", where=f"{path}:1", cure=f"write {','.join(_COLUMNS[name])}"
        )
    for number, cells in enumerate(reader, start=2):
        if len(cells) != len(header):
            raise AssetError(
                f"the row has {len(cells)} cells, not {len(header)}",
                where=f"{path}:{number}",
                cure="complete it",
            )
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        _check(row, name, f"{path}:{number}")
        _check_range(row, name, f"{path}:{number}")
        yield number, row


def _check(row: dict[str, str], name: str, where: str) -> None:
    """Refuse a cell that means nothing."""
    optional = _OPTIONAL.get(name, set())
    for column, cell in row.items():
        if not cell:
            if column in optional or column in RANGE:
                continue
            raise AssetError(f"the cell {column} is empty", where=where, cure="fill it in")
        if (name, column) in _FROM_ITEM and cell in _FROM_ITEM[name, column]:
            continue
        rule = _RULES.get(column)
        if rule is not None and not rule[0](cell):
            raise AssetError(f"{column} {cell!r} means nothing", where=where, cure=f"write {rule[1]}")
    if name == "points" and row["scale"] and not row["unit"]:
        raise AssetError("a scale stands without its unit", where=where, cure="name the unit, for example W")


def _check_range(row: dict[str, str], name: str, where: str) -> None:
    """Refuse bounds that no number is between, and those of an unknown unit."""
    least, most = (Decimal(cell) if (cell := row.get(column)) else None for column in RANGE)
    if least is not None and most is not None and least > most:
        raise AssetError(f"least {least} is more than most {most}", where=where, cure="swap them")
    if (least or most) and name != "points" and row["unit"] in ("", "item", "any", "price"):
        raise AssetError(
            "a bound other than 0 stands without its unit",
            where=where,
            cure="name the unit, or give the bound for each data point in points.csv",
        )


#: Words for: as the message says. ``item``: the item or units that it states; ``any``: these, where the value
#: is a number; ``price``: its currency for these units.
_FROM_ITEM = {
    **{("signals", column): ("item",) for column in ("unit", "quantity_kind")},
    **{("reports", column): ("item", "any") for column in ("unit", "quantity_kind")},
    **{("payloads", column): ("item", "any", "price") for column in ("unit", "quantity_kind")},
    ("reading-types", "aggregation"): ("item",),
}


def _of(scheme: str, *notations: str) -> tuple[Callable[[str], bool], str]:
    """Give the rule for a notation of a scheme, all of them or these."""
    if notations:
        return (lambda cell: cell in notations), " or ".join(notations)
    return (lambda cell: vocabulary.concept(scheme, cell) is not None), f"a notation of {scheme}"


_QUDT = (lambda cell: _NAME.fullmatch(cell) is not None), "the last part of QUDT's IRI, for example KiloW"
_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "quantity_kind": _QUDT,
    "unit": _QUDT,
    "scaled_unit": _QUDT,
    "scale": _of("siScaleCode"),
    "direction": _of("flowDirection"),
    "positive_means": _of("flowDirection", "import", "export"),
    "aggregation": _of("aggregation"),
    **dict.fromkeys(RANGE, ((lambda cell: _NUMBER.fullmatch(cell) is not None), "a number, for example 100")),
    "cim_reading_type": ((lambda cell: _CIM.fullmatch(cell) is not None), "18 numbers with dots between"),
}
