"""Which back end holds the readings of a store: it is said in the graph, which comes and goes with them."""

from collections.abc import Callable
from pathlib import Path

from kg.errors import StoreUnavailable, UsageError
from kg.graphs import META, GraphStore, lexical
from kg.literals import string
from kg.namespaces import FLEX
from kg.readings import ReadingStore
from kg.readings.graph import GraphReadings

#: Opens the readings of a graph store, in a folder.
Opener = Callable[[GraphStore, Path], ReadingStore]
KINDS = ("graph", "columns")
_KIND = FLEX + "readingsIn"
FILE = "columns.duckdb"


def kind_of(graphs: GraphStore) -> str:
    """Name the back end that a graph store says its readings are in; empty for a store that is new."""
    for statement in graphs.match(f"<{META}>", f"<{_KIND}>", None, META):
        return lexical(statement.object)
    return "graph" if graphs.applied() else ""


def open_readings(graphs: GraphStore, folder: Path, kind: str = "", *, memory: str = "1GB") -> ReadingStore:
    """Open the readings that belong to a graph store.

    Args:
        graphs: the graph store.
        folder: where the files of back ends other than ``graph`` lie.
        kind: ``"graph"`` or ``"columns"`` for a new store; for an existing one empty or the same.
        memory: the most memory that ``columns`` may use, for example ``"1GB"``.

    Raises:
        kg.errors.UsageError: the readings are in another back end.
        kg.errors.StoreUnavailable: their file is lost, damaged or in use.
    """
    found = kind_of(graphs)
    if kind and found and kind != found:
        raise UsageError(
            f"the readings are in the back end {found!r}, not {kind!r}",
            where="FLEXKG_READINGS",
            cure=f"move them with: flexkg readings move --to {kind}",
        )
    chosen = found or kind or "graph"
    file = folder / FILE
    if found == "columns" and not file.exists():
        raise StoreUnavailable(
            "the file of the readings is lost",
            where=str(file),
            cure="restore it from a backup, or make it anew from the journal with: flexkg rebuild",
        )
    if chosen == "graph":
        return GraphReadings(graphs)
    from kg.readings.columns import ColumnReadings

    store = ColumnReadings(file, memory=memory)
    if not found:
        graphs.add(META, f"<{META}> <{_KIND}> {string(chosen)} .")
        graphs.flush()
    return store
