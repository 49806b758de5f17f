"""Limits for points that are imported: a CSV file beside the source, since most sources have none."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from kg import assets
from kg.errors import UsageError

_NEEDED: Final = ("point", "minimum", "maximum")
#: Column -> term whose value is one number.
_NUMBERS: Final = {
    "minimum": "flex:allowedMinimum",
    "maximum": "flex:allowedMaximum",
    "step": "flex:step",
    "safe": "flex:safeValue",
    "rate": "flex:maximumRate",
    "interval": "flex:minimumInterval",
    "writes": "flex:maximumWrites",
    "warranty minimum": "flex:warrantyMinimum",
    "warranty maximum": "flex:warrantyMaximum",
}
#: Column -> term whose value is a text.
_TEXTS: Final = {"per": "flex:writesPer", "warranty": "flex:warrantyNote", "command": "flex:commandName"}
COLUMNS: Final = ("point", *_NUMBERS, *_TEXTS, "forbidden", "values")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be written to one point, in its unit.

    Attributes:
        row: cells by column, without those that are empty.
    """

    row: Mapping[str, str]

    @property
    def bounded(self) -> bool:
        """Whether there is a range or a list of values."""
        return {"minimum", "maximum"} <= set(self.row) or "values" in self.row

    def terms(self) -> dict[str, Any]:
        """Give the terms of a mapping.

        Raises:
            ValueError: a cell is no number.
        """
        made: dict[str, Any] = {
            term: json_number(self.row[name]) for name, term in _NUMBERS.items() if name in self.row
        }
        made |= {term: self.row[name] for name, term in _TEXTS.items() if name in self.row}
        if "forbidden" in self.row:
            made["flex:forbiddenValue"] = [json_number(one) for one in self.row["forbidden"].split()]
        if "values" in self.row:
            made["oneOf"] = listed(self.row["values"])
        return made


def listed(text: str) -> list[dict[str, Any]]:
    """Read a list of values with what they mean.

    Raises:
        ValueError: a value is no number.

    >>> listed("0=off; 1=on")
    [{'const': 0, 'title': 'off'}, {'const': 1, 'title': 'on'}]
    """
    made = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        number, _, title = part.partition("=")
        if "=" in title:
            raise ValueError(f"{part!r} has several values: write a semicolon between them")
        made.append({"const": json_number(number.strip()), "title": title.strip() or number.strip()})
    return made


def json_number(text: str) -> int | float:
    """Read a number as JSON writes it, a whole one as such.

    Raises:
        ValueError: it is none, or not finite.

    >>> json_number("5"), json_number("0.1")
    (5, 0.1)
    """
    try:
        return int(text)
    except ValueError:
        try:
            made = float(text)
        except ValueError:
            raise ValueError(f"{text!r} is no number") from None
        if made - made != 0:
            raise ValueError(f"{text} is not finite") from None
        return made


class LimitTable:
    """The rows of a file of limits, and which of them a source has asked for."""

    def __init__(self, rows: Mapping[str, Limits] = MappingProxyType({})) -> None:
        self._rows = rows
        self._asked: set[str] = set()

    def of(self, *names: str) -> Limits | None:
        """Give the limits of a point by any of its names; None where there are none."""
        self._asked.update(names)
        return next((self._rows[name] for name in names if name in self._rows), None)

    @property
    def unmet(self) -> frozenset[str]:
        """Rows for points that the source has not."""
        return frozenset(self._rows) - self._asked


def limits_of(settings: Mapping[str, str]) -> LimitTable:
    """Read the limits that the setting ``LIMITS`` names; an empty table without it."""
    return read_limits(Path(settings["LIMITS"])) if "LIMITS" in settings else LimitTable()


def read_limits(path: Path) -> LimitTable:
    """Read a file of limits.

    Args:
        path: a CSV file with the columns ``point,minimum,maximum`` and any others of `COLUMNS`.

    Raises:
        kg.errors.UsageError: a column is missing, a cell is no number, a point comes twice, or a range is
            empty; names the line.
    """
    if not path.is_file():
        raise UsageError("there is no such file of limits", where=str(path), cure="check LIMITS")
    lines = csv.DictReader(assets.text(path).removeprefix("\ufeff").splitlines())
    head = [name.strip().lower() for name in lines.fieldnames or ()]
    unknown = sorted(set(head) - set(COLUMNS))
    if not set(_NEEDED) <= set(head) or unknown:
        what = (
            f"{unknown[0]!r} is no column of limits" if unknown else "the file has not the columns of limits"
        )
        raise UsageError(what, where=str(path), cure=f"use {','.join(COLUMNS)}")
    lines.fieldnames = head
    found: dict[str, Limits] = {}
    for row in lines:
        where = f"{path}:{lines.line_num}"
        if None in row:
            raise UsageError("the row has more cells than the head", where=where, cure="mend the row")
        cells = {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
        point, made = cells.pop("point", ""), Limits(cells)
        try:
            terms = made.terms()
        except ValueError as error:
            raise UsageError(str(error), where=where, cure="write finite numbers") from error
        low, high = terms.get("flex:allowedMinimum"), terms.get("flex:allowedMaximum")
        if low is not None and high is not None and low > high:
            cure = "put the smaller number into minimum"
            raise UsageError(f"the range of {point} is empty", where=where, cure=cure)
        if point in found or not point:
            what = f"the point {point!r} comes twice" if point else "the row names no point"
            raise UsageError(what, where=where, cure="keep one row for each point")
        found[point] = made
    return LimitTable(found)
