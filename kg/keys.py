"""The key file: one data key for each subject, kept apart from the ciphertext.

Whoever destroys a subject's key erases every payload that was written under it, in the journal and in each
of its backups, without touching the chain. The file is a SQLite database of its own (mode 0600, no
write-ahead log, overwritten pages are cleared); it alone knows the names of the subjects, in the journal they
are in ciphertext only.
"""

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kg.errors import JournalCorrupt, StoreUnavailable, StoreVersion
from kg.sqlite import connect, guard, sound, transaction

FORMAT_VERSION = 1

_SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE subject (pseudonym TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, key_id TEXT NOT NULL"
    " UNIQUE, key BLOB NOT NULL, created TEXT NOT NULL, seal BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE destroyed (key_id TEXT PRIMARY KEY, pseudonym TEXT NOT NULL, at TEXT NOT NULL)"
    " WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a payload speaks of: a random pseudonym and the data key that it goes under."""

    pseudonym: str
    key_id: str
    key: bytes


class Keys:
    """The subjects of a journal and their keys.

    Args:
        path: the key file.
        create: make the file where it is missing; False where a journal exists already, since its payloads
            could never be read with new keys.

    Raises:
        kg.errors.StoreUnavailable: the file is missing, open to others, or cannot be read or written.
        kg.errors.StoreVersion: the file was made by a newer FlexKG.
        kg.errors.JournalCorrupt: the file is damaged.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._by_name: dict[str, Subject] = {}
        _prepare(path, create=create)
        self._db = connect(path, wal=False)
        try:
            if not _tables(self._db, path):
                with transaction(self._db, path):
                    for statement in _SCHEMA:
                        self._db.execute(statement)
                    values = {"format_version": FORMAT_VERSION, "secret": secrets.token_bytes(32)}
                    self._db.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
            with guard(path):
                stated = dict(self._db.execute("SELECT name, value FROM meta"))
            version, secret = stated.get("format_version"), stated.get("secret")
            if not isinstance(version, int) or not isinstance(secret, bytes) or len(secret) != 32:
                raise _damaged(path)
            if version > FORMAT_VERSION:
                raise StoreVersion(
                    f"the key file has format {version}, this FlexKG knows formats up to {FORMAT_VERSION}",
                    where=str(path),
                    cure="install the newer FlexKG that made it",
                )
            #: Secret of the whole journal: seals what is no subject's, such as the head of the chain.
            self.secret = secret
        except BaseException:
            self._db.close()
            raise

    def subjects(self, names: Iterable[str]) -> list[Subject]:
        """Find the subjects of these names; new ones get a random pseudonym and key, on disk on return.

        Args:
            names: names as the messages state them, for example venIDs.

        Returns:
            One subject for each name, in their order.
        """
        wanted = list(names)
        with self._lock:
            fresh = [name for name in dict.fromkeys(wanted) if self._find(name) is None]
            if fresh:
                made = {name: _new_subject() for name in fresh}
                now = datetime.now(UTC).isoformat(timespec="seconds")
                with transaction(self._db, self.path):
                    self._db.executemany(
                        "INSERT INTO subject VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            (s.pseudonym, name, s.key_id, s.key, now, self._seal(name, s))
                            for name, s in made.items()
                        ],
                    )
                self._by_name.update(made)
            return [self._by_name[name] for name in wanted]

    def known(self, names: Iterable[str]) -> list[Subject] | None:
        """Find the subjects of these names without making any; None where one is new."""
        with self._lock:
            found = [self._find(name) for name in names]
        return None if None in found else [subject for subject in found if subject is not None]

    def name(self, pseudonym: str) -> str | None:
        """Give the name behind a pseudonym; None when its key was destroyed."""
        with self._lock, guard(self.path):
            row = self._db.execute("SELECT name FROM subject WHERE pseudonym = ?", (pseudonym,)).fetchone()
        return str(row[0]) if row else None

    def names(self) -> list[str]:
        """List the names of all subjects whose keys exist."""
        with self._lock, guard(self.path):
            return [str(row[0]) for row in self._db.execute("SELECT name FROM subject ORDER BY name")]

    def key(self, key_id: str) -> bytes | None:
        """Give the key of this id; None when it was destroyed.

        Raises:
            kg.errors.JournalCorrupt: no key of this id was ever made here, or its entry is damaged.
        """
        with self._lock, guard(self.path):
            row = self._db.execute("SELECT name FROM subject WHERE key_id = ?", (key_id,)).fetchone()
            if row is not None:
                subject = self._find(row[0])
                return subject.key if subject is not None else None
            if self._db.execute("SELECT 1 FROM destroyed WHERE key_id = ?", (key_id,)).fetchone():
                return None
        raise JournalCorrupt(
            f"the key file does not hold the key {key_id}",
            where=str(self.path),
            cure="restore the key file that belongs to this journal",
        )

    def destroy(self, name: str) -> bool:
        """Destroy a subject's key and forget its name: what was written under it can never be read again.

        Returns:
            False when no subject has this name.
        """
        with self._lock:
            subject = self._find(name)
            if subject is None:
                return False
            now = datetime.now(UTC).isoformat(timespec="seconds")
            with transaction(self._db, self.path):
                self._db.execute("DELETE FROM subject WHERE pseudonym = ?", (subject.pseudonym,))
                self._db.execute(
                    "INSERT INTO destroyed VALUES (?, ?, ?)", (subject.key_id, subject.pseudonym, now)
                )
            del self._by_name[name]
            with guard(self.path):
                self._db.execute("VACUUM")
            return True

    def empty(self) -> bool:
        """Say whether no subject was ever made here."""
        with self._lock, guard(self.path):
            row = self._db.execute("SELECT (SELECT count(*) FROM subject) + (SELECT count(*) FROM destroyed)")
            return bool(row.fetchone()[0] == 0)

    def verify(self) -> None:
        """Check the file's pages and the seal of every key.

        Raises:
            kg.errors.JournalCorrupt: something in the file was changed.
        """
        with self._lock:
            sound(self._db, self.path)
            self._by_name.clear()
            with guard(self.path):
                names = [row[0] for row in self._db.execute("SELECT name FROM subject")]
            for name in names:
                self._find(name)

    def close(self) -> None:
        """Close the file and drop the keys from memory."""
        with self._lock:
            self._by_name.clear()
            self._db.close()

    def _find(self, name: str) -> Subject | None:
        found = self._by_name.get(name)
        if found is None:
            with guard(self.path):
                row = self._db.execute(
                    "SELECT pseudonym, key_id, key, seal FROM subject WHERE name = ?", (name,)
                ).fetchone()
            if row is None:
                return None
            if [type(cell) for cell in row] != [str, str, bytes, bytes]:
                raise _damaged(self.path)
            found = Subject(*row[:3])
            if not hmac.compare_digest(self._seal(name, found), row[3]):
                raise _damaged(self.path)
            self._by_name[name] = found
        return found

    def _seal(self, name: str, subject: Subject) -> bytes:
        parts = (subject.pseudonym.encode(), subject.key_id.encode(), subject.key, name.encode())
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.secret, b"flexkg subject 1" + text, hashlib.sha256)


def _new_subject() -> Subject:
    return Subject(secrets.token_hex(16), secrets.token_hex(16), secrets.token_bytes(32))


def _prepare(path: Path, *, create: bool) -> None:
    """Make the file with mode 0600, or refuse one that is missing or that others may read."""
    try:
        if create and not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError as error:
        raise StoreUnavailable(
            "the key file is missing, without it no payload of the journal can be read",
            where=str(path),
            cure="restore the key file that belongs to this journal",
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"the key file cannot be made or read: {error.strerror}",
            where=str(path),
            cure="choose a directory that this user may write to",
        ) from error
    if mode & 0o077:
        raise StoreUnavailable(
            f"the key file may be read by others (mode {mode:03o})",
            where=str(path),
            cure="make it private: chmod 600, and think about who may have read it",
        )


def _tables(db: sqlite3.Connection, path: Path) -> bool:
    with guard(path):
        return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone())


def _damaged(path: Path) -> JournalCorrupt:
    return JournalCorrupt("the key file is damaged", where=str(path), cure="restore it from a backup")
