"""ingest: the whole way of a payload, in order: read, lift, check, record, answer, apply."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kg.apply import Applier
from kg.collecting import rarely
from kg.directory import open_directory
from kg.erasure import finish
from kg.errors import JournalCorrupt, StoreUnavailable
from kg.follower import Follower
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.judge import Judge
from kg.readings.backends import Opener, open_readings
from kg.readings.orders import Order
from kg.rebuild import Rebuilt, rebuild, recorded
from kg.receipt import Gate, Kept, Permit, Receipt
from kg.recorder import Recorder, told_by
from kg.registry_entry import RegistryEntry
from kg.report import Report
from kg.updating import TRIAL, Look, Trial, order, perform
from kg.views import tidy
from kg.work import Work, examine
from kg.xml import MAX_BYTES

if TYPE_CHECKING:
    from kg.notary import Notary

__all__ = ["Ingest", "Rebuilt", "Receipt", "rebuild"]

#: Rows that share one transaction of the graph store when the graph is made up for.
_TAIL = 256
#: Bytes of payloads from which on a batch is whole, however few they are.
_AT_ONCE = 8_000_000
#: Batches that may wait for the graph while the next one is recorded.
_FLYING = 1


class Ingest:
    """Takes payloads into the store of one tenant; the one writer of its directory.

    Args:
        store: the store's directory.
        tenant: name of the tenant of a new store.
        profile: level of strictness.
        engine: SHACL engine.
        context: ``"off"``, ``"warn"`` or ``"enforce"``: how much the rules across messages count.
        bindings: folder of a user's own tables of what values mean.
        readings: opens the readings of a store.
        notary: opens who verifies signatures of what comes in, with the file of spent nonces.
        max_bytes: largest payload accepted.
        batch: payloads that ``ingest_many`` lets share one fsync.
        create: make a store where there is none.

    Raises:
        kg.errors.StoreError: the store cannot be opened; says by whom it is held or what to do.
        kg.errors.AssetError: a table of bindings is broken.
    """

    def __init__(
        self,
        store: str | os.PathLike[str],
        *,
        tenant: str = "",
        profile: str = "core",
        engine: str = "compiled",
        context: str = "warn",
        bindings: Path | None = None,
        readings: Opener = open_readings,
        notary: "Callable[[Path, str], Notary] | None" = None,
        max_bytes: int = MAX_BYTES,
        batch: int = 64,
        create: bool = True,
    ) -> None:
        self._profile, self._engine, self._max_bytes, self._batch = profile, engine, max_bytes, batch
        self._queue: list[tuple[Work, Future[Kept]]] = []
        self._queue_lock, self._write_lock = threading.Lock(), threading.Lock()
        #: held while an entry of the registry is judged by those before it, until it is one of them
        self.judging = threading.RLock()
        with contextlib.ExitStack() as undo:
            finish(store, bindings=bindings)
            self.journal = Journal(open_directory(store, tenant=tenant, create=create))
            undo.callback(self.journal.close)
            tidy(self.journal.directory)
            self.notary: Notary | None = None
            if notary is not None:
                spent, whose = self.journal.directory.nonces, self.journal.directory.tenant
                self.notary = undo.enter_context(notary(spent, whose))
            self.graphs = EmbeddedGraphs(self.journal.directory.graph)
            undo.callback(self.graphs.close)
            self._judge = Judge(self.graphs, context, profile, engine)
            kept_in = readings(self.graphs, self.journal.directory.readings)
            self.readings = undo.enter_context(contextlib.closing(kept_in))
            self._applier = Applier(self.graphs, self.readings, bindings)
            self._make_up(reopen=False)
            self._follower = self.follower = Follower(self._applier.apply, self._make_up)
            undo.callback(self._follower.close)
            self._recorder = Recorder(self.journal, self._judge, self._follower)
            self._undo = undo.pop_all()

    def __enter__(self) -> "Ingest":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ingest(
        self,
        data: bytes,
        *,
        sender: str = "",
        direction: Literal["in", "out"] = "in",
        received: datetime | None = None,
        permit: Permit | None = None,
        gate: Gate | None = None,
        settled: bool = True,
        answer: Callable[[Work], Work | None] | None = None,
    ) -> Receipt:
        """Check, record and apply one payload, with one fsync for all threads that wait; on disk on return.

        Args:
            data: the payload as received or sent.
            sender: ID of the party that the transport knows as its sender; else who the payload says.
            direction: received or sent.
            received: when, with zone; now, when it is left out.
            permit: raises where its sender may not send such a message about such subjects.
            gate: finds what else is wrong with it.
            settled: wait until it can be queried; else only until it is on disk.
            answer: makes what answers it, to be recorded with it where it is accepted; then nobody waits
                until the two can be queried.

        Raises:
            kg.errors.StoreUnavailable: it could not be recorded; send it again later.
        """
        work = self._examine(data, sender, direction, received)
        if permit is not None and work.report.verdict != "unreadable":
            permit(work.report.message_type, work.subjects)
        if gate is not None and work.lifted is not None and (found := gate(work.lifted)):
            work = work.judged(work.report.adding(found))
        made = answer(work) if answer is not None and work.report.conforms else None
        settled = settled and made is None
        work = replace(work, answer=made, patient=not settled)
        kept: Future[Kept] = Future()
        with self._queue_lock:
            self._queue.append((work, kept))
        with self._write_lock:
            if not kept.done():
                self._lead()
        return kept.result().receipt() if settled else kept.result().early()

    def take_entry(self, entry: RegistryEntry, report: Report) -> Receipt:
        """Record and apply an entry of the activation registry that was judged."""
        lifted, now = entry.lifted(), datetime.now(UTC)
        work = Work(entry.payload(), report, lifted, (entry.ven,), entry.agent, "in", now)
        with self._write_lock:
            return self._recorder.write([work], frozenset())[0].receipt()

    def take(self, works: Sequence[Work], *, compare: bool = True, new: bool = False) -> list[Receipt]:
        """Record payloads that were checked, in one transaction; all of them are on disk on return, or none.

        Args:
            works: the payloads.
            compare: compare them with the store too; not needed where whoever made them did.
            new: they were not recorded before: each has an identifier that was just minted.

        Raises:
            kg.errors.StoreUnavailable: they could not be recorded.
        """
        told = frozenset() if compare else told_by(works)
        with self._write_lock:
            kept = self._recorder.record(works) if compare else self._recorder.write(works, told, new=new)
            return [one.early() for one in kept]

    def ingest_many(self, payloads: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Receipt]]:
        """Check, record and apply (name, bytes) of payloads, several to one fsync; receipts come after it.

        Raises:
            kg.errors.StoreUnavailable: those whose receipts are missing could not be recorded.
        """
        source, flying = iter(payloads), deque[list[tuple[str, Kept]]]()
        with rarely(), ThreadPoolExecutor(max_workers=1, thread_name_prefix="examine") as ahead:
            coming = ahead.submit(self._chunk, source)
            failed: Exception | None = None
            while failed is None:
                try:
                    chunk = coming.result()
                    if not chunk:
                        break
                    coming = ahead.submit(self._chunk, source)
                    with self._write_lock:
                        kept = self._recorder.record([work for _, work in chunk])
                    flying.append(list(zip((name for name, _ in chunk), kept, strict=True)))
                except Exception as error:  # noqa: BLE001 - told behind the receipts of what is on disk
                    failed = error
                while len(flying) > (_FLYING if failed is None else 0):
                    yield from ((name, one.receipt()) for name, one in flying.popleft())
            while flying:
                yield from ((name, one.receipt()) for name, one in flying.popleft())
            if failed is not None:
                raise failed

    def update(self, text: str, author: str = "", before: Look = None, trial: Trial | None = TRIAL) -> int:
        """Perform a SPARQL update that is trusted; see ``kg.updating.perform``."""
        with self._write_lock:
            return perform(self.graphs, self.journal, self._follower, text, author, before, trial)

    def order(self, orders: Sequence[Order], author: str = "") -> int:
        """Do what is ordered of the readings; see ``kg.updating.order``."""
        with self._write_lock:
            return order(self.journal, self._follower, self.readings, orders, author)

    def _chunk(self, source: Iterator[tuple[str, bytes]]) -> list[tuple[str, Work]]:
        """Check the payloads of one batch, while the batch before it is written."""
        chunk, size = [], 0
        for name, data in islice(source, self._batch):
            chunk.append((name, self._examine(data, "", "in", None)))
            size += len(data)
            if size >= _AT_ONCE:
                break
        return chunk

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Let nothing be recorded meanwhile; what was recorded before is in the graph.

        Raises:
            kg.errors.StoreUnavailable: the graph lacks rows of the journal, since it could not be written.
        """
        with self._write_lock:
            self.follower.settle()
            if self.follower.behind:
                raise StoreUnavailable("the graph is behind its journal", cure="make room, and try again")
            yield

    def close(self) -> None:
        """Put everything on disk and give the store back; closing twice does nothing."""
        with self._write_lock:
            self._undo.close()

    def examine(self, data: bytes, sender: str, direction: Literal["in", "out"] = "out") -> Work:
        """Check a message of ours, or one that came, without recording it."""
        return self._examine(data, sender, direction, None)

    def _examine(
        self, data: bytes, sender: str, direction: Literal["in", "out"], received: datetime | None
    ) -> Work:
        notary = self.notary if direction == "in" else None
        sealed = notary.examine(data, sender=sender, max_bytes=self._max_bytes) if notary else None
        return examine(
            data,
            profile=self._profile,
            engine=self._engine,
            max_bytes=self._max_bytes,
            tenant=self.journal.directory.tenant,
            sender=sender,
            direction=direction,
            received=received,
            sealed=sealed,
        )

    def _lead(self) -> None:
        """Record what all waiting threads have brought."""
        with self._queue_lock:
            waiting, self._queue = self._queue, []
        try:
            kept = self._recorder.record([work for work, _ in waiting])
        except BaseException as error:  # noqa: BLE001 - every thread that waits needs its answer
            for _, answer in waiting:
                answer.set_exception(error)
            return
        for (_, answer), one in zip(waiting, kept, strict=True):
            answer.set_result(one)

    def _make_up(self, *, reopen: bool = True) -> None:
        """Apply the rows that the graph does not have: after a crash, a full disk, a lost graph."""
        if reopen:
            self.graphs.reopen()
            self.readings.reopen()
        done = self.graphs.applied()
        if done > self.journal.head.seq:
            raise JournalCorrupt(
                f"the graph was made from {done} rows, the journal has {self.journal.head.seq}",
                where=str(self.journal.directory.journal),
                cure="restore the journal, or give up the rows that are missing with: flexkg rebuild",
            )
        rows = self.journal.rows(done)
        while chunk := list(islice(rows, _TAIL)):
            self._applier.apply(filter(None, (recorded(self.journal, row) for row in chunk)))
