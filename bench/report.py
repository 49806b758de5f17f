"""A report of a hundred readings, of any VEN."""

_HEAD = (
    '<oadr:oadrUpdateReport ei:schemaVersion="2.0b" xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"'
    ' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
    ' xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"'
    ' xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0"'
    ' xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream">'
)


def report(ven: str, number: int, readings: int = 100) -> bytes:
    """Write an oadrUpdateReport.

    Args:
        ven: the venID.
        number: makes it differ from others: its day.
        readings: minutes of which it states the power.
    """
    day = f"20{20 + number // 336:02d}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"
    intervals = "".join(
        f"<ei:interval><xcal:dtstart><xcal:date-time>{day}T{n // 60:02d}:{n % 60:02d}:00Z</xcal:date-time>"
        "</xcal:dtstart><xcal:duration><xcal:duration>PT1M</xcal:duration></xcal:duration>"
        f"<xcal:uid><xcal:text>{n}</xcal:text></xcal:uid><oadr:oadrReportPayload><ei:rID>power</ei:rID>"
        f"<ei:payloadFloat><ei:value>{n % 17 + number % 5}.5</ei:value></ei:payloadFloat>"
        "</oadr:oadrReportPayload></ei:interval>"
        for n in range(readings)
    )
    return (
        f"{_HEAD}<pyld:requestID>R-{number}</pyld:requestID><oadr:oadrReport>"
        f"<xcal:dtstart><xcal:date-time>{day}T00:00:00Z</xcal:date-time></xcal:dtstart>"
        f"<strm:intervals>{intervals}</strm:intervals><ei:eiReportID>{number}</ei:eiReportID>"
        "<ei:reportRequestID>RR-1</ei:reportRequestID><ei:reportSpecifierID>USAGE</ei:reportSpecifierID>"
        "<ei:reportName>TELEMETRY_USAGE</ei:reportName>"
        f"<ei:createdDateTime>{day}T23:00:00Z</ei:createdDateTime></oadr:oadrReport>"
        f"<ei:venID>{ven}</ei:venID></oadr:oadrUpdateReport>"
    ).encode()
