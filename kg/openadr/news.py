"""What a VTN has to tell a VEN: what waits for its answer, and its events."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kg.openadr.ven import Event, Ven

if TYPE_CHECKING:
    from kg.openadr.vtn import Vtn

#: Seconds after which a message that nobody answered is given out again.
RESEND: Final = 30.0
#: What is told before anything else.
_FIRST: Final = ("cancellation", "reregistration")


class News:
    """Gives out what waits.

    Args:
        vtn: the VTN.
    """

    def __init__(self, vtn: "Vtn") -> None:
        self._vtn = vtn

    def next(self, ven: Ven) -> bytes | None:
        """Give what a VEN is to learn next, None where there is nothing.

        What was given out and not answered is given out again after ``RESEND`` seconds.
        """
        clock, now = time.monotonic(), datetime.now(UTC)
        with self._vtn.lock:
            for key in _FIRST:
                if key in ven.outgoing:
                    return self._given(ven, key, clock)
            events = self._events(ven, clock, now)
            if events is not None:
                return events
            for key in list(ven.outgoing):
                given = self._given(ven, key, clock)
                if given is not None:
                    return given
        return None

    def glance(self, ven: Ven) -> bytes | None:
        """Give the same where it is at hand: without reading, writing, or waiting for anybody who does.

        Returns:
            What the VEN is to learn next; empty where there is nothing; None: it takes more, ask ``next``.
        """
        clock, now = time.monotonic(), datetime.now(UTC)
        waiting = dict(ven.outgoing)
        if any(clock - one.sent_at >= RESEND for one in waiting.values()):
            return None
        if not waiting.keys().isdisjoint(_FIRST):
            return b""
        events = list(ven.events.values())
        live = [event for event in events if not event.over(now)]
        if not live or not self._due(ven, live, clock):
            return b""
        last = ven.distributed
        if last is None or not last.data or ven.telling(now) != ven.told:
            return None
        last.sent_at = clock
        for event in events:
            event.sent = True
        return last.data

    def asked(self, ven: Ven, request_id: str, limit: int) -> bytes:
        """Tell a VEN of its events, as it asked for.

        Args:
            ven: the VEN.
            request_id: requestID of its oadrRequestEvent.
            limit: most events that it wants, those that start first; 0: all.
        """
        now = datetime.now(UTC)
        with self._vtn.lock:
            live = [event for event in ven.events.values() if not event.over(now)]
            chosen = sorted(live, key=lambda one: (one.starts_at, one.event_id))
            chosen = chosen[:limit] if limit else chosen
            made = self._vtn.circulars.work(ven.ven_id, chosen, now, request_id)
            self._vtn.tell([(ven, made)])
            if ven.distributed is not None:
                ven.distributed.sent_at = time.monotonic()
            for event in chosen:
                ven.events[event.event_id].sent = True
        return self._vtn.given_out(made.work.data)

    def _given(self, ven: Ven, key: str, clock: float) -> bytes | None:
        """Give out a message that waits, unless that was done just now."""
        waiting = ven.outgoing[key]
        if clock - waiting.sent_at < RESEND:
            return None
        waiting.data = waiting.data or self._vtn.ingest.journal.payload(waiting.seq) or b""
        waiting.sent_at = clock
        if not waiting.data:  # its key was destroyed
            del ven.outgoing[key]
            return None
        return self._vtn.given_out(waiting.data)

    def _events(self, ven: Ven, clock: float, now: datetime) -> bytes | None:
        """Give out the events of a VEN, where it does not know them all or has to answer."""
        live = [event for event in ven.events.values() if not event.over(now)]
        if not live or not self._due(ven, live, clock):
            return None
        told = {one[:2] for one in ven.told}
        new = any((event.event_id, str(event.number)) not in told for event in live)
        if new or ven.distributed is None or ven.telling(now) != ven.told:
            self._vtn.tell([(ven, self._vtn.circulars.work(ven.ven_id, live, now))])
        last = ven.distributed
        if last is None:
            return None
        last.data = last.data or self._vtn.ingest.journal.payload(last.seq) or b""
        last.sent_at = clock
        for event in ven.events.values():
            event.sent = True
        return self._vtn.given_out(last.data) or None

    @staticmethod
    def _due(ven: Ven, live: list[Event], clock: float) -> bool:
        """Whether events are to be given out now: one is new to the VEN, or its answer is overdue."""
        told = {one[:2] for one in ven.told}
        if any((event.event_id, str(event.number)) not in told for event in live):
            return True
        last = ven.distributed
        owed = any((not event.answer) if event.required else (not event.sent) for event in live)
        return owed and (last is None or clock - last.sent_at >= RESEND)
