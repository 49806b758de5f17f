"""export and import: all that is kept about a subject, as files that people and programs can read.

::

    OUT/manifest.json     which payload came when, from whom, with which verdict
    OUT/payloads/         the bytes of each, others' names left out
    OUT/graph.ttl         what they mean, as RDF
    OUT/mandates.ttl      what the subject allowed others, as ODRL
    OUT/readings.csv      the readings, one a line, for a spreadsheet
"""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from kg.apply import Applier
from kg.directory import open_directory
from kg.errors import UsageError
from kg.graphs.embedded import EmbeddedGraphs
from kg.graphs.formats import write_graph
from kg.ingest import Ingest
from kg.journal import Journal
from kg.mandates import MANDATE, Mandates
from kg.namespaces import VERSION
from kg.readings.graph import GraphReadings
from kg.rebuild import applied_of
from kg.redaction import ERASED, Names, redacted, redacted_json
from kg.successors import REDACTED, contents

FORMAT = 1
COLUMNS = (
    *("series", "starts_at", "ends_at", "value", "unit", "property", "resource", "quality"),
    *("confidence", "accuracy", "received"),
)


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload of an export: bytes, and the manifest's entry."""

    data: bytes
    entry: dict[str, Any]


def export(store: str | os.PathLike[str], name: str, out: Path, *, bindings: Path | None = None) -> str:
    """Write all that a store keeps about a subject into a new folder; gives one line on it.

    Args:
        store: the store's directory; no other process may use it.
        name: the subject as the messages state it, for example a venID.
        out: the folder; must not exist, or be empty.
        bindings: folder of a user's own tables of what values mean.

    Raises:
        kg.errors.UsageError: the store knows no such subject, or the folder holds something.
    """
    journal = Journal(open_directory(store, create=False))
    try:
        files = files_of(journal, name, bindings=bindings)
    finally:
        journal.close()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("the folder holds something", where=str(out), cure="name a new folder")
    for path, content in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return f"{len(files) - 4} payloads, graph.ttl and readings.csv written to {out}"


def files_of(journal: Journal, name: str, *, bindings: Path | None = None) -> dict[str, bytes]:
    """Give the files of an export, by path.

    Args:
        journal: the open journal.
        name: the subject.
        bindings: folder of a user's own tables of what values mean.

    Raises:
        kg.errors.UsageError: the journal knows no such subject.
    """
    payloads = list(payloads_of(journal, [name]))
    graphs = EmbeddedGraphs()
    try:
        readings = GraphReadings(graphs)
        Applier(graphs, readings, bindings).apply(
            filter(None, (applied_of(p.data, p.entry, n) for n, p in enumerate(payloads, 1)))
        )
        lines = sorted({f"{s.subject} {s.predicate} {s.object} ." for s in graphs.match() if _shown(s.graph)})
        table = _csv(readings)
    finally:
        graphs.close()
    manifest = {
        "format": FORMAT,
        "made_by": f"flexkg {VERSION}",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "subject": name,
        "payloads": [payload.entry for payload in payloads],
    }
    found = {payload.entry["file"]: payload.data for payload in payloads}
    mandates = [line for one in Mandates(journal).of([name]) for line in one.lines()]
    found["mandates.ttl"] = write_graph("\n".join([*mandates, ""]), "turtle").encode() if mandates else b""
    found["graph.ttl"] = write_graph("\n".join([*lines, ""]), "turtle").encode()
    found["readings.csv"] = table.encode()
    found["manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n"
    return found


def import_(store: str | os.PathLike[str], folder: Path, *, tenant: str = "") -> str:
    """Take the payloads of an export into a store, with their times of receipt; gives one line on it.

    Args:
        store: the store's directory; made where there is none.
        folder: the export.
        tenant: name of the tenant of a new store.

    Raises:
        kg.errors.UsageError: the folder is no export.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        payloads = [
            ((folder / "payloads" / Path(entry["file"]).name).read_bytes(), entry)
            for entry in manifest["payloads"]
        ]
        if manifest["format"] != FORMAT:
            raise ValueError(f"format {manifest['format']}")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(f"this is no export: {error}", where=str(folder), cure="name its folder") from error
    taken = 0
    with Ingest(store, tenant=tenant) as opened:
        for data, entry in payloads:
            receipt = opened.ingest(
                data,
                sender=entry["sender"],
                direction=entry["direction"],
                received=datetime.fromisoformat(entry["received"]),
            )
            taken += receipt.seq is not None and not receipt.duplicate
    return f"{taken} of {len(payloads)} payloads taken in"


def payloads_of(journal: Journal, names: Sequence[str]) -> Iterator[Payload]:
    """Give the payloads that speak of subjects, without the names of others.

    Args:
        journal: the open journal.
        names: the subjects.

    Raises:
        kg.errors.UsageError: the journal does not know one of them.
    """
    known = journal.keys.known(names)
    if not known:
        raise UsageError(
            "the store knows no such subject",
            cure="give the name as messages state it",
            code="unknown-subject",
        )
    kept = {*names, ERASED}
    others = [other for other in journal.keys.names() if other not in kept and other[:7] != "tenant:"]
    hidden = Names(others, others=names) if others else None
    marks = [f'"{subject.pseudonym}"' for subject in known]
    for row in (row for row in journal.rows() if any(mark in row.subjects for mark in marks)):
        if row.message_type == MANDATE:
            continue
        opened = contents(journal, row)
        if opened is None or row.direction == REDACTED:
            continue
        data, report = opened[0], json.loads(opened[1])
        shared = len(json.loads(row.subjects)) > 1
        if shared and hidden is not None:
            cut = redacted(data, hidden)
            if cut is None:
                continue
            data, report = cut, redacted_json(report, hidden)
        suffix = "json" if data.lstrip()[:1] in (b"{", b"[") else "xml"
        yield Payload(
            data,
            {
                "file": f"payloads/{row.seq:08d}.{suffix}",
                "received": row.received,
                "direction": row.direction,
                "message_type": row.message_type,
                "verdict": row.verdict,
                "sender": report["sender"],
                "redacted": shared,
                "report": report,
            },
        )


def _csv(readings: GraphReadings) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for reading in readings.scan():
        row = [getattr(reading, column) for column in COLUMNS]
        writer.writerow(["" if v is None else v.isoformat() if isinstance(v, datetime) else v for v in row])
    return out.getvalue()


def _shown(graph: str) -> bool:
    return not graph.endswith(("/meta", "/ontology"))
