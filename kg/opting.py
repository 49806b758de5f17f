"""An owner opts out of an event by the page: the message that its VEN would send."""

import secrets
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from kg.certificates import zulu

_OPT = """<oadr:oadrCreateOpt ei:schemaVersion="2.0b" xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"
 xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"
 xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads">
 <ei:optID>{opt}</ei:optID><ei:optType>optOut</ei:optType><ei:optReason>notParticipating</ei:optReason>
 <ei:venID>{party}</ei:venID><ei:createdDateTime>{now}</ei:createdDateTime>
 <pyld:requestID>{request}</pyld:requestID>
 <ei:qualifiedEventID><ei:eventID>{event}</ei:eventID>
 <ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>
 <ei:eiTarget><ei:venID>{party}</ei:venID></ei:eiTarget></oadr:oadrCreateOpt>"""


def opt_out(party: str, event: str, number: int) -> bytes:
    """Write the oadrCreateOpt by which a VEN opts out of an event.

    Args:
        party: its venID.
        event: the eventID.
        number: the modification number that it knows.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrCreateOpt.
    """
    return _OPT.format(
        opt=f"me-{secrets.token_hex(8)}",
        request=f"me-{secrets.token_hex(8)}",
        party=escape(party),
        event=escape(event),
        number=number,
        now=zulu(datetime.now(UTC).replace(microsecond=0)),
    ).encode()
