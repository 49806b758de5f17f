"""departure: what a subject leaves behind in a store's record: names that must be gone, and successors."""

import contextlib
import json
from typing import Final

from kg.chain import Row
from kg.entry import Entry
from kg.errors import StoreError
from kg.journal import Journal
from kg.lift import lift
from kg.redaction import ERASED, Names, redacted, redacted_json
from kg.registry_entry import MESSAGE_TYPE, is_entry, read_entry
from kg.subject_things import things
from kg.successors import REDACTED, contents, forget, successor
from kg.xml import read

#: Messages that prove an activation: they stay without the link to whom they spoke of.
EVIDENCE: Final = frozenset(
    (
        "oadrDistributeEvent",
        "oadrCreatedEvent",
        "oadrCreateOpt",
        "oadrCreatedOpt",
        "oadrCancelOpt",
        "event",
        MESSAGE_TYPE,
    )
)
_BATCH: Final = 256


class Departure:
    """What stands for the rows of a subject once its key is destroyed. Until then nothing is changed.

    Args:
        journal: the open journal.
        name: the subject as the messages state it.
        pseudonym: of the subject in the journal.

    Attributes:
        names: what must be gone: the subject's name first, then those of its resources.
        rows: the rows that speak of the subject, by their numbers, without what they say.
        erased: how many of them are no successors.
        reached: number of the last row of the journal that was looked at.
    """

    def __init__(self, journal: Journal, name: str, pseudonym: str) -> None:
        self._journal, self._name, self._pseudonym = journal, name, pseudonym
        self.rows: dict[int, Row] = {}
        self.erased = self.reached = 0
        self._successors: list[Entry] = []
        self._stand: dict[int, tuple[bytes, str]] = {}
        self._things: set[str] = set()
        rows = self._new()
        self._things = self._named(rows)
        self.names = [name, *sorted(self._things)]
        self._redacts = Names(self.names, others=[one for one in journal.keys.names() if one != name])
        self._take(rows)

    @property
    def redacted(self) -> int:
        """How many successors there are."""
        return len(self._successors)

    def follow(self) -> bool:
        """Take in the rows that were recorded since.

        Returns:
            False where they name things of the subject that were not known before: what stands for the rows
            before them may hold these, so begin anew.
        """
        rows = self._new()
        if not self._named(rows) <= self._things:
            return False
        self._take(rows)
        return True

    def contents(self, journal: Journal, row: Row) -> tuple[bytes, str] | None:
        """Give what a row will say once the key is destroyed; see ``kg.successors.contents``."""
        if row.direction == REDACTED:
            return None
        if row.seq in self.rows:
            return self._stand.get(row.seq)
        return contents(journal, row)

    def complete(self) -> None:
        """Record what stands for the rows, then destroy the key.

        Raises:
            kg.errors.StoreUnavailable: the disk is full or cannot be written; the key is there.
        """
        for begin in range(0, len(self._successors), _BATCH):
            self._journal.append_many(self._successors[begin : begin + _BATCH])
        self._journal.keys.destroy(self._name)
        forget(self._journal)

    def _new(self) -> list[Row]:
        reached = self._journal.head.seq
        rows = [row for row in self._journal.rows(self.reached, about=self._pseudonym) if row.seq <= reached]
        self.reached = reached
        return rows

    def _take(self, rows: list[Row]) -> None:
        for row in rows:
            self.rows[row.seq] = row._replace(payload=b"", report=b"")
            self.erased += row.direction != REDACTED
            others = self._remaining(row)
            if not others and (row.message_type not in EVIDENCE or row.verdict != "conforms"):
                continue
            entry = self._successor(row, others)
            if entry is not None:
                self._successors.append(entry)
                self._stand[json.loads(entry.report)["redacts"]] = entry.payload, entry.report

    def _successor(self, row: Row, others: tuple[str, ...]) -> Entry | None:
        """Make what stands for a row without the names; None where nothing can."""
        opened = self._journal.open(row)
        payload = redacted(opened[0], self._redacts) if opened is not None else None
        if opened is None or payload is None:
            return None
        report = json.loads(opened[1])
        with contextlib.suppress(StoreError, ValueError):
            if is_entry(opened[0]):
                payload = read_entry(payload).payload()
                digest = read_entry(payload).digest
            else:
                digest = lift(read(payload, max_bytes=len(payload))).message.rpartition("/")[2]
            told = redacted_json(report, self._redacts) | {"digest": digest}
            whose = others or (f"tenant:{self._journal.directory.tenant}",)
            return successor(row, report.get("redacts", row.seq), payload, json.dumps(told), whose)
        return None

    def _remaining(self, row: Row) -> tuple[str, ...]:
        """Give the names of those whom a row speaks of besides the one that leaves."""
        found = (self._journal.keys.name(pseudonym) for pseudonym, *_ in json.loads(row.subjects))
        return tuple(one for one in found if one is not None and one != self._name)

    def _named(self, rows: list[Row]) -> set[str]:
        """Give the names of resources that only rows about this subject alone state."""
        found: set[str] = set()
        for row in rows:
            if len(json.loads(row.subjects)) == 1:
                opened = contents(self._journal, row)
                if opened is not None:
                    found |= things(opened[0])
        return found - {ERASED}
