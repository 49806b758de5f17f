"""Damage to opts and availability."""

from tests.mutation.damage import Kind, after, drop, drop_all, each, put, twice
from tests.mutation.kinds_event import LENGTHS

_OPT = "//oadr:oadrCreateOpt"
_AVAILABLE = f"{_OPT}/xcal:vavailability/xcal:components/xcal:available"
_LENGTH = f"{_AVAILABLE}/xcal:properties/xcal:duration/xcal:duration"
_EVENT = (
    "<ei:qualifiedEventID><ei:eventID>event-1</ei:eventID><ei:modificationNumber>0</ei:modificationNumber>"
    "</ei:qualifiedEventID>"
)
_SCHEDULE = (
    "<xcal:vavailability><xcal:components><xcal:available><xcal:properties>"
    "<xcal:dtstart><xcal:date-time>2026-03-01T12:00:00Z</xcal:date-time></xcal:dtstart>"
    "<xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>"
    "</xcal:properties></xcal:available></xcal:components></xcal:vavailability>"
)
_EITHER = "event|schedule|vavailability|either|both"

KINDS = [
    *(
        Kind(
            f"availability {how}",
            "a duration is a length of time, not negative, and one that can be counted in seconds",
            put(_LENGTH, text),
            speaks,
            within="available",
            level="strict" if how in ("in months", "in years") else "core",
        )
        for how, (text, speaks) in LENGTHS.items()
    ),
    Kind(
        "opt out of an event and of a schedule at once",
        "an opt is about an event or about a schedule, not both",
        each(f"{_OPT}[xcal:vavailability][not(ei:qualifiedEventID)]", after("pyld:requestID", _EVENT)),
        _EITHER,
        within="oadrCreateOpt",
    ),
    Kind(
        "schedule added to the opt out of an event",
        "an opt is about an event or about a schedule, not both",
        each(f"{_OPT}[ei:qualifiedEventID][not(xcal:vavailability)]", after("ei:venID", _SCHEDULE)),
        _EITHER,
        within="oadrCreateOpt",
    ),
    Kind(
        "opt out of nothing",
        "an opt is about an event or about a schedule",
        drop(f"{_OPT}/xcal:vavailability | {_OPT}/ei:qualifiedEventID"),
        _EITHER,
        within="oadrCreateOpt",
    ),
    Kind(
        "schedule without a period",
        "a schedule has at least one period",
        drop_all(_AVAILABLE),
        "period|available|schedule",
        within="oadrCreateOpt",
    ),
    Kind(
        "availability of no length",
        "a period of availability lasts some time",
        put(_LENGTH, "PT0S"),
        "duration|positive|zero|length|0 seconds",
        within="available",
        level="strict",
    ),
    Kind(
        "availability that overlaps with another",
        "the periods of a schedule do not overlap",
        twice(_AVAILABLE, ("xcal:properties/xcal:duration/xcal:duration", "PT7S")),
        "overlap|begins before",
        within="oadrCreateOpt",
        level="strict",
    ),
    Kind(
        "availability there twice",
        "the periods of a schedule do not overlap",
        twice(_AVAILABLE),
        "overlap|begins before",
        within="oadrCreateOpt",
        level="strict",
    ),
    Kind(
        "reason of one's own",
        "an x- token means something only to those who have declared it",
        put(f"{_OPT}/ei:optReason", "x-whim"),
        "x-|reason|extension",
        within="oadrCreateOpt",
        level="strict",
    ),
    Kind(
        "device class that is a resource",
        "oadrDeviceClass has endDeviceAsset only",
        each(
            f"{_OPT}/oadr:oadrDeviceClass",
            after("power:endDeviceAsset", "<ei:resourceID>resource-1</ei:resourceID>"),
        ),
        "device class|endDeviceAsset|oadrDeviceClass",
        within="oadrCreateOpt",
        level="told",
    ),
    Kind(
        "device class of an event's signal that is a VEN",
        "the eiTarget of a signal is a device class: endDeviceAsset only",
        after(
            "//ei:eiEventSignal[not(ei:eiTarget)]/strm:intervals",
            "<ei:eiTarget><ei:venID>ven-1</ei:venID></ei:eiTarget>",
        ),
        "device class|endDeviceAsset",
        within="eiEventSignal",
        level="told",
    ),
    Kind(
        "subject of a report that is a resource",
        "reportSubject is a device class: endDeviceAsset only",
        after(
            "//oadr:oadrReportDescription[not(ei:reportSubject)]/ei:rID",
            "<ei:reportSubject><ei:resourceID>resource-1</ei:resourceID></ei:reportSubject>",
        ),
        "device class|endDeviceAsset",
        within="oadrReportDescription",
        level="told",
    ),
]
