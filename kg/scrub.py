"""scrub: everything that a store holds on disk is read through, so that damage shows before it is needed."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field

from kg.directory import open_directory
from kg.errors import StoreError
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.readings.backends import FILE, kind_of


@dataclass(slots=True)
class Scrubbed:
    """What a scrub found.

    Attributes:
        rows: rows of the journal that verify.
        triples: triples of the graph that were read.
        damage: what is damaged, and how to mend it; empty where nothing is.
    """

    rows: int = 0
    triples: int = 0
    damage: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.rows} rows of the journal verify, {self.triples} triples read"
        return "\n".join([text, *self.damage]) if self.damage else f"{text}: nothing is damaged"


def scrub(store: str | os.PathLike[str]) -> Scrubbed:
    """Read a store through: the journal's chain, and every block of graph and columns with its checksum.

    Nothing of the store is changed. Readings in ClickHouse are its servers' to check.

    Args:
        store: the store's directory; no other process may use it.

    Raises:
        kg.errors.StoreError: there is no store, or it is in use.
    """
    found = Scrubbed()
    directory = open_directory(store, create=False)
    with ExitStack() as undo:
        try:
            journal = Journal(directory)
            undo.callback(journal.close)
            found.rows = journal.verify().seq
        except StoreError as error:
            if "in use by" in error.what:
                raise
            found.damage.append(f"journal: {error}")
        kind = ""
        if directory.graph.exists():
            try:
                graphs = EmbeddedGraphs(directory.graph)
                undo.callback(graphs.close)
                kind, found.triples = kind_of(graphs), graphs.read_through()
            except StoreError as error:
                found.damage.append(f"graph: {error}")
        file = directory.readings / FILE
        if file.exists() or kind == "columns":
            from kg.readings.table_files import read_through

            try:
                read_through(file)
            except StoreError as error:
                found.damage.append(f"readings: {error}")
    return found
