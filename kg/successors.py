"""Successors: rows that stand for others of which a subject was erased.

The row of a payload that speaks of several can be read no more when one of them is erased. Before that a
successor is recorded, without the erased one's names. It is applied in the place of the row it stands for.
"""

import json
from datetime import datetime
from typing import Final, Literal
from weakref import WeakKeyDictionary

from kg.chain import Row
from kg.entry import Entry
from kg.journal import Journal

REDACTED: Final[Literal["redacted"]] = "redacted"
_KNOWN: "WeakKeyDictionary[Journal, tuple[int, dict[int, Row]]]" = WeakKeyDictionary()


def successors(journal: Journal) -> dict[int, Row]:
    """Give the last readable successor of each row that has one, by the row's number."""
    known = _KNOWN.get(journal)
    if known is not None and known[0] == journal.head.seq:
        return known[1]
    reached = journal.head.seq
    seen, found = (known[0], dict(known[1])) if known is not None else (0, dict[int, Row]())
    for row in journal.rows(seen, which=REDACTED):
        opened = journal.open(row)
        if opened is not None:
            found[json.loads(opened[1])["redacts"]] = row
    _KNOWN[journal] = (reached, found)
    return found


def forget(journal: Journal) -> None:
    """Look anew at the next question: a key was destroyed."""
    _KNOWN.pop(journal, None)


def contents(journal: Journal, row: Row) -> tuple[bytes, str] | None:
    """Give what a row, or its successor, says: payload and report; None where it is erased.

    A successor by itself says nothing: it speaks in the place of its row.
    """
    if row.direction == REDACTED:
        return None
    opened = journal.open(row)
    if opened is not None:
        return opened
    successor = successors(journal).get(row.seq)
    return journal.open(successor) if successor is not None else None


def successor(row: Row, seq: int, payload: bytes, report: str, subjects: tuple[str, ...]) -> Entry:
    """Make the entry that stands for a row.

    Args:
        row: the row, or a successor of it.
        seq: the number of the row that it stands for at last.
        payload: the bytes without the names.
        report: the report without the names.
        subjects: whom it still speaks of.
    """
    return Entry(
        payload=payload,
        message_type=row.message_type,
        subjects=subjects,
        verdict="conforms" if row.verdict == "conforms" else "violates",
        report=json.dumps({**json.loads(report), "redacts": seq}, separators=(",", ":")),
        shapes=row.shapes,
        direction=REDACTED,
        received=datetime.fromisoformat(row.received),
    )
