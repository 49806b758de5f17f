"""The report that a VEN of this project offers and delivers: the power of all below it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kg.literals import segment
from kg.namespaces import ID
from kg.openadr.event_request import zulu
from kg.openadr.graph import MessageGraph, new_id

#: reportSpecifierID and rID.
SPECIFIER: Final = "merged"
POINT: Final = "power"


def offer(ven: str, shortest: str) -> bytes:
    """Make the oadrRegisterReport that offers the report.

    Args:
        ven: whose.
        shortest: shortest sampling period, an OpenADR duration.
    """
    g = MessageGraph("oadrRegisterReport")
    g.text(g.iri, "requestID", new_id("req"))
    g.party(ven)
    node = _report(g, "METADATA_TELEMETRY_USAGE", "0")
    g.duration(node, "duration", "PT1H")
    point = f"{ID}report-description/{segment(ven)}/{SPECIFIER}/{POINT}"
    g.link(node, "reportDescription", point)
    g.kind(point, "ReportDescription")
    g.value(point, "position", "0", "integer")
    g.link(point, "ven", f"{ID}party/{segment(ven)}")
    g.text(point, "rID", POINT)
    g.concept(point, "reportType", "reportType", "usage")
    g.concept(point, "readingType", "readingType", "Mean")
    item = g.child(point, "item", "item", 0, "Item")
    g.concept(item, "itemBase", "itemBase", "powerReal")
    g.text(item, "itemDescription", "RealPower")
    g.text(item, "itemUnits", "W")
    g.concept(item, "siScaleCode", "siScaleCode", "none")
    g.value(item, "hertz", "50", "decimal")
    g.value(item, "nominalVoltage", "230", "decimal")
    g.value(item, "alternatingCurrent", "true", "boolean")
    g.duration(point, "minimumSamplingPeriod", shortest)
    g.duration(point, "maximumSamplingPeriod", "PT1H")
    g.value(point, "samplesOnChange", "false", "boolean")
    return g.payload()


def update(ven: str, request: str, length: str, values: Mapping[str, Decimal]) -> bytes:
    """Make an oadrUpdateReport.

    Args:
        ven: whose.
        request: reportRequestID that it is delivered under.
        length: length of its intervals, an OpenADR duration.
        values: start of interval -> mean power in watts.
    """
    g = MessageGraph("oadrUpdateReport")
    g.text(g.iri, "requestID", new_id("req"))
    g.party(ven)
    node = _report(g, "TELEMETRY_USAGE", request)
    g.text(node, "reportID", new_id("report"))
    g.value(node, "startsAt", next(iter(values)), "dateTime")
    for place, (start, value) in enumerate(values.items()):
        interval = g.child(node, "interval", "interval", place, "ReportInterval")
        g.value(interval, "startsAt", start, "dateTime")
        g.duration(interval, "duration", length)
        reading = g.child(interval, "reading", "reading", 0, "Reading")
        g.text(reading, "rID", POINT)
        g.value(reading, "value", f"{value:f}", "decimal")
    return g.payload()


def _report(g: MessageGraph, name: str, request: str) -> str:
    node = g.child(g.iri, "report", "report", 0, "Report")
    g.text(node, "reportRequestID", request)
    g.text(node, "reportSpecifierID", SPECIFIER)
    g.concept(node, "reportName", "reportName", name)
    g.value(node, "createdAt", zulu(datetime.now(UTC)), "dateTime")
    return node
