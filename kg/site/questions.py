"""Competency questions: what the ontology has to be able to answer, as a table with a head."""

import csv
from dataclasses import dataclass

from kg import assets


@dataclass(frozen=True, slots=True)
class Questions:
    """The table of requirements.

    Attributes:
        columns: names of the columns.
        rows: one for each question.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def read() -> Questions:
    """Read ``ontology/requirements.csv``; an ontology without one has no questions."""
    paths = assets.files("ontology", "requirements.csv")
    if not paths:
        return Questions()
    head, *rows = csv.reader(assets.text(paths[0]).splitlines())
    return Questions(tuple(head), tuple(tuple(row) for row in rows if row))
