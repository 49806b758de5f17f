"""The registry of certificates: by which one which party is recognised, at which aggregator, until when.

A SQLite file that several processes may share; what is revoked counts for none of them any more at the next
request, and is in the list (CRL) that proxies fetch.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kg.certificates import Certificate, zulu
from kg.errors import UsageError
from kg.sqlite import connect, guard, transaction

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS certificate (sha256 TEXT PRIMARY KEY, serial TEXT NOT NULL,"
    " key TEXT NOT NULL, party TEXT NOT NULL, tenant TEXT NOT NULL, der BLOB NOT NULL,"
    " begins TEXT NOT NULL, ends TEXT NOT NULL, revoked TEXT) WITHOUT ROWID"
)
_INDEX: Final = "CREATE INDEX IF NOT EXISTS certificate_party ON certificate (party)"
_COLUMNS: Final = "sha256, serial, key, party, tenant, begins, ends, revoked"


@dataclass(frozen=True, slots=True)
class Registered:
    """A certificate as it is registered.

    Attributes:
        sha256: SHA-256 of it, hexadecimal.
        serial: its number, hexadecimal.
        key: SHA-256 of its public key, hexadecimal.
        party: venID that it stands for.
        tenant: the aggregator that it counts at.
        begins: from when it counts, UTC text.
        ends: until when, UTC text.
        revoked: when it was revoked, UTC text; empty where it was not.
    """

    sha256: str
    serial: str
    key: str
    party: str
    tenant: str
    begins: str
    ends: str
    revoked: str

    def counts(self, now: datetime) -> bool:
        """Say whether it is neither revoked nor out of its time."""
        return not self.revoked and self.begins <= zulu(now.replace(microsecond=0)) <= self.ends


class Registry:
    """The certificates of all parties.

    Args:
        path: the file; made where it is missing, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with guard(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = connect(path, wal=True)
        with transaction(self._db, path):
            self._db.execute(_TABLE)
            self._db.execute(_INDEX)

    def add(self, certificate: Certificate, party: str, tenant: str, *, serial: str) -> None:
        """Register a certificate.

        Args:
            certificate: the certificate.
            party: venID that it stands for.
            tenant: the aggregator that it counts at.
            serial: its number, hexadecimal.

        Raises:
            kg.errors.UsageError: its key is weak, or it is registered already.
        """
        if not certificate.strong:
            raise UsageError(
                f"the certificate has a weak key ({certificate.algorithm}, {certificate.bits} bits)",
                cure="use RSA of 2048 bits or more, or an elliptic curve of 256 or more",
            )
        row = (certificate.sha256, serial, certificate.key, party, tenant, certificate.der)
        times = (zulu(certificate.valid_from), zulu(certificate.valid_until))
        with self._lock, transaction(self._db, self._path):
            done = self._db.execute(
                "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
                (*row, *times),
            ).rowcount
        if not done:
            raise UsageError("the certificate is registered already", cure="ask for a new one")

    def find(self, sha256: str) -> Registered | None:
        """Find a certificate, in force or not; None where it was never registered."""
        found = self._select("sha256 = ?", sha256)
        return found[0] if found else None

    def of_party(self, party: str) -> list[Registered]:
        """List the certificates of a party."""
        return self._select("party = ?", party)

    def of_key(self, key: str) -> list[Registered]:
        """List the certificates made for a public key."""
        return self._select("key = ?", key)

    def revoked(self) -> list[Registered]:
        """List what is revoked and would still be in its time."""
        now = zulu(datetime.now(UTC).replace(microsecond=0))
        return self._select("revoked IS NOT NULL AND ends >= ?", now)

    def trusted(self, tenant: str) -> dict[str, list[bytes]]:
        """Give the certificates in force at an aggregator, DER by party: what ``Trust`` takes."""
        now = zulu(datetime.now(UTC).replace(microsecond=0))
        with self._lock, guard(self._path):
            rows = self._db.execute(
                "SELECT party, der FROM certificate WHERE tenant = ? AND revoked IS NULL AND ends >= ?",
                (tenant, now),
            ).fetchall()
        found: dict[str, list[bytes]] = {}
        for party, der in rows:
            found.setdefault(party, []).append(der)
        return found

    def revoke(self, *, sha256: str = "", party: str = "", key: str = "", tenant: str = "") -> int:
        """Revoke the certificates that fit everything that is given; gives their number.

        Args:
            sha256: one certificate.
            party: all of a party.
            key: all for a public key.
            tenant: only at this aggregator.
        """
        given = {"sha256": sha256, "party": party, "key": key, "tenant": tenant}
        wanted = {name: value for name, value in given.items() if value}
        if not wanted.keys() - {"tenant"}:
            return 0
        where = " AND ".join(f"{name} = ?" for name in wanted)
        now = zulu(datetime.now(UTC).replace(microsecond=0))
        with self._lock, transaction(self._db, self._path):
            return self._db.execute(
                f"UPDATE certificate SET revoked = ? WHERE revoked IS NULL AND {where}",  # noqa: S608 - names above
                (now, *wanted.values()),
            ).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _select(self, where: str, *values: str) -> list[Registered]:
        with self._lock, guard(self._path):
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM certificate WHERE {where} ORDER BY begins, sha256",  # noqa: S608 - ours
                values,
            ).fetchall()
        return [Registered(*(cell or "" for cell in row)) for row in rows]
