"""Strategies: which signal becomes which command, as rows of ``mappings/strategies``."""

import csv
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Final

from kg import assets
from kg.errors import AssetError, UsageError

#: What a row does with the value of a signal.
ACTS: Final = ("set", "value", "share", "delta", "percent", "safe", "none")
_COLUMNS: Final = ("signal", "type", "from", "until", "command", "do", "number", "base", "note")


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
        base: point whose present value ``delta`` is added to, by name or ``flex:commandName``.
    """

    signal: str
    type: str
    low: Decimal | None
    high: Decimal | None
    command: str
    act: str
    number: Decimal
    base: str


Strategy = dict[tuple[str, str], tuple[Row, ...]]


def read_strategy(path: Path) -> Strategy:
    """Read a strategy.

    Args:
        path: a CSV file with the columns ``signal,type,from,until,command,do,number,base,note``.

    Returns:
        Rows by signal and type, in the order of the file.

    Raises:
        kg.errors.AssetError: a column or cell is wrong; names file and line.
    """
    lines = csv.DictReader(assets.text(path).splitlines())
    if tuple(lines.fieldnames or ()) != _COLUMNS:
        raise AssetError(
            "the columns are not those of a strategy", where=str(path), cure=f"use {','.join(_COLUMNS)}"
        )
    found: dict[tuple[str, str], list[Row]] = {}
    for place, cells in enumerate(lines, 2):
        where = f"{path}:{place}"
        if None in cells or None in cells.values():
            raise AssetError("the row has not as many cells as the head", where=where, cure="mend the row")
        if cells["do"] not in ACTS:
            raise AssetError(
                f"{cells['do']!r} is nothing that a row does",
                where=where,
                cure=f"use one of {', '.join(ACTS)}",
            )
        if cells["do"] == "delta" and not cells["base"]:
            raise AssetError(
                "a delta needs a base", where=where, cure="name the point whose present value it is added to"
            )
        row = Row(
            cells["signal"],
            cells["type"],
            _number(cells["from"], where),
            _number(cells["until"], where),
            cells["command"],
            cells["do"],
            _number(cells["number"], where) if cells["number"] else Decimal(1),  # type: ignore[arg-type]
            cells["base"],
        )
        found.setdefault((row.signal, row.type), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


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


def strategy(name: str, folder: Path | None = None) -> Strategy:
    """Give a strategy by its name.

    Args:
        name: name of a shipped one, or of a file in ``folder``, which goes before ours.
        folder: folder of a site.

    Raises:
        kg.errors.UsageError: there is none of that name.

    >>> strategy("heat-pump")[("SIMPLE", "level")][0].command
    'mode'
    """
    own = (
        folder / f"{name}.csv"
        if folder is not None and name.replace("-", "").replace("_", "").isalnum()
        else None
    )
    if own is not None and own.is_file():
        return read_strategy(own)
    if name not in shipped():
        raise UsageError(
            f"no strategy is called {name!r}",
            cure=f"use one of {', '.join(sorted(shipped()))}, or add {name}.csv",
        )
    return _shipped(name)


@cache
def _shipped(name: str) -> Strategy:
    return read_strategy(shipped()[name])
