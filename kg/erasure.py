"""erase: a subject's key is destroyed, what is made from the journal is made anew, and the proof is sought.

The order survives a crash at any point: a file in the store says that an erasure is under way until the new
graph stands, and the next opening ends it.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from kg.chain import Row
from kg.directory import StoreDirectory, open_directory, sync
from kg.entry import Entry
from kg.erased import Erased, prove
from kg.errors import StoreError, UsageError
from kg.graphs.embedded import EmbeddedGraphs
from kg.holds import Holds
from kg.journal import Journal
from kg.lift import lift
from kg.readings.backends import open_readings
from kg.redaction import ERASED, Names, redacted, redacted_json
from kg.registry_entry import MESSAGE_TYPE, is_entry, read_entry
from kg.renewal import renew
from kg.subject_things import things
from kg.successors import REDACTED, contents, forget, successor
from kg.xml import read

#: Messages that prove an activation: they stay without the link to whom they spoke of.
EVIDENCE = frozenset(
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
_UNDER_WAY = "erasing"
_BATCH = 64


def erase(store: str | os.PathLike[str], name: str, *, bindings: Path | None = None) -> Erased:
    """Erase a subject from a store: nobody can read again what was written about it, nor find its name.

    Args:
        store: the store's directory; no other process may use it.
        name: the subject as the messages state it, for example a venID.
        bindings: folder of a user's own tables of what values mean.

    Raises:
        kg.errors.UsageError: the store knows no such subject (code ``unknown-subject``; also after an
            erasure), or the subject is under a legal hold (code ``legal-hold``).
        kg.errors.StoreError: the store cannot be opened or written.
    """
    done, names = remove(store, name, bindings=bindings)
    directory = open_directory(store, create=False)
    with contextlib.ExitStack() as undo:
        journal = Journal(directory)
        undo.callback(journal.close)
        graphs = EmbeddedGraphs(directory.graph)
        undo.callback(graphs.close)
        readings = open_readings(graphs, directory.readings)
        undo.callback(readings.close)
        prove(directory, names, done, journal.keys.names(), graphs, readings)
    return done


def remove(
    store: str | os.PathLike[str], name: str, *, bindings: Path | None = None
) -> tuple[Erased, list[str]]:
    """Erase a subject as ``erase`` does, without the proof, which can be sought while the store is in use.

    Returns:
        What was done so far, and the names that must be gone: see ``kg.erased.prove``.
    """
    directory = open_directory(store, create=False)
    Holds(directory).refuse(name)
    journal = Journal(directory)
    try:
        subject = _known(journal, name)
        _begin(directory, subject)
        done, names = _destroy(journal, name, subject)
    finally:
        journal.close()
    _finish(directory, bindings)
    Holds(directory).drop(name)
    return done, names


def finish(store: str | os.PathLike[str], *, bindings: Path | None = None) -> bool:
    """End an erasure that was cut off, for example by a power failure.

    Returns:
        Whether there was one.
    """
    path = Path(store) / _UNDER_WAY
    if not path.is_file():
        return False
    directory = open_directory(store, create=False)
    journal = Journal(directory)
    try:
        subject = path.read_text("ascii")
        name = journal.keys.name(subject)
        if name is not None:
            _destroy(journal, name, subject)
    finally:
        journal.close()
    _finish(directory, bindings)
    return True


def _known(journal: Journal, name: str) -> str:
    found = journal.keys.known([name])
    if not found:
        raise UsageError(
            "the store knows no such subject",
            cure="give the name as messages state it",
            code="unknown-subject",
        )
    return found[0].pseudonym


def _destroy(journal: Journal, name: str, subject: str) -> tuple[Erased, list[str]]:
    """Record successors, then destroy the key; gives what was done and every name that must be gone."""
    done, batch = Erased(), list[Entry]()
    mine = list(journal.rows(about=subject))
    known = [name, *sorted(_things(journal, mine))]
    names = Names(known, others=[one for one in journal.keys.names() if one != name])
    for row in mine:
        done.rows += row.direction != REDACTED
        others = _remaining(journal, row, name)
        if not others and (row.message_type not in EVIDENCE or row.verdict != "conforms"):
            continue
        entry = _successor(journal, row, names, others)
        if entry is not None:
            done.redacted += 1
            batch.append(entry)
        if len(batch) >= _BATCH:
            journal.append_many(batch)
            batch = []
    if batch:
        journal.append_many(batch)
    journal.keys.destroy(name)
    forget(journal)
    return done, known


def _successor(journal: Journal, row: Row, names: Names, others: tuple[str, ...]) -> Entry | None:
    """Make what stands for a row without the names; None where that cannot be done, so that nothing stays."""
    opened = journal.open(row)
    if opened is None:
        return None
    payload = redacted(opened[0], names)
    report = json.loads(opened[1])
    if payload is None:
        return None
    with contextlib.suppress(StoreError, ValueError):
        if is_entry(opened[0]):
            payload = read_entry(payload).payload()
            digest = read_entry(payload).digest
        else:
            digest = lift(read(payload, max_bytes=len(payload))).message.rpartition("/")[2]
        told = redacted_json(report, names) | {"digest": digest}
        tenant = (f"tenant:{journal.directory.tenant}",)
        return successor(row, report.get("redacts", row.seq), payload, json.dumps(told), others or tenant)
    return None


def _remaining(journal: Journal, row: Row, name: str) -> tuple[str, ...]:
    """Give the names of those whom a row speaks of besides the one to be erased."""
    found = (journal.keys.name(pseudonym) for pseudonym, *_ in json.loads(row.subjects))
    return tuple(one for one in found if one is not None and one != name)


def _things(journal: Journal, rows: list[Row]) -> set[str]:
    """Give the names of resources that only rows about this subject alone state."""
    found: set[str] = set()
    for row in rows:
        if len(json.loads(row.subjects)) == 1:
            opened = contents(journal, row)
            if opened is not None:
                found |= things(opened[0])
    return found - {ERASED}


def _begin(directory: StoreDirectory, subject: str) -> None:
    path = directory.path / _UNDER_WAY
    path.write_text(subject, "ascii")
    sync(path)
    sync(directory.path)


def _finish(directory: StoreDirectory, bindings: Path | None) -> None:
    """Make what is made from the journal anew, and say that the erasure is over."""
    renew(directory, (directory.path / _UNDER_WAY).read_text("ascii"), bindings=bindings)
    for left in (directory.snapshots, directory.path / "extracts"):
        shutil.rmtree(left, ignore_errors=True)  # copies for queries, left by a service that was killed
    (directory.path / _UNDER_WAY).unlink()
    sync(directory.path)
