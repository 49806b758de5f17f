"""A VEN written to the standard: messages as text over HTTP, nothing else."""

import re
from datetime import UTC, datetime, timedelta

HEAD = (
    '<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"'
    ' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
    ' xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"'
    ' xmlns:emix="http://docs.oasis-open.org/ns/emix/2011/06"'
    ' xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power"'
    ' xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale"'
    ' xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0"'
    ' xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream"><oadr:oadrSignedObject>'
)
TAIL = "</oadr:oadrSignedObject></oadr:oadrPayload>"


def now():
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def stamp(start, minutes):
    return (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Answer:
    """What a VTN answered: its message type, the texts of its elements by local name, and its text."""

    def __init__(self, data):
        self.text = data.decode() if isinstance(data, bytes) else data
        found = re.search(r"<oadr:oadrSignedObject[^>]*>\s*<oadr:(\w+)", self.text)
        self.type = found[1] if found else ""

    def all(self, name):
        return re.findall(rf"<(?:\w+:)?{name}(?: [^>]*)?>([^<]*)</", self.text)

    def one(self, name):
        return next(iter(self.all(name)), "")

    @property
    def code(self):
        return self.one("responseCode")


class RawVen:
    """A VEN.

    ``post(service, bytes)`` carries a message and gives the body of the answer.
    """

    def __init__(self, post, ven_id="VEN-1"):
        self.post, self.ven_id, self.registration, self.count = post, ven_id, "", 0
        self.start = datetime(2026, 11, 1, tzinfo=UTC)

    def next(self):
        self.count += 1
        return f"{self.ven_id}-{self.count}"

    def send(self, service, body):
        return Answer(self.post(service, (HEAD + body + TAIL).encode()))

    def poll(self):
        body = f'<oadr:oadrPoll ei:schemaVersion="2.0b"><ei:venID>{self.ven_id}</ei:venID></oadr:oadrPoll>'
        return self.send("OadrPoll", body)

    def query(self):
        return self.send(
            "EiRegisterParty",
            '<oadr:oadrQueryRegistration ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID></oadr:oadrQueryRegistration>",
        )

    def register(self, *, address="", pull=True):
        registration = (
            f"<ei:registrationID>{self.registration}</ei:registrationID>" if self.registration else ""
        )
        where = f"<oadr:oadrTransportAddress>{address}</oadr:oadrTransportAddress>" if address else ""
        answer = self.send(
            "EiRegisterParty",
            '<oadr:oadrCreatePartyRegistration ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID>{registration}<ei:venID>{self.ven_id}</ei:venID>"
            "<oadr:oadrProfileName>2.0b</oadr:oadrProfileName>"
            f"<oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName>{where}"
            "<oadr:oadrReportOnly>false</oadr:oadrReportOnly><oadr:oadrXmlSignature>false</oadr:oadrXmlSignature>"
            f"<oadr:oadrVenName>raw</oadr:oadrVenName><oadr:oadrHttpPullModel>{str(pull).lower()}"
            "</oadr:oadrHttpPullModel></oadr:oadrCreatePartyRegistration>",
        )
        self.registration = answer.one("registrationID")
        return answer

    def cancel(self, registration=None):
        return self.send(
            "EiRegisterParty",
            '<oadr:oadrCancelPartyRegistration ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID>"
            f"<ei:registrationID>{registration or self.registration}</ei:registrationID>"
            f"<ei:venID>{self.ven_id}</ei:venID></oadr:oadrCancelPartyRegistration>",
        )

    def request_events(self):
        return self.send(
            "EiEvent",
            '<oadr:oadrRequestEvent ei:schemaVersion="2.0b"><pyld:eiRequestEvent>'
            f"<pyld:requestID>{self.next()}</pyld:requestID><ei:venID>{self.ven_id}</ei:venID>"
            "</pyld:eiRequestEvent></oadr:oadrRequestEvent>",
        )

    def created_event(self, event, number, request, opt="optIn"):
        response = f"<ei:responseCode>200</ei:responseCode><pyld:requestID>{request}</pyld:requestID>"
        return self.send(
            "EiEvent",
            '<oadr:oadrCreatedEvent ei:schemaVersion="2.0b"><pyld:eiCreatedEvent>'
            f"<ei:eiResponse>{response}</ei:eiResponse><ei:eventResponses><ei:eventResponse>{response}"
            f"<ei:qualifiedEventID><ei:eventID>{event}</ei:eventID>"
            f"<ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>"
            f"<ei:optType>{opt}</ei:optType></ei:eventResponse></ei:eventResponses>"
            f"<ei:venID>{self.ven_id}</ei:venID></pyld:eiCreatedEvent></oadr:oadrCreatedEvent>",
        )

    def register_reports(self, points=("power",), specifier="meters"):
        described = "".join(
            f"<oadr:oadrReportDescription><ei:rID>{name}</ei:rID><ei:reportType>usage</ei:reportType>"
            "<power:powerReal><power:itemDescription>RealPower</power:itemDescription>"
            "<power:itemUnits>W</power:itemUnits><scale:siScaleCode>none</scale:siScaleCode>"
            "<power:powerAttributes><power:hertz>50</power:hertz><power:voltage>230</power:voltage>"
            "<power:ac>true</power:ac></power:powerAttributes></power:powerReal>"
            "<ei:readingType>Direct Read</ei:readingType><oadr:oadrSamplingRate>"
            "<oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod><oadr:oadrMaxPeriod>PT1H</oadr:oadrMaxPeriod>"
            "<oadr:oadrOnChange>false</oadr:oadrOnChange></oadr:oadrSamplingRate></oadr:oadrReportDescription>"
            for name in points
        )
        return self.send(
            "EiReport",
            '<oadr:oadrRegisterReport ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID><oadr:oadrReport>"
            f"<xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>{described}"
            f"<ei:reportRequestID>0</ei:reportRequestID><ei:reportSpecifierID>{specifier}</ei:reportSpecifierID>"
            f"<ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName><ei:createdDateTime>{now()}"
            f"</ei:createdDateTime></oadr:oadrReport><ei:venID>{self.ven_id}</ei:venID>"
            "</oadr:oadrRegisterReport>",
        )

    def created_report(self, answers, *names):
        pending = "".join(f"<ei:reportRequestID>{name}</ei:reportRequestID>" for name in names)
        return self.send(
            "EiReport",
            '<oadr:oadrCreatedReport ei:schemaVersion="2.0b"><ei:eiResponse><ei:responseCode>200'
            f"</ei:responseCode><pyld:requestID>{answers}</pyld:requestID></ei:eiResponse>"
            f"<oadr:oadrPendingReports>{pending}</oadr:oadrPendingReports><ei:venID>{self.ven_id}</ei:venID>"
            "</oadr:oadrCreatedReport>",
        )

    def canceled_report(self, answers):
        return self.send(
            "EiReport",
            '<oadr:oadrCanceledReport ei:schemaVersion="2.0b"><ei:eiResponse><ei:responseCode>200'
            f"</ei:responseCode><pyld:requestID>{answers}</pyld:requestID></ei:eiResponse>"
            f"<oadr:oadrPendingReports/><ei:venID>{self.ven_id}</ei:venID></oadr:oadrCanceledReport>",
        )

    def report(self, request, values=(1.5,), point="power", specifier="meters"):
        intervals = "".join(
            "<ei:interval><xcal:dtstart>"
            f"<xcal:date-time>{stamp(self.start, n)}</xcal:date-time></xcal:dtstart>"
            "<xcal:duration><xcal:duration>PT1M</xcal:duration></xcal:duration>"
            f"<oadr:oadrReportPayload><ei:rID>{point}</ei:rID><ei:payloadFloat><ei:value>{value}</ei:value>"
            "</ei:payloadFloat></oadr:oadrReportPayload></ei:interval>"
            for n, value in enumerate(values)
        )
        return self.send(
            "EiReport",
            '<oadr:oadrUpdateReport ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID><oadr:oadrReport>"
            f"<xcal:dtstart><xcal:date-time>{stamp(self.start, 0)}</xcal:date-time></xcal:dtstart>"
            f"<strm:intervals>{intervals}</strm:intervals><ei:eiReportID>r-{self.next()}</ei:eiReportID>"
            f"<ei:reportRequestID>{request}</ei:reportRequestID>"
            f"<ei:reportSpecifierID>{specifier}</ei:reportSpecifierID><ei:reportName>TELEMETRY_USAGE"
            f"</ei:reportName><ei:createdDateTime>{now()}</ei:createdDateTime></oadr:oadrReport>"
            f"<ei:venID>{self.ven_id}</ei:venID></oadr:oadrUpdateReport>",
        )

    def opt(self, name, event, number, opt="optOut"):
        return self.send(
            "EiOpt",
            f'<oadr:oadrCreateOpt ei:schemaVersion="2.0b"><ei:optID>{name}</ei:optID><ei:optType>{opt}'
            f"</ei:optType><ei:optReason>economic</ei:optReason><ei:venID>{self.ven_id}</ei:venID>"
            f"<ei:createdDateTime>{now()}</ei:createdDateTime><pyld:requestID>{self.next()}</pyld:requestID>"
            f"<ei:qualifiedEventID><ei:eventID>{event}</ei:eventID><ei:modificationNumber>{number}"
            "</ei:modificationNumber></ei:qualifiedEventID><ei:eiTarget/></oadr:oadrCreateOpt>",
        )

    def schedule(self, name, start, opt="optOut"):
        return self.send(
            "EiOpt",
            f'<oadr:oadrCreateOpt ei:schemaVersion="2.0b"><ei:optID>{name}</ei:optID><ei:optType>{opt}'
            "</ei:optType><ei:optReason>x-schedule</ei:optReason>"
            f"<ei:venID>{self.ven_id}</ei:venID><xcal:vavailability><xcal:components><xcal:available>"
            f"<xcal:properties><xcal:dtstart><xcal:date-time>{start}</xcal:date-time></xcal:dtstart>"
            "<xcal:duration><xcal:duration>PT2H</xcal:duration></xcal:duration></xcal:properties>"
            "</xcal:available></xcal:components></xcal:vavailability>"
            f"<ei:createdDateTime>{now()}</ei:createdDateTime>"
            f"<pyld:requestID>{self.next()}</pyld:requestID><ei:eiTarget/></oadr:oadrCreateOpt>",
        )

    def cancel_opt(self, name):
        return self.send(
            "EiOpt",
            '<oadr:oadrCancelOpt ei:schemaVersion="2.0b">'
            f"<pyld:requestID>{self.next()}</pyld:requestID><ei:optID>{name}</ei:optID>"
            f"<ei:venID>{self.ven_id}</ei:venID></oadr:oadrCancelOpt>",
        )
