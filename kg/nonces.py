"""Nonces that were spent: each signed message counts once, whoever asks, whenever, in whichever process."""

import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from kg.errors import StoreVersion
from kg.sqlite import connect, guard, transaction

FORMAT = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TABLES = (
    "CREATE TABLE IF NOT EXISTS nonce (signer TEXT NOT NULL, nonce TEXT NOT NULL, signed INTEGER NOT NULL,"
    " PRIMARY KEY (signer, nonce)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS nonce_signed ON nonce (signed)",
    # the last instant whose nonces may be forgotten: nothing signed up to it is taken
    "CREATE TABLE IF NOT EXISTS forgotten (signed INTEGER NOT NULL)",
    f"PRAGMA user_version = {FORMAT}",
)

Spent = Literal["", "replay", "stale"]


class Nonces:
    """The nonces that signers spent, in a SQLite file; several threads and processes may share it.

    Nonces are forgotten when no message with them can be in time any more. Messages as old as what was
    forgotten are never taken again, so that a clock that is set back opens nothing.

    Args:
        path: the file; made where it is missing. Its folder must exist.

    Raises:
        kg.errors.StoreUnavailable: the file cannot be opened or written.
        kg.errors.StoreVersion: the file was made by a newer FlexKG.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock, self._queue_lock = threading.Lock(), threading.Lock()
        self._queue: list[_Asked] = []
        self._db: sqlite3.Connection = connect(path, wal=True)
        try:
            with guard(path):
                version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT:
                raise StoreVersion(
                    f"the file has format {version}, this FlexKG knows {FORMAT}",
                    where=str(path),
                    cure="update FlexKG",
                )
            if version < FORMAT:
                with transaction(self._db, path):
                    for statement in _TABLES:
                        self._db.execute(statement)
        except BaseException:
            self._db.close()
            raise

    def spend(self, signer: str, nonce: str, signed: datetime, *, oldest: datetime) -> Spent:
        """Spend a nonce; on disk when this returns.

        Args:
            signer: what tells the signer's key from others; not the certificate, which can be exchanged.
            nonce: the nonce as signed.
            signed: the instant that was signed with it.
            oldest: earliest such instant that is still taken; nonces from before it are forgotten.

        Returns:
            ``""``: the nonce was new; ``"replay"``: it was not; ``"stale"``: so old that nobody can tell.

        Raises:
            kg.errors.StoreUnavailable: the file cannot be written; the message must not be taken.
        """
        asked = _Asked(signer, nonce, _number(signed), _number(oldest))
        with self._queue_lock:
            self._queue.append(asked)
        with self._lock:  # one of those who wait spends for all of them: they share an fsync
            if not asked.answer.done():
                self._lead()
        return asked.answer.result()

    def _lead(self) -> None:
        """Spend all nonces that threads have brought."""
        with self._queue_lock:
            waiting, self._queue = self._queue, []
        try:
            with transaction(self._db, self._path):
                found = [self._spend(asked) for asked in waiting]
        except BaseException as error:  # noqa: BLE001 - every thread that waits needs its answer
            for asked in waiting:
                asked.answer.set_exception(error)
            return
        for asked, spent in zip(waiting, found, strict=True):
            asked.answer.set_result(spent)

    def _spend(self, asked: "_Asked") -> Spent:
        last = self._one("SELECT max(signed) FROM nonce WHERE signed < ?", asked.limit)
        if last is not None:
            self._db.execute("DELETE FROM nonce WHERE signed < ?", (asked.limit,))
            self._db.execute("INSERT INTO forgotten VALUES (?)", (last,))
            self._db.execute("DELETE FROM forgotten WHERE signed < (SELECT max(signed) FROM forgotten)")
        forgotten = self._one("SELECT max(signed) FROM forgotten")
        if forgotten is not None and asked.signed <= forgotten:
            return "stale"
        values = asked.signer, asked.nonce, asked.signed
        taken = self._db.execute("INSERT INTO nonce VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values).rowcount
        return "" if taken else "replay"

    def __len__(self) -> int:
        """Count the nonces that are kept."""
        with self._lock, guard(self._path):
            return self._one("SELECT count(*) FROM nonce") or 0

    def _one(self, query: str, *values: int) -> int | None:
        """Ask for one number."""
        found: int | None = self._db.execute(query, values).fetchone()[0]
        return found

    def close(self) -> None:
        """Close the file."""
        with self._lock, guard(self._path):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A nonce that waits to be spent; times in microseconds since 1970."""

    signer: str
    nonce: str
    signed: int
    limit: int
    answer: Future[Spent] = field(default_factory=Future)


def _number(value: datetime) -> int:
    """Microseconds since 1970."""
    return (value - _EPOCH) // _MICROSECOND
