"""Masks: copies of a store in which reports say something of those parties alone that gave a mandate."""

from pathlib import Path

from kg.errors import QueryError
from kg.graphs import META, REPORTED, GraphStore, lexical
from kg.graphs.embedded import EmbeddedGraphs
from kg.literals import segment
from kg.namespaces import FLEX, ID
from kg.shelf import Shelf

#: Triples that are taken out of one copy at most.
LARGEST = 300_000
_NAMES = (f"<{FLEX}venID>", f"<{FLEX}clientName>")


class Masks(Shelf):
    """The masked copies of one store.

    Args:
        graphs: the store.
        root: folder for the copies, on the store's file system; emptied.
        max_age: seconds by which an answer may be behind the store.
        largest: triples that are taken out of a copy at most.
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
        """Copy the store and take out what reports of all but some parties say; see ``Shelf.fill``."""
        self._graphs.snapshot(path)
        graphs = EmbeddedGraphs(path)
        try:
            if graphs.sift(REPORTED, Owned(graphs, parties), self._largest) is None:
                raise QueryError(
                    f"reports of parties without a mandate say more than {self._largest:,} triples",
                    cure="name the graphs that you ask (default-graph-uri), without report/...; or have "
                    "the operator keep readings in columns: flexkg readings move --to columns",
                    code="mandates",
                )
            return [name for name in graphs.graphs() if name != META]
        finally:
            graphs.close()


class Owned:
    """Says of a subject of the reported graphs whether it belongs to one of some parties.

    Observations name their party in their IRI, all else lies below its message or beside it. What is nobody's
    in particular, a span of time, is everybody's; what cannot be told is nobody's.

    Args:
        graphs: the store that it stands in.
        parties: whose it may be.
    """

    def __init__(self, graphs: GraphStore, parties: frozenset[str]) -> None:
        self._graphs, self._parties = graphs, parties
        self._starts = tuple(f"<{ID}observation/{segment(party)}/" for party in sorted(parties))
        self._messages: dict[str, bool] = {}

    def __call__(self, subject: str) -> bool:
        """Say it of a subject, in angle brackets."""
        if subject.startswith(f"<{ID}span/") or (self._starts and subject.startswith(self._starts)):
            return True
        kind, _, rest = subject.removeprefix(f"<{ID}").partition("/")
        if kind not in ("message", "readings"):
            return False
        digest = rest.partition("/")[0].rstrip(">")
        if digest not in self._messages:
            self._messages[digest] = self._sent(f"<{ID}message/{digest}>")
        return self._messages[digest]

    def _sent(self, message: str) -> bool:
        """Say whether a message names some of the parties and nobody else."""
        named = {lexical(one.object) for name in _NAMES for one in self._graphs.match(message, name, None)}
        return bool(named) and named <= self._parties
