"""What an operator does: issue, change and cancel events, ask for reports, let VENs register anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from kg.errors import FlexKGError, UsageError
from kg.lift import Lifted
from kg.openadr import distribution
from kg.openadr.event_request import EventRequest, renumbered, version_iri, version_lines
from kg.openadr.graph import new_id
from kg.openadr.told import Message
from kg.openadr.ven import Event, ReportRequest, Ven
from kg.openadr.vtn import Vtn
from kg.report import Report
from kg.times import seconds


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
            What was issued. Issuing the same event again gives the same, and changes nothing.

        Raises:
            UsageError: a VEN is not registered (code ``unknown-ven``), an event of that ID is another one
                (code ``event-exists``), or something is missing.
            Refused: it does not conform.
        """
        asked.event_id = asked.event_id or new_id("EVT")
        asked.vens = list(dict.fromkeys(asked.vens))
        if not asked.vens:
            raise UsageError("the event is for no VEN", where="vens", cure="name one at least")
        if "@" in asked.event_id:
            raise UsageError("an eventID with @ is made here only", where="event_id", cure="leave out the @")
        pairs = list(asked.ids())
        vens = [self.ven(name) for name, _ in pairs]
        made = []
        for ven, (_, event_id) in zip(vens, pairs, strict=True):
            known = self._vtn.roster.event(event_id)
            lines = version_lines(asked, self._id, ven.ven_id, event_id, 0, datetime.now(UTC))
            if known is not None:
                same = _essence(known.lines) == _essence(lines)
                if not same or known.ven != ven.ven_id:
                    raise UsageError(
                        f"there is an event {event_id!r}",
                        cure="change it, or take another ID",
                        code="event-exists",
                    )
                made.append(known)
            else:
                made.append(self._tell(ven, self._version(event_id, ven.ven_id, 0, lines)))
        return made

    def change(self, event_id: str, asked: EventRequest) -> list[Event]:
        """Change an event: its modificationNumber grows by one.

        Args:
            event_id: its eventID, or the ID that it was issued under for several VENs.
            asked: what it is to be; ``vens`` and ``event_id`` do not count.

        Raises:
            UsageError: there is no such event, or it is over.
            Refused: it does not conform.
        """
        made = []
        for event in self.events(event_id):
            self._open(event)
            number = event.number + 1
            lines = version_lines(asked, self._id, event.ven, event.event_id, number, datetime.now(UTC))
            made.append(
                self._tell(self.ven(event.ven), self._version(event.event_id, event.ven, number, lines))
            )
        return made

    def cancel(self, event_id: str) -> list[Event]:
        """Cancel an event.

        Raises:
            UsageError: there is no such event, or it is over.
        """
        made = []
        for event in self.events(event_id):
            if event.cancelled:
                made.append(event)
                continue
            self._open(event)
            lines = renumbered(event, self._id, datetime.now(UTC))
            fresh = self._version(event.event_id, event.ven, event.number + 1, lines)
            fresh.cancelled = True
            made.append(self._tell(self.ven(event.ven), fresh))
        return made

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
            return [_state(ven, now, patience) for ven in self._vtn.roster.vens.values()]

    def list_events(self, ven_id: str = "") -> list[dict[str, Any]]:
        """List events as plain data, those that are over included; only those of a VEN where one is named."""
        with self._vtn.lock:
            vens = [v for v in self._vtn.roster.vens.values() if ven_id in ("", v.ven_id)]
            return [self.describe(event) for ven in vens for event in ven.events.values()]

    def describe(self, event: Event) -> dict[str, Any]:
        """Give the state of an event, as plain data."""
        return event_state(event, datetime.now(UTC))

    def _open(self, event: Event) -> None:
        if event.cancelled or event.over(datetime.now(UTC)):
            state = "cancelled" if event.cancelled else "completed"
            raise UsageError(
                f"the event {event.event_id!r} is {state}", cure="issue another", code="event-over"
            )

    def _version(self, event_id: str, ven: str, number: int, lines: list[str]) -> Event:
        """Read the lines of a version as the roster will read them."""
        message = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines))
        event = message.event(f"<{version_iri(self._id, event_id, number)}>")
        return replace(event, ven=ven)

    def _tell(self, ven: Ven, event: Event) -> Event:
        """Record the message by which a VEN learns of an event, together with all that it is to know."""
        now = datetime.now(UTC)
        with self._vtn.lock:
            others = [e for e in ven.events.values() if e.event_id != event.event_id and not e.over(now)]
            self._record(distribution.distribute(self._id, [*others, event], now)[1])
            return ven.events[event.event_id]

    def _record(self, data: bytes) -> None:
        receipt = self._vtn.record(data)
        if not receipt.accepted:
            raise Refused(receipt.report)


def _essence(lines: list[str]) -> set[str]:
    return {line for line in lines if "#createdAt>" not in line and "#modifiedAt>" not in line}


def _state(ven: Ven, now: datetime, patience: float) -> dict[str, Any]:
    """Give the state of a VEN, as plain data; online is who was heard of within so many seconds."""
    heard = ven.last_seen is not None and (now - ven.last_seen).total_seconds() <= patience
    return {
        "ven_id": ven.ven_id,
        "name": ven.name,
        "registration_id": ven.registration_id,
        "registered": bool(ven.registration_id),
        "model": "pull" if ven.pull else "push",
        "profile": ven.profile,
        "last_seen": ven.last_seen.isoformat() if ven.last_seen else None,
        "last_report": ven.last_report.isoformat() if ven.last_report else None,
        "online": bool(ven.registration_id) and heard if ven.pull else None,
        "offers": list(ven.points),
        "waiting": len(ven.outgoing),
        "events": [event_state(event, now) for event in ven.events.values() if not event.over(now)],
        "reports": [
            {"request_id": r.request_id, "specifier": r.specifier, "points": list(r.points),
             "granularity": r.granularity, "accepted": r.accepted, "cancelled": r.cancelled}
            for r in ven.requests.values()
        ],
        "opts": [
            {"opt_id": o.opt_id, "opt_type": o.opt_type, "reason": o.reason, "event_id": o.event_id,
             "resources": [name for name in o.resources if name]}
            for o in ven.opts.values()
        ],
    }  # fmt: skip


def event_state(event: Event, now: datetime) -> dict[str, Any]:
    """Give the state of an event, as plain data."""
    return {
        "event_id": event.event_id,
        "ven_id": event.ven,
        "modification_number": event.number,
        "status": event.status(now),
        "starts_at": event.starts_at.isoformat(),
        "ends_at": event.ends_at.isoformat() if event.ends_at else None,
        "response_required": event.required,
        "opt": event.answer or None,
        "response_code": event.answered or None,
        "test": event.test,
    }
