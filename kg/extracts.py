"""Extracts: small stores with what some parties' payloads mean, and nothing else.

Who sees by mandate only is answered from one: what is not in it cannot be asked for, whatever the query says.
Names of others in payloads about several are left out.
"""

import shutil
import threading
import time
from pathlib import Path

from kg.apply import Applier
from kg.closure import load_into
from kg.errors import QueryError
from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.readings.graph import GraphReadings
from kg.rebuild import applied_of
from kg.sparql.snapshots import Snapshot
from kg.takeout import payloads_of

#: Payloads of the largest extract.
LARGEST = 5_000
_KEPT = 8


class Extracts:
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
        self._root = root
        self._journal, self._bindings = journal, bindings
        self._max_age, self._largest = max_age, largest
        self._lock = threading.Lock()
        self._made: dict[frozenset[str], Snapshot] = {}
        self._number = 0
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True, mode=0o700)

    @property
    def root(self) -> Path:
        """Directory below which the extracts are."""
        return self._root

    def hold(self, parties: frozenset[str]) -> Snapshot:
        """Take the extract for some parties into use, made anew where it is old.

        Raises:
            kg.errors.QueryError: it would be too large (code ``mandates``).
        """
        with self._lock:
            found = self._made.get(parties)
            if found is None or self.age(found) > self._max_age:
                fresh = self._make(parties)
                if found is not None:
                    self._drop(found)
                found = self._made[parties] = fresh
                while len(self._made) > _KEPT:
                    self._drop(self._made.pop(next(iter(self._made))))
            found.users += 1
            return found

    def release(self, snapshot: Snapshot) -> None:
        """Give an extract back; the last user of an old one removes it."""
        with self._lock:
            snapshot.users -= 1
            if snapshot.users <= 0 and snapshot not in self._made.values():
                shutil.rmtree(snapshot.path, ignore_errors=True)

    def age(self, snapshot: Snapshot) -> float:
        """Seconds by which an extract may be behind the store."""
        return 0.0 if snapshot.version == self._journal.head.seq else time.monotonic() - snapshot.taken

    def close(self) -> None:
        """Remove all extracts."""
        with self._lock:
            self._made.clear()
            shutil.rmtree(self.root, ignore_errors=True)

    def _drop(self, snapshot: Snapshot) -> None:
        if snapshot.users <= 0:
            shutil.rmtree(snapshot.path, ignore_errors=True)

    def _make(self, parties: frozenset[str]) -> Snapshot:
        self._number += 1
        path, version, taken = self.root / str(self._number), self._journal.head.seq, time.monotonic()
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
            names = [name for name in graphs.graphs() if name != META]
        except BaseException:
            graphs.close()
            shutil.rmtree(path, ignore_errors=True)
            raise
        graphs.close()
        return Snapshot(path, names, version, taken, lambda _: str(version))
