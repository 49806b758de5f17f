"""What an operator asks for: an event, as plain data; and the version of an event that it becomes."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

from kg.errors import UsageError
from kg.literals import segment
from kg.namespaces import FLEX, ID
from kg.openadr.graph import MessageGraph
from kg.openadr.ven import Event
from kg.times import seconds

#: Market context of an event of which none was stated: OpenADR wants one.
ANY_MARKET: Final = "https://w3id.org/flexkg/market/default"


@dataclass(slots=True)
class Item:
    """The unit of a signal's values.

    Attributes:
        base: element of the unit, for example ``"powerReal"`` or ``"currencyPerKWh"``.
        description: its itemDescription; ``base`` decides where the standard fixes it.
        units: its itemUnits, for example ``"W"`` or ``"EUR"``.
        scale: its siScaleCode, for example ``"k"``; ``"none"`` for 1.
        hertz: nominal frequency, of a power.
        voltage: nominal voltage, of a power.
        ac: whether it is alternating current, of a power.
    """

    base: str
    units: str
    description: str = ""
    scale: str = "none"
    hertz: float = 50
    voltage: float = 230
    ac: bool = True


@dataclass(slots=True)
class Interval:
    """An interval of a signal: its length, an OpenADR duration such as ``"PT15M"``, and its value."""

    duration: str
    value: float


@dataclass(slots=True)
class Signal:
    """A signal of an event.

    Attributes:
        name: its signalName, for example ``"SIMPLE"`` or ``"LOAD_DISPATCH"``.
        type: its signalType, for example ``"level"`` or ``"setpoint"``.
        intervals: its intervals, which follow one another from the event's start.
        item: the unit of its values, where they have one.
    """

    name: str
    type: str
    intervals: list[Interval]
    item: Item | None = None


@dataclass(slots=True)
class EventRequest:
    """An event to be issued.

    Attributes:
        vens: venIDs of those that it is for.
        starts_at: start of the active period, with a zone.
        signals: its signals, one at least.
        event_id: its eventID; a new one without it. For several VENs, each gets an event of its own, whose ID
            is this one with ``@`` and the venID behind it.
        duration: length of the active period; the first signal's without it.
        resources: resourceIDs, where not every resource behind the VEN is meant.
        priority: 0 or more, 0 for none.
        market_context: URI of the market or programme.
        response_required: whether the VEN has to answer.
        test: whether it is a test, which never reaches a device.
        start_after: the longest random delay of the start, an OpenADR duration.
        notification: how long before the start it is made known.
        ramp_up: how long before the start it is near.
        recovery: how long after the end it recovers.
        comment: words for the VEN's operator.
    """

    vens: list[str]
    starts_at: datetime
    signals: list[Signal]
    event_id: str = ""
    duration: str = ""
    resources: list[str] = field(default_factory=list)
    priority: int = 0
    market_context: str = ANY_MARKET
    response_required: Literal["always", "never"] = "always"
    test: bool = False
    start_after: str = ""
    notification: str = ""
    ramp_up: str = ""
    recovery: str = ""
    comment: str = ""

    def ids(self) -> Iterator[tuple[str, str]]:
        """Give the venID and eventID of each event that it becomes."""
        for ven in self.vens:
            yield ven, self.event_id if len(self.vens) == 1 else f"{self.event_id}@{ven}"


def version_iri(vtn_id: str, event_id: str, number: int) -> str:
    """Give the IRI of a version of an event."""
    return f"{ID}event/{segment(vtn_id)}/{segment(event_id)}/{number}"


def version_lines(
    asked: EventRequest, vtn_id: str, ven_id: str, event_id: str, number: int, created: datetime
) -> list[str]:
    """Write the version of an event that a request asks for, without status, place and current values.

    Args:
        asked: what is asked for.
        vtn_id: who issues it.
        ven_id: for whom.
        event_id: its eventID.
        number: its modificationNumber.
        created: when this version was made.

    Returns:
        N-Triples lines.

    Raises:
        UsageError: the start has no zone, or there is no signal with an interval.
    """
    if asked.starts_at.tzinfo is None:
        raise UsageError("the start has no zone", where="starts_at", cure="write 2026-11-03T17:00:00Z")
    _require_calendar(asked)
    if not asked.signals or not asked.signals[0].intervals:
        raise UsageError("the event has no signal with an interval", where="signals", cure="give one")
    version = version_iri(vtn_id, event_id, number)
    event = version.rpartition("/")[0]
    g = MessageGraph("oadrDistributeEvent")
    g.lines.clear()
    g.kind(event, "Event")
    g.text(event, "eventID", event_id)
    g.link(event, "vtn", f"{ID}party/{segment(vtn_id)}")
    g.kind(version, "EventVersion")
    g.link(version, "versionOf", event)
    g.value(version, "modificationNumber", str(number), "integer")
    g.value(version, "priority", str(asked.priority), "integer")
    g.value(version, "marketContext", asked.market_context, "anyURI")
    g.value(version, "createdAt", zulu(created), "dateTime")
    g.text(version, "testEvent", "true" if asked.test else "false")
    g.text(version, "vtnComment", asked.comment)
    g.value(version, "startsAt", zulu(asked.starts_at), "dateTime")
    g.duration(version, "duration", asked.duration or _total(asked.signals[0]))
    g.duration(version, "startAfter", asked.start_after)
    g.duration(version, "notificationDuration", asked.notification)
    g.duration(version, "rampUpDuration", asked.ramp_up)
    g.duration(version, "recoveryDuration", asked.recovery)
    g.concept(version, "responseRequired", "responseRequired", asked.response_required)
    targets = [("venID", ven_id), *(("resourceID", name) for name in asked.resources)]
    for position, (kind, value) in enumerate(sorted(targets)):
        g.target(version, position, kind, value)
    for position, signal in enumerate(asked.signals):
        _signal(g, version, position, signal)
    return g.lines


def _signal(g: MessageGraph, version: str, position: int, signal: Signal) -> None:
    node = g.child(version, "signal", "signal", position, "Signal")
    g.concept(node, "signalName", "signalName", signal.name)
    g.concept(node, "signalType", "signalType", signal.type)
    g.text(node, "signalID", f"signal-{position}")
    if signal.item is not None:
        _item(g, node, signal.item)
    for place, interval in enumerate(signal.intervals):
        one = g.child(node, "interval", "interval", place, "SignalInterval")
        g.value(one, "uid", str(place), "integer")
        g.duration(one, "duration", interval.duration)
        g.value(one, "value", f"{interval.value:.10g}", "decimal")


def _item(g: MessageGraph, signal: str, item: Item) -> None:
    node = g.child(signal, "item", "item", 0, "Item")
    g.concept(node, "itemBase", "itemBase", item.base)
    g.text(node, "itemDescription", item.description or _DESCRIPTIONS.get(item.base, item.base))
    g.text(node, "itemUnits", item.units)
    g.concept(node, "siScaleCode", "siScaleCode", item.scale)
    if item.base.startswith("power"):
        g.value(node, "hertz", f"{item.hertz:g}", "decimal")
        g.value(node, "nominalVoltage", f"{item.voltage:g}", "decimal")
        g.value(node, "alternatingCurrent", str(item.ac).lower(), "boolean")


def told_lines(vtn_id: str, event: Event, position: int, now: datetime) -> list[str]:
    """Write what passes of an event: its status, its place in a message, and its current values."""
    version = version_iri(vtn_id, event.event_id, event.number)
    g = MessageGraph("oadrDistributeEvent")
    g.lines.clear()
    g.value(version, "position", str(position), "integer")
    g.concept(version, "eventStatus", "eventStatus", event.status(now))
    for place, value in enumerate(event.current(now)):
        g.value(f"{version}/signal/{place}", "currentValue", value, "decimal")
    return g.lines


@lru_cache(maxsize=64)
def renumbered(
    lines: tuple[str, ...], vtn_id: str, event_id: str, number: int, modified: datetime
) -> tuple[str, ...]:
    """Write an event's version, of so many as its number, again under the next modificationNumber."""
    old, new = version_iri(vtn_id, event_id, number), version_iri(vtn_id, event_id, number + 1)
    dropped = (
        f"<{FLEX}modificationNumber>",
        f"<{FLEX}modifiedAt>",
        f"<{FLEX}createdAt>",
        f"<{FLEX}eventDigest>",
    )
    kept = [
        line.replace(f"<{old}>", f"<{new}>").replace(f"<{old}/", f"<{new}/")
        for line in lines
        if not (line.startswith(f"<{old}> ") and line.split(" ", 2)[1] in dropped)
    ]
    g = MessageGraph("oadrDistributeEvent")
    g.lines.clear()
    g.value(new, "modificationNumber", str(number + 1), "integer")
    g.value(new, "createdAt", zulu(modified), "dateTime")
    g.value(new, "modifiedAt", zulu(modified), "dateTime")
    return (*kept, *g.lines)


