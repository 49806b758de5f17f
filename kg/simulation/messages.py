"""The OpenADR 2.0b payloads of a portfolio: registrations of reports, reports, events and answers to them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kg.simulation.portfolio import Event, Sample

SPECIFIER = "TELEMETRY"
_VTN = "VTN-SIM"
_CONTEXT = "https://program.example/peak"
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<oadr:{name} ei:schemaVersion="2.0b"
    xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"
    xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"
    xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
    xmlns:emix="http://docs.oasis-open.org/ns/emix/2011/06"
    xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power"
    xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale"
    xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0"
    xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream">
"""
_POWER = """<power:powerReal><power:itemDescription>RealPower</power:itemDescription>\
<power:itemUnits>W</power:itemUnits><scale:siScaleCode>k</scale:siScaleCode><power:powerAttributes>\
<power:hertz>50</power:hertz><power:voltage>230</power:voltage><power:ac>true</power:ac>\
</power:powerAttributes></power:powerReal>"""
_POINT = f"""<oadr:oadrReportDescription><ei:rID>{{resource}}</ei:rID><ei:reportDataSource>\
<ei:resourceID>{{ven}}-{{resource}}</ei:resourceID></ei:reportDataSource><ei:reportType>usage</ei:reportType>\
{_POWER}<ei:readingType>Mean</ei:readingType><emix:marketContext>{_CONTEXT}</emix:marketContext>\
<oadr:oadrSamplingRate><oadr:oadrMinPeriod>{{span}}</oadr:oadrMinPeriod>\
<oadr:oadrMaxPeriod>{{span}}</oadr:oadrMaxPeriod><oadr:oadrOnChange>false</oadr:oadrOnChange>\
</oadr:oadrSamplingRate></oadr:oadrReportDescription>
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def registration(ven: str, resources: Sequence[str], interval: timedelta, created: datetime) -> bytes:
    """Write what a VEN registers: a data point for the power of each of its resources, in kilowatts."""
    span = duration(interval)
    points = "".join(_POINT.format(resource=name, ven=ven, span=span) for name in resources)
    return (
        _HEAD.format(name="oadrRegisterReport")
        + f"""<pyld:requestID>REG-{ven}</pyld:requestID><oadr:oadrReport>
<xcal:duration><xcal:duration>P1D</xcal:duration></xcal:duration>
{points}<ei:reportRequestID>0</ei:reportRequestID><ei:reportSpecifierID>{SPECIFIER}</ei:reportSpecifierID>
<ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName><ei:createdDateTime>{time(created)}</ei:createdDateTime>
</oadr:oadrReport><ei:venID>{ven}</ei:venID></oadr:oadrRegisterReport>
"""
    ).encode()


def report(ven: str, samples: Sequence[Sample], interval: timedelta, created: datetime, name: str) -> bytes:
    """Write a report of readings, interval by interval.

    Args:
        ven: who reports.
        samples: in the order of time.
        interval: length of each span.
        created: when.
        name: eiReportID.
    """
    span = duration(interval)
    parts: list[str] = []
    at, number = None, 0
    for sample in samples:
        if sample.at != at:
            parts.append("</ei:interval>" if parts else "")
            at = sample.at
            parts.append(
                f"<ei:interval><xcal:dtstart><xcal:date-time>{_at(at)}</xcal:date-time></xcal:dtstart>"
                f"<xcal:duration><xcal:duration>{span}</xcal:duration></xcal:duration>"
                f"<xcal:uid><xcal:text>{number}</xcal:text></xcal:uid>"
            )
            number += 1
        parts.append(
            f"<oadr:oadrReportPayload><ei:rID>{sample.resource}</ei:rID><ei:payloadFloat>"
            f"<ei:value>{sample.watts / 1000}</ei:value></ei:payloadFloat>"
            f"<oadr:oadrDataQuality>{sample.quality}</oadr:oadrDataQuality></oadr:oadrReportPayload>"
        )
    first = _at(samples[0].at)
    return (
        _HEAD.format(name="oadrUpdateReport")
        + f"""<pyld:requestID>{name}</pyld:requestID><oadr:oadrReport>
