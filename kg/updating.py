"""Takes an administrator's update, or an order about readings, into a store: recorded, applied."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from kg.apply import Recorded
from kg.entry import UPDATE, Entry, received_text
from kg.errors import StoreUnavailable
from kg.follower import Follower
from kg.graphs import GraphStore
from kg.journal import Journal
from kg.namespaces import VERSION
from kg.readings import ReadingStore
from kg.readings.orders import MESSAGE_TYPE, Order, concerned
from kg.trial import Trial as Trial

#: Looks at a store just before an update; raises where it must not be.
Look = Callable[[], None] | None
TRIAL = Trial()


def _attempt(graphs: GraphStore, journal: Journal, update: str, trial: Trial) -> None:
    """Perform an update on a copy, so that nothing is recorded that cannot be performed.

    Args:
        graphs: the store; nothing else writes it meanwhile.
        journal: for the place of the copy.
        update: as ``kg.sparql.updates.prepare`` gives it.
        trial: what it may take.

    Raises:
        kg.errors.QueryError: it does not parse, cannot be performed, or takes more than it may.
        kg.errors.StoreUnavailable: no copy can be made.
    """
    root = journal.directory.path
    for left in root.glob("attempt-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = root / f"attempt-{uuid4().hex}"
    try:
        graphs.snapshot(folder)
        trial.run(folder, update, journal.head.seq + 1)
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
    trial: Trial | None = TRIAL,
) -> int:
    """Try an update on a copy, record it, apply it; nothing else writes meanwhile.

    Args:
        graphs: the store.
        journal: its journal.
        follower: applies what the journal holds.
        update: as ``kg.sparql.updates.prepare`` gives it.
        author: who sent it.
        before: looks at the store just before; raises where the update must not be.
        trial: what it may take; None for one of ``graph_update`` or ``graph_removal``, which cannot fail.

    Returns:
        Its row in the journal.

    Raises:
        kg.errors.QueryError: it cannot be performed; nothing was recorded.
        kg.errors.StoreUnavailable: it could not be recorded.
    """
    follower.put(()).result()
    if before is not None:
        before()
    if trial is not None:
        _attempt(graphs, journal, update, trial)
    row = _record(journal, update, author, f"tenant:{journal.directory.tenant}")
    follower.put([row]).result()
    return row.seq


def order(
    journal: Journal, follower: Follower, readings: ReadingStore, orders: Sequence[Order], author: str
) -> int:
    """Record what is ordered of the readings, and do it; nothing else writes meanwhile.

    Args:
        journal: where it is recorded, with one fsync.
        follower: applies what the journal holds.
        readings: the readings of the store.
        orders: in their order.
        author: who ordered it.

    Returns:
        How many readings that were in view are taken away.

    Raises:
        kg.errors.StoreUnavailable: it could not be recorded or done; what is recorded is done when it can be.
    """
    follower.put(()).result()
    number = sum(concerned(one, readings) for one in orders)
    received, whole = datetime.now(UTC), f"tenant:{journal.directory.tenant}"
    entries, digests = [], []
    for one in orders:
        payload = one.payload()
        digests.append(hashlib.sha256(payload).hexdigest())
        report = {
            "sender": author,
            "verdict": "conforms",
            "message_type": MESSAGE_TYPE,
            "digest": digests[-1],
            "violations": [],
        }
        subjects = (one.party or whole,)
        text = json.dumps(report)
        entries.append(Entry(payload, MESSAGE_TYPE, subjects, "conforms", text, VERSION, "in", received))
    seqs, at = journal.append_many(entries), received_text(received)
    rows = [
        Recorded(seq, at, digest, author, order=one)
        for seq, digest, one in zip(seqs, digests, orders, strict=True)
    ]
    if not follower.put(rows).result():
        raise StoreUnavailable(
            "what was ordered is recorded, but could not be done yet",
            where=str(journal.directory.path),
            cure="see what is wrong with the store; it is done when the store is opened again",
        )
    return number
