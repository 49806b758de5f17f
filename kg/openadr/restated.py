"""A version of an event as the request that asks for it: to change it, or to ask others for the same."""

from dataclasses import asdict
from datetime import UTC
from typing import Any

from kg.lift import Lifted
from kg.openadr.circulars import lines_of
from kg.openadr.event_request import EventRequest, Interval, Item, Signal, version_iri, zulu
from kg.openadr.told import Message
from kg.openadr.ven import Event


def request_of(event: Event, vtn_id: str) -> EventRequest:
    """Give the request that an event of a VTN would be issued by as it is now.

    Args:
        event: its current version.
        vtn_id: whose it is.
    """
    message = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines_of(event)))
    made = restated(message, f"<{version_iri(vtn_id, event.event_id, event.number)}>", [event.ven])
    made.event_id = event.event_id
    return made


def as_asked(event: Event, vtn_id: str) -> dict[str, Any]:
    """Give that request as plain data, as ``POST /events`` takes it."""
    return asdict(request_of(event, vtn_id)) | {"starts_at": zulu(event.starts_at)}


def restated(message: Message, version: str, vens: list[str]) -> EventRequest:
    """Give the request that asks for the same as a version of an event does; without an eventID.

    Args:
        message: the message that tells it.
        version: its IRI, in angle brackets.
        vens: venIDs of those that the request is for.
    """
    signals = []
    for signal in message.nodes("signal", version):
        item = next(iter(message.nodes("item", signal)), "")
        intervals = [
            Interval(message.text(one, "duration"), float(message.text(one, "value") or 0))
            for one in message.nodes("interval", signal)
        ]
        name, kind = message.text(signal, "signalName"), message.text(signal, "signalType")
        signals.append(Signal(name, kind, intervals, _item(message, item)))
    targets = message.nodes("target", version)
    return EventRequest(
        vens=list(vens),
        starts_at=message.event(version).starts_at.astimezone(UTC),
        signals=signals,
        duration=message.text(version, "duration"),
        resources=[name for one in targets if (name := message.text(one, "resourceID"))],
        priority=int(message.text(version, "priority") or 0),
        market_context=message.text(version, "marketContext"),
        response_required="never" if message.text(version, "responseRequired") == "never" else "always",
        test=message.text(version, "testEvent") not in ("", "false"),
        start_after=message.text(version, "startAfter"),
        notification=message.text(version, "notificationDuration"),
        ramp_up=message.text(version, "rampUpDuration"),
        recovery=message.text(version, "recoveryDuration"),
        comment=message.text(version, "vtnComment"),
    )


def _item(message: Message, item: str) -> Item | None:
    if not item:
        return None
    return Item(
        message.text(item, "itemBase"),
        message.text(item, "itemUnits"),
        message.text(item, "itemDescription"),
        message.text(item, "siScaleCode") or "none",
        float(message.text(item, "hertz") or 50),
        float(message.text(item, "nominalVoltage") or 230),
        message.text(item, "alternatingCurrent") != "false",
    )
