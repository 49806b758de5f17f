"""Strategies: which signal becomes which command, as rows of ``mappings/strategies``."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Final

from kg import assets

_COLUMNS: Final = ("signal", "type", "from", "until", "command", "do", "number", "base", "note")
#: Columns that hold a number or nothing.
NUMBERS: Final = ("from", "until", "number")
#: How the head of a strategy begins.
HEAD: Final = "signal,type,"
#: Numbers of a strategy have so many digits before and behind the point at most, as xsd:decimal has them.
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a strategy.

    Attributes:
        signal: name of the signal, for example ``"SIMPLE"``.
        type: type of the signal, for example ``"level"``.
        low: smallest value that the row is for, None for any.
        high: value from which the row is for no longer, None for none.
        command: name of the point, or its ``flex:commandName``.
        act: what is done with the value, for example ``"set"``; rule STR-9 lists what there is.
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


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line of a file that is no row of a strategy.

    Attributes:
        line: of the file, from 1.
        what: what is wrong.
        cure: what to do.
    """

    line: int
    what: str
    cure: str


def cells_of(text: str) -> Iterator[tuple[int, dict[str, str]] | Flaw]:
    """Read the cells of a strategy.

    Args:
        text: CSV with the columns ``signal,type,from,until,command,do,number,base,note``.

    Yields:
        Line and cells by column, without white space around them; or what is wrong with the form.

    >>> [len(one.what) > 0 for one in cells_of("signal;type")]
    [True]
    """
    lines = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    rows = 0
    try:
        if tuple(lines.fieldnames or ()) != _COLUMNS:
            yield Flaw(1, "the columns are not those of a strategy", f"use {','.join(_COLUMNS)}")
            return
        for cells in lines:
            rows += 1
            if None in cells or None in cells.values():
                yield Flaw(lines.line_num, "the row has not as many cells as the head", "mend the row")
            else:
                yield lines.line_num, {name: cell.strip() for name, cell in cells.items()}
    except csv.Error as error:
        yield Flaw(lines.line_num, f"the file is no CSV: {error}", "save it as CSV")
        return
    if not rows:
        yield Flaw(1, "the strategy has no row", "add rows")


def number(text: str) -> Decimal | None:
    """Read a number of a strategy; None for what is none, is not finite, or has too many digits.

    >>> number("0.5"), number("many"), number("1e400")
    (Decimal('0.5'), None, None)
    """
    try:
        made = Decimal(text)
    except InvalidOperation:
        return None
    exponent = made.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DIGITS or made.adjusted() >= _DIGITS:
        return None
    return made


def row_of(line: int, cells: dict[str, str]) -> Row | None:
    """Make a row from its cells; None where a cell that should hold a number holds none."""
    low, high, factor = made = [number(cells[name]) for name in NUMBERS]
    if [one is not None for one in made] != [bool(cells[name]) for name in NUMBERS]:
        return None
    return Row(
        *(cells["signal"], cells["type"], low, high, cells["command"], cells["do"]),
        *(Decimal(1) if factor is None else factor, cells["base"], line),
    )


def rows_of(text: str) -> list[Row]:
    """Read the rows of a strategy whose numbers are numbers, in the order of the file."""
    made = [row_of(*one) for one in cells_of(text) if not isinstance(one, Flaw)]
    return [row for row in made if row is not None]


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
            if row.command and row.command == other.command and meet(row, other):
                yield row, other
        seen.append(row)


def meet(row: Row, other: Row) -> bool:
    """Tell whether two rows are for one value of one signal."""
    same = (row.signal, row.type) == (other.signal, other.type)
    return same and _below(row.low, other.high) and _below(other.low, row.high)


def _below(low: Decimal | None, high: Decimal | None) -> bool:
    return low is None or high is None or low < high


@cache
def shipped() -> dict[str, Path]:
    """Give the files of the shipped strategies by name."""
    return {path.stem: path for path in assets.files("mappings", "strategies/*.csv")}


def file_of(name: str, folders: Iterable[Path] = ()) -> Path | None:
    """Find the file of a strategy.

    Args:
        name: name of a shipped one, or of a file in one of ``folders``, which goes before ours.
        folders: folders of a site.

    Returns:
        The file; None where there is none of that name.
    """
    plain = name.replace("-", "").replace("_", "").isalnum()
    own = (folder / f"{name}.csv" for folder in folders if plain)
    return next((path for path in own if path.is_file()), shipped().get(name))
