"""The graph of a reply: what its parts are in the terms of the ontology, and the payload made of it."""

import hashlib

from kg.answering import Status
from kg.literals import duration, integer, string
from kg.lower import lower
from kg.namespaces import FLEX, ID, RDF, VOCAB


class ReplyGraph:
    """The graph of a reply in the making, in the terms of the ontology.

    Args:
        profile: ``"2.0b"`` or ``"2.0a"``.
        message_type: root element of the reply.
        outcome: code and description for the whole message.
        request_id: requestID that is answered; empty where there is none.

    Attributes:
        iri: IRI of the message.
        lines: the triples, each one line of N-Triples.
    """

    def __init__(self, profile: str, message_type: str, outcome: Status, request_id: str) -> None:
        self.profile = profile
        basis = "\n".join((profile, message_type, outcome.code, outcome.description, request_id))
        self.iri = f"{ID}message/{hashlib.sha256(basis.encode()).hexdigest()}"
        self.lines: list[str] = []
        self._type(self.iri, message_type.removeprefix("oadr"))
        if profile == "2.0b":
            self._link(self.iri, "schemaVersion", f"{VOCAB}schemaVersion/2.0b")
            self._type(f"{self.iri}/envelope", "Envelope")
            self._link(f"{self.iri}/envelope", "contains", self.iri)
        self._answer(self.child("response", "response", 0, "ResponseStatus"), outcome, request_id)

    def text(self, term: str, value: str, node: str = "") -> None:
        """State a text, where there is one."""
        if value:
            self.lines.append(f"<{node or self.iri}> <{FLEX}{term}> {string(value)} .")

    def duration(self, term: str, value: str) -> None:
        """State a duration."""
        self.lines.append(f"<{self.iri}> <{FLEX}{term}> {duration(value)} .")

    def child(self, term: str, segment: str, position: int, kind: str, parent: str = "") -> str:
        """Begin a node of the reply at a place in its list."""
        parent = parent or self.iri
        node = f"{parent}/{segment}/{position}"
        self._link(parent, term, node)
        self._type(node, kind)
        self.lines.append(f"<{node}> <{FLEX}position> {integer(str(position))} .")
        return node

    def event(
        self, position: int, outcome: Status, request_id: str, event: tuple[str, str], opt: str
    ) -> None:
        """Answer one event, given by its eventID and modificationNumber."""
        node = self.child("eventResponse", "event-response", position, "EventResponse")
        self._answer(node, outcome, request_id)
        self.text("eventID", event[0], node)
        self.lines.append(f"<{node}> <{FLEX}modificationNumber> {integer(event[1])} .")
        self._link(node, "optType", f"{VOCAB}optType/{opt}")

    def pending(self, requests: dict[str, None]) -> None:
        """List the reports that are still to be delivered."""
        for position, request in enumerate(requests):
            node = self.child("pendingReport", "pending-report", position, "ReportRequestReference")
            self.text("reportRequestID", request, node)

    def offer(self, transports: tuple[str, ...]) -> None:
        """Offer the profile 2.0b over transports."""
        profile = self.child("supportedProfile", "profile", 0, "SupportedProfile")
        self._link(profile, "profileName", f"{VOCAB}profile/2.0b")
        for position, transport in enumerate(transports):
            node = self.child("supportedTransport", "transport", position, "SupportedTransport", profile)
            self._link(node, "transportName", f"{VOCAB}transport/{transport}")

    def _answer(self, node: str, outcome: Status, request_id: str) -> None:
        self._link(node, "responseCode", f"{VOCAB}responseCode/{outcome.code}")
        self.text("responseDescription", outcome.description, node)
        self.lines.append(f"<{node}> <{FLEX}answersRequestID> {string(request_id)} .")

    def _type(self, node: str, kind: str) -> None:
        self.lines.append(f"<{node}> <{RDF}type> <{FLEX}{kind}> .")

    def _link(self, node: str, term: str, target: str) -> None:
        self.lines.append(f"<{node}> <{FLEX}{term}> <{target}> .")

    def lower(self) -> bytes:
        """Write the reply as a payload that is valid against the schema."""
        return lower("\n".join(self.lines), self.iri, profile=self.profile)
