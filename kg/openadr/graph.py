"""The graph of a message in the making that asks or offers, in the terms of the ontology."""

import uuid
from collections.abc import Iterable

from kg.literals import CONVERTERS, duration, integer, segment, string
from kg.lower import lower
from kg.namespaces import FLEX, ID, RDF, VOCAB, XSD


def new_id(kind: str) -> str:
    """Mint an identifier that nobody else has, for example ``"req-5c0f..."``."""
    return f"{kind}-{uuid.uuid4().hex[:20]}"


class MessageGraph:
    """A message of OpenADR 2.0b in the making.

    Args:
        message_type: its root element, for example ``"oadrCreateReport"``.
        iri: IRI of the message; a new one without it.

    Attributes:
        iri: IRI of the message.
        lines: the triples, each one line of N-Triples.
    """

    def __init__(self, message_type: str, iri: str = "") -> None:
        self.iri = iri or f"{ID}message/{uuid.uuid4().hex}"
        self.lines: list[str] = []
        self.kind(self.iri, message_type.removeprefix("oadr"))
        self.link(self.iri, "schemaVersion", f"{VOCAB}schemaVersion/2.0b")
        self.kind(f"{self.iri}/envelope", "Envelope")
        self.link(f"{self.iri}/envelope", "contains", self.iri)

    def kind(self, node: str, name: str) -> None:
        """State the class of a node."""
        self.lines.append(f"<{node}> <{RDF}type> <{FLEX}{name}> .")

    def link(self, node: str, term: str, target: str) -> None:
        """Relate a node to another one."""
        self.lines.append(f"<{node}> <{FLEX}{term}> <{target}> .")

    def concept(self, node: str, term: str, scheme: str, notation: str) -> None:
        """Relate a node to the concept that a notation means; nothing where there is no notation."""
        if notation:
            self.link(node, term, f"{VOCAB}{scheme}/{segment(notation)}")

    def text(self, node: str, term: str, value: str) -> None:
        """State a text, where there is one."""
        if value:
            self.lines.append(f"<{node}> <{FLEX}{term}> {string(value)} .")

    def value(self, node: str, term: str, value: str, datatype: str) -> None:
        """State a value of an XSD datatype, where there is one."""
        if value:
            self.lines.append(f"<{node}> <{FLEX}{term}> {CONVERTERS[XSD + datatype](value)} .")

    def duration(self, node: str, term: str, value: str) -> None:
        """State a duration, where there is one."""
        if value:
            self.lines.append(f"<{node}> <{FLEX}{term}> {duration(value)} .")

    def child(self, parent: str, term: str, name: str, position: int, kind: str) -> str:
        """Begin a node at its place in a list; gives its IRI."""
        node = f"{parent}/{name}/{position}"
        self.link(parent, term, node)
        self.kind(node, kind)
        self.lines.append(f"<{node}> <{FLEX}position> {integer(str(position))} .")
        return node

    def party(self, ven: str) -> None:
        """Name the VEN that the message is for or from."""
        self.text(self.iri, "venID", ven)
        self.link(self.iri, "ven", f"{ID}party/{segment(ven)}")

    def answer(self, request_id: str, code: str = "200", description: str = "OK") -> None:
        """State that the message answers a request."""
        node = self.child(self.iri, "response", "response", 0, "ResponseStatus")
        self.concept(node, "responseCode", "responseCode", code)
        self.text(node, "responseDescription", description)
        self.lines.append(f"<{node}> <{FLEX}answersRequestID> {string(request_id)} .")

    def target(self, parent: str, position: int, kind: str, value: str) -> None:
        """Name a target: ``kind`` is ``"venID"``, ``"resourceID"``, ``"groupID"`` or ``"partyID"``."""
        node = self.child(parent, "target", "target", position, "Target")
        self.concept(node, "targetKind", "targetKind", kind)
        self.text(node, kind, value)
        if kind == "venID":
            self.link(node, "ven", f"{ID}party/{segment(value)}")

    def add(self, lines: Iterable[str]) -> None:
        """Add lines of N-Triples."""
        self.lines.extend(lines)

    def payload(self) -> bytes:
        """Write the message as a payload that is valid against the schema.

        Raises:
            kg.errors.UsageError: something that the schema asks for is missing; says what and where.
        """
        return lower("\n".join(self.lines), self.iri)
