"""The hash chain of the journal: what a row holds, what its hash covers, and the sealed head.

A chain alone shows a changed, lost or swapped row, but not a cut tail. So the head of the chain (number and
hash of the last row) is kept in a small file of its own, sealed with a secret of the key file, and can be
handed out as a checkpoint to whoever shall be able to prove later what was there.
"""

import hashlib
import hmac
import itertools
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from kg.directory import sync
from kg.errors import JournalCorrupt


class Row(NamedTuple):
    """One row of the journal, as it stands in the file.

    ``received`` is UTC text, ``direction`` is ``in``, ``out`` or ``redacted``, ``subjects`` is JSON
    (pseudonym and key id of each), ``payload`` and ``report`` are ciphertext, ``digest`` is SHA-256 over
    both, ``mark`` finds the same bytes again, ``previous`` and ``hash`` link the chain.
    """

    seq: int
    received: str
    tenant: str
    direction: str
    message_type: str
    subjects: str
    payload: bytes
    report: bytes
    digest: bytes
    verdict: str
    shapes: str
    mark: bytes
    previous: bytes
    hash: bytes


_TYPES = [int, str, str, str, str, str, bytes, bytes, bytes, str, str, bytes, bytes, bytes]


class Checkpoint(NamedTuple):
    """How far a chain reached: number and hash of its last row (0 and the genesis hash for an empty one)."""

    seq: int
    hash: bytes


def genesis(journal_id: str, tenant: str) -> bytes:
    """Give the hash that stands before the first row of a journal."""
    return hashlib.sha256(b"flexkg journal 1" + _framed(journal_id.encode(), tenant.encode())).digest()


def digest(payload: bytes, report: bytes) -> bytes:
    """Give the digest over the two ciphertexts of a row."""
    return hashlib.sha256(_framed(payload, report)).digest()


def row_hash(row: Row) -> bytes:
    """Give the hash of a row: over every column but itself, the ciphertexts by their digest."""
    fields = (
        row.seq.to_bytes(8, "big"),
        *(text.encode() for text in row[1:6]),
        row.digest,
        row.verdict.encode(),
        row.shapes.encode(),
        row.mark,
        row.previous,
    )
    return hashlib.sha256(b"flexkg row 1" + _framed(*fields)).digest()


def linked(row: Row, before: Checkpoint, where: str) -> Checkpoint:
    """Check one row against the one before it.

    Args:
        row: the row.
        before: number and hash of the row before it.
        where: the file, for the message.

    Returns:
        The chain's head after this row.

    Raises:
        kg.errors.JournalCorrupt: the row is missing, out of place or was changed; the message names it.
    """
    if row.seq != before.seq + 1:
        raise corrupt(f"row {before.seq + 1} is missing", where)
    if [type(cell) for cell in row] != _TYPES:
        raise corrupt(f"row {row.seq} was changed", where)
    if row.previous != before.hash:
        raise corrupt(f"row {row.seq} does not follow row {before.seq}", where)
    if row.digest != digest(row.payload, row.report) or row.hash != row_hash(row):
        raise corrupt(f"row {row.seq} was changed", where)
    return Checkpoint(row.seq, row.hash)


def walk(rows: Iterable[Row], at: Checkpoint, expected: Sequence[Checkpoint], where: str) -> Checkpoint:
    """Check the rows behind a place in the chain.

    Args:
        rows: the rows, in order.
        at: the place in front of the first of them.
        expected: checkpoints at or behind that place, each of which must be met.
        where: the file, for the message.

    Returns:
        The chain's head.

    Raises:
        kg.errors.JournalCorrupt: a row was changed, lost, swapped or cut off; the message names it.
    """
    wanted: dict[int, set[bytes]] = {}
    for checkpoint in expected:
        wanted.setdefault(checkpoint.seq, set()).add(checkpoint.hash)
    for row in itertools.chain([None], rows):
        at = linked(row, at, where) if row else at
        if wanted.pop(at.seq, {at.hash}) != {at.hash}:
            raise corrupt(f"row {at.seq} is not the one that was sealed", where)
    if wanted:
        raise corrupt(f"the rows after row {at.seq} were cut off", where)
    return at


def corrupt(what: str, where: str) -> JournalCorrupt:
    """Make the error for a journal that does not verify."""
    return JournalCorrupt(what, where=where, cure="restore journal, head and key file from one backup")


class Head:
    """The file that keeps how far the chain reaches, sealed.

    It is written after each commit of the journal, so on disk it may lag behind the journal but never run
    ahead: rows that the head knows and the journal lacks were cut off.

    Args:
        path: the file.
        secret: the secret of the journal's key file.
        journal_id: the journal that it belongs to.
    """

    def __init__(self, path: Path, secret: bytes, journal_id: str) -> None:
        self.path = path
        self._secret = secret
        self._id = journal_id.encode()
        self._fd = -1

    def read(self) -> Checkpoint:
        """Read the head.

        Raises:
            kg.errors.JournalCorrupt: the file is missing, was changed, or belongs to another journal.
        """
        try:
            seq, hash_, seal = self.path.read_text(encoding="ascii").split()
            found = Checkpoint(int(seq), bytes.fromhex(hash_))
            fits = hmac.compare_digest(self._seal(found), bytes.fromhex(seal))
        except FileNotFoundError as error:
            raise corrupt("the head of the journal is missing", str(self.path)) from error
        except (ValueError, OSError, OverflowError) as error:
            raise corrupt("the head of the journal is damaged", str(self.path)) from error
        if not fits:
            raise corrupt("the head was changed, or belongs to another journal or key file", str(self.path))
        return found

    def write(self, head: Checkpoint) -> None:
        """Write the head in place, without waiting for the disk."""
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._fd, f"{head.seq:020d} {head.hash.hex()} {self._seal(head).hex()}\n".encode(), 0)

    def sync(self) -> None:
        """Put the head on disk."""
        if self._fd >= 0:
            os.fsync(self._fd)
        sync(self.path.parent)

    def close(self) -> None:
        """Put the head on disk and close the file."""
        if self._fd >= 0:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _seal(self, head: Checkpoint) -> bytes:
        text = _framed(self._id, head.seq.to_bytes(8, "big"), head.hash)
        return hmac.digest(self._secret, b"flexkg head 1" + text, hashlib.sha256)


def new_journal_id() -> str:
    """Make a random identifier for a new journal."""
    return secrets.token_hex(16)


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
