"""Takes an administrator's update into a store: tried, recorded, applied."""

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from kg.apply import Recorded
from kg.entry import UPDATE, Entry, received_text
from kg.follower import Follower
from kg.graphs import GraphStore
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.namespaces import VERSION

#: Looks at a store just before an update; raises where it must not be.
Look = Callable[[], None] | None


def _attempt(graphs: GraphStore, journal: Journal, update: str) -> None:
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


def _record(journal: Journal, update: str, author: str, subject: str) -> Recorded:
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


def perform(
    graphs: GraphStore,
    journal: Journal,
    follower: Follower,
    update: str,
    author: str,
    before: Look = None,
    *,
    sure: bool = False,
) -> int:
    """Try an update on a copy, record it, apply it; nothing else writes meanwhile.

    Args:
        graphs: the store.
        journal: its journal.
        follower: applies what the journal holds.
        update: as ``kg.sparql.updates.prepare`` gives it.
        author: who sent it.
        before: looks at the store just before; raises where the update must not be.
        sure: it is of ``graph_update`` or ``graph_removal``, which cannot fail.

    Returns:
        Its row in the journal.

    Raises:
        kg.errors.QueryError: it cannot be performed; nothing was recorded.
        kg.errors.StoreUnavailable: it could not be recorded.
    """
    follower.put(()).result()
    if before is not None:
        before()
    if not sure:
        _attempt(graphs, journal, update)
    row = _record(journal, update, author, f"tenant:{journal.directory.tenant}")
    follower.put([row]).result()
    return row.seq
