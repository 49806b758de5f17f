"""What a VTN refuses beside what the shapes refuse: the wrong endpoint, the wrong side, the wrong request."""

from collections.abc import Callable
from typing import Final

from kg.graphs import lexical
from kg.lift import Lifted
from kg.namespaces import FLEX
from kg.openadr.destinations import Destinations
from kg.openadr.roster import Roster
from kg.openadr.told import Message
from kg.report import Violation

_CLAUSE: Final = "OpenADR 2.0b Profile Specification, service operations"
#: Message type -> the endpoint that it goes to, for what a VEN may send to its VTN.
ENDPOINTS: Final = {
    **dict.fromkeys(("oadrRequestEvent", "oadrCreatedEvent"), ("EiEvent",)),
    **dict.fromkeys(("oadrCreateOpt", "oadrCancelOpt"), ("EiOpt",)),
    **dict.fromkeys(
        (
            *("oadrRegisterReport", "oadrUpdateReport", "oadrCreatedReport", "oadrCanceledReport"),
            *("oadrRegisteredReport", "oadrUpdatedReport"),
        ),
        ("EiReport",),
    ),
    **dict.fromkeys(
        (
            *("oadrQueryRegistration", "oadrCreatePartyRegistration", "oadrCancelPartyRegistration"),
            "oadrCanceledPartyRegistration",
        ),
        ("EiRegisterParty",),
    ),
    "oadrPoll": ("OadrPoll",),
    "oadrResponse": ("EiEvent", "EiReport", "EiRegisterParty", "EiOpt", "OadrPoll"),
}

#: What answers a request of the VTN, by its requestID.
_ANSWERS: Final = (
    *("oadrCreatedEvent", "oadrCreatedReport", "oadrCanceledReport", "oadrCanceledPartyRegistration"),
    "oadrResponse",
)


class Gate:
    """Finds what a VTN refuses.

    Args:
        roster: what the VTN knows of its VENs.
        destinations: where is posted to.
    """

    def __init__(self, roster: Roster, destinations: Destinations) -> None:
        self._roster, self._destinations = roster, destinations

    def of(self, service: str) -> Callable[[Lifted], list[Violation]]:
        """Give the gate of one endpoint."""
        return lambda lifted: self._find(lifted, service)

    def _find(self, lifted: Lifted, service: str) -> list[Violation]:
        served = ENDPOINTS.get(lifted.message_type)
        if served is None:
            return [_finding(lifted, "VTN-1", "A VEN does not send this message to its VTN.", "459")]
        if service not in served:
            cure = f"Send it to {' or '.join(served)}."
            return [_finding(lifted, "VTN-2", f"{service} does not serve this message.", "459", cure)]
        if lifted.message_type == "oadrCreatePartyRegistration":
            return self._address(lifted)
        found = self._answers(lifted) if lifted.message_type in _ANSWERS else []
        if lifted.message_type == "oadrUpdateReport":
            return self._reports(lifted)
        if lifted.message_type in ("oadrCreatedEvent", "oadrCreateOpt"):
            return found + self._events(lifted)
        return found

    def _address(self, lifted: Lifted) -> list[Violation]:
        """Find an address that nothing would be posted to; a name is looked at again each time it is used."""
        m = Message(lifted)
        address = m.one("transportAddress")
        pushed = bool(address) and m.one("httpPullModel") in ("false", "0")
        why = self._destinations.glance(address) if pushed else ""
        cure = "Declare an address that the operator of the VTN allows, or poll."
        return [_finding(lifted, "VTN-6", f"{why[0].upper()}{why[1:]}.", "451", cure)] if why else []

    def _answers(self, lifted: Lifted) -> list[Violation]:
        """Find answers to what this VEN was not sent, and reports that it says are to come unasked."""
        m = Message(lifted)
        ven = self._roster.ven(m.one("venID"))
        if ven is None:
            return []
        found = []
        for node in (*m.nodes("response"), *m.nodes("eventResponse")):
            name = m.text(node, "answersRequestID")
            if name and name not in ven.answerable:
                text = "This VEN was sent no request with this requestID."
                cure = "Repeat the requestID of the message that is answered."
                found.append(_finding(lifted, "VTN-5", text, "452", cure, node[1:-1]))
        for node in m.nodes("pendingReport"):
            if m.text(node, "reportRequestID") not in ven.wanted:
                text = "This VEN was asked for no report under this reportRequestID."
                cure = "List the reportRequestIDs of the oadrCreateReport or oadrRegisteredReport."
                found.append(_finding(lifted, "VTN-3", text, "452", cure, node[1:-1]))
        return found

    def _events(self, lifted: Lifted) -> list[Violation]:
        """Find answers to events of others; what is no event of anybody the rules across messages find."""
        m = Message(lifted)
        found = []
        for node in (*m.nodes("eventResponse"), *m.nodes("conveys")):
            owner = self._roster.owners.get(m.text(node, "eventID"), "")
            if owner and owner != m.one("venID") and self._roster.ven(m.one("venID")) is not None:
                text = "The event was not issued to this VEN."
                cure = "Use the eventID of the oadrDistributeEvent that this VEN got."
                found.append(_finding(lifted, "VTN-4", text, "452", cure, node[1:-1]))
        return found

    def _reports(self, lifted: Lifted) -> list[Violation]:
        """Find reports that nobody asked for."""
        facts, message = lifted.facts, f"<{lifted.message}>"
        name = next((lexical(v) for v in facts[message].get(f"<{FLEX}venID>", ())), "")
        ven = self._roster.ven(name)
        if ven is None:
            return []
        found = []
        for report in facts[message].get(f"<{FLEX}report>", ()):
            for value in facts.get(report, {}).get(f"<{FLEX}reportRequestID>", ()):
                asked = ven.requests.get(lexical(value))
                if asked is None:
                    text = "No report was asked for under this reportRequestID."
                    cure = "Use the reportRequestID of the oadrCreateReport or oadrRegisteredReport."
                    found.append(_finding(lifted, "VTN-3", text, "452", cure, report[1:-1]))
        return found


def _finding(
    lifted: Lifted, rule: str, message: str, code: str, cure: str = "", focus: str = ""
) -> Violation:
    return Violation(
        rule, "Violation", message, focus or lifted.message, source=_CLAUSE, cure=cure, response_code=code
    )
