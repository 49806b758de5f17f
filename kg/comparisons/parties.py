"""Who may send: the VEN that a message names, its registration, and its place below the VTN."""

from kg.comparisons import Comparison, Kind
from kg.literals import string

#: What a party may send or be sent that is not registered (any more).
_BEFORE = frozenset(
    {
        *("QueryRegistration", "CreatePartyRegistration", "CreatedPartyRegistration", "Response"),
        *("CancelPartyRegistration", "CanceledPartyRegistration", "RequestReregistration"),
    }
)
_NAMES_REGISTRATION = frozenset(
    {"CreatePartyRegistration", "CancelPartyRegistration", "CanceledPartyRegistration"}
)
#: Steps up the tree of parties after which it is not followed further.
_HEIGHT = 32


def compare(c: Comparison) -> None:
    """State what is known of the party that the message names."""
    ven = next(iter(c.values(c.message, "ven")), "")
    name = c.text(c.message, "venID")
    if ven and name and c.message_type not in _BEFORE:
        _registered(c, ven, name)
    if c.message_type in _NAMES_REGISTRATION and c.text(c.message, "registrationID"):
        _owned(c, ven if name else "", c.text(c.message, "registrationID"))
    if c.message_type == "CreatedPartyRegistration" and name:
        vtn = next(iter(c.values(c.message, "vtn")), "")
        if vtn and ven in _above(c, vtn):
            c.focus(c.message, "MessageInContext", "vtnID")
            c.say(c.message, "descendantVtnID", string(c.text(c.message, "vtnID")))


def _registered(c: Comparison, ven: str, name: str) -> None:
    """Say that the VEN is not registered, or not any more, where that is so."""
    held = c.known.registrations(ven)
    if held and not all(registration.cancelled for registration in held):
        return
    c.focus(c.message, "MessageInContext", "venID")
    if held:
        c.say(c.message, "cancelledVenID", string(name))
    else:
        c.missing(c.message, Kind.REGISTRATION, "unknownVenID", name)


def _owned(c: Comparison, ven: str, name: str) -> None:
    """Say whose the registration is, where it is not that of the VEN."""
    held = c.known.registrations(ven) if ven else []
    if any(registration.name == name for registration in held):
        return
    others = set(c.known.holders(name)) - {ven}
    if others and not ven:
        return
    c.focus(c.message, "MessageInContext", "registrationID")
    if held or others:
        c.say(c.message, "foreignRegistrationID", string(name))
    else:
        c.missing(c.message, Kind.REGISTRATION, "foreignRegistrationID", name)


def _above(c: Comparison, party: str) -> set[str]:
    """Give a party and the parties above it, as far as they are known."""
    found, level = {party}, {party}
    for _ in range(_HEIGHT):
        level = {
            registration.vtn
            for one in level
            for registration in c.known.registrations(one)
            if not registration.cancelled
        } - found
        if not level:
            break
        found |= level
    return found


def children(c: Comparison, version: str) -> None:
    """State which VENs that an event names are not below the VTN that sent it."""
    vtn = next(iter(c.values(c.message, "vtn")), "")
    for target in c.values(version, "target"):
        name, ven = c.text(target, "venID"), next(iter(c.values(target, "ven")), "")
        if not name or not ven:
            continue
        held = [r for r in c.known.registrations(ven) if not r.cancelled]
        if vtn not in {registration.vtn for registration in held}:
            c.focus(target, "TargetInContext", "venID")
            c.missing(target, Kind.REGISTRATION, "foreignVenID", name)


def resources(c: Comparison, node: str, vens: list[str]) -> None:
    """State which resources that an event or opt names none of these VENs has."""
    if not vens:
        return
    for target in c.values(node, "target"):
        name = c.text(target, "resourceID")
        if name and not any(c.known.resource(ven, name) for ven in vens):
            c.focus(target, "TargetInContext", "resourceID")
            c.missing(target, Kind.RESOURCE, "unknownResourceID", name)
