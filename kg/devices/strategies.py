"""Strategies: which signal becomes which command, as rows of ``mappings/strategies``."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Final

from kg import assets
from kg.errors import AssetError, UsageError

#: What a row does with the value of a signal.
ACTS: Final = (
    *("set", "value", "share", "delta", "percent", "safe", "none"),
    *("times", "offset", "toward"),
)
_COLUMNS: Final = ("signal", "type", "from", "until", "command", "do", "number", "base", "note")
#: How the head of a strategy begins.
HEAD: Final = "signal,type,"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a strategy.

    Attributes:
        signal: name of the signal, for example ``"SIMPLE"``.
        type: type of the signal, for example ``"level"``.
        low: smallest value that the row is for, None for any.
        high: value from which the row is for no longer, None for none.
        command: name of the point, or its ``flex:commandName``.
        act: one of `ACTS`.
        number: constant of ``set``, factor of the others.
        base: point whose present value counts, by name or ``flex:commandName``; needed by ``delta`` and
            ``toward``; ``times`` and ``offset`` start from the safe value without one.
        line: line of the file.
    """

    signal: str
    type: str
    low: Decimal | None
    high: Decimal | None
    command: str
    act: str
    number: Decimal
    base: str
    line: int = 0


Strategy = dict[tuple[str, str], tuple[Row, ...]]


def read_strategy(path: Path) -> Strategy:
    """Read a strategy.

    Args:
        path: a CSV file with the columns ``signal,type,from,until,command,do,number,base,note``.

    Returns:
        Rows by signal and type, in the order of the file.

    Raises:
        kg.errors.AssetError: a column or cell is wrong, or two rows command one point; names file and line.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for _, row in _lines(path):
        if isinstance(row, AssetError):
            raise row
        found.setdefault((row.signal, row.type), []).append(row)
    for rows in found.values():
        for row, other in overlaps(rows):
            raise AssetError(
                f"lines {other.line} and {row.line} give {row.command} two commands for one value",
                where=f"{path}:{row.line}",
                cure="let one of the two begin where the other ends",
            )
    return {key: tuple(rows) for key, rows in found.items()}


def mistakes(path: Path) -> list[tuple[int, AssetError]]:
    """List all that is wrong with the cells of a strategy: line and error."""
    try:
        return [(line, row) for line, row in _lines(path) if isinstance(row, AssetError)]
    except AssetError as error:
        return [(1, error)]


def rows_of(path: Path) -> list[Row]:
    """Read the rows of a strategy that can be used, in the order of the file."""
    try:
        return [row for _, row in _lines(path) if isinstance(row, Row)]
    except AssetError:
        return []


def overlaps(rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Find rows of one signal and type that give one point two commands for one value: later, earlier.

    >>> band = Row("SIMPLE", "level", Decimal(0), Decimal(2), "limit", "safe", Decimal(1), "", 2)
    >>> other = Row("SIMPLE", "level", Decimal(1), None, "limit", "safe", Decimal(1), "", 3)
    >>> [(later.line, earlier.line) for later, earlier in overlaps([band, other])]
    [(3, 2)]
    """
    seen: list[Row] = []
    for row in rows:
        for other in seen:
            same = (row.signal, row.type, row.command) == (other.signal, other.type, other.command)
            if same and row.command and _below(row.low, other.high) and _below(other.low, row.high):
                yield row, other
        seen.append(row)


def _below(low: Decimal | None, high: Decimal | None) -> bool:
    return low is None or high is None or low < high


def _lines(path: Path) -> Iterator[tuple[int, Row | AssetError]]:
    """Read a strategy row by row: the line, and the row or what is wrong with it.

    Raises:
        kg.errors.AssetError: the file cannot be read, or its columns are not those of a strategy.
    """
    lines = csv.DictReader(assets.text(path).removeprefix("\ufeff").splitlines())
    try:
        if tuple(lines.fieldnames or ()) != _COLUMNS:
            raise AssetError(
                "the columns are not those of a strategy", where=str(path), cure=f"use {','.join(_COLUMNS)}"
            )
        for cells in lines:
            try:
                yield lines.line_num, _row(cells, f"{path}:{lines.line_num}", lines.line_num)
            except AssetError as error:
                yield lines.line_num, error
    except csv.Error as error:
        raise AssetError(f"the file is no CSV: {error}", where=str(path), cure="save it as CSV") from error


def _row(cells: dict[str, str], where: str, line: int) -> Row:
    if None in cells or None in cells.values():
        raise AssetError("the row has not as many cells as the head", where=where, cure="mend the row")
    cells = {name: cell.strip() for name, cell in cells.items()}
    for name in ("signal", "type"):
        if not cells[name]:
            raise AssetError(f"the {name} is empty", where=where, cure=f"name the {name}")
    act = cells["do"]
    if act not in ACTS:
        raise AssetError(
            f"{act!r} is nothing that a row does", where=where, cure=f"use one of {', '.join(ACTS)}"
        )
    if act != "none" and not cells["command"]:
        raise AssetError(
            "the row names no command", where=where, cure="name a point or its flex:commandName, or do none"
        )
    if act in ("delta", "toward") and not cells["base"]:
        raise AssetError(
            f"{act} needs a base", where=where, cure="name the point whose present value it starts from"
        )
    if act == "set" and not cells["number"]:
        raise AssetError("a set needs a number", where=where, cure="state what is written")
    low, high = _number(cells["from"], where), _number(cells["until"], where)
    if not _below(low, high):
        raise AssetError(
            f"no value is from {low} and below {high}", where=where, cure="put the smaller number into from"
        )
    number = _number(cells["number"], where)
    return Row(
        *(cells["signal"], cells["type"], low, high, cells["command"], act),
        *(Decimal(1) if number is None else number, cells["base"], line),
    )


def _number(text: str, where: str) -> Decimal | None:
    if not text:
        return None
    try:
        made = Decimal(text)
    except InvalidOperation as error:
        raise AssetError(f"{text!r} is no number", where=where, cure="write a number") from error
    if not made.is_finite():
        raise AssetError(f"{text!r} is not finite", where=where, cure="write a finite number")
    return made


@cache
def shipped() -> dict[str, Path]:
    """Give the files of the shipped strategies by name."""
    return {path.stem: path for path in assets.files("mappings", "strategies/*.csv")}


def strategy(name: str, folders: Iterable[Path] = ()) -> Strategy:
    """Give a strategy by its name.

    Args:
        name: name of a shipped one, or of a file in one of ``folders``, which goes before ours.
        folders: folders of a site.

    Raises:
        kg.errors.UsageError: there is none of that name.

    >>> strategy("heat-pump")[("SIMPLE", "level")][0].command
    'mode'
    """
    if name.replace("-", "").replace("_", "").isalnum():
        for folder in folders:
            if (folder / f"{name}.csv").is_file():
                return read_strategy(folder / f"{name}.csv")
    if name not in shipped():
        raise UsageError(
            f"no strategy is called {name!r}",
            cure=f"use one of {', '.join(sorted(shipped()))}, or add {name}.csv",
        )
    return _shipped(name)


@cache
def _shipped(name: str) -> Strategy:
    return read_strategy(shipped()[name])
