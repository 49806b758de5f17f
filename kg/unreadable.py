"""What is kept of bytes that could not be read or attributed: digest, size and reason, never the bytes."""

import contextlib
import hashlib
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, NamedTuple

from kg.errors import StoreError
from kg.sqlite import guard, transaction

#: Rows that one minute may add; what comes beyond is only counted.
PER_MINUTE = 60


class Trace(NamedTuple):
    """One refused input: UTC time of receipt, SHA-256 of the bytes, their number, and the reason's code."""

    received: str
    digest: str
    size: int
    reason: str


class Unreadable:
    """The table of what could not be read, bounded so that a flood of rubbish fills no disk.

    Args:
        db: the journal's connection.
        path: the journal's file, for messages.
        mutex: guards the connection.
    """

    SCHEMA: ClassVar[tuple[str, ...]] = (
        "CREATE TABLE unreadable (received TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,"
        " reason TEXT NOT NULL)",
        "CREATE TABLE suppressed (minute TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    )

    def __init__(self, db: sqlite3.Connection, path: Path, mutex: threading.RLock) -> None:
        self._db = db
        self._path = path
        self._mutex = mutex
        self._minute = ""
        self._kept = 0
        self._suppressed = 0

    def record(self, data: bytes, reason: str, *, received: datetime | None = None) -> bool:
        """Keep a trace of bytes that could not be read.

        Args:
            data: the bytes; only their digest and number are kept.
            reason: a short code, for example ``"doctype"``; never a part of the bytes.
            received: when, with zone; now, when it is left out.

        Returns:
            False when this minute's traces are used up and the bytes were only counted.
        """
        now = (received or datetime.now(UTC)).astimezone(UTC)
        minute = now.strftime("%Y-%m-%dT%H:%MZ")
        with self._mutex:
            if minute != self._minute:
                self.flush()
                with guard(self._path):
                    row = self._db.execute(
                        "SELECT count(*) FROM unreadable WHERE received >= ? AND received < ?",
                        (minute[:-1], minute[:-1] + "~"),
                    ).fetchone()
                self._minute, self._kept = minute, int(row[0])
            if self._kept >= PER_MINUTE:
                self._suppressed += 1
                return False
            digest = hashlib.sha256(data).hexdigest()
            with transaction(self._db, self._path):
                self._db.execute(
                    "INSERT INTO unreadable VALUES (?, ?, ?, ?)",
                    (now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), digest, len(data), reason),
                )
            self._kept += 1
            return True

    def traces(self) -> list[Trace]:
        """Give the traces, oldest first."""
        with self._mutex, guard(self._path):
            rows = self._db.execute("SELECT received, digest, size, reason FROM unreadable ORDER BY rowid")
            return [Trace(*row) for row in rows]

    def suppressed(self) -> int:
        """Give the number of inputs that were counted without a trace."""
        with self._mutex, guard(self._path):
            row = self._db.execute("SELECT coalesce(sum(count), 0) FROM suppressed").fetchone()
            return int(row[0]) + self._suppressed

    def flush(self) -> None:
        """Write the count of this minute out; a full disk costs the count, nothing else."""
        with self._mutex:
            if self._suppressed:
                with contextlib.suppress(StoreError), transaction(self._db, self._path):
                    self._db.execute(
                        "INSERT INTO suppressed VALUES (?, ?)"
                        " ON CONFLICT (minute) DO UPDATE SET count = count + excluded.count",
                        (self._minute, self._suppressed),
                    )
                    self._suppressed = 0
