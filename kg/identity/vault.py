"""The identity vault: who is behind a pseudonym, in a file of its own, under a key of its own.

It belongs to the aggregator. Pseudonyms are random, so nothing about a person follows from one. What is known
of the person is ciphertext (AES-256-GCM); that somebody is in it can only be asked with the key. No query
language reaches it, and no token reads both the vault and readings.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kg.errors import Forbidden, StoreUnavailable, UsageError
from kg.sqlite import connect, guard, transaction

FORMAT: Final = 1
_TABLES: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE person (pseudonym TEXT PRIMARY KEY, tenant TEXT NOT NULL, mark BLOB NOT NULL,"
    " sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX person_mark ON person (mark)",
)


class Vault:
    """The persons of an aggregator.

    Args:
        path: the file; made where it is missing.
        key: the file with its key, best on another disk; made where both are missing.

    Raises:
        kg.errors.Forbidden: the key is not this vault's, or may be read by others.
        kg.errors.StoreUnavailable: a file cannot be read or written.
    """

    def __init__(self, path: Path, key: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        fresh = not path.exists()
        self._key = _key(key, create=fresh)
        self._cipher = AESGCM(self._key)
        self._db = connect(path, wal=False)
        try:
            path.chmod(0o600)
            if fresh:
                with transaction(self._db, path):
                    for statement in _TABLES:
                        self._db.execute(statement)
                    self._db.execute("INSERT INTO meta VALUES ('check', ?)", (self._mark("check", ""),))
            with guard(path):
                stated = self._db.execute("SELECT value FROM meta WHERE name = 'check'").fetchone()
            if stated is None or not hmac.compare_digest(bytes(stated[0]), self._mark("check", "")):
                raise Forbidden("the vault cannot be opened", cure="give the key that belongs to it")
        except BaseException:
            self._db.close()
            raise

    def enter(self, tenant: str, subject: str, **details: str) -> str:
        """Enter somebody, under a new random pseudonym.

        Args:
            tenant: the aggregator.
            subject: who it is, as the OpenID provider says it.
            details: what else shall be kept of the person, for example ``name`` or ``device``.

        Returns:
            The pseudonym, for example ``"ven-2f9c..."``.
        """
        pseudonym = f"ven-{secrets.token_hex(10)}"
        with self._lock, transaction(self._db, self._path):
            sealed = self._seal(pseudonym, {"subject": subject, **details})
            row = (pseudonym, tenant, self._mark(tenant, subject), sealed)
            self._db.execute("INSERT INTO person VALUES (?, ?, ?, ?)", row)
        return pseudonym

    def parties(self, tenant: str, subject: str) -> list[str]:
        """Give the pseudonyms of somebody at an aggregator."""
        with self._lock, guard(self._path):
            rows = self._db.execute(
                "SELECT pseudonym FROM person WHERE mark = ? ORDER BY pseudonym",
                (self._mark(tenant, subject),),
            )
            return [str(row[0]) for row in rows]

    def person(self, tenant: str, pseudonym: str) -> dict[str, Any]:
        """Say who is behind a pseudonym.

        Raises:
            kg.errors.UsageError: nobody, or somebody of another aggregator.
        """
        with self._lock, guard(self._path):
            row = self._db.execute(
                "SELECT sealed FROM person WHERE pseudonym = ? AND tenant = ?", (pseudonym, tenant)
            ).fetchone()
        if row is None:
            raise UsageError(
                "nobody is behind this pseudonym", cure="look at it again", code="unknown-subject"
            )
        return self._open(pseudonym, row[0])

    def note(self, tenant: str, pseudonym: str, **details: str) -> None:
        """Keep more of a person, in the place of what was kept under the same names."""
        known = self.person(tenant, pseudonym)
        with self._lock, transaction(self._db, self._path):
            sealed = self._seal(pseudonym, known | details)
            self._db.execute("UPDATE person SET sealed = ? WHERE pseudonym = ?", (sealed, pseudonym))

    def forget(self, tenant: str, pseudonym: str) -> bool:
        """Remove somebody; says whether there was anybody."""
        with self._lock:
            with transaction(self._db, self._path):
                done = self._db.execute(
                    "DELETE FROM person WHERE pseudonym = ? AND tenant = ?", (pseudonym, tenant)
                ).rowcount
            with guard(self._path):
                self._db.execute("VACUUM")
        return bool(done)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _mark(self, tenant: str, subject: str) -> bytes:
        text = b"".join(len(part).to_bytes(4, "big") + part for part in (tenant.encode(), subject.encode()))
        return hmac.digest(self._key, b"flexkg vault 1" + text, hashlib.sha256)

    def _seal(self, pseudonym: str, known: dict[str, Any]) -> bytes:
        nonce = secrets.token_bytes(12)
        text = json.dumps(known, ensure_ascii=False).encode()
        return nonce + self._cipher.encrypt(nonce, text, pseudonym.encode())

    def _open(self, pseudonym: str, sealed: bytes) -> dict[str, Any]:
        try:
            text = self._cipher.decrypt(sealed[:12], sealed[12:], pseudonym.encode())
        except InvalidTag as error:
            raise Forbidden("the vault cannot be opened", cure="restore it from a backup") from error
        return dict(json.loads(text))


def _key(path: Path, *, create: bool) -> bytes:
    """Read the key, or make one for a new vault."""
    try:
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
        if path.stat().st_mode & 0o077:
            raise Forbidden("the vault's key may be read by others", where=str(path), cure="chmod 600")
        key = path.read_bytes()
    except OSError as error:
        raise StoreUnavailable(
            f"the vault's key cannot be read: {error.strerror}",
            where=str(path),
            cure="FLEXKG_VAULT_KEY names it",
        ) from error
    if len(key) != 32:
        raise Forbidden("the vault cannot be opened", cure="give the key that belongs to it")
    return key
