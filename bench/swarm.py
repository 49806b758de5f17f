"""Simulated VENs: asyncio, real HTTP over kept connections, on loopback only."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

_HEAD = (
    '<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"'
    ' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
    ' xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"'
    ' xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power"'
    ' xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale"'
    ' xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0"'
    ' xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream"><oadr:oadrSignedObject>'
)
_TAIL = "</oadr:oadrSignedObject></oadr:oadrPayload>"
_VERSION = 'ei:schemaVersion="2.0b"'
#: Seconds that an answer may take before the measurement fails.
_PATIENCE = 60.0


def poll(ven: str) -> bytes:
    """Make a poll."""
    return f"{_HEAD}<oadr:oadrPoll {_VERSION}><ei:venID>{ven}</ei:venID></oadr:oadrPoll>{_TAIL}".encode()


def registration(ven: str) -> bytes:
    """Make an oadrCreatePartyRegistration."""
    return (
        f"{_HEAD}<oadr:oadrCreatePartyRegistration {_VERSION}><pyld:requestID>reg-{ven}</pyld:requestID>"
        f"<ei:venID>{ven}</ei:venID><oadr:oadrProfileName>2.0b</oadr:oadrProfileName>"
        "<oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName><oadr:oadrReportOnly>false"
        "</oadr:oadrReportOnly><oadr:oadrXmlSignature>false</oadr:oadrXmlSignature>"
        f"<oadr:oadrVenName>{ven}</oadr:oadrVenName><oadr:oadrHttpPullModel>true</oadr:oadrHttpPullModel>"
        f"</oadr:oadrCreatePartyRegistration>{_TAIL}"
    ).encode()


def offer(ven: str) -> bytes:
    """Make an oadrRegisterReport of one data point."""
    return (
        f"{_HEAD}<oadr:oadrRegisterReport {_VERSION}><pyld:requestID>offer-{ven}</pyld:requestID>"
        "<oadr:oadrReport><xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>"
        "<oadr:oadrReportDescription><ei:rID>power</ei:rID><ei:reportType>usage</ei:reportType>"
        "<power:powerReal><power:itemDescription>RealPower</power:itemDescription><power:itemUnits>W"
        "</power:itemUnits><scale:siScaleCode>none</scale:siScaleCode><power:powerAttributes><power:hertz>50"
        "</power:hertz><power:voltage>230</power:voltage><power:ac>true</power:ac></power:powerAttributes>"
        "</power:powerReal><ei:readingType>Direct Read</ei:readingType><oadr:oadrSamplingRate>"
        "<oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod><oadr:oadrMaxPeriod>PT1H</oadr:oadrMaxPeriod>"
        "<oadr:oadrOnChange>false</oadr:oadrOnChange></oadr:oadrSamplingRate></oadr:oadrReportDescription>"
        "<ei:reportRequestID>0</ei:reportRequestID><ei:reportSpecifierID>meters</ei:reportSpecifierID>"
        "<ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName><ei:createdDateTime>2026-11-01T00:00:00Z"
        f"</ei:createdDateTime></oadr:oadrReport><ei:venID>{ven}</ei:venID></oadr:oadrRegisterReport>{_TAIL}"
    ).encode()


def created_event(ven: str, event: str, number: str, request: str) -> bytes:
    """Make an oadrCreatedEvent that opts in."""
    response = f"<ei:responseCode>200</ei:responseCode><pyld:requestID>{request}</pyld:requestID>"
    return (
        f"{_HEAD}<oadr:oadrCreatedEvent {_VERSION}><pyld:eiCreatedEvent><ei:eiResponse>{response}"
        f"</ei:eiResponse><ei:eventResponses><ei:eventResponse>{response}<ei:qualifiedEventID><ei:eventID>"
        f"{event}</ei:eventID><ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>"
        "<ei:optType>optIn</ei:optType></ei:eventResponse></ei:eventResponses>"
        f"<ei:venID>{ven}</ei:venID></pyld:eiCreatedEvent></oadr:oadrCreatedEvent>{_TAIL}"
    ).encode()


def report(ven: str, request: str, number: int) -> bytes:
    """Make an oadrUpdateReport of 24 readings."""
    day = f"2026-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
    intervals = "".join(
        f"<ei:interval><xcal:dtstart><xcal:date-time>{day}T{hour:02}:00:00Z</xcal:date-time></xcal:dtstart>"
        "<xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration><oadr:oadrReportPayload>"
        f"<ei:rID>power</ei:rID><ei:payloadFloat><ei:value>{number + hour}</ei:value></ei:payloadFloat>"
        "</oadr:oadrReportPayload></ei:interval>"
        for hour in range(24)
    )
    return (
        f"{_HEAD}<oadr:oadrUpdateReport {_VERSION}><pyld:requestID>u-{ven}-{number}</pyld:requestID>"
        f"<oadr:oadrReport><xcal:dtstart><xcal:date-time>{day}T00:00:00Z</xcal:date-time></xcal:dtstart>"
        f"<strm:intervals>{intervals}</strm:intervals><ei:eiReportID>r-{number}</ei:eiReportID>"
        f"<ei:reportRequestID>{request}</ei:reportRequestID><ei:reportSpecifierID>meters"
        "</ei:reportSpecifierID><ei:reportName>TELEMETRY_USAGE</ei:reportName><ei:createdDateTime>"
        f"2026-11-01T00:00:00Z</ei:createdDateTime></oadr:oadrReport><ei:venID>{ven}</ei:venID>"
        f"</oadr:oadrUpdateReport>{_TAIL}"
    ).encode()


class Connection:
    """One kept HTTP connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, service: str, body: bytes) -> bytes:
        """Post a message; gives the body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST /OpenADR2/Simple/2.0b/{service} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        try:
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)
        except (asyncio.IncompleteReadError, ConnectionError):  # the server gave up an idle connection
            self._streams = None
            return await self.post(service, body)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        found = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        return await asyncio.wait_for(reader.readexactly(int(found[1])), _PATIENCE) if found else b""

    async def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()


async def rate(
    port: int, connections: int, seconds: float, work: Callable[[Connection, int], Awaitable[object]]
) -> float:
    """Do work over connections for a while; gives how often it was done a second.

    Args:
        port: where the server listens.
        connections: how many at a time.
        seconds: how long.
        work: one piece of work, from a connection and its number.
    """
    end, done = perf_counter() + seconds, 0

    async def go(number: int) -> None:
        nonlocal done
        one = Connection(port)
        while perf_counter() < end:
            await work(one, number)
            done += 1
        await one.close()

    begin = perf_counter()
    await asyncio.gather(*(go(number) for number in range(connections)))
    return done / (perf_counter() - begin)


def flexkg(store: Path, *arguments: str) -> tuple[str, ...]:
    """Give the command of a FlexKG VTN over a store."""
    code = "from kg.cli import main; main()"
    return ("-c", code, "serve", "--store", str(store), "--vtn", "VTN-1", "--port", "0", *arguments)


#: A stock openleadr VTN that knows every VEN, as a program.
STOCK = """
import asyncio, socket
from datetime import timedelta
from openleadr import OpenADRServer
async def main():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    server = OpenADRServer(vtn_id="STOCK", http_port=port)
    server.ven_lookup = lambda ven_id: {"ven_id": ven_id, "registration_id": "R", "fingerprint": None}
    async def register(_):
        return "VEN-0", "R"
    server.add_handler("on_create_party_registration", register)
    await server.run_async()
    print(f"ready 127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
