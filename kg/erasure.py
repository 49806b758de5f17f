"""erase: a subject's key is destroyed, what is made from the journal is made anew, and the proof is sought.

The order survives a crash at any point: a file in the store says that an erasure is under way until the new
graph stands, and the next opening ends it.
"""

import contextlib
import os
import shutil
from pathlib import Path

from kg.departure import Departure
from kg.directory import StoreDirectory, open_directory, sync
from kg.erased import Erased, prove
from kg.errors import UsageError
from kg.graphs.embedded import EmbeddedGraphs
from kg.holds import Holds
from kg.journal import Journal
from kg.readings.backends import open_readings
from kg.renewal import renew

_UNDER_WAY = "erasing"


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
        subject = known(journal, name)
        begin(directory, subject)
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


def known(journal: Journal, name: str) -> str:
    """Give the pseudonym of a subject.

    Raises:
        kg.errors.UsageError: the store knows no such subject (code ``unknown-subject``).
    """
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
    leaving = Departure(journal, name, subject)
    leaving.complete()
    return Erased(leaving.erased, leaving.redacted), leaving.names


def begin(directory: StoreDirectory, subject: str) -> None:
    """Write down that a subject is being erased: whatever happens, the next opening ends it."""
    path = directory.path / _UNDER_WAY
    path.write_text(subject, "ascii")
    sync(path)
    sync(directory.path)


def _finish(directory: StoreDirectory, bindings: Path | None) -> None:
    """Make what is made from the journal anew, and say that the erasure is over."""
    renew(directory, (directory.path / _UNDER_WAY).read_text("ascii"), bindings=bindings)
    for left in (directory.snapshots, directory.path / "extracts"):
        shutil.rmtree(left, ignore_errors=True)  # copies for queries, left by a service that was killed
    end(directory)


def end(directory: StoreDirectory) -> None:
    """Write down that no erasure is under way any more."""
    (directory.path / _UNDER_WAY).unlink(missing_ok=True)
    sync(directory.path)
