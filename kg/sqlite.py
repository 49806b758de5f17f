"""SQLite files: opened durable, with every failure turned into an error that says what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.errors import JournalCorrupt, StoreError, StoreUnavailable


def connect(path: Path, *, wal: bool) -> sqlite3.Connection:
    """Open a database file whose commits are on disk when they return.

    Args:
        path: the file; it is made when it is missing.
        wal: write-ahead log (many readers, fast commits), else a rollback journal that is deleted at each
            commit, so that overwritten pages do not live on in a log.

    Returns:
        A connection in autocommit mode that several threads may use one after the other.

    Raises:
        kg.errors.StoreUnavailable: the file cannot be opened or written.
        kg.errors.JournalCorrupt: the file is no database.
    """
    with guard(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
        try:
            db.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}").fetchone()
            db.execute("PRAGMA synchronous=FULL" if wal else "PRAGMA synchronous=EXTRA")
            db.execute("PRAGMA secure_delete=ON")
            db.execute("PRAGMA trusted_schema=OFF")
            db.execute("PRAGMA temp_store=MEMORY")  # VACUUM leaves no copy of the keys elsewhere
        except sqlite3.Error:
            db.close()
            raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run a block as one transaction: all of it is on disk when the block is left, or nothing."""
    with guard(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


@contextmanager
def guard(path: Path) -> Iterator[None]:
    """Turn what SQLite or the file system raises into an error of the store."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        raise _explained(error, path) from error


def sound(db: sqlite3.Connection, path: Path) -> None:
    """Check the pages of a database file.

    Raises:
        kg.errors.JournalCorrupt: a page, an index or a record of the file is damaged.
    """
    with guard(path):
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        with path.open("rb") as file:
            versions = file.read(20)[18:]
        if found == "ok" and versions not in (b"\1\1", b"\2\2"):  # SQLite's file format, bytes 18 and 19
            found = "its header says that it can only be read"
    if found != "ok":
        raise JournalCorrupt(
            f"the file is damaged: {str(found).splitlines()[0]}",
            where=str(path),
            cure="restore it from a backup",
        )


def _explained(error: sqlite3.Error | OSError | UnicodeError, path: Path) -> StoreError:
    """Choose the error of the store that a failure of SQLite or of the file system means."""
    text = str(error)
    if "disk is full" in text or getattr(error, "errno", 0) == 28:
        return StoreUnavailable(
            "the disk is full, nothing was written",
            where=str(path),
            cure="make room and try again",
            code="store-full",
        )
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in text:
        return StoreUnavailable("the store is closed", where=str(path), cure="open it again")
    damage = "no such" in text or "decode" in text
    if isinstance(error, (sqlite3.OperationalError, OSError)) and not damage:
        return StoreUnavailable(
            f"the file cannot be read or written: {text}",
            where=str(path),
            cure="check the directory's permissions and free space",
        )
    return JournalCorrupt(
        f"the file is damaged or was not made by FlexKG: {text}",
        where=str(path),
        cure="restore it from a backup",
    )
