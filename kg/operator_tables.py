"""Tables that operators write, CSV files: read row by row, with errors that name the line."""

import csv
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from kg.errors import AssetError

T = TypeVar("T")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")


def read_table(path: Path, columns: str, make: Callable[[dict[str, str]], T]) -> list[T]:
    """Read a table.

    Args:
        path: a CSV file, UTF-8, with a head.
        columns: its columns as they are told in errors, for example ``"ven,limit_w,priority"``.
        make: makes something of a row, whose cells have no white space around them and are empty where the
            row has none; raises ValueError or KeyError for a row that is wrong.

    Returns:
        What was made, in the order of the file.

    Raises:
        AssetError: the file is missing, or a line is wrong; names it.
    """
    found: list[T] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for cells in rows:
                try:
                    if None in cells:
                        raise ValueError("it has more cells than the head")
                    found.append(make({name: (cell or "").strip() for name, cell in cells.items()}))
                except (KeyError, ValueError) as error:
                    said = f"the column {error} is missing" if isinstance(error, KeyError) else str(error)
                    raise AssetError(
                        f"the line cannot be read: {said}",
                        where=f"{path}:{rows.line_num}",
                        cure=f"write {columns}",
                    ) from error
    except OSError as error:
        raise AssetError(
            f"the file cannot be read: {error.strerror}", where=str(path), cure="check the path"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AssetError(f"the file is no CSV: {error}", where=str(path), cure=f"write {columns}") from error
    return found


def number(text: str) -> Decimal:
    """Read a number as it is written in tables and commands: digits 0 to 9, a point, an exponent.

    Raises:
        ValueError: it is none: digits of another script, a comma, NaN, an infinity.

    >>> number("-4.5e3")
    Decimal('-4.5E+3')
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no number")
    return Decimal(text)
