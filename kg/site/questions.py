"""Competency questions: what the ontology has to be able to answer, as a table with a head."""

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from kg import assets
from kg.errors import AssetError


@dataclass(frozen=True, slots=True)
class Questions:
    """The table of requirements.

    Attributes:
        columns: names of the columns.
        rows: one for each question.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def read(path: Path | None) -> Questions:
    """Read the table of requirements.

    Args:
        path: a CSV file with a head; None: an ontology without one has no questions.

    Raises:
        kg.errors.AssetError: a row has not as many cells as the head.
    """
    if path is None:
        return Questions()
    head, *rows = (row for row in csv.reader(StringIO(assets.text(path), newline="")) if row)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(head):
            raise AssetError(
                f"question {number} has {len(row)} cells, the head {len(head)}",
                where=str(path),
                cure="quote cells with commas",
            )
    return Questions(tuple(head), tuple(tuple(row) for row in rows))
