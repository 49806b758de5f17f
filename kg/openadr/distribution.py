"""Messages that are made of one's own accord: events, report requests, opt-outs, and what they answer."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from kg.literals import segment
from kg.namespaces import ID
from kg.openadr.event_request import told_lines, version_iri, zulu
from kg.openadr.graph import MessageGraph, new_id
from kg.openadr.told import Message
from kg.openadr.ven import Event, Point, ReportRequest, Ven
from kg.times import seconds

#: How often a report is to come of what is sampled more often than reports are wanted.
_OFTEN: Final = "PT1M"


def distribute(
    vtn_id: str, events: Sequence[Event], now: datetime, answers: str | None = None, request_id: str = ""
) -> bytes:
    """Make an oadrDistributeEvent.

    Args:
        vtn_id: who sends it.
        events: every event that the VEN is to know; one that it lacks is cancelled by that.
        now: the time that statuses and current values are told of.
        answers: requestID of the oadrRequestEvent that it answers.
        request_id: its requestID; a new one without it.

    Source:
        OpenADR 2.0b Profile Specification, EiEvent service operations.
    """
    g = MessageGraph("oadrDistributeEvent")
    if answers is not None:
        g.answer(answers)
    g.text(g.iri, "requestID", request_id or new_id("req"))
    g.text(g.iri, "vtnID", vtn_id)
    g.link(g.iri, "vtn", f"{ID}party/{segment(vtn_id)}")
    for position, event in enumerate(sorted(events, key=lambda one: (one.starts_at, one.event_id))):
        g.link(g.iri, "conveys", version_iri(vtn_id, event.event_id, event.number))
        g.add(event.lines)
        g.add(told_lines(vtn_id, event, position, now))
    return g.payload()


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
    _cancel(g, g.iri, request_id, names, to_follow)
    g.party(ven)
    return request_id, g.payload()


def updated_report(ven: str, answers: str, cancels: Message) -> bytes:
    """Make an oadrUpdatedReport that accepts a delivery and calls reports off.

    Args:
        ven: who delivered.
        answers: requestID of the delivery.
        cancels: the oadrCancelReport that it holds, as it was recorded.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrUpdatedReportType.
    """
    g = MessageGraph("oadrUpdatedReport")
    g.answer(answers)
    g.party(ven)
    node = f"{g.iri}/cancel-report/0"
    g.link(g.iri, "cancelReport", node)
    g.kind(node, "CancelReport")
    names = [cancels.text(one, "reportRequestID") for one in cancels.nodes("cancelsReport")]
    _cancel(g, node, cancels.one("requestID"), names, cancels.one("reportToFollow") == "true")
    return g.payload()


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


def opt_out(ven: str, event_id: str, number: int, reason: str) -> bytes:
    """Make the oadrCreateOpt by which a VEN opts out of an event.

    Args:
        ven: its venID.
        event_id: the event.
        number: its modificationNumber.
        reason: an optReason of OpenADR.

    Source:
        OpenADR 2.0b Profile Specification, EiOpt service operations.
    """
    g = MessageGraph("oadrCreateOpt")
    opt = new_id("opt")
    node = f"{ID}opt/{segment(ven)}/{opt}"
    g.text(g.iri, "requestID", new_id("req"))
    g.party(ven)
    g.link(g.iri, "conveys", node)
    g.kind(node, "Opt")
    g.text(node, "optID", opt)
    g.concept(node, "optType", "optType", "optOut")
    g.concept(node, "optReason", "optReason", reason)
    g.link(node, "ven", f"{ID}party/{segment(ven)}")
    g.value(node, "createdAt", zulu(datetime.now(UTC)), "dateTime")
    g.text(node, "eventID", event_id)
    g.value(node, "modificationNumber", str(number), "integer")
    return g.payload()


def offered(ven: Ven, every: str) -> list[ReportRequest]:
    """Make requests for all data points that a VEN registered: ``every`` so often, as far as it samples so.

    Points of one report that are sampled at other intervals are asked for by a request of their own.

    Args:
        ven: the VEN.
        every: wanted length of intervals, an OpenADR duration.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrSamplingRateType.
    """
    made = []
    for specifier, points in ven.points.items():
        if not specifier:
            continue
        alike: dict[str, list[str]] = {}
        for name, point in points.items():
            alike.setdefault(_granularity(point, every), []).append(name)
        for granularity, names in alike.items():
            back = every if (seconds(granularity) or 0) >= (seconds(every) or 0) else _OFTEN
            back = min(back, every, key=lambda one: seconds(one) or 0)
            made.append(ReportRequest(new_id("report"), specifier, tuple(names), granularity, back))
    return made


def _cancel(g: MessageGraph, node: str, request_id: str, names: Sequence[str], to_follow: bool) -> None:
    g.text(node, "requestID", request_id)
    for position, name in enumerate(names):
        one = g.child(node, "cancelsReport", "cancels", position, "ReportRequestReference")
        g.text(one, "reportRequestID", name)
    g.value(node, "reportToFollow", str(to_follow).lower(), "boolean")


def _granularity(point: Point, every: str) -> str:
    """Give the length of intervals nearest to the wanted one that a data point is sampled at."""
    wanted, least, most = (seconds(one) or 0 for one in (every, point.shortest, point.longest))
    if least > wanted:
        return point.shortest
    return point.longest if 0 < most < wanted else every


def _request(g: MessageGraph, ven: Ven, requests: Iterable[ReportRequest], back: str) -> None:
    for position, request in enumerate(requests):
        node = g.child(g.iri, "reportRequest", "report-request", position, "ReportRequest")
        g.text(node, "reportRequestID", request.request_id)
        g.text(node, "reportSpecifierID", request.specifier)
        g.duration(node, "granularity", request.granularity)
        asked = request.back or back
        longer = (seconds(request.granularity) or 0) > (seconds(asked) or 0)
        single = seconds(request.granularity) == 0
        g.duration(node, "reportBackDuration", request.granularity if longer or single else asked)
        for place, name in enumerate(request.points):
            point = g.child(node, "requestedPoint", "requested-point", place, "RequestedPoint")
            g.text(point, "rID", name)
            known = ven.points.get(request.specifier, {}).get(name)
            kind = known.reading_type if known is not None else "x-notApplicable"
            g.concept(point, "readingType", "readingType", kind)
