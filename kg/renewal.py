"""renewal: graph and readings anew without one subject, most of them copied.

Reports of readings are nearly all of a store, and what each means stands below its own message. So those
that do not speak of the subject are copied, as triples and as columns, into the new files; everything else is
lifted from the journal again, as a rebuild does. What was ordered of readings is done in the columns that are
copied, and not once more: readings that came after an order are not what it was about. Where that may not
give what a rebuild gives, one is made.
"""

import contextlib
import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from kg.apply import Applier
from kg.chain import Row
from kg.directory import StoreDirectory, open_directory
from kg.entry import UPDATE
from kg.graphs import META, Change, Statement, counted
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.namespaces import FLEX, ID
from kg.readings import ReadingStore
from kg.readings.backends import copy_without, kind_of, open_readings
from kg.readings.orders import MESSAGE_TYPE as ORDER
from kg.rebuild import Says, rebuild, replay
from kg.successors import REDACTED, contents
from kg.views import beside, swap, tidy

#: What is copied: its triples stand below its message, or below the refusal of its row.
COPIED: Final = "oadrUpdateReport"
_ROOT = re.compile(rf"<{ID}(?:message|refusal)/[^/>]+")
_SERIES = re.compile(rf"<({ID}series/[^/>]+/[^/>]+/[^/>]+)")
_OF = f"<{FLEX}ofResource>"
_LINES = 50_000

