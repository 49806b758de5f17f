"""Snapshots: what query workers read, copies of a graph store as it was at one moment.

A copy is hard links, made in milliseconds. A new one is made when a query comes, something was written since
the last one, and the last one is old enough; nothing is copied for a store that nobody asks or writes.
"""

import math
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kg.errors import StoreUnavailable
from kg.graphs import META, GraphStore

#: A snapshot costs at most one part in so many of the time.
_SHARE = 50
#: Seconds between two snapshots whatever a client asks for.
_LEAST = 0.1


@dataclass(slots=True)
class Snapshot:
    """One copy.

    Attributes:
        path: its directory.
        graphs: the graphs that a query may read, by IRI.
        version: a number that grows with each write; the store's when the copy was begun.
        taken: monotonic seconds.
        revisions: from a graph's IRI to a text that is another one after each write to it.
        users: queries that read it.
    """

    path: Path
    graphs: list[str]
    version: int
    taken: float
    revisions: Callable[[str], str]
    users: int = field(default=0)


class Writer(Protocol):
    """What writes the store: rows on their way to it."""

    @property
    def waits(self) -> bool:
        """Whether there are rows that the store does not have yet."""

    def settle(self) -> None:
        """Wait until it has them."""


class Snapshots:
    """The snapshots of one store.

    Args:
        graphs: the store.
        root: directory for the copies, on the store's file system; emptied before the first one.
        max_age: seconds by which a query may see the store late, 0 or more.
        writer: what writes the store; a snapshot has all that was handed to it before.
    """

    def __init__(self, graphs: GraphStore, root: Path, max_age: float, writer: Writer | None = None) -> None:
        self._root, self._writer = root, writer
        self._graphs, self._max_age = graphs, max_age
        self._mutex = threading.Lock()
        self._making = threading.Lock()
        self._current: Snapshot | None = None
        self._cost = 0.0
        self._number = 0

    @property
    def root(self) -> Path:
        """Directory below which the copies are."""
        return self._root

    def hold(self, max_age: float | None = None) -> Snapshot:
        """Take a snapshot that is fresh enough into use; it stays on disk until it is released.

        Args:
            max_age: seconds, where less than the bound of the settings is asked for.

        Raises:
            kg.errors.StoreUnavailable: no copy can be made, and there is none, or an age was asked for
                that it has not.
        """
        found = self.at_hand(max_age)
        if found is None:
            with self._making:
                try:
                    found = self.at_hand(max_age) or self._make()
                except StoreUnavailable:
                    # on a full disk there are no new copies; the last one is read on, and its age is told
                    found = self._fresh(math.inf) if max_age is None else None
                    if found is None:
                        raise
        return found

    def at_hand(self, max_age: float | None = None) -> Snapshot | None:
        """Take a snapshot that is there and fresh enough into use, or give None; see ``hold``."""
        if max_age is not None and max_age <= 0 and self._writer is not None and self._writer.waits:
            return None
        bound = self._max_age if max_age is None else min(max_age, self._max_age)
        # a small store is copied more often than it has to be, a large one only as often as it has to
        return self._fresh(min(bound, max(_SHARE * self._cost, 2 * _LEAST)))

    def release(self, snapshot: Snapshot) -> None:
        """Give a snapshot back; the last user of an old one removes it."""
        with self._mutex:
            snapshot.users -= 1
            gone = snapshot.users <= 0 and snapshot is not self._current
        if gone:
            shutil.rmtree(snapshot.path, ignore_errors=True)

    def age(self, snapshot: Snapshot) -> float:
        """Seconds by which a snapshot may be behind the store."""
        if snapshot.version == self._graphs.version:
            return 0.0
        return time.monotonic() - snapshot.taken

    @property
    def current_age(self) -> float:
        """Seconds by which the newest snapshot is behind the store; 0 where there is none yet."""
        current = self._current
        return self.age(current) if current is not None else 0.0

    def drop(self) -> Snapshot | None:
        """Let no query begin with the newest copy; gives it where it is read, until the last reader ends."""
        with self._making, self._mutex:
            last, self._current = self._current, None
        if last is not None and last.users <= 0:
            shutil.rmtree(last.path, ignore_errors=True)
            return None
        return last

    def close(self) -> None:
        """Remove all copies."""
        with self._making, self._mutex:
            self._current = None
            shutil.rmtree(self.root, ignore_errors=True)

    def _fresh(self, bound: float) -> Snapshot | None:
        with self._mutex:
            current = self._current
            if current is None or self.age(current) > bound or self._updated(current):
                return None
            current.users += 1
            return current

    def _updated(self, snapshot: Snapshot) -> bool:
        """Say whether an administrator's update came after a snapshot: who sent it sees it at once."""
        return snapshot.revisions("") != self._graphs.revisions()("")

    def _clear(self) -> None:
        """Make the directory, without what an earlier process left in it."""
        try:
            shutil.rmtree(self.root, ignore_errors=True)
            self.root.mkdir(parents=True)
        except OSError as error:
            raise StoreUnavailable(
                f"the directory for snapshots cannot be made: {error.strerror}",
                where=str(self.root),
                cure="check the directory's permissions and the room on its disk",
            ) from error

    def _make(self) -> Snapshot:
        if not self._number:
            self._clear()
        with self._mutex:
            last = self._current
        if last is not None:
            time.sleep(max(0.0, min(_LEAST, last.taken + self._cost + _LEAST - time.monotonic())))
        if self._writer is not None:
            self._writer.settle()
        begun = time.monotonic()
        version, revisions = self._graphs.version, self._graphs.revisions()
        self._number += 1
        path = self.root / str(self._number)
        names = {*self._graphs.graphs()}
        try:
            self._graphs.snapshot(path)
        except StoreUnavailable:
            shutil.rmtree(path, ignore_errors=True)
            raise
        names |= {*self._graphs.graphs()}
        made = Snapshot(path, sorted(names - {META}), version, begun, revisions, users=1)
        self._cost = time.monotonic() - begun
        with self._mutex:
            self._current = made
            gone = last is not None and last.users <= 0
        if gone and last is not None:
            shutil.rmtree(last.path, ignore_errors=True)
        return made
