"""Payloads of four message types in any size, with new identifiers, times and values each time.

Caches that remember a value must not make a check look faster than it is for messages that never come twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

_SPACES: Final = (
    'xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07" '
    'xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110" '
    'xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads" '
    'xmlns:emix="http://docs.oasis-open.org/ns/emix/2011/06" '
    'xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power" '
    'xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale" '
    'xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0" '
    'xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream" '
    'ei:schemaVersion="2.0b"'
)
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_POWER: Final = (
    "<power:powerReal><power:itemDescription>RealPower</power:itemDescription>"
    "<power:itemUnits>W</power:itemUnits><scale:siScaleCode>k</scale:siScaleCode><power:powerAttributes>"
    "<power:hertz>50</power:hertz><power:voltage>230</power:voltage><power:ac>true</power:ac>"
    "</power:powerAttributes></power:powerReal>"
)


def poll(_size: int, random: Random) -> bytes:
    """Write an oadrPoll; it has one size.

    >>> poll(1, Random(0)).decode()[-15:]
    '/oadr:oadrPoll>'
    """
    return _message("oadrPoll", f"<ei:venID>{_name(random, 'ven')}</ei:venID>")


def distribute_event(size: int, random: Random) -> bytes:
    """Write an oadrDistributeEvent of so many events, each with two signals of four intervals."""
    vtn = _name(random, "vtn")
    events = "".join(_event(random) for _ in range(size))
    head = f"<pyld:requestID>{_name(random, 'req')}</pyld:requestID><ei:vtnID>{vtn}</ei:vtnID>"
    return _message("oadrDistributeEvent", head + events)


def update_report(size: int, random: Random) -> bytes:
    """Write an oadrUpdateReport of so many readings, one for each interval of a minute."""
    start, series = _time(random), [_name(random, "rid") for _ in range(4)]
    intervals = "".join(
        f"<ei:interval><xcal:dtstart><xcal:date-time>{_utc(start + timedelta(minutes=n))}</xcal:date-time>"
        "</xcal:dtstart><xcal:duration><xcal:duration>PT1M</xcal:duration></xcal:duration>"
        f"<xcal:uid><xcal:text>{n}</xcal:text></xcal:uid>"
        f"<oadr:oadrReportPayload><ei:rID>{random.choice(series)}</ei:rID>"
        f"<ei:confidence>{random.randint(1, 100)}</ei:confidence>"
        f"<ei:payloadFloat><ei:value>{random.uniform(0, 9000):.3f}</ei:value></ei:payloadFloat>"
        "<oadr:oadrDataQuality>Quality Good - Non Specific</oadr:oadrDataQuality>"
        "</oadr:oadrReportPayload></ei:interval>"
        for n in range(size)
    )
    report = (
        f"<oadr:oadrReport><xcal:dtstart><xcal:date-time>{_utc(start)}</xcal:date-time></xcal:dtstart>"
        f"<xcal:duration><xcal:duration>PT{size}M</xcal:duration></xcal:duration>"
        f"<strm:intervals>{intervals}</strm:intervals>"
        f"<ei:eiReportID>{_name(random, 'report')}</ei:eiReportID>"
        f"<ei:reportRequestID>{_name(random, 'request')}</ei:reportRequestID>"
        f"<ei:reportSpecifierID>{_name(random, 'specifier')}</ei:reportSpecifierID>"
        "<ei:reportName>TELEMETRY_USAGE</ei:reportName>"
        f"<ei:createdDateTime>{_utc(start + timedelta(minutes=size))}</ei:createdDateTime></oadr:oadrReport>"
    )
    head = f"<pyld:requestID>{_name(random, 'req')}</pyld:requestID>"
    return _message("oadrUpdateReport", f"{head}{report}<ei:venID>{_name(random, 'ven')}</ei:venID>")


def register_report(size: int, random: Random) -> bytes:
    """Write an oadrRegisterReport that describes so many data points."""
    descriptions = "".join(
        f"<oadr:oadrReportDescription><ei:rID>{_name(random, 'rid')}</ei:rID>"
        f"<ei:reportDataSource><ei:resourceID>{_name(random, 'resource')}</ei:resourceID>"
        f"</ei:reportDataSource><ei:reportType>usage</ei:reportType>{_POWER}"
        "<ei:readingType>Direct Read</ei:readingType>"
        f"<emix:marketContext>http://market.example/{_name(random, 'context')}</emix:marketContext>"
        "<oadr:oadrSamplingRate><oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod>"
        f"<oadr:oadrMaxPeriod>PT{random.randint(2, 59)}M</oadr:oadrMaxPeriod>"
        "<oadr:oadrOnChange>false</oadr:oadrOnChange></oadr:oadrSamplingRate></oadr:oadrReportDescription>"
        for _ in range(size)
    )
    report = (
        f"<oadr:oadrReport><xcal:duration><xcal:duration>P1D</xcal:duration></xcal:duration>{descriptions}"
        "<ei:reportRequestID>0</ei:reportRequestID>"
        f"<ei:reportSpecifierID>{_name(random, 'specifier')}</ei:reportSpecifierID>"
        "<ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName>"
        f"<ei:createdDateTime>{_utc(_time(random))}</ei:createdDateTime></oadr:oadrReport>"
    )
    head = f"<pyld:requestID>{_name(random, 'req')}</pyld:requestID>"
    return _message("oadrRegisterReport", f"{head}{report}<ei:venID>{_name(random, 'ven')}</ei:venID>")


#: Writers by message type, and the sizes that are measured, each ten times the one before.
KINDS: Final[dict[str, tuple[Callable[[int, Random], bytes], tuple[int, ...]]]] = {
    "oadrPoll": (poll, (1,)),
    "oadrDistributeEvent": (distribute_event, (1, 10, 100)),
    "oadrUpdateReport": (update_report, (10, 100, 1000)),
    "oadrRegisterReport": (register_report, (1, 10, 100)),
}


def fresh(kind: str, size: int, count: int, random: Random) -> list[bytes]:
    """Write payloads of one message type and size that differ in every identifier, time and value.

    Args:
        kind: one of ``KINDS``.
        size: events, readings or data points in each.
        count: how many payloads.
        random: the source of what is new.
    """
    write = KINDS[kind][0]
    return [write(size, random) for _ in range(count)]


def _message(root: str, body: str) -> bytes:
    return f"<oadr:{root} {_SPACES}>{body}</oadr:{root}>".encode()


def _name(random: Random, stem: str) -> str:
    return f"{stem}-{random.getrandbits(48):012x}"


def _time(random: Random) -> datetime:
    return _START + timedelta(minutes=random.randrange(500_000))


def _utc(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(random: Random) -> str:
    start, minutes = _time(random), random.randint(2, 60)
    created = start - timedelta(minutes=random.randint(600, 6000))
    price = (
        "<oadr:currencyPerKWh><oadr:itemDescription>currencyPerKWh</oadr:itemDescription>"
        "<oadr:itemUnits>EUR</oadr:itemUnits><scale:siScaleCode>none</scale:siScaleCode></oadr:currencyPerKWh>"
    )
    return (
        "<oadr:oadrEvent><ei:eiEvent><ei:eventDescriptor>"
        f"<ei:eventID>{_name(random, 'event')}</ei:eventID>"
        "<ei:modificationNumber>0</ei:modificationNumber><ei:priority>1</ei:priority><ei:eiMarketContext>"
        f"<emix:marketContext>http://market.example/{_name(random, 'context')}</emix:marketContext>"
        f"</ei:eiMarketContext><ei:createdDateTime>{_utc(created)}</ei:createdDateTime>"
        "<ei:eventStatus>far</ei:eventStatus><ei:testEvent>false</ei:testEvent></ei:eventDescriptor>"
        "<ei:eiActivePeriod><xcal:properties>"
        f"<xcal:dtstart><xcal:date-time>{_utc(start)}</xcal:date-time></xcal:dtstart>"
        f"<xcal:duration><xcal:duration>PT{4 * minutes}M</xcal:duration></xcal:duration>"
        "</xcal:properties><xcal:components/></ei:eiActivePeriod><ei:eiEventSignals>"
        + _signal(random, minutes, "SIMPLE", "level", "", lambda: str(random.randint(0, 3)))
        + _signal(
            random, minutes, "ELECTRICITY_PRICE", "price", price, lambda: f"{random.uniform(0.01, 0.9):.5f}"
        )
        + f"</ei:eiEventSignals><ei:eiTarget><ei:venID>{_name(random, 'ven')}</ei:venID></ei:eiTarget>"
        "</ei:eiEvent><oadr:oadrResponseRequired>always</oadr:oadrResponseRequired></oadr:oadrEvent>"
    )


def _signal(random: Random, minutes: int, name: str, kind: str, item: str, value: Callable[[], str]) -> str:
    intervals = "".join(
        f"<ei:interval><xcal:duration><xcal:duration>PT{minutes}M</xcal:duration></xcal:duration>"
        f"<xcal:uid><xcal:text>{n}</xcal:text></xcal:uid><ei:signalPayload><ei:payloadFloat>"
        f"<ei:value>{value()}</ei:value></ei:payloadFloat></ei:signalPayload></ei:interval>"
        for n in range(4)
    )
    return (
        f"<ei:eiEventSignal><strm:intervals>{intervals}</strm:intervals>"
        f"<ei:signalName>{name}</ei:signalName><ei:signalType>{kind}</ei:signalType>"
        f"<ei:signalID>{_name(random, 'signal')}</ei:signalID>{item}<ei:currentValue><ei:payloadFloat>"
        "<ei:value>0</ei:value></ei:payloadFloat></ei:currentValue></ei:eiEventSignal>"
    )
