"""Objects of OpenADR 3: the state of an event that is known last, the event of a report, and its client."""

from kg.comparisons import Comparison, Kind
from kg.fingerprint import fingerprint
from kg.known import text
from kg.literals import boolean, string

#: Kinds of message that are objects, by the name that the mapping file gives them.
_EVENTS = frozenset({"event", "eventRequest", "notification"})
_REPORTS = frozenset({"report", "reportRequest"})


def compare(c: Comparison) -> None:
    """State what is known of the things that an object names."""
    if c.message_type in _EVENTS:
        for version in c.values(c.message, "conveys"):
            for event in c.values(version, "versionOf"):
                _version(c, version, event)
    if c.message_type in _REPORTS:
        _event(c, c.text(c.message, "reportedEventID"))
        _client(c, next(iter(c.values(c.message, "ven")), ""), c.text(c.message, "venID"))


def _version(c: Comparison, version: str, event: str) -> None:
    current = c.known.current(event)
    if current is None:
        return
    c.focus(version, "EventVersionInContext", "modifiedAt")
    for time in current.get("modifiedAt", ()):
        c.say(version, "knownModifiedAt", time)
        digest = text(current, "eventDigest")
        if digest and [time] == c.values(version, "modifiedAt"):
            c.say(version, "asKnown", boolean(str(digest == fingerprint(c.facts, version)).lower()))


def _event(c: Comparison, name: str) -> None:
    if name and not c.known.events(name, set()):
        c.focus(c.message, "EventReferenceInContext")
        c.say(c.message, "eventID", string(name))
        c.missing(c.message, Kind.EVENT, "unknownEventID", name)


def _client(c: Comparison, ven: str, name: str) -> None:
    if name and not c.known.has_object(ven) and not c.known.registrations(ven):
        c.focus(c.message, "MessageInContext", "venID")
        c.missing(c.message, Kind.REGISTRATION, "unknownVenID", name)
