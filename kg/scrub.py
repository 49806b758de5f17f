"""scrub: everything that a store holds on disk is read through, so that damage shows before it is needed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kg.directory import StoreDirectory, open_directory
from kg.errors import StoreError, StoreUnavailable
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.readings.backends import FILE, kind_of
from kg.views import beside


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

    The graph is read in a copy (hard links, and the room of the graph once more while files are merged), so
    that nothing of the store is changed. Readings in ClickHouse are its servers' to check.

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
            copy = undo.enter_context(_copied(directory))
            try:
                kind, found.triples = _read_through(copy)
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


@contextmanager
def _copied(directory: StoreDirectory) -> Iterator[Path]:
    """Give a copy of the graph by hard links: the same blocks, and the engine may tidy up in it."""

    def link(source: str, target: str) -> None:
        if source.endswith(".sst"):  # never written again
            with suppress(OSError):
                os.link(source, target)
                return
        shutil.copy2(source, target)

    copy = beside(directory.graph, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    try:
        shutil.copytree(directory.graph, copy, copy_function=link)
    except OSError as error:
        raise StoreUnavailable(
            f"the graph cannot be copied to be read: {error.strerror or error}",
            where=str(copy),
            cure="make room and try again; where files are missing: flexkg rebuild",
        ) from error
    try:
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _read_through(path: Path) -> tuple[str, int]:
    """Read a graph; gives where its readings are, and the number of its triples.

    The engine meets some damage only when it merges files, on a thread of its own, and tells it when it is
    closed: that is what was asked for, too.
    """
    graphs = EmbeddedGraphs(path)
    try:
        return kind_of(graphs), graphs.read_through()
    finally:
        graphs.close()
