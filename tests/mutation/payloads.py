"""The undamaged payloads: openleadr's, the benchmark's, those of other tests, made here, and published."""

from functools import cache
from random import Random

from lxml import etree

from bench.payloads import KINDS, fresh
from kg.schema import schema_for
from tests.messages import event, opt, poll, register, report
from tests.mutation.damage import NAMESPACES
from tests.openleadr_messages import MESSAGES, message
from tests.paths import PAYLOADS

_DECLARATIONS = " ".join(f'xmlns:{prefix}="{iri}"' for prefix, iri in NAMESPACES.items())

_BASELINE = """<ei:eiEventBaseline>
<xcal:dtstart><xcal:date-time>2026-12-01T16:00:00Z</xcal:date-time></xcal:dtstart>
<xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration><strm:intervals>{}</strm:intervals>
<ei:baselineID>B-1</ei:baselineID><ei:resourceID>PUMP-1</ei:resourceID><ei:baselineName>usual</ei:baselineName>
<power:powerReal><power:itemDescription>RealPower</power:itemDescription><power:itemUnits>W</power:itemUnits>
<scale:siScaleCode>k</scale:siScaleCode><power:powerAttributes><power:hertz>50</power:hertz>
<power:voltage>230</power:voltage><power:ac>true</power:ac></power:powerAttributes></power:powerReal>
</ei:eiEventBaseline></ei:eiEventSignals>""".format(
    "".join(
        "<ei:interval><xcal:duration><xcal:duration>PT30M</xcal:duration></xcal:duration>"
        f"<xcal:uid><xcal:text>{n}</xcal:text></xcal:uid><ei:signalPayload><ei:payloadFloat>"
        f"<ei:value>{7 + n}</ei:value></ei:payloadFloat></ei:signalPayload></ei:interval>"
        for n in range(2)
    )
)
_LOAD = """<oadr:oadrLoadControlState><oadr:oadrCapacity><oadr:oadrMin>0</oadr:oadrMin>
<oadr:oadrMax>1</oadr:oadrMax><oadr:oadrCurrent>0.5</oadr:oadrCurrent></oadr:oadrCapacity>
</oadr:oadrLoadControlState></oadr:oadrPayloadResourceStatus>"""
_STATUS = f"""<pyld:requestID>R-5</pyld:requestID><oadr:oadrReport>
<xcal:dtstart><xcal:date-time>2026-12-01T16:00:00Z</xcal:date-time></xcal:dtstart><strm:intervals><ei:interval>
<xcal:dtstart><xcal:date-time>2026-12-01T16:00:00Z</xcal:date-time></xcal:dtstart>
<xcal:duration><xcal:duration>PT15M</xcal:duration></xcal:duration><xcal:uid><xcal:text>0</xcal:text></xcal:uid>
<oadr:oadrReportPayload><ei:rID>state</ei:rID><oadr:oadrPayloadResourceStatus>
<oadr:oadrOnline>true</oadr:oadrOnline><oadr:oadrManualOverride>false</oadr:oadrManualOverride>{_LOAD}
<oadr:oadrDataQuality>Quality Good - Non Specific</oadr:oadrDataQuality></oadr:oadrReportPayload>
</ei:interval></strm:intervals><ei:eiReportID>RP-2</ei:eiReportID><ei:reportRequestID>RR-2</ei:reportRequestID>
<ei:reportSpecifierID>STATUS</ei:reportSpecifierID><ei:reportName>TELEMETRY_STATUS</ei:reportName>
<ei:createdDateTime>2026-12-01T17:00:00Z</ei:createdDateTime></oadr:oadrReport><ei:venID>VEN-1</ei:venID>"""
_OFFER = """<pyld:requestID>R-6</pyld:requestID><oadr:oadrReport>
<xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration><oadr:oadrReportDescription>
<ei:rID>state</ei:rID><ei:reportDataSource><ei:resourceID>PUMP-1</ei:resourceID></ei:reportDataSource>
<ei:reportType>x-resourceStatus</ei:reportType><ei:readingType>x-notApplicable</ei:readingType>
<oadr:oadrSamplingRate><oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod><oadr:oadrMaxPeriod>PT15M</oadr:oadrMaxPeriod>
<oadr:oadrOnChange>true</oadr:oadrOnChange></oadr:oadrSamplingRate></oadr:oadrReportDescription>
<ei:reportRequestID>0</ei:reportRequestID><ei:reportSpecifierID>STATUS</ei:reportSpecifierID>
<ei:reportName>METADATA_TELEMETRY_STATUS</ei:reportName>
<ei:createdDateTime>2026-12-01T08:00:00Z</ei:createdDateTime></oadr:oadrReport><ei:venID>VEN-1</ei:venID>"""
_TARGETS = """<ei:eiTarget><power:aggregatedPnode><power:node>zone-1</power:node></power:aggregatedPnode>
<power:endDeviceAsset><power:mrid>Pump</power:mrid></power:endDeviceAsset>
<power:meterAsset><power:mrid>meter-1</power:mrid></power:meterAsset>
<power:pnode><power:node>node-1</power:node></power:pnode>
<power:serviceDeliveryPoint><power:node>point-1</power:node></power:serviceDeliveryPoint>
<power:transportInterface><power:pointOfReceipt>here</power:pointOfReceipt>
<power:pointOfDelivery>there</power:pointOfDelivery></power:transportInterface><ei:groupID>group-1</ei:groupID>
<ei:groupName>pumps</ei:groupName><ei:resourceID>PUMP-1</ei:resourceID><ei:venID>VEN-1</ei:venID>
<ei:partyID>party-1</ei:partyID></ei:eiTarget>"""
_OK = (
    "<ei:eiResponse><ei:responseCode>200</ei:responseCode><pyld:requestID>{}</pyld:requestID></ei:eiResponse>"
)
_REGISTERED = """<ei:registrationID>REG-{0}</ei:registrationID><ei:venID>VEN-{0}</ei:venID>
<ei:vtnID>VTN-1</ei:vtnID><oadr:oadrProfiles><oadr:oadrProfile><oadr:oadrProfileName>2.0b</oadr:oadrProfileName>
<oadr:oadrTransports><oadr:oadrTransport><oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName>
</oadr:oadrTransport></oadr:oadrTransports></oadr:oadrProfile></oadr:oadrProfiles>"""
_ENDED = """<pyld:requestID>R-8{0}</pyld:requestID><ei:registrationID>REG-{0}</ei:registrationID>
<ei:venID>VEN-{0}</ei:venID>"""
_TAKEN_BACK = "<pyld:requestID>R-9</pyld:requestID><ei:optID>O-1</ei:optID><ei:venID>VEN-1</ei:venID>"
_REQUEST = """<pyld:requestID>R-10</pyld:requestID><oadr:oadrReportRequest>
<ei:reportRequestID>RR-1</ei:reportRequestID><ei:reportSpecifier>
<ei:reportSpecifierID>USAGE</ei:reportSpecifierID>
<xcal:granularity><xcal:duration>PT15M</xcal:duration></xcal:granularity>
<ei:reportBackDuration><xcal:duration>PT1H</xcal:duration></ei:reportBackDuration>
<ei:specifierPayload><ei:rID>power</ei:rID><power:powerReal>
<power:itemDescription>RealPower</power:itemDescription><power:itemUnits>W</power:itemUnits>
<scale:siScaleCode>k</scale:siScaleCode><power:powerAttributes><power:hertz>50</power:hertz>
<power:voltage>230</power:voltage><power:ac>true</power:ac></power:powerAttributes></power:powerReal>
<ei:readingType>Mean</ei:readingType></ei:specifierPayload></ei:reportSpecifier></oadr:oadrReportRequest>
<ei:venID>VEN-1</ei:venID>"""
_REFUSED = """<ei:eiResponse><ei:responseCode>454</ei:responseCode>
<ei:responseDescription>the event is unknown</ei:responseDescription><pyld:requestID>R-7</pyld:requestID>
</ei:eiResponse><ei:venID>VEN-1</ei:venID>"""


