"""Shelf: stores made for some parties, kept for the next queries about the same ones.

Who sees a part of a store only is answered from one: what is not in it cannot be asked for, whatever the
query says.
"""

import shutil
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path

from kg.sparql.snapshots import Snapshot

_KEPT = 8


class Shelf(ABC):
    """Keeps what is made; what that is, its kinds say.

    Args:
        root: folder for the stores; emptied.
        max_age: seconds by which an answer may be behind the store.
    """

    def __init__(self, root: Path, *, max_age: float = 5.0) -> None:
        self._root, self._max_age = root, max_age
        self._lock = threading.Lock()
        self._made: dict[frozenset[str], Snapshot] = {}
        self._number = 0
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True, mode=0o700)

    @abstractmethod
    def version(self) -> int:
        """Give a number that grows with each write to what the stores are made from."""

    @abstractmethod
    def fill(self, path: Path, parties: frozenset[str]) -> list[str]:
        """Make the store for some parties in a new folder; gives its graphs.

        Raises:
            kg.errors.QueryError: it would be too large.
        """

    @property
    def root(self) -> Path:
        """Directory below which the stores are."""
        return self._root

    def hold(self, parties: frozenset[str]) -> Snapshot:
        """Take the store for some parties into use, made anew where it is old.

        Raises:
            kg.errors.QueryError: it would be too large.
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
        """Give a store back; the last user of an old one removes it."""
        with self._lock:
            snapshot.users -= 1
            if snapshot.users <= 0 and all(snapshot is not one for one in self._made.values()):
                shutil.rmtree(snapshot.path, ignore_errors=True)

    def age(self, snapshot: Snapshot) -> float:
        """Seconds by which a store may be behind what it is made from."""
        return 0.0 if snapshot.version == self.version() else time.monotonic() - snapshot.taken

    def close(self) -> None:
        """Remove all of them."""
        with self._lock:
            self._made.clear()
            shutil.rmtree(self.root, ignore_errors=True)

    def _drop(self, snapshot: Snapshot) -> None:
        if snapshot.users <= 0:
            shutil.rmtree(snapshot.path, ignore_errors=True)

    def _make(self, parties: frozenset[str]) -> Snapshot:
        self._number += 1
        path, version, taken = self.root / str(self._number), self.version(), time.monotonic()
        try:
            names = self.fill(path, parties)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return Snapshot(path, names, version, taken, lambda _: str(version))
