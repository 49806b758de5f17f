"""A user's query, made ready for a worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kg.namespaces import PREFIXES
from kg.sparql.bounds import Question
from kg.sparql.dataset import Dataset
from kg.sparql.snapshots import Snapshot

#: Takes the text of a query that passed the gate and has its prefixes declared, gives its like.
Rewriter = Callable[[str], str]


class Keeper(Protocol):
    """What keeps copies that queries read."""

    @property
    def root(self) -> Path:
        """Directory below which the copies are."""

    def age(self, snapshot: Snapshot) -> float:
        """Seconds by which a copy may be behind the store."""

    def release(self, snapshot: Snapshot) -> None:
        """Take a copy back."""


class Masks(Keeper, Protocol):
    """What keeps copies that show what some parties' reports say, and nobody else's."""

    def hold(self, parties: frozenset[str]) -> Snapshot:
        """Take the copy for some parties into use."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that passed the gate, with the snapshot that it reads.

    Attributes:
        text: SPARQL with its prefixes declared.
        shift: characters that were put before its first line.
        reads: its dataset.
        graphs: those that may be read, by IRI.
    """

    text: str
    shift: int
    reads: Dataset
    graphs: list[str]
    _snapshots: Keeper
    _snapshot: Snapshot

    @property
    def age(self) -> float:
        """Seconds by which the answer may be behind the store; 0 where nothing was written since."""
        return self._snapshots.age(self._snapshot)

    def revision(self, graph: str) -> str:
        """Give a text that is another one after each write to a graph."""
        return self._snapshot.revisions(graph)

    def question(self, media: Mapping[str, str | None], base: str) -> Question:
        """Put it to a worker.

        Args:
            media: media type of the answer by its kind.
            base: IRI against which relative ones are read.
        """
        return Question(
            text=self.text,
            root=str(self._snapshots.root.absolute()),
            path=str(self._snapshot.path.absolute()),
            default=self.reads.default,
            named=self.reads.named,
            media=dict(media),
            base=base,
            prefixes=PREFIXES,
        )

    def release(self) -> None:
        """Let go of the snapshot."""
        self._snapshots.release(self._snapshot)
