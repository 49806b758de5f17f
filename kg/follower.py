"""Applies what is on disk while the next payloads are checked and recorded, on a thread of its own."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from kg.apply import Recorded
from kg.errors import StoreUnavailable

_log = logging.getLogger(__name__)
#: Rows that share one transaction of the graph store.
_AT_ONCE = 256
#: Seconds that rows wait for others, where nobody waits for them.
_GATHER = 0.2
#: Share of a processor from which on the rest of the process counts as busy.
_BUSY = 0.25
#: Bytes of payloads, and seconds, that may wait while it is: beyond them there is no rest.
_MOST, _LONGEST = 32 << 20, 30.0
#: Seconds after which what could not be applied is tried again, where nothing comes that does so.
_AGAIN = 5.0
#: Seconds from which on a try that fails is long: for as long again rows go to the journal alone.
_LONG = 1.0


@dataclass(slots=True)
class Flight:
    """Rows on their way to the graph.

    Attributes:
        rows: in the order of the journal.
        told: the keys of which they tell.
        answer: whether they were applied, once that is known.
        due: when they are to be applied at the latest, on the monotonic clock; 0 for now.
        size: bytes of their payloads.
        since: when they were handed over, on the same clock.
    """

    rows: Sequence[Recorded]
    told: frozenset[str]
    due: float = 0.0
    size: int = 0
    since: float = field(default_factory=time.monotonic)
    answer: Future[bool] = field(default_factory=Future)


class Follower:
    """Applies rows of the journal in their order; those that wait together share a transaction.

    Where nobody waits for them and the rest of the process is busy (VENs are told of an event, say), it rests
    after each transaction as long as that took, so that it has half a processor at most.
    Where graph or readings cannot be written, rows are left to the journal, and made up for when the next
    ones come, or after some seconds.

    Args:
        apply: applies rows.
        make_up: applies all rows of the journal that the graph lacks.

    Attributes:
        behind: whether the graph lacks rows because it could not be written.
        reason: why, as the code of the store's error.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Recorded]], None],
        make_up: Callable[[], None],
        *,
        behind: bool = False,
    ) -> None:
        self._apply, self._make_up = apply, make_up
        self.behind = False
        self.reason = ""
        self._since = self._rests = time.monotonic()
        self._waiting: deque[Flight] = deque()
        self._taken: list[Flight] = []
        self._changed = threading.Condition()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="apply", daemon=True)
        self._thread.start()

    def put(
        self,
        rows: Sequence[Recorded],
        told: frozenset[str] = frozenset(),
        *,
        patient: bool = False,
        size: int = 0,
    ) -> Future[bool]:
        """Hand over rows that are on disk.

        Args:
            rows: in the order of the journal, behind all that were handed over before.
            told: the keys of which they tell.
            patient: nobody waits for them, so that they may wait a moment for others; see ``hurry``.
            size: bytes of their payloads.

        Returns:
            Whether they could be applied, once that is known; other errors than the store's are raised there.
        """
        batch = Flight(rows, told, time.monotonic() + _GATHER if patient else 0.0, size)
        with self._changed:
            if self._ends:
                closed = StoreUnavailable("the store is closed", cure="open it again")
                batch.answer.set_exception(closed)
                return batch.answer
            self._waiting.append(batch)
            self._changed.notify_all()
        return batch.answer

    def flying(self) -> list[Flight]:
        """List what is not applied yet; what reads the graph from now on may or may not see it."""
        with self._changed:
            return [*self._taken, *self._waiting]

    def hurry(self) -> None:
        """Apply at once what waits: somebody waits for it."""
        with self._changed:
            for batch in self._waiting:
                batch.due = 0.0
            self._changed.notify_all()

    @property
    def lag(self) -> tuple[int, float]:
        """How many rows wait to be applied, and for how many seconds the first of them has."""
        with self._changed:
            waiting = [*self._taken, *self._waiting]
            since = min((batch.since for batch in waiting), default=None)
        late = 0.0 if since is None else time.monotonic() - since
        return sum(len(batch.rows) for batch in waiting), late

    @property
    def stuck(self) -> float:
        """For how many seconds rows could not be applied; 0 where they can be."""
        return time.monotonic() - self._since if self.behind else 0.0

    @property
    def waits(self) -> bool:
        """Whether anything that was handed over is not applied yet."""
        return bool(self._waiting or self._taken)

    def settle(self) -> None:
        """Wait until all that was handed over is applied, or could not be."""
        self.hurry()
        for flight in self.flying():
            flight.answer.exception()

    def close(self) -> None:
        """Apply what waits and end."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._gather()
                if not self._waiting and self._ends:
                    return
                size = 0
                while self._waiting and (not size or size + len(self._waiting[0].rows) <= _AT_ONCE):
                    self._taken.append(self._waiting.popleft())
                    size += len(self._taken[-1].rows)
                patient = all(batch.due for batch in self._taken)
            begin = time.monotonic(), time.process_time(), time.thread_time()
            error = self._advance([row for batch in self._taken for row in batch.rows])
            with self._changed:
                taken, self._taken = self._taken, []
            for batch in taken:
                if error is None:
                    batch.answer.set_result(not self.behind)
                else:
                    batch.answer.set_exception(error)
            if patient:
                self._rest(*begin)

    def _rest(self, begin: float, process: float, own: float) -> None:
        """Let others have the processor for a while, if they have much to do and nobody waits for this."""
        took = time.monotonic() - begin
        others = (time.process_time() - process) - (time.thread_time() - own)
        if others < _BUSY * took:
            return
        with self._changed:
            ends = time.monotonic() + took
            while (left := ends - time.monotonic()) > 0 and not (self._ends or self._pressed()):
                self._changed.wait(left)

    def _pressed(self) -> bool:
        """Whether what waits is to be applied now: somebody waits for it, or it is too much or too old."""
        if not self._waiting:
            return False
        late = time.monotonic() - self._waiting[0].since
        size = sum(batch.size for batch in self._waiting)
        return late > _LONGEST or size > _MOST or not all(batch.due for batch in self._waiting)

    def _gather(self) -> None:
        """Wait for rows, and as long as those that came may wait for more."""
        while not self._ends:
            if self._waiting:
                left = min(batch.due for batch in self._waiting) - time.monotonic()
                if left <= 0 or sum(len(batch.rows) for batch in self._waiting) >= _AT_ONCE:
                    return
                self._changed.wait(left)
            elif not self._changed.wait(_AGAIN if self.behind else None):
                return

    def _advance(self, rows: Sequence[Recorded]) -> BaseException | None:
        """Apply rows; gives what went wrong beside a store that cannot be written."""
        begin = time.monotonic()
        try:
            if self.behind and begin < self._rests:
                return None
            if self.behind:
                self._make_up()
                self.behind, self.reason = False, ""
                _log.warning(
                    "what could not be applied for %.0f s is made up for", time.monotonic() - self._since
                )
            elif rows:
                self._apply(rows)
        except StoreUnavailable as error:
            self._stop(error, begin)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the rows needs it
            self._stop(error, begin)
            return error
        return None

    def _stop(self, error: BaseException, begin: float) -> None:
        """Note that rows wait, and why; what took long to fail is not tried at once again."""
        took = time.monotonic() - begin
        self._rests = time.monotonic() + (took if took > _LONG else 0.0)
        if not self.behind:
            self._since = time.monotonic()
            _log.warning("rows are on disk and not applied, which is tried again: %s", error)
        self.behind, self.reason = True, getattr(error, "code", "error")
