"""Limits for points that are imported: a CSV file beside the source, since most sources have none."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg import assets
from kg.errors import UsageError

_COLUMNS: Final = ("point", "minimum", "maximum", "step", "safe")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be written to one point, in its unit; an empty text for what is not stated."""

    minimum: str
    maximum: str
    step: str
    safe: str

    def terms(self) -> dict[str, Any]:
        """Give the terms of a mapping."""
        names = ("allowedMinimum", "allowedMaximum", "step", "safeValue")
        texts = (self.minimum, self.maximum, self.step, self.safe)
        return {f"flex:{name}": json_number(text) for name, text in zip(names, texts, strict=True) if text}


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
        made = float(text)
        if made - made != 0:
            raise ValueError(f"{text} is not finite") from None
        return made


def read_limits(path: Path) -> dict[str, Limits]:
    """Read a file of limits.

    Args:
        path: a CSV file with the columns ``point,minimum,maximum,step,safe``.

    Raises:
        kg.errors.UsageError: a column is missing, or a cell is no number; names the line.
    """
    lines = csv.DictReader(assets.text(path).splitlines())
    if not set(_COLUMNS[:3]) <= set(lines.fieldnames or ()):
        raise UsageError(
            "the file has not the columns of limits", where=str(path), cure=f"use {','.join(_COLUMNS)}"
        )
    found = {}
    for place, row in enumerate(lines, 2):
        texts = [(row.get(name) or "").strip() for name in _COLUMNS]
        try:
            for text in filter(None, texts[1:]):
                json_number(text)
        except ValueError as error:
            raise UsageError(str(error), where=f"{path}:{place}", cure="write finite numbers") from error
        found[texts[0]] = Limits(*texts[1:])
    return found
