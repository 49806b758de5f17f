"""Evidence packs: all that the journal holds on an event, for somebody else to verify without the store.

A pack is a folder: ``manifest.json`` with its signature and the public key, ``chain.jsonl`` with the heads of
the journal's rows from the first to the last that is needed, ``rows/`` with each message or entry as it was
received or sent and the report on it, ``prov.ttl`` with what they mean, ``settlement.json`` and
``readings.jsonl`` with the readings that baseline and delivery were worked out from.
"""

import hashlib
import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from kg.activation.basis import basis_of
from kg.activation.grounds import FILES, grounds_of
from kg.activation.prov import prov_lines
from kg.activation.registry import interventions, rows_of_entries, versions
from kg.activation.wire import REPORTS
from kg.chain import Row
from kg.errors import StoreUnavailable, UsageError
from kg.graphs import GraphStore, lexical
from kg.graphs.formats import write_graph
from kg.ingest import Ingest
from kg.journal import Journal
from kg.literals import string
from kg.namespaces import FLEX, ID, PROV, VERSION
from kg.seal import public_pem, signing_key
from kg.times import moment

FORMAT: Final = "flexkg evidence 2"
#: How long after an event's end reports on it are looked for.
AFTER: Final = timedelta(days=1)


def make_pack(
    ingest: Ingest,
    event_id: str,
    out: Path,
    *,
    vtn: str = "",
    reports: bool = False,
    parties: Collection[str] | None = None,
) -> int:
    """Write the evidence pack of an event.

    Args:
        ingest: the open store.
        event_id: its eventID.
        out: folder to write it to, which must not exist or be empty.
        vtn: vtnID, where several VTNs have such an event.
        reports: put in the whole reports too that state the readings of the days of a baseline, and with them
            the heads of all rows since.
        parties: venIDs whose reports and readings may be given; of others' reports the chain alone is in it.
            None: everybody's.

    Returns:
        Number of rows in it.

    Raises:
        UsageError: there is no such event, or the folder is not empty.
        StoreUnavailable: the folder cannot be written.
    """
    ingest.follower.settle()
    graphs, journal = ingest.graphs, ingest.journal
    wanted = _rows(graphs, event_id, vtn)
    grounds = grounds_of(ingest, basis_of(graphs, event_id, vtn), parties)
    told = (grounds.now | grounds.before if reports else grounds.now) - wanted
    told = {row.seq for seq in told for row in _one(ingest, seq) if row.message_type in REPORTS}
    wanted |= told
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError("the folder is not empty", where=str(out), cure="name a new one")
        (out / "rows").mkdir()
        held, erased, withheld, chain = list[dict[str, Any]](), list[int](), list[int](), []
        sent: dict[str, bytes] = {}
        first, last = min(wanted), max(wanted)
        for row in journal.rows(first - 1):
            if row.seq > last:
                break
            chain.append(_head(row))
            if row.seq in wanted and row.message_type in REPORTS and not _covered(journal, row, parties):
                withheld.append(row.seq)
            elif row.seq in wanted:
                opened = journal.open(row)
                if opened is None:
                    erased.append(row.seq)
                    continue
                held.append(_write(out, row, opened[0], opened[1]))
                if row.message_type in REPORTS:
                    sent[str(held[-1]["sha256"])] = opened[0]
        _text(out / "chain.jsonl", "".join(json.dumps(head) + "\n" for head in chain))
        lines = prov_lines(graphs, versions(graphs, event_id, vtn), held)
        _text(out / "prov.ttl", write_graph("\n".join([*lines, ""]), "turtle"))
        _text(out / "settlement.json", grounds.settlement())
        _text(out / "readings.jsonl", grounds.lines(sent))
        key = signing_key(journal.keys.secret)
        manifest = {
            "format": FORMAT,
            "event": event_id,
            "versions": [version[1:-1] for version in versions(graphs, event_id, vtn)],
            "tenant": journal.directory.tenant,
            "made": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "shapes": VERSION,
            "first": first,
            "last": last,
            "last_hash": chain[-1]["hash"],
            "rows": held,
            "erased": erased,
            "withheld": withheld,
            "files": {name: _digest(out / name) for name in ("chain.jsonl", "prov.ttl", *FILES)},
        }
        data = json.dumps(manifest, indent=1, sort_keys=True).encode()
        (out / "manifest.json").write_bytes(data)
        (out / "manifest.sig").write_bytes(key.sign(data))
        (out / "public.pem").write_bytes(public_pem(key))
    except OSError as error:
        raise StoreUnavailable(
            f"the pack cannot be written: {error.strerror}", where=str(out), cure="make room, check the path"
        ) from error
    return len(held)


