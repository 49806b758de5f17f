"""What a VTN knows of a VEN: its registration, events, reports and opts, and what waits to be sent to it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

NEVER: Final = float("-inf")


@dataclass(slots=True)
class Outgoing:
    """A message that was recorded and waits for its answer.

    Attributes:
        message_type: its root element.
        request_id: its requestID, by which the answer names it; empty where it has none.
        seq: its row in the journal, which has the bytes.
        data: the bytes, once they were read.
        sent_at: when it was last given out, on the monotonic clock; ``NEVER`` since the start of the process.
    """

    message_type: str
    request_id: str
    seq: int
    data: bytes = b""
    sent_at: float = NEVER


@dataclass(slots=True)
class Event:
    """The current version of an event that was issued to a VEN.

    Attributes:
        event_id: its eventID.
        ven: venID of the VEN that it is for; one event has one VEN.
        number: its modificationNumber.
        lines: what the graph says of the version, N-Triples lines, without what passes (status, place).
        starts_at: start of the active period.
        ends_at: its end; None for an open one.
        ramp_up: how long before the start it is near.
        steps: for each signal, in their order, start, end and value of its intervals.
        cancelled: whether it was called off.
        required: whether the VEN has to answer.
        answer: optType of the VEN's answer to this version, empty where there is none.
        answered: response code of that answer.
        test: whether it is a test, which never reaches a device.
        sent: whether this version was given out since the process started.
        form: the lines without its names, once they were asked for; see ``kg.openadr.circulars``.
    """

    event_id: str
    ven: str
    number: int
    lines: list[str]
    starts_at: datetime
    ends_at: datetime | None
    ramp_up: timedelta = timedelta()
    steps: list[list[tuple[datetime, datetime | None, str]]] = field(default_factory=list)
    cancelled: bool = False
    required: bool = True
    answer: str = ""
    answered: str = ""
    test: bool = False
    sent: bool = False
    form: tuple[str, ...] = ()

    def status(self, now: datetime) -> str:
        """Give the eventStatus at a time.

        Source:
            OpenADR 2.0b, oadr_ei_20b.xsd, EventStatusEnumeratedType.
        """
        if self.cancelled:
            return "cancelled"
        if self.ends_at is not None and now >= self.ends_at:
            return "completed"
        if now >= self.starts_at:
            return "active"
        return "near" if self.ramp_up and now >= self.starts_at - self.ramp_up else "far"

    def current(self, now: datetime) -> list[str]:
        """Give the currentValue of each signal: that of the interval that runs while it is active, else 0."""
        if self.status(now) != "active":
            return ["0"] * len(self.steps)
        return [
            next((value for start, end, value in steps if start <= now and (end is None or now < end)), "0")
            for steps in self.steps
        ]

    def over(self, now: datetime) -> bool:
        """Whether nothing more is to be told of it."""
        if self.ends_at is not None and now >= self.ends_at:
            return True
        return self.cancelled and (bool(self.answer) or (self.sent and not self.required))


@dataclass(frozen=True, slots=True)
class Point:
    """A data point that a VEN registered: its sampling periods, and its readingType.

    Attributes:
        shortest: its oadrMinPeriod, an OpenADR duration; empty where it states none.
        longest: its oadrMaxPeriod, likewise.
        reading_type: its readingType.
    """

    shortest: str
    longest: str
    reading_type: str


@dataclass(slots=True)
class ReportRequest:
    """A report that the VEN was asked for.

    Attributes:
        request_id: its reportRequestID.
        specifier: reportSpecifierID of the report.
        points: its rIDs.
        granularity: length of its intervals, an OpenADR duration; zero for a single report.
        back: how often a report is to come, an OpenADR duration; empty where nothing is wanted.
        accepted: whether the VEN said that it will deliver it.
        cancelled: whether it was called off.
    """

    request_id: str
    specifier: str
    points: tuple[str, ...]
    granularity: str = ""
    back: str = ""
    accepted: bool = False
    cancelled: bool = False


@dataclass(slots=True)
class Opt:
    """An opt of a VEN: of an event, or a schedule of availability."""

    opt_id: str
    opt_type: str
    reason: str
    event_id: str = ""
    resources: tuple[str, ...] = ()


@dataclass(slots=True)
class Ven:
    """A VEN that is, or was, registered.

    Attributes:
        ven_id: its venID.
        name: its venName.
        registration_id: its registrationID; empty where it is not registered, or not any more.
        pull: whether it polls; else it is pushed to.
        address: its oadrTransportAddress.
        profile: ``"2.0b"`` or ``"2.0a"``.
        events: eventID -> event.
        requests: reportRequestID -> report request.
        points: reportSpecifierID -> rID -> what was registered of the data point.
        opts: optID -> opt.
        outgoing: what waits for an answer, by a key of its kind.
        distributed: the last oadrDistributeEvent, with the versions and statuses that it told.
        told: what that message told, event by event.
        last_seen: when it last sent anything.
        last_report: when it last delivered a report.
        answerable: requestIDs of what it was sent and may answer, and of its own oadrRegisterReports, which
            an oadrCreatedReport answers too.
        wanted: reportRequestIDs that it was ever asked under.
    """

    ven_id: str
    name: str = ""
    registration_id: str = ""
    pull: bool = True
    address: str = ""
    profile: str = "2.0b"
    events: dict[str, Event] = field(default_factory=dict)
    requests: dict[str, ReportRequest] = field(default_factory=dict)
    points: dict[str, dict[str, Point]] = field(default_factory=dict)
    opts: dict[str, Opt] = field(default_factory=dict)
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
    distributed: Outgoing | None = None
    told: tuple[tuple[str, ...], ...] = ()
    last_seen: datetime | None = None
    last_report: datetime | None = None
    answerable: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)

    def telling(self, now: datetime) -> tuple[tuple[str, ...], ...]:
        """Say what an oadrDistributeEvent of now would tell: events, versions, statuses, current values."""
        return tuple(
            (event.event_id, str(event.number), event.status(now), *event.current(now))
            for event in list(self.events.values())
            if not event.over(now)
        )
