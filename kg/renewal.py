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
from collections.abc import Iterator
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
from kg.readings.backends import copy_without, kind_of
from kg.readings.orders import MESSAGE_TYPE as ORDER
from kg.rebuild import beside, rebuild, replay, swap, tidy
from kg.successors import REDACTED, contents

#: What is copied: its triples stand below its message, or below the refusal of its row.
COPIED: Final = "oadrUpdateReport"
_ROOT = re.compile(rf"<{ID}(?:message|refusal)/[^/>]+")
_SERIES = re.compile(rf"<({ID}series/[^/>]+/[^/>]+/[^/>]+)")
_OF = f"<{FLEX}ofResource>"
_LINES = 50_000


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
        mine = {row.seq: row for row in journal.rows(about=pseudonym)}
        if journal.numbers(UPDATE):
            return False  # an update may have changed anything
        kept = journal.numbers(COPIED) - mine.keys()
        old = EmbeddedGraphs(directory.graph)
        undo.callback(old.close)
        done = old.applied()
        if kind_of(old) == "graph" or done < max(kept, default=0):
            return False
        ordered = {seq for seq in journal.numbers(ORDER) if seq <= done}
        if ordered and any(_says_again(journal, row) for row in mine.values()):
            return False  # what an order was about may come back
        graphs = EmbeddedGraphs(beside(directory.graph, "new"), fresh=True)
        undo.callback(graphs.close)
        readings = copy_without(directory.readings, beside(directory.readings, "new"), graphs, sorted(mine))
        if readings is None:
            return False
        undo.callback(readings.close)
        reports = [row for row in mine.values() if row.message_type == COPIED]
        others = (row for row in journal.rows(without=(COPIED,)) if row.seq not in ordered)
        rows = heapq.merge(others, reports, key=lambda row: row.seq)
        replay(journal, Applier(graphs, readings, bindings), "", "compiled", rows)
        alike = _graph(old, graphs, readings, kept)
        graphs.write([Change(META, seq=journal.head.seq)])
        return alike


def _says_again(journal: Journal, row: Row) -> bool:
    """Whether a report stays without the subject, so that its readings are delivered anew."""
    reports = row.direction != REDACTED and "report" in row.message_type.lower()
    return reports and contents(journal, row) is not None


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
