"""leaving: a subject is erased from a store that is in use.

New files are made beside those that count, from a copy of the graph and what the readings were at one moment,
without the subject, whose key is there until they are complete. What came in meanwhile is applied to them.
Then, in a moment in which nobody reads or writes, the key is destroyed and the files are exchanged.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.apply import Applier
from kg.departure import Departure
from kg.erased import Erased
from kg.erasure import begin, end, known
from kg.errors import StoreUnavailable
from kg.graphs.embedded import EmbeddedGraphs
from kg.holds import Holds
from kg.ingest import Ingest
from kg.readings import ReadingStore
from kg.readings.backends import FILE, kind_of, open_readings
from kg.rebuild import replay
from kg.renewal import Copy, Renewal
from kg.views import beside, exchange, tidy

#: Rows that may be left to apply when everybody is made to wait.
_FEW: Final = 8
#: Times that the files are made anew, where the subject goes on registering things meanwhile.
_TRIES: Final = 3
#: Times that is caught up with what comes in, and that a moment is looked for in which nobody reads.
_ROUNDS: Final = 30
#: Seconds for which everybody is made to wait for those who read on.
_PATIENCE: Final = 1.0
#: Seconds until it is tried again.
_PAUSE: Final = 0.5
#: Seconds to wait until the engine lets go of what it has written.
_LONGEST: Final = 60.0


def can_leave(ingest: Ingest) -> bool:
    """Say whether a subject can be erased while a store is in use: not where servers hold the readings."""
    return kind_of(ingest.graphs) != "clickhouse"


@dataclass(frozen=True, slots=True)
class Leaving:
    """Erases subjects from a store that is in use.

    Args:
        ingest: the store, which goes on taking payloads and answering.
        fill: puts into the new graph what is not from the journal.
        forget: entered for a subject before nobody may write any more; gives what is called when it is gone.
        bindings: folder of a user's own tables of what values mean.
    """

    ingest: Ingest
    fill: Callable[[EmbeddedGraphs], object]
    forget: Callable[[str], AbstractContextManager[Callable[[], object]]]
    bindings: Path | None = None

    def remove(self, name: str) -> tuple[Erased, list[str]]:
        """Erase a subject, without the proof; see ``kg.erasure.remove``.

        Args:
            name: the subject as the messages state it.

        Returns:
            What was done so far, and the names that must be gone: see ``kg.erased.prove``.

        Raises:
            kg.errors.UsageError: there is no such subject, or it is under a legal hold; nothing is changed.
            kg.errors.StoreUnavailable: the files cannot be made, and nothing is changed; or not be opened,
                and the next opening of the store ends it.
        """
        journal, directory = self.ingest.journal, self.ingest.journal.directory
        Holds(directory).refuse(name)
        subject = known(journal, name)
        begin(directory, subject)
        try:
            for _ in range(_TRIES):
                leaving = self._once(name, subject)
                if leaving is not None:
                    break
            else:
                raise StoreUnavailable("the subject goes on registering", cure="try again later")
        except BaseException:
            if journal.keys.name(subject) is not None:  # nothing was changed: nothing is to be ended later
                tidy(directory)
                end(directory)
            raise
        tidy(directory)
        Holds(directory).drop(name)
        end(directory)
        return Erased(leaving.erased, leaving.redacted), leaving.names

    def _once(self, name: str, subject: str) -> Departure | None:
        """Make the files and exchange them; None where they do not fit any more, and nothing was changed."""
        ingest, directory = self.ingest, self.ingest.journal.directory
        tidy(directory)
        leaving = Departure(ingest.journal, name, subject)
        with contextlib.ExitStack() as undo:
            copied = beside(directory.graph, "copy")
            with ingest.still():
                if not leaving.follow():
                    return None
                ingest.graphs.snapshot(copied)
                copy = undo.enter_context(self._copying())
            old = EmbeddedGraphs(copied)
            undo.callback(old.close)
            rows, says = leaving.rows.copy(), leaving.contents
            renewal = Renewal(ingest.journal, old, rows, leaving.reached, copy, says, self.bindings)
            made = renewal.make()
            assert made is not None
            graphs, readings, applier = made
            undo.callback(graphs.close)
            undo.callback(readings.close)
            self.fill(graphs)
            for _ in range(_ROUNDS):
                if ingest.journal.head.seq - leaving.reached <= _FEW:
                    break
                if not self._catch_up(leaving, applier):
                    return None
            graphs.flush()
            readings.flush()
            for left in reversed(range(_ROUNDS)):
                try:
                    with self.forget(name) as forget, ingest.still():
                        if not self._catch_up(leaving, applier):
                            return None
                        with self._away():
                            undo.close()
                            leaving.complete()
                            exchange(directory)
                        forget()
                        return leaving
                except StoreUnavailable as error:
                    if error.code != "busy" or not left:
                        raise
                    time.sleep(_PAUSE)  # who waited goes on
        return None

    def _catch_up(self, leaving: Departure, applier: Applier) -> bool:
        """Apply what was recorded since; False where it does not fit what was made."""
        before, journal = leaving.reached, self.ingest.journal
        if not leaving.follow():
            return False
        rows = (row for row in journal.rows(before) if row.seq <= leaving.reached)
        replay(journal, applier, "", "compiled", rows, leaving.contents)
        return True

    @contextlib.contextmanager
    def _copying(self) -> Iterator[Copy]:
        """Give what copies the readings as they are now; where they are triples it copies nothing."""
        if kind_of(self.ingest.graphs) != "columns":
            yield lambda _graphs, _rows: None
            return
        from kg.readings.columns import ColumnReadings
        from kg.readings.table_files import Copying

        assert isinstance(self.ingest.readings, ColumnReadings)
        folder = beside(self.ingest.journal.directory.readings, "new")
        copying = Copying(self.ingest.readings.tables, folder / FILE)

        def copy(graphs: EmbeddedGraphs, rows: list[int]) -> ReadingStore:
            copying.without(rows)
            return _opened(graphs, folder)

        try:
            yield copy
        finally:
            copying.close()

    @contextlib.contextmanager
    def _away(self) -> Iterator[None]:
        """Close graph and readings while others are put in their places; who reads waits."""
        with contextlib.ExitStack() as undo:
            if kind_of(self.ingest.graphs) == "columns":
                from kg.readings.columns import ColumnReadings

                assert isinstance(self.ingest.readings, ColumnReadings)
                undo.enter_context(self.ingest.readings.away(_PATIENCE))
            undo.enter_context(self.ingest.graphs.away(_PATIENCE))
            yield


def _opened(graphs: EmbeddedGraphs, folder: Path) -> ReadingStore:
    """Open the columns that were just written; transactions that run meanwhile keep them for a moment."""
    until = time.monotonic() + _LONGEST
    while True:
        try:
            return open_readings(graphs, folder, "columns")
        except StoreUnavailable as error:
            if "already attached" not in error.what or time.monotonic() > until:
                raise
            time.sleep(0.05)