def _one(ingest: Ingest, seq: int) -> list[Row]:
    """Give one row of the journal."""
    row = next(ingest.journal.rows(seq - 1), None)
    return [row] if row is not None and row.seq == seq else []


def _rows(graphs: GraphStore, event_id: str, vtn: str) -> set[int]:
    """Find the journal rows of the messages and entries about an event."""
    found: set[int] = set(rows_of_entries(graphs, event_id, vtn))
    vens: set[str] = set()
    ends: list[datetime] = []
    starts: list[datetime] = []
    for version in versions(graphs, event_id, vtn):
        for conveying in graphs.match(None, f"<{FLEX}conveys>", version):
            found |= _row(graphs, conveying.subject)
        for target in graphs.match(version, f"<{FLEX}target>", None):
            vens |= {s.object for s in graphs.match(target.object, f"<{FLEX}ven>", None)}
        starts += _times(graphs, version, "startsAt")
        ends += _times(graphs, version, "endsAt")
    for named in graphs.match(None, f"<{FLEX}eventID>", string(event_id)):
        if not named.subject.startswith(f"<{ID}event/"):
            message = f"{named.subject.partition('/event-response/')[0].rstrip('>')}>"
            found |= _row(graphs, message)
            for conveying in graphs.match(None, f"<{FLEX}conveys>", named.subject):
                found |= _row(graphs, conveying.subject)
    begin, end = min(starts, default=None), max(ends, default=None)
    for ven in vens:
        for entry, row in interventions(graphs, unquote(ven[1:-1].rpartition("/")[2])):
            at = next(iter(_stamps(graphs, entry, f"<{PROV}generatedAtTime>")), None)
            if begin is not None and at is not None and at >= begin and (end is None or at <= end):
                found.add(row)
    for ven in vens:
        for sent in graphs.match(None, f"<{FLEX}ven>", ven):
            if begin is not None and _reports_within(graphs, sent.subject, begin, end):
                found |= _row(graphs, sent.subject)
    if not found:
        raise UsageError(f"nothing is recorded of the event {event_id!r}", cure="see flexkg query events")
    return found


def _covered(journal: Journal, row: Row, parties: Collection[str] | None) -> bool:
    """Whether all that a row speaks of are among parties."""
    named = (journal.keys.name(pseudonym) for pseudonym, *_ in json.loads(row.subjects))
    return parties is None or all(name is None or name in parties for name in named)


def _reports_within(graphs: GraphStore, message: str, begin: datetime, end: datetime | None) -> bool:
    """Whether a message is a report that was received while an event ran, or within a day after."""
    if not any(graphs.match(message, None, f"<{FLEX}UpdateReport>")):
        return False
    received = next(iter(_times(graphs, message, "receivedAt")), None)
    return received is not None and received >= begin and (end is None or received <= end + AFTER)


def _times(graphs: GraphStore, node: str, term: str) -> list[datetime]:
    return _stamps(graphs, node, f"<{FLEX}{term}>")


def _stamps(graphs: GraphStore, node: str, predicate: str) -> list[datetime]:
    found = (moment(lexical(s.object)) for s in graphs.match(node, predicate, None))
    return [time for time in found if time is not None and time.tzinfo is not None]


def _row(graphs: GraphStore, message: str) -> set[int]:
    return {int(lexical(s.object)) for s in graphs.match(message, f"<{FLEX}journalRow>", None)}


def _head(row: Row) -> dict[str, object]:
    """Give what the hash of a row covers, with the hash."""
    stated = row._replace(payload=b"", report=b"")._asdict()
    del stated["payload"], stated["report"]
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in stated.items()}


def _write(out: Path, row: Row, payload: bytes, report: str) -> dict[str, object]:
    """Write what one row holds; gives its entry in the manifest."""
    name = f"rows/{row.seq:08}.{'json' if payload[:1] == b'{' else 'xml'}"
    (out / name).write_bytes(payload)
    told = f"rows/{row.seq:08}.report.json"
    _text(out / told, report)
    return {
        "seq": row.seq,
        "message_type": row.message_type,
        "direction": row.direction,
        "received": row.received,
        "verdict": row.verdict,
        "file": name,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "report": told,
        "report_sha256": _digest(out / told),
        "row_hash": row.hash.hex(),
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
