"""Verifies an evidence pack without store, network or the keys of the journal."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kg.activation.grounds import FILES, read_json
from kg.activation.pack import FORMAT
from kg.activation.recount import recount
from kg.chain import Row, row_hash
from kg.check import checker
from kg.checkpoints import Handed
from kg.checkpoints import read as read_checkpoint
from kg.errors import UsageError
from kg.namespaces import VERSION
from kg.registry_entry import is_entry
from kg.seal import read_public, thumbprint, written_pem
from kg.xml import MAX_BYTES

#: Packs of before, which have no readings, and the files of each kind.
_BEFORE: Final = "flexkg evidence 1"
_FILES: Final = {
    _BEFORE: {"chain.jsonl", "prov.ttl"},
    FORMAT: {"chain.jsonl", "prov.ttl", *FILES},
}
_BYTES: Final = ("digest", "mark", "previous", "hash")
_MEMBERS: Final = (
    (("event", "tenant", "shapes", "last_hash"), str),
    (("first", "last"), int),
    (("rows", "erased"), list),
    (("files",), dict),
)
#: Texts that each row of a manifest has, and where its files lie.
_CELLS: Final = ("message_type", "verdict", "file", "sha256", "report", "report_sha256", "row_hash")
_PLACE: Final = re.compile(r"rows/[0-9]{8,20}(\.report)?\.(xml|json)")


@dataclass(slots=True)
class Verified:
    """What the verification of a pack found.

    Attributes:
        event: the event's ID.
        rows: rows in the pack.
        key: thumbprint (RFC 7638) of the public key.
        known_key: whether the key is the one that was given.
        faults: what is wrong; none: the pack holds.
        notes: what was seen and is no fault.
        figures: how many entries follow from the readings in the pack, worked out again.
    """

    event: str
    rows: int
    key: str
    known_key: bool
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify_pack(folder: Path, public: bytes | None = None, checkpoint: str = "") -> Verified:
    """Verify an evidence pack.

    Args:
        folder: the pack.
        public: public key of who made it, PEM, as it was handed out before; without it the pack's own is
            used, which proves that the pack is whole, not who made it.
        checkpoint: a checkpoint of the same store that was handed out before: its key goes before
            ``public``, and where its row is in the pack, the row has to be the same.

    Returns:
        What was found. Signature, chain, digests, the check of each message again, and baseline, delivery
        and deviation worked out again from the readings. A pack that is
        damaged, however much, has faults.

    Raises:
        UsageError: there is no such folder; or key or checkpoint, which are the caller's, cannot be read.
    """
    if not folder.is_dir():
        raise UsageError("there is no such pack", where=str(folder), cure="name its folder or zip file")
    handed = _handed(checkpoint) if checkpoint else None
    given = read_public(public) if public is not None else handed[1] if handed is not None else None
    try:
        data = (folder / "manifest.json").read_bytes()
        signature = (folder / "manifest.sig").read_bytes()
        key = given or read_public((folder / "public.pem").read_bytes())
        manifest = read_manifest(data)
    except (OSError, ValueError, UsageError) as error:
        said = error.what if isinstance(error, UsageError) else str(error)
        return Verified("", 0, "", given is not None, [f"this is no evidence pack, or a damaged one: {said}"])
    found = Verified(manifest["event"], len(manifest["rows"]), thumbprint(key), given is not None)
    if given is None:
        found.notes.append("who made it is not known: name the public key that was handed out before")
    try:
        key.verify(signature, data)
    except InvalidSignature:
        found.faults.append("manifest.sig: the signature does not fit manifest and key")
    _files(folder, manifest, found)
    try:
        own = (folder / "public.pem").read_bytes()
    except OSError:
        own = b""
    if own != written_pem(key):
        found.faults.append("public.pem: missing or changed: it is not the key that signed")
    hashes = _chain(manifest, _heads(folder, found), found)
    if handed is not None:
        _held(handed[0], manifest, hashes, found)
    _contents(folder, manifest, found)
    if manifest["format"] == _BEFORE:
        found.notes.append("a pack of before: it has no readings, nothing was worked out again")
        return found
    again = recount(folder, manifest["rows"])
    found.faults += again.faults
    found.notes += again.notes
    found.figures = again.figures
    return found


def read_manifest(data: bytes) -> dict[str, Any]:
    """Read a manifest, and see that each member is of its kind; no path leads out of the pack.

    Raises:
        ValueError: it is none; says what is wrong.
    """
    made = read_json(data)
    if not isinstance(made, dict) or made.get("format") not in _FILES:
        raise ValueError(f"manifest.json: its format is not {FORMAT!r}")
    for names, kind in _MEMBERS:
        for name in names:
            if type(made.get(name)) is not kind:
                raise ValueError(f"manifest.json: {name} is missing or of the wrong kind")
    for row in made["rows"]:
        cells = row if isinstance(row, dict) else {}
        if type(cells.get("seq")) is not int or any(type(cells.get(name)) is not str for name in _CELLS):
            raise ValueError("manifest.json: a row is not whole")
        if not _PLACE.fullmatch(cells["file"]) or not _PLACE.fullmatch(cells["report"]):
            raise ValueError("manifest.json: a row lies outside the pack")
    if set(made["files"]) != _FILES[made["format"]]:
        raise ValueError("manifest.json: files are missing or too many")
    return made


def _handed(text: str) -> tuple[Handed, Ed25519PublicKey]:
    """Read a checkpoint, and the public key in it."""
    handed = read_checkpoint(text)
    return handed, Ed25519PublicKey.from_public_bytes(handed.public)


def _held(handed: Handed, manifest: dict[str, Any], hashes: dict[int, str], found: Verified) -> None:
    """Hold the pack's chain against a checkpoint."""
    if handed.tenant != manifest["tenant"]:
        found.faults.append("the checkpoint is of another tenant's journal")
    elif handed.seq not in hashes:
        found.notes.append(f"the checkpoint's row {handed.seq} is not in the pack: it proves the key alone")
    elif hashes[handed.seq] != handed.hash:
        found.faults.append(f"chain.jsonl: row {handed.seq} is not the one of the checkpoint")
    else:
        found.notes.append(f"row {handed.seq} is the one of the checkpoint of {handed.at:%Y-%m-%dT%H:%M:%SZ}")


