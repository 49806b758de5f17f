"""Masks: copies of a store whose readings are triples, without those of parties that gave no mandate."""

from pathlib import Path

from kg.errors import QueryError
from kg.graphs import META, GraphStore
from kg.graphs.embedded import EmbeddedGraphs
from kg.readings import series_of
from kg.readings.graph import GraphReadings
from kg.shelf import Shelf

#: Readings that are taken out of one copy at most; more of them belong into columns, which hide for nothing.
LARGEST = 50_000


class Masks(Shelf):
    """The masked copies of one store.

    Args:
        graphs: the store, its readings among its triples.
        root: folder for the copies, on the store's file system; emptied.
        max_age: seconds by which an answer may be behind the store.
        largest: readings that are taken out of a copy at most.
    """

    def __init__(
        self, graphs: GraphStore, root: Path, *, max_age: float = 5.0, largest: int = LARGEST
    ) -> None:
        super().__init__(root, max_age=max_age)
        self._graphs, self._largest = graphs, largest

    def version(self) -> int:
        """Give the store's own."""
        return self._graphs.version

    def fill(self, path: Path, parties: frozenset[str]) -> list[str]:
        """Copy the store and take the readings of all but some parties out of it; see ``Shelf.fill``."""
        self._graphs.snapshot(path)
        graphs = EmbeddedGraphs(path)
        try:
            readings, shown = GraphReadings(graphs), tuple(map(series_of, sorted(parties)))
            hidden = [series for series in readings.series() if not series.startswith(shown)]
            number = 0
            for series in hidden:
                number += readings.count(series)
                if number > self._largest:
                    raise QueryError(
                        f"more than {self._largest:,} readings are of parties without a mandate",
                        cure="have the operator keep readings in columns: flexkg readings move --to columns",
                        code="mandates",
                    )
            for series in hidden:
                readings.erase(series)
            return [name for name in graphs.graphs() if name != META]
        finally:
            graphs.close()
