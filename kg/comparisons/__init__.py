"""What a payload says beside what is known: the lines that the rules of context compare.

Nothing is judged here. The lines state, in terms that no payload can use, what is known of the things that a
payload names, and repeat of the payload what it is compared with; ``shapes/context-*.ttl`` judges.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kg.graphs import Facts, lexical
from kg.known import TYPE, Known
from kg.literals import string
from kg.namespaces import FLEX


class Kind(StrEnum):
    """Kinds of things that a context may hold completely; the value is the local name of their class."""

    REGISTRATION = "Registration"
    REQUEST = "Message"
    EVENT = "Event"
    OPT = "Opt"
    SERIES = "ReportDescription"
    RESOURCE = "Resource"


#: Terms for an identifier that is not there, and for one of which the context does not tell.
UNTOLD: dict[Kind, str] = {
    Kind.REGISTRATION: "untoldRegistration",
    Kind.REQUEST: "untoldRequest",
    Kind.EVENT: "untoldEvent",
    Kind.OPT: "untoldOpt",
    Kind.SERIES: "untoldSeries",
    Kind.RESOURCE: "untoldResource",
}


@dataclass(slots=True)
class Comparison:
    """Collects the lines for one payload.

    Args:
        message: IRI of the message in angle brackets.
        message_type: local name of its class, for example ``"UpdateReport"``.
        facts: its graph.
        known: looks up what is known.
        complete: the kinds of which everything is known.
        now: the time to compare with; None where times are not judged.
        heard: whether anything of a kind is known; what is missing of another kind is not even told.
    """

    message: str
    message_type: str
    facts: Facts
    known: Known
    complete: frozenset[Kind] = frozenset()
    now: datetime | None = None
    heard: Callable[[Kind], bool] | None = None
    lines: dict[str, None] = field(default_factory=dict)
    _classes: dict[str, list[str]] = field(default_factory=dict)

    def say(self, node: str, name: str, value: str) -> None:
        """State something of a node; ``value`` is N-Triples text."""
        self.lines[f"{node} <{FLEX}{name}> {value} ."] = None

    def focus(self, node: str, kind: str, *names: str) -> None:
        """Make a node one that rules look at, and repeat what the payload says of it by these properties."""
        self.lines[f"{node} {TYPE} <{FLEX}{kind}> ."] = None
        for name in names:
            for value in self.values(node, name):
                self.say(node, name, value)

    def missing(self, node: str, kind: Kind, term: str, name: str) -> None:
        """State that an identifier was not found: it does not exist, or the context does not tell."""
        told = kind in self.complete and not self.known.bounded
        if not told and self.heard is not None and not self.heard(kind):
            return
        self.say(node, term if told else UNTOLD[kind], string(name))

    def values(self, node: str, name: str) -> list[str]:
        """Give the objects of a property of a payload's node."""
        return self.facts.get(node, {}).get(f"<{FLEX}{name}>", [])

    def text(self, node: str, name: str) -> str:
        """Give the text of a property of a payload's node."""
        for value in self.facts.get(node, {}).get(f"<{FLEX}{name}>", ()):
            if value[0] == '"':
                return lexical(value)
        return ""

    def of_class(self, name: str) -> Iterator[str]:
        """Give the payload's nodes of a class."""
        if not self._classes:
            for subject, node in self.facts.items():
                for kind in node.get(TYPE, ()):
                    self._classes.setdefault(kind, []).append(subject)
        return iter(self._classes.get(f"<{FLEX}{name}>", ()))