def _message(name: str, body: str) -> bytes:
    return f'<oadr:{name} {_DECLARATIONS} ei:schemaVersion="2.0b">{body}</oadr:{name}>'.encode()


def _ready() -> dict[str, bytes]:
    made = {f"openleadr {name}": message(name) for name in MESSAGES}
    for name in KINDS:
        for size in (1, 3):
            made[f"bench {name} {size}"] = fresh(name, size, 1, Random(size))[0]
    plain = event()
    active = plain.replace(b">far<", b">active<").replace(b"<ei:value>0<", b"<ei:value>1<")
    made |= {
        "plain event": plain,
        "event under way": active,
        "event for targets of every kind": plain.replace(
            b"<ei:eiTarget><ei:venID>VEN-1</ei:venID></ei:eiTarget>", _TARGETS.encode()
        ),
        "event with a baseline": plain.replace(b"</ei:eiEventSignals>", _BASELINE.encode()),
        "offer of power": register(),
        "report of power": report("1.5", "2.5", "3.5"),
        "offer of a status": _message("oadrRegisterReport", _OFFER),
        "report of a status": _message("oadrUpdateReport", _STATUS),
        "opt out of an event": opt(),
        "registration": _message("oadrCreatedPartyRegistration", _OK.format("R-0") + _REGISTERED.format(1)),
        "registration of another VEN": _message(
            "oadrCreatedPartyRegistration", _OK.format("R-00") + _REGISTERED.format(2)
        ),
        "end of a registration": _message("oadrCancelPartyRegistration", _ENDED.format(1)),
        "end of the registration of another VEN": _message("oadrCancelPartyRegistration", _ENDED.format(2)),
        "poll": poll(),
        "event changed": event(3),
        "answer to an opt": _message("oadrCreatedOpt", _OK.format("R-4") + "<ei:optID>O-1</ei:optID>"),
        "opt taken back": _message("oadrCancelOpt", _TAKEN_BACK),
        "request for reports": _message("oadrCreateReport", _REQUEST),
        "refusal": _message("oadrResponse", _REFUSED),
    }
    return made


@cache
def ready() -> dict[str, bytes]:
    """Payloads that are there without the reference data."""
    return _ready()


@cache
def published() -> dict[str, bytes]:
    """Payloads of profile 2.0b that others have published, those that are schema-valid."""
    schema = schema_for("2.0b")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    found = {}
    for path in sorted((PAYLOADS / "2.0b").rglob("*.xml")):
        data = path.read_bytes()
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError:
            continue
        if schema.validate(root):
            found[path.relative_to(PAYLOADS / "2.0b").as_posix()] = data
    return found