def _heads(folder: Path, found: Verified) -> list[Any]:
    """Read the heads of the chain's rows."""
    try:
        return [read_json(line) for line in (folder / "chain.jsonl").read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        found.faults.append(f"chain.jsonl: cannot be read: {error}")
        return []


def _files(folder: Path, manifest: dict[str, Any], found: Verified) -> None:
    """Compare the files with their digests; none may be missing or too many."""
    expected: dict[str, Any] = dict(manifest["files"])
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


def _chain(manifest: dict[str, Any], heads: list[Any], found: Verified) -> dict[int, str]:
    """Walk the chain from the first row of the pack to the last; gives the hash of each row."""
    hashes: dict[int, str] = {}
    previous = ""
    for number, head in enumerate(heads):
        try:
            cells: dict[str, Any] = {
                name: bytes.fromhex(head[name]) if name in _BYTES else head[name] for name in head
            }
            row = Row(**cells, payload=b"", report=b"")
            right = row.hash == row_hash(row) and row.seq == manifest["first"] + number
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            right = False
        if not right:
            found.faults.append(f"chain.jsonl: row {manifest['first'] + number} is not whole")
            return hashes
        if number and head["previous"] != previous:
            found.faults.append(f"chain.jsonl: row {head['seq']} does not follow the one before it")
            return hashes
        previous = head["hash"]
        hashes[head["seq"]] = previous
    if previous != manifest["last_hash"] or manifest["last"] not in hashes:
        found.faults.append("chain.jsonl: its end is not the one that was signed")
    for row in manifest["rows"]:
        if hashes.get(row["seq"]) != row["row_hash"]:
            found.faults.append(f"{row['file']}: its row is not in the chain")
    return hashes


def _contents(folder: Path, manifest: dict[str, Any], found: Verified) -> None:
    """Check each message again, and compare its report with its bytes."""
    made = checker()
    for row in manifest["rows"]:
        try:
            data = (folder / row["file"]).read_bytes()
            report = read_json((folder / row["report"]).read_text("utf-8"))
        except (OSError, ValueError):
            continue  # told of by the digests
        if not isinstance(report, dict) or report.get("digest") != hashlib.sha256(data).hexdigest():
            found.faults.append(f"{row['report']}: it is about other bytes")
        if is_entry(data):
            continue
        today = made.check(data, max_bytes=max(len(data), MAX_BYTES))
        if today.conforms and row["verdict"] == "violates":
            found.notes.append(f"row {row['seq']} was refused by rules across messages")
        elif not today.conforms and row["verdict"] == "conforms":
            text = f"row {row['seq']} was accepted and breaks {today.violations[0].rule}"
            (found.notes if manifest["shapes"] != VERSION else found.faults).append(text)
    withheld = manifest.get("withheld")
    if isinstance(withheld, list) and withheld:
        shown = ", ".join(map(str, withheld))
        found.notes.append(f"reports left out, since no mandate covers them: rows {shown}")
    if manifest["erased"]:
        found.notes.append(f"rows erased since: {', '.join(map(str, manifest['erased']))}")
