"""What an operator does: issue, change and cancel events, ask for reports, let VENs register anew."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from kg.errors import FlexKGError, UsageError
from kg.lift import Lifted
from kg.openadr import distribution
from kg.openadr.circulars import EVENT, VEN, called_off, copy_of, same, unnamed
from kg.openadr.event_request import EventRequest, must_be_ahead, renumbered, version_iri, version_lines
from kg.openadr.graph import new_id
from kg.openadr.restated import as_asked
from kg.openadr.states import event_state, ven_state
from kg.openadr.told import Message
from kg.openadr.ven import Event, ReportRequest, Ven
from kg.openadr.vtn import Vtn
from kg.report import Report
from kg.times import seconds

#: VENs whose messages share one transaction, and seconds behind it in which those who wait get their turn.
_AT_ONCE: Final = 100
_TURN: Final = 0.001
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Draft = Callable[[str, str], Event]


class Refused(FlexKGError):
    """What an operator asked for does not conform; ``report`` says why, and nothing was changed."""

    code = "violates"

    def __init__(self, report: Report) -> None:
        first = report.violations[0]
        super().__init__(f"{first.rule}: {first.message}", where=first.pointer, cure=first.cure)
        self.report = report


class Operator:
    """Acts for the operator of a VTN.

    Args:
        vtn: the VTN.
    """

    def __init__(self, vtn: Vtn) -> None:
        self._vtn = vtn
        self._id = vtn.policy.vtn_id

    def issue(self, asked: EventRequest) -> list[Event]:
        """Issue an event: it is on disk when this returns, and each VEN gets it with its next poll.

        Args:
            asked: the event; each of its VENs gets one of its own.

        Returns:
            What was issued. Issuing the same event again gives the same, and issues it to those of its VENs
            that do not have it.

        Raises:
            UsageError: a VEN is not registered (code ``unknown-ven``), an event of that ID is another one
                (code ``event-exists``), it is over already (code ``event-past``), or something is missing.
            Refused: it does not conform.
        """
        asked.event_id = asked.event_id or new_id("EVT")
        asked.vens = list(dict.fromkeys(asked.vens))
        if not asked.vens:
            raise UsageError("the event is for no VEN", where="vens", cure="name one at least")
        if "@" in asked.event_id:
            raise UsageError("an eventID with @ is made here only", where="event_id", cure="leave out the @")
        with self._vtn.deciding:
            return self._issue(asked)

    def _issue(self, asked: EventRequest) -> list[Event]:
        issue = self._draft(asked, 0)
        fresh = []
        for ven_id, event_id in asked.ids():
            ven, known = self.ven(ven_id), self._vtn.roster.event(event_id)
            if known is None:
                fresh.append((ven, issue(ven_id, event_id)))
            elif known.ven != ven_id or not same(known, issue(ven_id, event_id)):
                raise UsageError(
                    f"there is an event {event_id!r}",
                    cure="change it, or take another ID",
                    code="event-exists",
                )
        self._tell(fresh)
        found = (self._vtn.roster.event(event_id) for _, event_id in asked.ids())
        return [event for event in found if event is not None]

    def change(self, event_id: str, asked: EventRequest) -> list[Event]:
        """Change an event: its modificationNumber grows by one.

        Args:
            event_id: its eventID, or the ID that it was issued under for several VENs.
            asked: what it is to be; ``vens`` and ``event_id`` do not count.

        Raises:
            UsageError: there is no such event, or it is over.
            Refused: it does not conform.
        """
        with self._vtn.deciding:
            return self._change(event_id, asked)

    def _change(self, event_id: str, asked: EventRequest) -> list[Event]:
        known = self.events(event_id)
        drafts: dict[int, _Draft] = {}
        changed = []
        for event in known:
            self._open(event)
            number = event.number + 1
            draft = drafts.get(number) or drafts.setdefault(number, self._draft(asked, number))
            changed.append((self._vtn.roster.vens[event.ven], draft(event.ven, event.event_id)))
        self._tell(changed)
        return self.events(event_id)

    def cancel(self, event_id: str) -> list[Event]:
        """Cancel an event.

        Raises:
            UsageError: there is no such event, or it is over.
        """
        with self._vtn.deciding:
            return self._cancel(event_id)

    def _cancel(self, event_id: str) -> list[Event]:
        known, now = self.events(event_id), datetime.now(UTC)
        changed = []
        for event in known:
            if event.cancelled:
                continue
            self._open(event)
            form = renumbered(unnamed(event, self._id), self._id, EVENT, event.number, now)
            changed.append((self._vtn.roster.vens[event.ven], called_off(event, form)))
        self._tell(changed)
        return self.events(event_id)

    def request_report(
        self, ven_id: str, specifier: str, points: Sequence[str], granularity: str, back: str
    ) -> ReportRequest:
        """Ask a VEN for a report.

        Args:
            ven_id: whom.
            specifier: reportSpecifierID of a report that it registered.
            points: its rIDs; all without any.
            granularity: length of the intervals, an OpenADR duration; ``"PT0S"`` for a single report.
            back: how often a report is to come, an OpenADR duration.

        Raises:
            UsageError: the VEN is not registered, or did not register that report or point.
            Refused: it does not conform.
        """
        ven = self.ven(ven_id)
        offered = ven.points.get(specifier)
        if offered is None:
            raise UsageError(
                f"{ven_id} registered no report {specifier!r}",
                cure=f"one of {', '.join(ven.points) or 'none'}",
            )
        unknown = [name for name in points if name not in offered]
        if unknown:
            raise UsageError(f"the report has no point {unknown[0]!r}", cure=f"one of {', '.join(offered)}")
        request = ReportRequest(new_id("report"), specifier, tuple(points or offered), granularity)
        self._record(distribution.create_report(ven, [request], back)[1])
        return ven.requests[request.request_id]

    def cancel_report(self, ven_id: str, request_id: str, *, to_follow: bool = False) -> None:
        """Cancel a report request; ``to_follow``: what was collected is still to come.

        Raises:
            UsageError: the VEN is not registered, or there is no such request.
        """
        ven = self.ven(ven_id)
        if request_id not in ven.requests:
            raise UsageError(
                f"{ven_id} was asked for no report {request_id!r}",
                cure="see the list of VENs",
                code="unknown-report",
            )
        self._record(distribution.cancel_report(ven_id, [request_id], to_follow=to_follow)[1])

    def reregister(self, ven_id: str) -> None:
        """Ask a VEN to register anew."""
        self._record(distribution.request_reregistration(self.ven(ven_id).ven_id))

    def cancel_registration(self, ven_id: str) -> None:
        """End a VEN's registration, once it has been told."""
        self._record(distribution.cancel_registration(self.ven(ven_id)))

    def ven(self, ven_id: str) -> Ven:
        """Give a VEN that is registered.

        Raises:
            UsageError: it is not (code ``unknown-ven``).
        """
        found = self._vtn.roster.ven(ven_id)
        if found is None:
            some = ", ".join(
                islice((v.ven_id for v in self._vtn.roster.vens.values() if v.registration_id), 5)
            )
            raise UsageError(
                f"the VEN {ven_id!r} is not registered",
                cure=f"registered are {some or 'none'}",
                code="unknown-ven",
            )
        return found

    def events(self, event_id: str) -> list[Event]:
        """Give an event, or the events that were issued under one ID for several VENs.

        Raises:
            UsageError: there is none (code ``unknown-event``).
        """
        roster = self._vtn.roster
        names = [event_id, *(name for name in roster.owners if name.startswith(f"{event_id}@"))]
        found = [event for name in names if (event := roster.event(name)) is not None]
        if not found:
            raise UsageError(
                f"there is no event {event_id!r}", cure="see the list of events", code="unknown-event"
            )
        return found

    def state(self) -> list[dict[str, Any]]:
        """Give the state of every VEN, as plain data."""
        now = datetime.now(UTC)
        patience = max(3 * (seconds(self._vtn.policy.poll_frequency) or 10), 5)
        with self._vtn.lock:
            return [ven_state(ven, now, patience) for ven in self._vtn.roster.vens.values()]

    def list_events(self, ven_id: str = "") -> list[dict[str, Any]]:
        """List events as plain data, those that are over included; only those of a VEN where one is named."""
        with self._vtn.lock:
            vens = (v for v in self._vtn.roster.vens.values() if ven_id in ("", v.ven_id))
            return [self.describe(event) for ven in vens for event in ven.events.values()]

    def describe(self, event: Event) -> dict[str, Any]:
        """Give the state of an event, as plain data."""
        return event_state(event, datetime.now(UTC))

    def asked(self, event_id: str) -> list[dict[str, Any]]:
        """Give an event, or those that were issued under one ID, each with the request that asks for it.

        Raises:
            UsageError: there is none (code ``unknown-event``).
        """
        with self._vtn.lock:
            found = self.events(event_id)
        return [{**self.describe(one), "asked": as_asked(one, self._id)} for one in found]

    def _open(self, event: Event) -> None:
        if event.cancelled or event.over(datetime.now(UTC)):
            state = "cancelled" if event.cancelled else "completed"
            raise UsageError(
                f"the event {event.event_id!r} is {state}", cure="issue another", code="event-over"
            )

    def _draft(self, asked: EventRequest, number: int) -> _Draft:
        """Give what makes the version of an event that is asked for, of a venID and an eventID."""
        lines = version_lines(asked, self._id, VEN, EVENT, number, datetime.now(UTC))
        event = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines)).event(
            f"<{version_iri(self._id, EVENT, number)}>"
        )
        form = tuple(event.lines)
        event.lines, event.form = [], form
        return lambda ven, event_id: copy_of(event, ven, event_id)

    def _tell(self, changed: Sequence[tuple[Ven, Event]]) -> None:
        """Record the messages by which VENs learn of events, each with all that its VEN is to know."""
        now = datetime.now(UTC)
        for _, event in changed[:1]:  # the times are the same for all
            if not event.cancelled:
                must_be_ahead(event.ends_at, now)
        # who polled longest ago polls next
        changed = sorted(changed, key=lambda one: one[0].last_seen or _LONG_AGO)
        for start in range(0, len(changed), _AT_ONCE):
            group = changed[start : start + _AT_ONCE]
            with self._vtn.lock:
                told = []
                for ven, event in group:
                    others = [
                        e for e in ven.events.values() if e.event_id != event.event_id and not e.over(now)
                    ]
                    made = self._vtn.circulars.work(ven.ven_id, [*others, event], now)
                    if not made.work.report.conforms:
                        raise Refused(made.work.report)
                    told.append((ven, made))
                receipts = self._vtn.tell(told)
            time.sleep(_TURN)
            refused = next((one for one in receipts if not one.accepted), None)
            if refused is not None:
                raise Refused(refused.report)

    def _record(self, data: bytes) -> None:
        receipt = self._vtn.record(data)
        if not receipt.accepted:
            raise Refused(receipt.report)
