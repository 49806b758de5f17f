"""How a payload is written under the keys of its subjects.

One subject: the payload goes under the subject's own data key. Several: under a key that is made from those
of all of them, so that the payload is gone for good when any of them is destroyed. All ciphers are
AES-256-GCM with a random nonce; what is written is compressed first, since nothing can be afterwards.
"""

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kg.keys import Subject

_NONCE = 12


class CannotOpen(ValueError):
    """The ciphertext does not fit the key: one of the two was changed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload and its report as they stand in a row of the journal.

    Args:
        subjects: JSON text: pseudonym and key id of each subject.
        payload: ciphertext of the bytes.
        report: ciphertext of the report on them, which quotes them.
    """

    subjects: str
    payload: bytes
    report: bytes


def seal(payload: bytes, report: bytes, subjects: Sequence[Subject]) -> Sealed:
    """Write a payload and its report under the keys of its subjects.

    Args:
        payload: the bytes as received.
        report: the report on them, JSON in UTF-8.
        subjects: at least one.
    """
    key = _joint([s.key for s in subjects])
    entries = [[s.pseudonym, s.key_id] for s in subjects]
    return Sealed(
        json.dumps(entries, separators=(",", ":")),
        _encrypt(key, zlib.compress(payload, 1), "payload"),
        _encrypt(key, zlib.compress(report, 1), "report"),
    )


def unseal(sealed: Sealed, key_of: Callable[[str], bytes | None]) -> tuple[bytes, bytes] | None:
    """Read a payload and its report again.

    Args:
        sealed: what the row holds.
        key_of: gives the key for a key id, None for a destroyed one.

    Returns:
        The payload and the report; None where the key of any of its subjects was destroyed.

    Raises:
        CannotOpen: ciphertext and key do not belong together.
    """
    try:
        entries = json.loads(sealed.subjects)
        keys = [key for key in map(key_of, (entry[1] for entry in entries)) if key is not None]
        if len(keys) < len(entries):
            return None
        first = _joint(keys)
        if len(entries[0]) > 2:  # written before keys were joined: wrapped once for each
            first = _decrypt(keys[0], base64.b64decode(entries[0][2]), "key")
        return (
            zlib.decompress(_decrypt(first, sealed.payload, "payload")),
            zlib.decompress(_decrypt(first, sealed.report, "report")),
        )
    except (ValueError, LookupError, TypeError, zlib.error) as error:
        raise CannotOpen(str(error)) from error


def _joint(keys: Sequence[bytes]) -> bytes:
    """Make the key of a payload from those of its subjects: nobody has it who lacks one of them."""
    if len(keys) == 1:
        return keys[0]
    return hashlib.sha256(b"flexkg joint 1" + b"".join(sorted(keys))).digest()


def mark(payload: bytes, subjects: Sequence[Subject]) -> bytes:
    """Give a mark by which the same bytes of the same subjects are found again.

    It is keyed with the keys of all subjects: when any of them is destroyed, nobody can tell by trying
    whether a guessed payload was here.
    """
    key = hashlib.sha256(b"flexkg mark 1" + b"".join(sorted(s.key for s in subjects))).digest()
    return hmac.digest(key, payload, hashlib.sha256)


def _encrypt(key: bytes, text: bytes, part: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, text, part.encode())


def _decrypt(key: bytes, sealed: bytes, part: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], part.encode())
    except InvalidTag as error:
        raise ValueError(f"the {part} does not fit its key") from error
