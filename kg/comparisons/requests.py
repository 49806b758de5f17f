"""Requests and their answers: an identifier of its own for each request, a request for each answer."""

from kg.comparisons import Comparison, Kind
from kg.known import Node, sender_of
from kg.literals import string
from kg.namespaces import FLEX

#: Which messages an answer of a kind answers; an answer that is not listed answers any.
_ANSWERS = {
    "CanceledOpt": {"CancelOpt"},
    "CanceledPartyRegistration": {"CancelPartyRegistration"},
    "CanceledReport": {"CancelReport"},
    "CreatedEvent": {"DistributeEvent"},
    "CreatedOpt": {"CreateOpt"},
    "CreatedPartyRegistration": {"CreatePartyRegistration", "QueryRegistration"},
    # an oadrRegisteredReport that asks for reports has no requestID but the one that it answers
    "CreatedReport": {"CreateReport", "RegisteredReport", "RegisterReport"},
    "RegisteredReport": {"RegisterReport"},
    "UpdatedReport": {"UpdateReport"},
}


def compare(c: Comparison) -> None:
    """State which request IDs were used before, and which answered requests there are."""
    name = c.text(c.message, "requestID")
    sender = sender_of(c.message_type)
    if name and any(_same_sender(c, kind, node) for kind, node in _others(c, name, sender)):
        c.focus(c.message, "MessageInContext", "requestID")
        c.say(c.message, "usedRequestID", string(name))
    for link in ("response", "eventResponse"):
        for status in c.values(c.message, link):
            answered = c.text(status, "answersRequestID")
            if answered:
                _answer(c, status, answered)


def _answer(c: Comparison, status: str, name: str) -> None:
    kinds = {kind for kind, _ in _others(c, name)}
    if not kinds:
        c.focus(status, "AnswerInContext", "answersRequestID")
        c.missing(status, Kind.REQUEST, "unknownRequestID", name)
    elif kinds.isdisjoint(_ANSWERS.get(c.message_type, kinds)):
        c.focus(status, "AnswerInContext", "answersRequestID")
        c.say(status, "misfitRequestID", string(name))


def _others(c: Comparison, name: str, sender: str = "") -> list[tuple[str, Node]]:
    """Give the messages with a request ID that are not this one, by the local name of their class."""
    return [
        (kind[1:-1].removeprefix(FLEX), node)
        for subject, node in c.known.requests(name, sender)
        if subject != c.message
        for kind in node.get("type", ())
    ]


def _same_sender(c: Comparison, kind: str, node: Node) -> bool:
    own = sender_of(c.message_type)
    if own != sender_of(kind):
        return False
    party = "vtn" if own == "VTN" else "ven"
    return set(c.values(c.message, party)) == set(node.get(party, ()))
