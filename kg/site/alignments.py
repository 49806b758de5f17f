"""Rows of the alignment files, as the site shows them on both pages of a term and in one list."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kg import sssom

_WORD: Final = re.compile(r"([A-Z])")


@dataclass(frozen=True, slots=True)
class Alignment(sssom.Alignment):
    """One row, and the table that it stands in.

    Attributes:
        table: what the file calls itself.
    """

    table: str

    @property
    def grounds(self) -> str:
        """The justification in words: ``manual mapping curation``."""
        return _WORD.sub(r" \1", self.justification.rpartition("/")[2]).strip().lower()


def read(paths: Iterable[Path]) -> tuple[list[Alignment], dict[str, str]]:
    """Read SSSOM tables.

    Args:
        paths: ``*.sssom.tsv`` files with the metadata block in comment lines above the table.

    Returns:
        All rows, in the order of the files, and the prefixes that the files declare.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be used; names file, line and cure.

    Source:
        SSSOM 1.0, TSV serialisation.
    """
    rows: list[Alignment] = []
    known: dict[str, str] = {}
    for path in paths:
        found = sssom.read(path)
        named = found.title or path.name.removesuffix(".sssom.tsv")
        known |= found.prefixes
        rows += (Alignment(**asdict(row), table=named) for row in found.rows)
    return rows, known
