"""Events and what refers to them: the version known last, its number, its status; opts and answers."""

from kg.comparisons import Comparison, Kind, parties
from kg.fingerprint import fingerprint
from kg.graphs import lexical
from kg.known import Node, text
from kg.literals import boolean, integer, string
from kg.namespaces import VOCAB
from kg.times import moment

_STATUS = f"<{VOCAB}eventStatus/"
_OVER = frozenset({f"{_STATUS}completed>", f"{_STATUS}cancelled>"})
_OUT = f"<{VOCAB}optType/optOut>"


def versions(c: Comparison) -> None:
    """State, of each event that the message distributes, what is known of it."""
    for version in c.values(c.message, "conveys"):
        if c.text(version, "modificationNumber") == "" or not c.values(version, "versionOf"):
            continue
        _version(c, version)
        parties.children(c, version)
        vens = [ven for target in c.values(version, "target") for ven in c.values(target, "ven")]
        parties.resources(c, version, vens)


def _version(c: Comparison, version: str) -> None:
    event = c.values(version, "versionOf")[0]
    current = c.known.current(event)
    if current is None:
        number = c.text(version, "modificationNumber")
        if number != "0" and number.isdecimal():
            c.focus(version, "EventVersionInContext", "modificationNumber")
            if Kind.EVENT in c.complete and not c.known.bounded:
                c.say(version, "nextModificationNumber", integer("0"))
        return
    c.focus(version, "EventVersionInContext", "modificationNumber", "eventStatus")
    known = text(current, "modificationNumber")
    if known.isdecimal():
        c.say(version, "knownModificationNumber", integer(known))
        c.say(version, "nextModificationNumber", integer(str(int(known) + 1)))
    for status in current.get("eventStatus", ()):
        c.say(version, "knownEventStatus", status)
    digest = text(current, "eventDigest")
    if digest and known == c.text(version, "modificationNumber"):
        c.say(version, "asKnown", boolean(str(digest == fingerprint(c.facts, version)).lower()))


def answers(c: Comparison) -> None:
    """State, of each event that the message answers, what is known of it."""
    for answer in c.values(c.message, "eventResponse"):
        _reference(c, answer, next(iter(c.values(c.message, "ven")), ""))


def opts(c: Comparison) -> None:
    """State, of the opt that the message makes or takes back, what is known of it and of its event."""
    for opt in c.values(c.message, "conveys"):
        ven = next(iter(c.values(opt, "ven")), "")
        created = text(c.known.thing(opt), "createdAt")
        if c.known.node(opt) and _zoned(created) and _zoned(c.text(opt, "createdAt")):
            c.focus(opt, "OptInContext", "createdAt")
            c.say(opt, "knownCreatedAt", c.known.node(opt)["createdAt"][0])
        _reference(c, opt, ven)
        parties.resources(c, opt, [ven] if ven else [])
    for opt in c.values(c.message, "cancels"):
        if not c.known.thing(opt):
            c.focus(c.message, "MessageInContext", "optID")
            c.missing(c.message, Kind.OPT, "unknownOptID", c.text(c.message, "optID"))


def _reference(c: Comparison, node: str, ven: str) -> None:
    """State what is known of the event that an opt or an answer names."""
    name = c.text(node, "eventID")
    if not name:
        return
    vtns = {registration.vtn for registration in c.known.registrations(ven)} if ven else set()
    found = c.known.events(name, vtns)
    if not found:
        c.focus(node, "EventReferenceInContext", "eventID")
        c.missing(node, Kind.EVENT, "unknownEventID", name)
        return
    current = [version for version in map(c.known.current, found) if version]
    if len(current) != 1:  # several VTNs have an event of that name: which is meant is not told
        return
    c.focus(node, "EventReferenceInContext", "eventID", "modificationNumber")
    for number in current[0].get("modificationNumber", ()):
        c.say(node, "knownModificationNumber", number)
    if _OUT in c.values(node, "optType") and _over(c, current[0]):
        c.say(node, "endedEventID", string(name))


def _over(c: Comparison, version: Node) -> bool:
    if not _OVER.isdisjoint(version.get("eventStatus", ())):
        return True
    end = next((moment(lexical(value)) for value in version.get("endsAt", ())), None)
    return c.now is not None and end is not None and end.tzinfo is not None and end < c.now


def _zoned(value: str) -> bool:
    time = moment(value)
    return time is not None and time.tzinfo is not None
