"""Measures of a store, for whoever watches the service."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.ingest import Ingest


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one store.

    Attributes:
        sizes: bytes on disk by part: journal, keys, graph, readings.
        rows: rows of the journal.
        applied: the last of them that is in the graph.
        snapshot_age: seconds by which the newest snapshot is behind the store.
    """

    sizes: dict[str, int]
    rows: int
    applied: int
    snapshot_age: float


def measured(store: "Ingest", snapshot_age: float) -> Measures:
    """Measure an open store."""
    folder = store.journal.directory
    parts = {
        "journal": folder.journal,
        "keys": folder.keys,
        "graph": folder.graph,
        "readings": folder.readings,
    }
    sizes = {name: _size(path) for name, path in parts.items()}
    return Measures(sizes, store.journal.head.seq, store.graphs.applied(), snapshot_age)


def _size(path: Path) -> int:
    """Add up the files of a folder, or give a file's size; what goes away meanwhile counts nothing."""
    total = 0
    for file in path.rglob("*") if path.is_dir() else (path,):
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total
