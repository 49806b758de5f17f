"""Messages that a VTN makes of its own accord: events, report requests, and what they answer."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from kg.literals import segment
from kg.namespaces import ID
from kg.openadr.event_request import told_lines, version_iri
from kg.openadr.graph import MessageGraph, new_id
from kg.openadr.ven import Event, ReportRequest, Ven
from kg.times import seconds

#: Stands in a message for the requestID that it answers; random, so that no venID holds it.
_ANSWERED: Final = uuid.uuid4().hex.encode()


def distribute(
    vtn_id: str, events: Sequence[Event], now: datetime, answers: str | None = None
) -> tuple[str, bytes]:
    """Make an oadrDistributeEvent.

    Args:
        vtn_id: who sends it.
        events: every event that the VEN is to know; one that it lacks is cancelled by that.
        now: the time that statuses and current values are told of.
        answers: requestID of the oadrRequestEvent that it answers.

    Returns:
        Its requestID, and the payload.

    Source:
        OpenADR 2.0b Profile Specification, EiEvent service operations.
    """
    g, request_id = MessageGraph("oadrDistributeEvent"), new_id("req")
    if answers is not None:
        g.answer(answers)
    g.text(g.iri, "requestID", request_id)
    g.text(g.iri, "vtnID", vtn_id)
    g.link(g.iri, "vtn", f"{ID}party/{segment(vtn_id)}")
    for position, event in enumerate(sorted(events, key=lambda one: (one.starts_at, one.event_id))):
        g.link(g.iri, "conveys", version_iri(vtn_id, event.event_id, event.number))
        g.add(event.lines)
        g.add(told_lines(vtn_id, event, position, now))
    return request_id, g.payload()


def create_report(ven: Ven, requests: Iterable[ReportRequest], back: str) -> tuple[str, bytes]:
    """Make an oadrCreateReport.

    Args:
        ven: whom it asks.
        requests: what it asks for.
        back: how often a report is to come, an OpenADR duration.
    """
    g, request_id = MessageGraph("oadrCreateReport"), new_id("req")
    g.text(g.iri, "requestID", request_id)
    g.party(ven.ven_id)
    _request(g, ven, requests, back)
    return request_id, g.payload()


def registered_report(ven: Ven, answers: str, requests: Iterable[ReportRequest], back: str) -> bytes:
    """Make an oadrRegisteredReport that asks for reports at once."""
    g = MessageGraph("oadrRegisteredReport")
    g.answer(answers)
    g.party(ven.ven_id)
    _request(g, ven, requests, back)
    return g.payload()


def cancel_report(ven: str, names: Sequence[str], *, to_follow: bool) -> tuple[str, bytes]:
    """Make an oadrCancelReport for report requests; ``to_follow``: what was collected is still to come."""
    g, request_id = MessageGraph("oadrCancelReport"), new_id("req")
    g.text(g.iri, "requestID", request_id)
    for position, name in enumerate(names):
        node = g.child(g.iri, "cancelsReport", "cancels", position, "ReportRequestReference")
        g.text(node, "reportRequestID", name)
    g.value(g.iri, "reportToFollow", str(to_follow).lower(), "boolean")
    g.party(ven)
    return request_id, g.payload()


def request_reregistration(ven: str) -> bytes:
    """Make an oadrRequestReregistration."""
    g = MessageGraph("oadrRequestReregistration")
    g.party(ven)
    return g.payload()


def cancel_registration(ven: Ven) -> bytes:
    """Make an oadrCancelPartyRegistration."""
    g = MessageGraph("oadrCancelPartyRegistration")
    g.text(g.iri, "requestID", new_id("req"))
    g.text(g.iri, "registrationID", ven.registration_id)
    g.party(ven.ven_id)
    return g.payload()


def response(answers: str, ven: str = "", code: str = "200", description: str = "OK") -> bytes:
    """Make an oadrResponse."""
    g = MessageGraph("oadrResponse")
    g.answer(answers, code, description)
    if ven:
        g.party(ven)
    return g.payload()


def updated_report(ven: str, answers: str) -> bytes:
    """Make an oadrUpdatedReport that accepts a delivery; the message that a VTN sends most."""
    return _updated(ven).replace(_ANSWERED, escape(answers).encode())


@lru_cache(maxsize=8192)
def _updated(ven: str) -> bytes:
    """Make the message once for each VEN, with a mark for the requestID that it answers."""
    g = MessageGraph("oadrUpdatedReport")
    g.answer(_ANSWERED.decode())
    g.party(ven)
    return g.payload()


def offered(ven: Ven, every: str) -> list[ReportRequest]:
    """Make a request for all data points that a VEN registered, as often as they are sampled or ``every``.

    Args:
        ven: the VEN.
        every: wanted length of intervals, an OpenADR duration; a longer shortest sampling period wins.
    """
    made = []
    for specifier, points in ven.points.items():
        if not points or not specifier:
            continue
        shortest = max((p.shortest for p in points.values()), key=lambda p: seconds(p) or 0)
        long = shortest if (seconds(shortest) or 0) > (seconds(every) or 0) else every
        made.append(ReportRequest(new_id("report"), specifier, tuple(points), long))
    return made


def _request(g: MessageGraph, ven: Ven, requests: Iterable[ReportRequest], back: str) -> None:
    for position, request in enumerate(requests):
        node = g.child(g.iri, "reportRequest", "report-request", position, "ReportRequest")
        g.text(node, "reportRequestID", request.request_id)
        g.text(node, "reportSpecifierID", request.specifier)
        g.duration(node, "granularity", request.granularity)
        longer = (seconds(request.granularity) or 0) > (seconds(back) or 0)
        single = seconds(request.granularity) == 0
        g.duration(node, "reportBackDuration", request.granularity if longer or single else back)
        for place, name in enumerate(request.points):
            point = g.child(node, "requestedPoint", "requested-point", place, "RequestedPoint")
            g.text(point, "rID", name)
            known = ven.points.get(request.specifier, {}).get(name)
            kind = known.reading_type if known is not None else "x-notApplicable"
            g.concept(point, "readingType", "readingType", kind)