<xcal:dtstart><xcal:date-time>{first}</xcal:date-time></xcal:dtstart>
<strm:intervals>{"".join(parts)}</ei:interval></strm:intervals>
<ei:eiReportID>{name}</ei:eiReportID><ei:reportRequestID>RR-{ven}</ei:reportRequestID>
<ei:reportSpecifierID>{SPECIFIER}</ei:reportSpecifierID><ei:reportName>TELEMETRY_USAGE</ei:reportName>
<ei:createdDateTime>{time(created)}</ei:createdDateTime></oadr:oadrReport><ei:venID>{ven}</ei:venID>
</oadr:oadrUpdateReport>
"""
    ).encode()


def distribution(event: Event, vens: Sequence[str]) -> bytes:
    """Write the distribution of an event, the day before."""
    targets = "".join(f"<ei:venID>{ven}</ei:venID>" for ven in vens)
    length = duration(event.length)
    return (
        _HEAD.format(name="oadrDistributeEvent")
        + f"""<pyld:requestID>REQ-{event.name}</pyld:requestID><ei:vtnID>{_VTN}</ei:vtnID>
<oadr:oadrEvent><ei:eiEvent>
<ei:eventDescriptor><ei:eventID>{event.name}</ei:eventID><ei:modificationNumber>0</ei:modificationNumber>
<ei:priority>1</ei:priority><ei:eiMarketContext><emix:marketContext>{_CONTEXT}</emix:marketContext>\
</ei:eiMarketContext><ei:createdDateTime>{time(event.start - timedelta(days=1))}</ei:createdDateTime>
<ei:eventStatus>far</ei:eventStatus><ei:testEvent>false</ei:testEvent></ei:eventDescriptor>
<ei:eiActivePeriod><xcal:properties>
<xcal:dtstart><xcal:date-time>{time(event.start)}</xcal:date-time></xcal:dtstart>
<xcal:duration><xcal:duration>{length}</xcal:duration></xcal:duration>
<ei:x-eiNotification><xcal:duration>PT2H</xcal:duration></ei:x-eiNotification>
</xcal:properties><xcal:components/></ei:eiActivePeriod><ei:eiEventSignals><ei:eiEventSignal><strm:intervals>
<ei:interval><xcal:duration><xcal:duration>{length}</xcal:duration></xcal:duration>
<xcal:uid><xcal:text>0</xcal:text></xcal:uid><ei:signalPayload><ei:payloadFloat>
<ei:value>{event.kilowatts}</ei:value></ei:payloadFloat></ei:signalPayload></ei:interval></strm:intervals>
<ei:signalName>LOAD_DISPATCH</ei:signalName><ei:signalType>delta</ei:signalType><ei:signalID>S-1</ei:signalID>
{_POWER}<ei:currentValue><ei:payloadFloat><ei:value>0</ei:value></ei:payloadFloat></ei:currentValue>
</ei:eiEventSignal></ei:eiEventSignals><ei:eiTarget>{targets}</ei:eiTarget></ei:eiEvent>
<oadr:oadrResponseRequired>always</oadr:oadrResponseRequired></oadr:oadrEvent></oadr:oadrDistributeEvent>
"""
    ).encode()


def answer(ven: str, event: Event, opts_in: bool) -> bytes:
    """Write a VEN's answer to an event."""
    opt = "optIn" if opts_in else "optOut"
    return (
        _HEAD.format(name="oadrCreatedEvent")
        + f"""<pyld:eiCreatedEvent><ei:eiResponse><ei:responseCode>200</ei:responseCode>\
<pyld:requestID/></ei:eiResponse><ei:eventResponses><ei:eventResponse><ei:responseCode>200</ei:responseCode>
<pyld:requestID>REQ-{event.name}</pyld:requestID><ei:qualifiedEventID><ei:eventID>{event.name}</ei:eventID>
<ei:modificationNumber>0</ei:modificationNumber></ei:qualifiedEventID><ei:optType>{opt}</ei:optType>
</ei:eventResponse></ei:eventResponses><ei:venID>{ven}</ei:venID></pyld:eiCreatedEvent></oadr:oadrCreatedEvent>
"""
    ).encode()


def time(at: datetime) -> str:
    """Write a time as OpenADR does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(length: timedelta) -> str:
    """Write a length in hours, minutes or seconds.

    >>> duration(timedelta(minutes=15)), duration(timedelta(hours=2))
    ('PT15M', 'PT2H')
    """
    seconds = length // timedelta(seconds=1)
    for unit, size in (("H", 3600), ("M", 60)):
        if seconds % size == 0:
            return f"PT{seconds // size}{unit}"
    return f"PT{seconds}S"


def _at(microseconds: int) -> str:
    return time(_EPOCH + timedelta(microseconds=microseconds))
