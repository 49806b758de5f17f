"""The one key that a store signs with: what it hands out, checkpoints and evidence packs, bears its seal.

The key is derived from the secret of the journal, which lies in the key file (``keys.sqlite``): no other file
has to be kept, a backup that holds the key file holds it, and whoever was given one checkpoint can hold every
evidence pack of the store against the public key in it.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kg.directory import open_directory
from kg.errors import UsageError
from kg.keys import Keys


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """Derive the key that a store signs with.

    Args:
        secret: the secret of its journal, 32 bytes.

    Returns:
        The Ed25519 key; the same for the same secret.

    Source:
        RFC 5869 (HKDF), RFC 8032 (Ed25519).

    >>> signing_key(bytes(32)).public_key() == signing_key(bytes(32)).public_key()
    True
    """
    raw = HKDF(SHA256(), 32, None, b"flexkg checkpoint 1").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(raw)


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """Write the public half as PEM, to be handed out before it is needed."""
    return written_pem(key.public_key())


def written_pem(key: Ed25519PublicKey) -> bytes:
    """Write a public key as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_of(store: Path) -> bytes:
    """Give the public key of a store as PEM; a service may run on the store meanwhile.

    Raises:
        kg.errors.StoreError: there is no store, or its key file cannot be used.
    """
    keys = Keys(open_directory(store, create=False).keys, create=False)
    try:
        return public_pem(signing_key(keys.secret))
    finally:
        keys.close()


def read_public(pem: bytes, where: str = "") -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        UsageError: it is no PEM, or another kind of key.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("the public key cannot be read", where=where, cure="give it as PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("the public key is of another kind", where=where, cure="give an Ed25519 key")
    return key


def thumbprint(key: Ed25519PublicKey) -> str:
    """Give the name of a public key that checkpoints and packs show: the JWK thumbprint.

    Source:
        RFC 7638; RFC 8037, appendix A.3.

    >>> len(thumbprint(signing_key(bytes(32)).public_key()))
    43
    """
    x = urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
