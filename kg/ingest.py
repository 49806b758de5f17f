"""ingest: the whole way of a payload, in order: read, lift, check, record, answer, apply."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kg.apply import Applier
from kg.collecting import rarely
from kg.directory import open_directory
from kg.erasure import finish
from kg.errors import JournalCorrupt, StoreError
from kg.follower import Follower
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.judge import Judge
from kg.readings.backends import Opener, open_readings
from kg.readings.orders import Order
from kg.rebuild import Rebuilt, rebuild, recorded, tidy
from kg.receipt import Gate, Kept, Permit, Receipt
from kg.registry_entry import RegistryEntry
from kg.report import Report
from kg.updating import Look, order, perform
from kg.work import Work, examine
from kg.xml import MAX_BYTES

if TYPE_CHECKING:
    from kg.notary import Notary

__all__ = ["Ingest", "Rebuilt", "Receipt", "rebuild"]

#: Rows that share one transaction of the graph store when the graph is made up for.
_TAIL = 256
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

        Raises:
            kg.errors.StoreUnavailable: it could not be recorded; send it again later.
        """
        work = self._examine(data, sender, direction, received)
        if permit is not None and work.report.verdict != "unreadable":
            permit(work.report.message_type, work.subjects)
        if gate is not None and work.lifted is not None and (found := gate(work.lifted)):
            work = work.judged(work.report.adding(found))
        answer: Future[Kept] = Future()
        with self._queue_lock:
            self._queue.append((work, answer))
        with self._write_lock:
            if not answer.done():
                self._lead()
        return answer.result().receipt() if settled else answer.result().early()

    def take_entry(self, entry: RegistryEntry, report: Report) -> Receipt:
        """Record and apply an entry of the activation registry that was judged."""
        lifted, now = entry.lifted(), datetime.now(UTC)
        work = Work(entry.payload(), report, lifted, (entry.ven,), entry.agent, "in", now, lifted.facts)
        with self._write_lock:
            return self._write([work], frozenset())[0].receipt()

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
                        kept = self._record([work for _, work in chunk])
                    flying.append(list(zip((name for name, _ in chunk), kept, strict=True)))
                except Exception as error:  # noqa: BLE001 - told behind the receipts of what is on disk
                    failed = error
                while len(flying) > (_FLYING if failed is None else 0):
                    yield from ((name, one.receipt()) for name, one in flying.popleft())
            while flying:
                yield from ((name, one.receipt()) for name, one in flying.popleft())
            if failed is not None:
                raise failed

    def update(self, update: str, author: str = "", before: Look = None, *, sure: bool = False) -> int:
        """Perform a SPARQL update that is trusted; see ``kg.updating.perform``."""
        with self._write_lock:
            return perform(self.graphs, self.journal, self._follower, update, author, before, sure=sure)

    def order(self, orders: Sequence[Order], author: str = "") -> int:
        """Do what is ordered of the readings; see ``kg.updating.order``."""
        with self._write_lock:
            return order(self.journal, self._follower, self.readings, orders, author)

    def _chunk(self, source: Iterator[tuple[str, bytes]]) -> list[tuple[str, Work]]:
        """Check the payloads of one batch, while the batch before it is written."""
        return [(name, self._examine(data, "", "in", None)) for name, data in islice(source, self._batch)]

    def close(self) -> None:
        """Put everything on disk and give the store back; closing twice does nothing."""
        with self._write_lock:
            self._undo.close()

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
            kept = self._record([work for work, _ in waiting])
        except BaseException as error:  # noqa: BLE001 - every thread that waits needs its answer
            for _, answer in waiting:
                answer.set_exception(error)
            return
        for (_, answer), one in zip(waiting, kept, strict=True):
            answer.set_result(one)

    def _record(self, works: Sequence[Work]) -> list[Kept]:
        """Judge payloads against the store in their order, and record them with as few fsyncs as that takes.

        One that is compared with what an earlier one tells is judged when that one has been applied.
        """
        if not self._judge.active:
            return self._write(works, frozenset())
        kept: list[Kept] = []
        waiting: list[Work] = []
        told: set[str] = set()
        for work in works:
            flying = self._follower.flying()
            judgement = self._judge.judge(work, behind=self._follower.behind)
            told_here = not told.isdisjoint(judgement.asked)
            if told_here:
                kept += self._write(waiting, frozenset(told))
                waiting, told = [], set()
                flying = self._follower.flying()
            told_before = [flight for flight in flying if not flight.told.isdisjoint(judgement.asked)]
            for flight in told_before:
                flight.answer.exception()  # waits for it
            if told_here or told_before:
                judgement = self._judge.judge(work, behind=self._follower.behind)
            waiting.append(work.judged(judgement.report))
            told |= judgement.told
        return kept + self._write(waiting, frozenset(told))

    def _write(self, works: Sequence[Work], told: frozenset[str]) -> list[Kept]:
        """Record payloads with one fsync; the same bytes again are not recorded twice."""
        rows: dict[tuple[bytes, tuple[str, ...], str], int] = {}
        fresh: dict[tuple[bytes, tuple[str, ...], str], Work] = {}
        for work in works:
            if work.report.verdict == "unreadable":
                with contextlib.suppress(StoreError):
                    reason = work.report.violations[0].rule
                    self.journal.unreadable.record(work.data, reason, received=work.received)
            elif work.key not in rows and work.key not in fresh:
                found = self.journal.find(work.data, work.subjects)
                if found is not None and found[1] == work.report.verdict:
                    rows[work.key] = found[0]
                else:
                    fresh[work.key] = work
        new = self.journal.append_many(work.entry() for work in fresh.values()) if fresh else []
        first = dict(zip(fresh, new, strict=True))
        told_of = [work.recorded(seq) for work, seq in zip(fresh.values(), new, strict=True)]
        applied = self._follower.put(told_of, told)
        kept = []
        for work in works:
            seq = first.pop(work.key, None)
            if seq is not None:
                rows[work.key] = seq
            row = rows.get(work.key)
            kept.append(Kept(work.report, row, seq is None and row is not None, applied, work.lifted))
        return kept

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
