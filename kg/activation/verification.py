"""Verifies an evidence pack without store, network or the keys of the journal."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kg.activation.pack import FORMAT
from kg.chain import Row, row_hash
from kg.check import checker
from kg.errors import UsageError
from kg.namespaces import VERSION
from kg.registry_entry import is_entry
from kg.xml import MAX_BYTES

_BYTES = ("digest", "mark", "previous", "hash")


@dataclass(slots=True)
class Verified:
    """What the verification of a pack found.

    Attributes:
        event: the event's ID.
        rows: rows in the pack.
        key: SHA-256 of the public key, hexadecimal.
        known_key: whether the key is the one that was given.
        faults: what is wrong; none: the pack holds.
        notes: what was seen and is no fault.
    """

    event: str
    rows: int
    key: str
    known_key: bool
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify_pack(folder: Path, public: bytes | None = None) -> Verified:
    """Verify an evidence pack.

    Args:
        folder: the pack.
        public: public key of who made it, PEM, as it was handed out before; without it the pack's own is
            used, which proves that the pack is whole, not who made it.

    Returns:
        What was found. Signature, chain, digests, and the check of each message again.

    Raises:
        UsageError: this is no pack, or the key is none.
    """
    try:
        data = (folder / "manifest.json").read_bytes()
        signature = (folder / "manifest.sig").read_bytes()
        own = (folder / "public.pem").read_bytes()
        manifest = json.loads(data)
        heads = [json.loads(line) for line in (folder / "chain.jsonl").read_text("utf-8").splitlines()]
        if manifest["format"] != FORMAT:
            raise ValueError(f"its format is {manifest['format']!r}")
        names = [str(row["seq"]) for row in manifest["rows"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"this is no evidence pack: {error}", where=str(folder), cure="name its folder"
        ) from error
    key = _key(public or own, folder)
    found = Verified(manifest["event"], len(names), _fingerprint(key), public is not None)
    if public is None:
        found.notes.append("who made it is not known: name the public key that was handed out before")
    try:
        key.verify(signature, data)
    except InvalidSignature:
        found.faults.append("manifest.sig: the signature does not fit manifest and key")
    _files(folder, manifest, found)
    _chain(manifest, heads, found)
    _contents(folder, manifest, found)
    return found


def _key(pem: bytes, folder: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise UsageError("the public key cannot be read", where=str(folder), cure="give it as PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("the public key is of another kind", cure="give an Ed25519 key")
    return key


def _fingerprint(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def _files(folder: Path, manifest: dict[str, Any], found: Verified) -> None:
    """Compare the files with their digests; none may be missing or too many."""
    expected = dict(manifest["files"])
    for row in manifest["rows"]:
        expected |= {row["file"]: row["sha256"], row["report"]: row["report_sha256"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name, digest in expected.items():
        if name not in there:
            found.faults.append(f"{name}: missing")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            found.faults.append(f"{name}: changed")
    for name in sorted(there - expected.keys() - {"manifest.json", "manifest.sig", "public.pem"}):
        found.faults.append(f"{name}: not part of the pack")


def _chain(manifest: dict[str, Any], heads: list[dict[str, Any]], found: Verified) -> None:
    """Walk the chain from the first row of the pack to the last."""
    hashes: dict[int, str] = {}
    previous = ""
    for number, head in enumerate(heads):
        try:
            cells: dict[str, Any] = {
                name: bytes.fromhex(head[name]) if name in _BYTES else head[name] for name in head
            }
            row = Row(**cells, payload=b"", report=b"")
            right = row.hash == row_hash(row)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            right = False
        if not right or head.get("seq") != manifest["first"] + number:
            found.faults.append(f"chain.jsonl: row {manifest['first'] + number} is not whole")
            return
        if number and head["previous"] != previous:
            found.faults.append(f"chain.jsonl: row {head['seq']} does not follow the one before it")
            return
        previous = head["hash"]
        hashes[head["seq"]] = previous
    if previous != manifest["last_hash"] or manifest["last"] not in hashes:
        found.faults.append("chain.jsonl: its end is not the one that was signed")
    for row in manifest["rows"]:
        if hashes.get(row["seq"]) != row["row_hash"]:
            found.faults.append(f"{row['file']}: its row is not in the chain")


def _contents(folder: Path, manifest: dict[str, Any], found: Verified) -> None:
    """Check each message again, and compare its report with its bytes."""
    made = checker()
    for row in manifest["rows"]:
        try:
            data = (folder / row["file"]).read_bytes()
            report = json.loads((folder / row["report"]).read_text("utf-8"))
        except (OSError, ValueError):
            continue  # told of by the digests
        if report.get("digest") != hashlib.sha256(data).hexdigest():
            found.faults.append(f"{row['report']}: it is about other bytes")
        if is_entry(data):
            continue
        today = made.check(data, max_bytes=max(len(data), MAX_BYTES))
        if today.conforms and row["verdict"] == "violates":
            found.notes.append(f"row {row['seq']} was refused by rules across messages")
        elif not today.conforms and row["verdict"] == "conforms":
            text = f"row {row['seq']} was accepted and breaks {today.violations[0].rule}"
            (found.notes if manifest["shapes"] != VERSION else found.faults).append(text)
    if manifest["erased"]:
        found.notes.append(f"rows erased since: {', '.join(map(str, manifest['erased']))}")
