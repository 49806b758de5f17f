"""Checkpoints: how far a journal reached, signed and handed out, so that nobody can cut off its tail later.

A checkpoint is a JWS (RFC 7515) in compact form, signed with Ed25519. Its payload says number and hash of the
last row, the tenant and the time; its header carries the journal's public key. Whoever keeps it needs nothing
but a JOSE library to show what was there, and ``Journal.verify`` to hold a journal against it.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from kg.chain import Checkpoint
from kg.errors import UsageError
from kg.journal import Journal
from kg.seal import signing_key

TYPE: Final = "flexkg-checkpoint"
_ALGORITHMS: Final = ["Ed25519"]
_REGISTRY: Final = jws.JWSRegistry(algorithms=_ALGORITHMS)

#: A time-stamping authority: gives the token for a SHA-256 digest, as bytes.
Stamp = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Handed:
    """A checkpoint that was read again.

    Attributes:
        seq: number of the last row.
        hash: its hash, hexadecimal.
        tenant: whose journal it is.
        at: when it was made, UTC.
        key: thumbprint (RFC 7638) of the store's public key.
        public: the public key, 32 bytes.
    """

    seq: int
    hash: str
    tenant: str
    at: datetime
    key: str
    public: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, to be held against a chain."""
        return Checkpoint(self.seq, bytes.fromhex(self.hash))


def sign(journal: Journal, *, now: datetime | None = None) -> str:
    """Sign how far a journal reaches.

    Args:
        journal: the open journal.
        now: when, with zone.

    Returns:
        A JWS in compact form.
    """
    key, head = _key(journal), journal.head
    payload = {
        "seq": head.seq,
        "hash": head.hash.hex(),
        "tenant": journal.directory.tenant,
        "iat": int((now or datetime.now(UTC)).timestamp()),
    }
    header = {"alg": "Ed25519", "typ": TYPE, "jwk": key.as_dict(private=False)}
    return jws.serialize_compact(
        header, json.dumps(payload, separators=(",", ":")).encode(), key, registry=_REGISTRY
    )


def read(text: str) -> Handed:
    """Read a checkpoint and check its signature with the key that it carries.

    Raises:
        kg.errors.UsageError: it is none, or its signature does not hold.
    """
    try:
        header: Any = jws.extract_compact(text.strip().encode()).headers()
        key = OKPKey.import_key(header["jwk"])
        signed = jws.deserialize_compact(text.strip(), key, registry=_REGISTRY)
        said = json.loads(signed.payload)
        if header.get("typ") != TYPE or len(bytes.fromhex(said["hash"])) != 32:
            raise ValueError("no checkpoint of a journal")
        at = datetime.fromtimestamp(said["iat"], UTC)
        public = key.public_key.public_bytes_raw()
        return Handed(int(said["seq"]), said["hash"], str(said["tenant"]), at, key.thumbprint(), public)
    except (JoseError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"this is no checkpoint: {error}", cure="give one as flexkg journal checkpoint wrote it"
        ) from error


def fits(journal: Journal, text: str) -> Handed:
    """Verify a journal whole, and hold it against a checkpoint that was handed out.

    Raises:
        kg.errors.UsageError: the text is no checkpoint, or one of another journal.
        kg.errors.JournalCorrupt: something was changed, lost, swapped or cut off.
    """
    handed = read(text)
    if handed.key != _key(journal).thumbprint():
        raise UsageError(
            "the checkpoint was signed by another journal, or with a key file that is gone",
            cure="give the checkpoint of this journal",
        )
    journal.verify(handed.checkpoint)
    return handed


def digest(text: str) -> bytes:
    """Give the digest of a checkpoint that a time-stamping authority signs."""
    return hashlib.sha256(text.strip().encode()).digest()


def _key(journal: Journal) -> OKPKey:
    """Give the key that the store signs with, as joserfc takes it."""
    private = signing_key(journal.keys.secret)
    parts = (("d", private.private_bytes_raw()), ("x", private.public_key().public_bytes_raw()))
    text = {name: urlsafe_b64encode(part).rstrip(b"=").decode() for name, part in parts}
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", **text})
