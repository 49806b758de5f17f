"""OpenADR 2.0b messages made for tests: small, valid, each value a parameter."""

from datetime import UTC, datetime, timedelta

_HEAD = (
    ' ei:schemaVersion="2.0b" xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"'
    ' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
    ' xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"'
    ' xmlns:emix="http://docs.oasis-open.org/ns/emix/2011/06"'
    ' xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power"'
    ' xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale"'
    ' xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0"'
    ' xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream">'
)
START = datetime(2026, 12, 1, 16, tzinfo=UTC)


def _message(name: str, body: str) -> bytes:
    return f"<oadr:oadr{name}{_HEAD}{body}</oadr:oadr{name}>".encode()


def _time(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def event(
    number=0, *, event_id="E-1", level=1, request="R-1", ven="VEN-1", vtn="VTN-1", hours=1, uid=0
) -> bytes:
    """An event that asks one VEN for a level; with hours other than 1 its durations do not add up."""
    return _message(
        "DistributeEvent",
        f"""<pyld:requestID>{request}</pyld:requestID><ei:vtnID>{vtn}</ei:vtnID><oadr:oadrEvent><ei:eiEvent>
        <ei:eventDescriptor><ei:eventID>{event_id}</ei:eventID>
          <ei:modificationNumber>{number}</ei:modificationNumber><ei:priority>1</ei:priority>
          <ei:eiMarketContext><emix:marketContext>https://program.example/a</emix:marketContext></ei:eiMarketContext>
          <ei:createdDateTime>2026-12-01T14:00:00Z</ei:createdDateTime><ei:eventStatus>far</ei:eventStatus>
          <ei:testEvent>false</ei:testEvent><ei:vtnComment></ei:vtnComment></ei:eventDescriptor>
        <ei:eiActivePeriod><xcal:properties>
          <xcal:dtstart><xcal:date-time>{_time(0)}</xcal:date-time></xcal:dtstart>
          <xcal:duration><xcal:duration>PT{hours}H</xcal:duration></xcal:duration>
          <ei:x-eiNotification><xcal:duration>PT1H</xcal:duration></ei:x-eiNotification>
        </xcal:properties><xcal:components/></ei:eiActivePeriod>
        <ei:eiEventSignals><ei:eiEventSignal><strm:intervals><ei:interval>
          <xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>
          <xcal:uid><xcal:text>{uid}</xcal:text></xcal:uid>
          <ei:signalPayload><ei:payloadFloat><ei:value>{level}</ei:value></ei:payloadFloat></ei:signalPayload>
          </ei:interval></strm:intervals>
          <ei:signalName>SIMPLE</ei:signalName><ei:signalType>level</ei:signalType><ei:signalID>S-1</ei:signalID>
          <ei:currentValue><ei:payloadFloat><ei:value>0</ei:value></ei:payloadFloat></ei:currentValue>
        </ei:eiEventSignal></ei:eiEventSignals>
        <ei:eiTarget><ei:venID>{ven}</ei:venID></ei:eiTarget></ei:eiEvent>
        <oadr:oadrResponseRequired>always</oadr:oadrResponseRequired></oadr:oadrEvent>""",
    )


def register(resource="PUMP-1", *, ven="VEN-1", request="R-2") -> bytes:
    """A VEN offers the real power of one resource."""
    return _message(
        "RegisterReport",
        f"""<pyld:requestID>{request}</pyld:requestID><oadr:oadrReport>
        <xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>
        <oadr:oadrReportDescription><ei:rID>power</ei:rID>
          <ei:reportDataSource><ei:resourceID>{resource}</ei:resourceID></ei:reportDataSource>
          <ei:reportType>usage</ei:reportType>
          <power:powerReal><power:itemDescription>RealPower</power:itemDescription>
            <power:itemUnits>W</power:itemUnits><scale:siScaleCode>k</scale:siScaleCode>
            <power:powerAttributes><power:hertz>50</power:hertz><power:voltage>230</power:voltage>
              <power:ac>true</power:ac></power:powerAttributes></power:powerReal>
          <ei:readingType>Mean</ei:readingType>
          <oadr:oadrSamplingRate><oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod>
            <oadr:oadrMaxPeriod>PT15M</oadr:oadrMaxPeriod><oadr:oadrOnChange>false</oadr:oadrOnChange>
          </oadr:oadrSamplingRate></oadr:oadrReportDescription>
        <ei:reportRequestID>0</ei:reportRequestID><ei:reportSpecifierID>USAGE</ei:reportSpecifierID>
        <ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName>
        <ei:createdDateTime>2026-12-01T08:00:00Z</ei:createdDateTime></oadr:oadrReport>
        <ei:venID>{ven}</ei:venID>""",
    )


def report(*values: str, ven="VEN-1", request="R-3", status=False) -> bytes:
    """A VEN reports power, a value for each quarter of an hour; on demand with its resource's state."""
    state = (
        """<oadr:oadrReportPayload><ei:rID>state</ei:rID><oadr:oadrPayloadResourceStatus>
        <oadr:oadrOnline>true</oadr:oadrOnline><oadr:oadrManualOverride>false</oadr:oadrManualOverride>
        </oadr:oadrPayloadResourceStatus></oadr:oadrReportPayload>"""
        if status
        else ""
    )
    intervals = "".join(
        f"""<ei:interval><xcal:dtstart><xcal:date-time>{_time(15 * n)}</xcal:date-time></xcal:dtstart>
        <xcal:duration><xcal:duration>PT15M</xcal:duration></xcal:duration>
        <xcal:uid><xcal:text>{n}</xcal:text></xcal:uid>
        <oadr:oadrReportPayload><ei:rID>power</ei:rID><ei:confidence>100</ei:confidence>
          <ei:accuracy>0.01</ei:accuracy><ei:payloadFloat><ei:value>{value}</ei:value></ei:payloadFloat>
          <oadr:oadrDataQuality>Quality Good - Non Specific</oadr:oadrDataQuality>
        </oadr:oadrReportPayload>{state}</ei:interval>"""
        for n, value in enumerate(values)
    )
    return _message(
        "UpdateReport",
        f"""<pyld:requestID>{request}</pyld:requestID><oadr:oadrReport>
        <xcal:dtstart><xcal:date-time>{_time(0)}</xcal:date-time></xcal:dtstart>
        <strm:intervals>{intervals}</strm:intervals><ei:eiReportID>RP-1</ei:eiReportID>
        <ei:reportRequestID>RR-1</ei:reportRequestID><ei:reportSpecifierID>USAGE</ei:reportSpecifierID>
        <ei:reportName>TELEMETRY_USAGE</ei:reportName>
        <ei:createdDateTime>2026-12-01T17:00:00Z</ei:createdDateTime></oadr:oadrReport>
        <ei:venID>{ven}</ei:venID>""",
    )


def opt(kind="optOut", *, opt_id="O-1", event_id="E-1", number=0, ven="VEN-1", request="R-4") -> bytes:
    """A VEN opts out of an event, or in again."""
    return _message(
        "CreateOpt",
        f"""<ei:optID>{opt_id}</ei:optID><ei:optType>{kind}</ei:optType><ei:optReason>economic</ei:optReason>
        <ei:venID>{ven}</ei:venID><ei:createdDateTime>2026-12-01T15:00:00Z</ei:createdDateTime>
        <pyld:requestID>{request}</pyld:requestID>
        <ei:qualifiedEventID><ei:eventID>{event_id}</ei:eventID>
          <ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>
        <ei:eiTarget><ei:venID>{ven}</ei:venID></ei:eiTarget>""",
    )


def poll(ven="VEN-1") -> bytes:
    """A VEN asks for news."""
    return _message("Poll", f"<ei:venID>{ven}</ei:venID>")


def cancel_opt(opt_id="O-1", *, ven="VEN-1", request="R-7") -> bytes:
    """A VEN takes an opt back."""
    return _message(
        "CancelOpt",
        f"""<pyld:requestID>{request}</pyld:requestID><ei:optID>{opt_id}</ei:optID>
        <ei:venID>{ven}</ei:venID>""",
    )
