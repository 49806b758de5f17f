"""Damage to events: descriptor, status, lengths of time."""

from tests.mutation.damage import Damage, Kind, drop_all, each, put, twice

_DESCRIPTOR = "//ei:eventDescriptor"
_PERIOD = "//ei:eiActivePeriod/xcal:properties"
_INTERVAL = "//ei:eiEventSignal/strm:intervals/ei:interval"
_BASELINE = "//ei:eiEventBaseline"
_LENGTH = "xcal:duration/xcal:duration"

#: A time before all payloads.
BEFORE_ALL = "2001-01-01T00:00:00+00:00"

#: Durations that the schema lets through and that are no length of time, or a negative one.
LENGTHS = {
    "negative": ("-PT5M", "negative"),
    "in months": ("P2M", "month|year"),
    "in years": ("P1Y", "month|year"),
    "without any unit": ("PT", "malformed"),
    "of nothing at all": ("P", "malformed"),
}
#: Where an event has durations, with the element in which the finding may point.
DURATIONS = {
    "duration of the active period": (f"{_PERIOD}/{_LENGTH}", "eiActivePeriod"),
    "duration of a signal's interval": (f"{_INTERVAL}/{_LENGTH}", "interval"),
    "duration of the baseline": (f"{_BASELINE}/{_LENGTH}", "eiEventBaseline"),
    "duration of a baseline's interval": (f"{_BASELINE}/strm:intervals/ei:interval/{_LENGTH}", "interval"),
    "notification": (f"{_PERIOD}/ei:x-eiNotification/xcal:duration", "eiActivePeriod"),
    "ramp-up": (f"{_PERIOD}/ei:x-eiRampUp/xcal:duration", "eiActivePeriod"),
    "recovery": (f"{_PERIOD}/ei:x-eiRecovery/xcal:duration", "eiActivePeriod"),
    "tolerance": (f"{_PERIOD}/xcal:tolerance/xcal:tolerate/xcal:startafter", "eiActivePeriod"),
}


def _level(how: str, what: str) -> str:
    """One of months is legal and unusable; the standard does not define what a sign before a ramp means."""
    unclear = how == "negative" and what in ("ramp-up", "recovery")
    return "strict" if how in ("in months", "in years") or unclear else "core"


def _other_event(*edits: tuple[str, str]) -> Damage:
    return twice("//oadr:oadrEvent", *edits)


KINDS = [
    *(
        Kind(
            f"{what} {how}",
            "a duration is a length of time, not negative, and one that can be counted in seconds",
            put(path, text),
            speaks,
            within=within,
            level=_level(how, what),
        )
        for what, (path, within) in DURATIONS.items()
        for how, (text, speaks) in LENGTHS.items()
    ),
    Kind(
        "event there twice in one message",
        "a message has an event once: eventID is unique for a VTN",
        _other_event(),
        "once|twice|same|unique|repeat|more than",
        within="oadrDistributeEvent",
    ),
    Kind(
        "event there in two modifications in one message",
        "a message has an event in its last modification only",
        _other_event(("ei:eiEvent/ei:eventDescriptor/ei:modificationNumber", "7")),
        "once|twice|same|unique|repeat|more than|two",
        within="oadrDistributeEvent",
        level="strict",
    ),
    Kind(
        "cancelled in modification 0",
        "cancelling modifies the event, and modificationNumber grows with each modification",
        each(
            _DESCRIPTOR,
            put("ei:eventStatus", "cancelled"),
            before=(put("ei:modificationNumber", "0"),),
        ),
        "cancel",
        within="oadrEvent",
    ),
    Kind(
        "test event marked with an odd word",
        "anything other than false makes a test event; a word that is neither is a doubtful mark",
        put(f"{_DESCRIPTOR}/ei:testEvent", "perhaps"),
        "test",
        level="told",
    ),
    Kind(
        "programme that is no absolute URI",
        "marketContext is a URI that identifies a programme",
        put(f"{_DESCRIPTOR}/ei:eiMarketContext/emix:marketContext", "programme one"),
        "URI|IRI|marketContext|market context",
        level="told",
    ),
    Kind(
        "target left empty",
        "an event names what it is for; an empty eiTarget leaves that open",
        drop_all("//ei:eiEvent/ei:eiTarget/*"),
        "target",
        level="told",
        within="oadrEvent",
    ),
    *(
        Kind(
            f"event {status} {when}",
            "the status of an event fits the time: far and near before it, active in it, completed after it",
            each(
                "//ei:eiEvent[not(ei:eventDescriptor/ei:eventStatus='cancelled')]",
                put("ei:eventDescriptor/ei:eventStatus", status),
                put("ei:eiActivePeriod/xcal:properties/xcal:dtstart/xcal:date-time", start),
                before=(put("ei:eventDescriptor/ei:eventStatus", "none"),),
            ),
            "eventStatus|event status",
            within="oadrEvent",
            now=BEFORE_ALL,
        )
        for status, when, start in (
            ("completed", "before it begins", "2097-01-01T00:00:00Z"),
            ("active", "before it begins", "2097-01-01T00:00:00Z"),
            ("far", "after it began", "1990-01-01T00:00:00Z"),
            ("near", "after it began", "1990-01-01T00:00:00Z"),
        )
    ),
]