#: Copies readings into the new folder, without what some rows delivered; None where that cannot be.
Copy = Callable[[EmbeddedGraphs, list[int]], ReadingStore | None]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What graph and readings are made from, without one subject.

    Args:
        journal: the open journal.
        old: the graph as it was when the journal had ``upto`` rows.
        rows: those that speak of the subject, by their numbers.
        upto: the last row that counts.
        copy: copies the readings as they were then.
        says: what rows say, without the subject.
        bindings: folder of a user's own tables of what values mean.
    """

    journal: Journal
    old: EmbeddedGraphs
    rows: Mapping[int, Row]
    upto: int
    copy: Copy
    says: Says = contents
    bindings: Path | None = None

    def make(self, *, whole: bool = True) -> tuple[EmbeddedGraphs, ReadingStore, Applier] | None:
        """Make graph and readings beside those that count, most of them copied.

        Args:
            whole: where copies would not be what a rebuild makes, replay the whole journal.

        Returns:
            Graph, readings and what applies further rows to them, to be closed; None where copies would not
            do, and ``whole`` is not said.
        """
        directory = self.journal.directory
        fresh, folder = beside(directory.graph, "new"), beside(directory.readings, "new")
        for way in (self._copied, self._replayed) if whole else (self._copied,):
            with contextlib.ExitStack() as undo:
                made = way(fresh, folder, undo)
                if made is not None:
                    undo.pop_all()
                    return made
            tidy(directory, copy=False)
        return None

    def _replayed(
        self, fresh: Path, folder: Path, undo: contextlib.ExitStack
    ) -> tuple[EmbeddedGraphs, ReadingStore, Applier]:
        graphs = EmbeddedGraphs(fresh, fresh=True)
        undo.callback(graphs.close)
        readings = open_readings(graphs, folder, kind_of(self.old))
        undo.callback(readings.close)
        applier = Applier(graphs, readings, self.bindings)
        replay(self.journal, applier, "", "compiled", self._known(self.journal.rows()), self.says)
        return graphs, readings, applier

    def _copied(
        self, fresh: Path, folder: Path, undo: contextlib.ExitStack
    ) -> tuple[EmbeddedGraphs, ReadingStore, Applier] | None:
        """Copy what reports said; None where that is not what a rebuild would make."""
        journal = self.journal
        if journal.numbers(UPDATE):
            return None  # an update may have changed anything
        kept = {seq for seq in journal.numbers(COPIED) - self.rows.keys() if seq <= self.upto}
        done = self.old.applied()
        if kind_of(self.old) == "graph" or done < max(kept, default=0):
            return None
        ordered = {seq for seq in journal.numbers(ORDER) if seq <= done}
        if ordered and any(self._says_again(row) for row in self.rows.values()):
            return None  # what an order was about may come back
        graphs = EmbeddedGraphs(fresh, fresh=True)
        undo.callback(graphs.close)
        readings = self.copy(graphs, sorted(self.rows))
        if readings is None:
            return None
        undo.callback(readings.close)
        reports = [row for row in self.rows.values() if row.message_type == COPIED]
        others = (row for row in journal.rows(without=(COPIED,)) if row.seq not in ordered)
        rows = self._known(heapq.merge(others, reports, key=lambda row: row.seq))
        applier = Applier(graphs, readings, self.bindings)
        replay(journal, applier, "", "compiled", rows, self.says)
        if not _graph(self.old, graphs, readings, kept):
            return None
        graphs.write([Change(META, seq=self.upto)])
        return graphs, readings, applier

    def _known(self, rows: Iterator[Row]) -> Iterator[Row]:
        return takewhile(lambda row: row.seq <= self.upto, rows)

    def _says_again(self, row: Row) -> bool:
        """Whether a report stays without the subject, so that its readings are delivered anew."""
        reports = row.direction != REDACTED and "report" in row.message_type.lower()
        return reports and self.says(self.journal, row) is not None


def renew(directory: StoreDirectory, pseudonym: str, *, bindings: Path | None = None) -> bool:
    """Make graph and readings anew after a subject's key was destroyed.

    Args:
        directory: the store's; nobody uses it.
        pseudonym: of the subject in the journal.
        bindings: folder of a user's own tables of what values mean.

    Returns:
        Whether reports were copied; False where the whole journal was replayed.
    """
    tidy(directory)
    if not _copied(directory, pseudonym, bindings):
        rebuild(directory.path, profile="", bindings=bindings)
        return False
    swap(directory)
    return True


def _copied(directory: StoreDirectory, pseudonym: str, bindings: Path | None) -> bool:
    """Make the new files beside the old ones; says whether they are what a rebuild would make."""
    if not directory.graph.exists() or not directory.readings.exists():
        return False
    with contextlib.ExitStack() as undo:
        journal = Journal(open_directory(directory.path, create=False))
        undo.callback(journal.close)
        journal.verify()
        old = EmbeddedGraphs(directory.graph)
        undo.callback(old.close)
        mine = {row.seq: row for row in journal.rows(about=pseudonym)}
        folder = beside(directory.readings, "new")

        def copy(graphs: EmbeddedGraphs, rows: list[int]) -> ReadingStore | None:
            return copy_without(directory.readings, folder, graphs, rows)

        made = Renewal(journal, old, mine, journal.head.seq, copy, bindings=bindings).make(whole=False)
        if made is None:
            return False
        undo.callback(made[0].close)
        undo.callback(made[1].close)
        return True


def _graph(old: EmbeddedGraphs, new: EmbeddedGraphs, readings: ReadingStore, kept: set[int]) -> bool:
    """Copy what reports said; says whether what both graphs say of series is the same."""
    roots = {
        one.subject[:-1]
        for one in old.match(None, f"<{FLEX}journalRow>", None)
        if counted(one.object) in kept
    }
    known, told = set(readings.series()), dict[str, set[Statement]]()
    lines: dict[str, list[str]] = {}
    for one in old.match():
        root = _ROOT.match(one.subject)
        if root is not None:
            if root[0] in roots:
                _put(new, lines, one)
        elif (series := _SERIES.match(one.subject)) is not None and series[1] in known:
            told.setdefault(series[1], set()).add(one)
    for iri, said in told.items():
        now = set(_about(new, iri))
        if not now:
            for one in said:
                _put(new, lines, one)
                if one.predicate == _OF:
                    for more in old.match(one.object, None, None):
                        _put(new, lines, more)
        elif now != said:
            return False
    for graph, several in lines.items():
        new.add(graph, "\n".join(several))
    return True


def _about(graphs: EmbeddedGraphs, series: str) -> Iterator[Statement]:
    yield from graphs.match(f"<{series}>", None, None)
    yield from graphs.match(f"<{series}/binding>", None, None)


def _put(new: EmbeddedGraphs, lines: dict[str, list[str]], one: Statement) -> None:
    several = lines.setdefault(one.graph, [])
    several.append(f"{one.subject} {one.predicate} {one.object} .")
    if len(several) >= _LINES:
        new.add(one.graph, "\n".join(several))
        several.clear()
