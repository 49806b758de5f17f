"""The VENs of a VTN, as the messages that were recorded leave them.

One function for each message type changes the roster; the same ones are applied to each message that comes or
goes and, when the process starts, to the messages in the journal. So what is known after a restart is what
was known before.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kg.lift import Lifted
from kg.openadr.told import Message, Said
from kg.openadr.ven import Event, Opt, Outgoing, Point, ReportRequest, Ven

#: Message types that leave the roster as it is, so that they are not read again after a restart.
IDLE: Final = frozenset({"oadrPoll", "oadrUpdateReport", "oadrUpdatedReport", "oadrQueryRegistration"})


class Roster:
    """The VENs of one VTN.

    Args:
        vtn_id: the VTN's vtnID.

    Attributes:
        vens: venID -> VEN.
    """

    def __init__(self, vtn_id: str) -> None:
        self.vtn_id = vtn_id
        self.vens: dict[str, Ven] = {}
        #: eventID -> venID of the VEN that it is for
        self.owners: dict[str, str] = {}
        #: requestID -> the registration that was asked for
        self._asked: dict[str, Ven] = {}
        self._steps: dict[str, Callable[[Message], None]] = {
            "oadrCreatePartyRegistration": self._asks_registration,
            "oadrCreatedPartyRegistration": self._registers,
            "oadrCancelPartyRegistration": self._cancels_registration,
            "oadrCanceledPartyRegistration": self._ends_registration,
            "oadrRequestReregistration": self._queues,
            "oadrDistributeEvent": self._distributes,
            "oadrCreatedEvent": self._answers_events,
            "oadrCreateOpt": self._opts,
            "oadrCancelOpt": self._cancels_opt,
            "oadrRegisterReport": self._offers_reports,
            "oadrRegisteredReport": self._requests_reports,
            "oadrCreateReport": self._requests_reports,
            "oadrCreatedReport": self._accepts_reports,
            "oadrCancelReport": self._cancels_reports,
            "oadrCanceledReport": self._ends_reports,
        }

    def apply(self, lifted: Lifted, direction: str, seq: int) -> None:
        """Change the roster by a message that was recorded and conforms.

        Args:
            lifted: its graph.
            direction: ``"in"`` or ``"out"``.
            seq: its row in the journal.
        """
        step = self._steps.get(lifted.message_type)
        if step is not None:
            step(Message(lifted, direction, seq))

    def ven(self, ven_id: str) -> Ven | None:
        """Give a VEN that is registered."""
        found = self.vens.get(ven_id)
        return found if found is not None and found.registration_id else None

    def drop(self, ven_id: str) -> None:
        """Know nothing of a VEN any more."""
        ven = self.vens.pop(ven_id, None)
        for event_id in ven.events if ven is not None else ():
            self.owners.pop(event_id, None)
        self._asked = {name: one for name, one in self._asked.items() if one.ven_id != ven_id}

    def event(self, event_id: str) -> Event | None:
        """Give the current version of an event."""
        ven = self.vens.get(self.owners.get(event_id, ""))
        return ven.events.get(event_id) if ven is not None else None

    def _asks_registration(self, m: "Message") -> None:
        if m.direction == "in":
            asked = Ven(m.one("venID"), m.one("venName"))
            asked.pull = m.one("httpPullModel") != "false"
            asked.address, asked.profile = m.one("transportAddress"), m.one("profileName") or "2.0b"
            self._asked[m.one("requestID")] = asked

    def _registers(self, m: "Message") -> None:
        name, ven_id = m.one("registrationID"), m.one("venID")
        asked = self._asked.pop(m.answers, None)
        if m.direction != "out" or not name or not ven_id:
            return
        ven = self.vens.setdefault(ven_id, Ven(ven_id))
        ven.registration_id = name
        ven.outgoing.pop("reregistration", None)
        ven.outgoing.pop("cancellation", None)
        if asked is not None:
            ven.name, ven.pull = asked.name, asked.pull
            ven.address, ven.profile = asked.address, asked.profile

    def _cancels_registration(self, m: "Message") -> None:
        if m.direction == "in":
            self._forget(m)
        else:
            self._queues(m)

    def _ends_registration(self, m: "Message") -> None:
        if m.direction == "in" and m.code.startswith("2"):
            self._forget(m)

    def _forget(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if ven is not None and m.one("registrationID") in ("", ven.registration_id):
            ven.registration_id = ""
            ven.outgoing.clear()
            ven.requests.clear()

    def _queues(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if ven is None or m.direction != "out":
            return
        key = {
            "oadrRequestReregistration": "reregistration",
            "oadrCancelPartyRegistration": "cancellation",
        }.get(m.message_type, m.one("requestID"))
        ven.outgoing[key] = Outgoing(m.message_type, m.one("requestID"), m.seq)
        ven.answerable.add(m.one("requestID"))

    def _distributes(self, m: "Message") -> None:
        if m.direction == "out" and m.one("vtnID") == self.vtn_id:
            known = [(event, told) for event, told in m.versions() if event.ven in self.vens]
            self.distributed(
                m.one("requestID"), m.seq, [e for e, _ in known], tuple(told for _, told in known)
            )

    def distributed(
        self, request_id: str, seq: int, events: Sequence[Event], told: tuple[tuple[str, ...], ...]
    ) -> None:
        """Note an oadrDistributeEvent of ours that was recorded.

        Args:
            request_id: its requestID.
            seq: its row in the journal.
            events: the events that it tells, of a VEN that is known.
            told: what it tells of them, see ``Ven.told``.
        """
        ven = None
        for event in events:
            ven = self.vens[event.ven]
            old = ven.events.get(event.event_id)
            if old is not None and old.number == event.number:
                event.answer, event.answered, event.sent = old.answer, old.answered, old.sent
            ven.events[event.event_id] = event
            self.owners[event.event_id] = ven.ven_id
        if ven is not None:
            ven.distributed = Outgoing("oadrDistributeEvent", request_id, seq)
            ven.answerable.add(request_id)
            ven.told = told

    def answered(self, ven: Ven, said: Iterable[Said]) -> None:
        """Note what a VEN said of events, as far as it is about their current versions."""
        for one in said:
            event = ven.events.get(one.event_id)
            if event is not None and one.number == str(event.number):
                event.answer, event.answered = one.opt_type, one.code

    def _answers_events(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction == "in" and ven is not None:
            self.answered(ven, m.said)

    def _opts(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction != "in" or ven is None:
            return
        for node in m.nodes("conveys"):
            made = Opt(
                m.text(node, "optID"), m.text(node, "optType"), m.text(node, "optReason"),
                m.text(node, "eventID"),
                tuple(m.text(target, "resourceID") for target in m.nodes("target", node)),
            )  # fmt: skip
            ven.opts.pop(made.opt_id, None)
            ven.opts[made.opt_id] = made
            event = ven.events.get(made.event_id)
            if event is not None and not any(made.resources):
                event.answer, event.answered = made.opt_type, "200"

    def _cancels_opt(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction == "in" and ven is not None:
            ven.opts.pop(m.one("optID"), None)

    def _offers_reports(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction != "in" or ven is None:
            return
        ven.points.clear()  # registering again replaces what was registered, and ends what was asked of it
        ven.requests.clear()
        ven.answerable.add(m.one("requestID"))
        for report in m.nodes("report"):
            points = ven.points.setdefault(m.text(report, "reportSpecifierID"), {})
            for node in m.nodes("reportDescription", report):
                periods = m.text(node, "minimumSamplingPeriod"), m.text(node, "maximumSamplingPeriod")
                offered = Point(*periods, m.text(node, "readingType"))
                points[m.text(node, "rID")] = offered

    def _requests_reports(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction != "out" or ven is None:
            return
        for node in m.nodes("reportRequest"):
            points = tuple(m.text(point, "rID") for point in m.nodes("requestedPoint", node))
            name = m.text(node, "reportRequestID")
            lengths = m.text(node, "granularity"), m.text(node, "reportBackDuration")
            ven.wanted.add(name)
            ven.requests[name] = ReportRequest(name, m.text(node, "reportSpecifierID"), points, *lengths)
        if m.message_type == "oadrCreateReport":
            self._queues(m)

    def _accepts_reports(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction != "in" or ven is None:
            return
        ven.outgoing.pop(m.answers, None)
        for node in m.nodes("pendingReport"):
            request = ven.requests.get(m.text(node, "reportRequestID"))
            if request is not None:
                request.accepted = True

    def _ends_reports(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction == "in" and ven is not None:
            ven.outgoing.pop(m.answers, None)

    def _cancels_reports(self, m: "Message") -> None:
        ven = self.vens.get(m.one("venID"))
        if m.direction != "out" or ven is None:
            return
        for node in m.nodes("cancelsReport"):
            request = ven.requests.get(m.text(node, "reportRequestID"))
            if request is not None:
                request.cancelled = True
        self._queues(m)
