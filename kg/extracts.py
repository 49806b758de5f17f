"""Extracts: small stores with what some parties' payloads mean, and nothing else.

Names of others in payloads about several are left out.
"""

from pathlib import Path

from kg.apply import Applier
from kg.closure import load_into
from kg.errors import QueryError
from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.readings.graph import GraphReadings
from kg.rebuild import applied_of
from kg.shelf import Shelf
from kg.takeout import payloads_of

#: Payloads of the largest extract.
LARGEST = 5_000


class Extracts(Shelf):
    """The extracts of one store.

    Args:
        journal: the open journal.
        root: folder for them; emptied.
        bindings: folder of a user's own tables of what values mean.
        max_age: seconds by which an answer may be behind the store.
        largest: payloads of the largest extract.
    """

    def __init__(
        self,
        journal: Journal,
        root: Path,
        bindings: Path | None = None,
        *,
        max_age: float = 5.0,
        largest: int = LARGEST,
    ) -> None:
        super().__init__(root, max_age=max_age)
        self._journal, self._bindings, self._largest = journal, bindings, largest

    def version(self) -> int:
        """Give the number of the journal's last row."""
        return self._journal.head.seq

    def fill(self, path: Path, parties: frozenset[str]) -> list[str]:
        """Lift the parties' payloads into a new store; see ``Shelf.fill``."""
        graphs = EmbeddedGraphs(path)
        try:
            load_into(graphs)
            chosen = payloads_of(self._journal, sorted(parties))
            applier, rows = Applier(graphs, GraphReadings(graphs), self._bindings), []
            for number, payload in enumerate(chosen, 1):
                if number > self._largest:
                    raise QueryError(
                        f"the mandates cover more than {self._largest} payloads",
                        cure="ask with fewer mandates, or have the owners export their data",
                        code="mandates",
                    )
                row = applied_of(payload.data, payload.entry, number)
                if row is not None:
                    rows.append(row)
            applier.apply(rows)
            return [name for name in graphs.graphs() if name != META]
        finally:
            graphs.close()
