"""Takes an administrator's update into a store: tried, recorded, applied."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from uuid import uuid4

from kg.apply import Recorded
from kg.entry import UPDATE, Entry, received_text
from kg.graphs import GraphStore
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.namespaces import VERSION


def attempt(graphs: GraphStore, journal: Journal, update: str) -> None:
    """Perform an update on a copy, so that nothing is recorded that cannot be performed.

    Args:
        graphs: the store; nothing else writes it meanwhile.
        journal: for the place of the copy.
        update: as ``kg.sparql.updates.prepare`` gives it.

    Raises:
        kg.errors.QueryError: it does not parse or cannot be performed.
        kg.errors.StoreUnavailable: no copy can be made.
    """
    folder = journal.directory.path / f"attempt-{uuid4().hex}"
    try:
        graphs.snapshot(folder)
        copy = EmbeddedGraphs(folder)
        try:
            copy.update(update, journal.head.seq + 1)
        finally:
            copy.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def record(journal: Journal, update: str, author: str, subject: str) -> Recorded:
    """Record an update; it is on disk on return.

    Args:
        journal: where.
        update: as ``kg.sparql.updates.prepare`` gives it.
        author: who sent it.
        subject: under whose key it is kept.

    Raises:
        kg.errors.StoreUnavailable: it could not be recorded.
    """
    received = datetime.now(UTC)
    digest = hashlib.sha256(update.encode()).hexdigest()
    report = {
        "sender": author,
        "verdict": "conforms",
        "message_type": UPDATE,
        "digest": digest,
        "violations": [],
    }
    entry = Entry(
        update.encode(), UPDATE, (subject,), "conforms", json.dumps(report), VERSION, "in", received
    )
    seq = journal.append(entry)
    return Recorded(seq, received_text(received), digest, author, update=update)