def zulu(time: datetime) -> str:
    """Write a time as messages do: UTC, whole seconds where it has no fraction."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def must_be_ahead(ends_at: datetime | None, now: datetime) -> None:
    """Refuse an event that would be over before anybody hears of it.

    Raises:
        UsageError: it ends before now (code ``event-past``).
    """
    if ends_at is not None and ends_at <= now:
        raise UsageError(
            f"the event would be over already: it ends at {zulu(ends_at)}, now is {zulu(now)}",
            where="starts_at",
            cure="give a start that is later, or a longer duration",
            code="event-past",
        )


def _require_calendar(asked: EventRequest) -> None:
    """Refuse times and lengths with which nobody can reckon, and texts that nobody can write."""
    try:
        json.dumps(asdict(asked), default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UsageError("a text has half a character", cure="correct it") from error
    if not 1970 <= asked.starts_at.year <= 9000:
        raise UsageError("the start is in no year of 1970 to 9000", where="starts_at", cure="correct it")
    for name in ("duration", "start_after", "notification", "ramp_up", "recovery"):
        if abs(seconds(getattr(asked, name)) or 0) > _CENTURY:
            raise UsageError(f"{name} is more than a hundred years", where=name, cure="correct it")


def _total(signal: Signal) -> str:
    lengths = [seconds(one.duration) for one in signal.intervals]
    if any(length is None or length < 0 for length in lengths):
        raise UsageError("an interval has no length", where="signals", cure="write a duration such as PT15M")
    total = sum(length or 0 for length in lengths)
    if total > _CENTURY:
        raise UsageError("the signal lasts more than a hundred years", where="signals", cure="correct it")
    return f"PT{total}S"


_CENTURY = 36_525 * 86_400
_DESCRIPTIONS = {
    "powerReal": "RealPower",
    "powerApparent": "ApparentPower",
    "powerReactive": "ReactivePower",
    "energyReal": "RealEnergy",
    "energyApparent": "ApparentEnergy",
    "energyReactive": "ReactiveEnergy",
    "voltage": "Voltage",
}
