"""Rows of the alignment files, as the site shows them on both pages of a term and in one list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg import sssom

_WORD: Final = re.compile(r"([A-Z])")


@dataclass(frozen=True, slots=True)
class Alignment:
    """One row: an own term, how it relates to another vocabulary's, and on what grounds.

    Attributes:
        subject: IRI of the own term.
        predicate: IRI of the relation.
        object: IRI of the other term, or ``kg.sssom.NO_TERM``.
        object_label: what it is called there.
        justification: on what grounds, in words.
        confidence: from 0 to 1, as text; may be empty.
        comment: what else the row says.
        table: what the file calls itself.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    confidence: str
    comment: str
    table: str


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
        rows += (
            Alignment(
                row.subject,
                row.predicate,
                row.object,
                row.object_label,
                _WORD.sub(r" \1", row.justification.rpartition("/")[2]).strip().lower(),
                row.confidence,
                row.comment,
                named,
            )
            for row in found.rows
        )
    return rows, known
