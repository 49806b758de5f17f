"""Damage that only those see who know what was sent before; until then the payloads fit each other."""

from tests.mutation.damage import Damage, Kind, prepend, put, swap
from tests.mutation.kinds_signal import CUSTOM

_BEFORE = (
    "registration",
    "registration of another VEN",
    "end of the registration of another VEN",
    "plain event",
    "offer of power",
    "opt out of an event",
    "request for reports",
)
_UNSENT = tuple(name for name in _BEFORE if name != "plain event")
_POINT = "//ei:specifierPayload"


def _told(name: str, clause: str, payload: str, damage: Damage, speaks: str, *before: str) -> Kind:
    return Kind(name, clause, damage, speaks, within=_ROOTS[payload], only=payload, context=before or _BEFORE)


_ROOTS = {
    "poll": "oadrPoll",
    "end of a registration": "oadrCancelPartyRegistration",
    "plain event": "oadrEvent",
    "event changed": "oadrEvent",
    "answer to an opt": "oadrCreatedOpt",
    "opt out of an event": "oadrCreateOpt",
    "opt taken back": "oadrCancelOpt",
    "report of power": "oadrReport",
    "request for reports": "oadrReportRequest",
}
_REGISTERED = "a data point is asked for and reported as it was registered"

KINDS = [
    _told(
        "message of a VEN that nobody registered",
        "registration comes before all other services",
        "poll",
        put("//ei:venID", "VEN-9"),
        "register",
    ),
    _told(
        "message of a VEN whose registration has ended",
        "a party that cancelled its registration sends nothing more",
        "poll",
        put("//ei:venID", "VEN-2"),
        "register|cancel",
    ),
    _told(
        "registration ended that was never made",
        "registrationID is the one that the VTN gave to this VEN",
        "end of a registration",
        put("//ei:registrationID", "REG-9"),
        "registration",
    ),
    _told(
        "event for a VEN of somebody else",
        "a VTN sends events to the VENs that are registered with it",
        "plain event",
        put("//ei:eiTarget/ei:venID", "VEN-9"),
        "VEN|target",
        *_UNSENT,
    ),
    _told(
        "event for a resource that nobody has",
        "the targets of an event exist and belong to the VEN",
        "plain event",
        prepend("//ei:eiTarget", "<ei:resourceID>PUMP-9</ei:resourceID>"),
        "resource",
        *_UNSENT,
    ),
    _told(
        "answer to what was never asked",
        "requestID matches a response with its request",
        "answer to an opt",
        put("//pyld:requestID", "R-99"),
        "request",
    ),
    _told(
        "answer of another kind than the request",
        "requestID matches a response with its request: each request has its own kind of response",
        "answer to an opt",
        put("//pyld:requestID", "R-2"),
        "kind|request",
    ),
    _told(
        "event with a modification from before",
        "modificationNumber is incremented each time an event is modified",
        "event changed",
        put("//ei:modificationNumber", "1"),
        "modification",
        "registration",
        "event changed",
    ),
    _told(
        "event changed under the same modification number",
        "modificationNumber is incremented each time an event is modified",
        "plain event",
        put("//ei:signalPayload/ei:payloadFloat/ei:value", "2"),
        "modification|changed",
    ),
    _told(
        "opt out of an event that does not exist",
        "an opt names an event that the VTN has sent",
        "opt out of an event",
        put("//ei:eventID", "E-9"),
        "event",
    ),
    _told(
        "opt out of a modification that does not exist",
        "an opt names a modification that the VTN has sent",
        "opt out of an event",
        put("//ei:modificationNumber", "9"),
        "modification",
    ),
    _told(
        "opt taken back that was never made",
        "optID identifies an opt that was made",
        "opt taken back",
        put("//ei:optID", "O-9"),
        "opt",
    ),
    _told(
        "reading of a data point that was never offered",
        "rID is a reference to a data point of the metadata report",
        "report of power",
        put("//ei:rID", "heat"),
        "register|rID",
    ),
    _told(
        "request for another reading type than offered",
        _REGISTERED,
        "request for reports",
        put(f"{_POINT}/ei:readingType", "Peak"),
        "reading ?type",
    ),
    _told(
        "request for another kind of item than offered",
        _REGISTERED,
        "request for reports",
        swap(f"{_POINT}/power:powerReal", CUSTOM.format("RealPower", "W").replace("none", "k")),
        "item",
    ),
    _told(
        "request for another unit than offered",
        _REGISTERED,
        "request for reports",
        put(f"{_POINT}/power:powerReal/power:itemUnits", "J/s"),
        "unit",
    ),
    _told(
        "request for another scale than offered",
        _REGISTERED,
        "request for reports",
        put(f"{_POINT}/power:powerReal/scale:siScaleCode", "M"),
        "scale",
    ),
    Kind(
        "reading of a time to come",
        "only projections are of the future",
        put("//ei:interval/xcal:dtstart/xcal:date-time", "2099-01-01T00:00:00Z"),
        "future",
        within="oadrReport",
        level="told",
        now="2026-12-02T00:00:00+00:00",
        only="report of power",
        context=_BEFORE,
    ),
]
