"""What a store knows of the things that a payload names, looked up by key: bounded, never the whole store.

Each look-up asks for the triples of one subject, or for the subjects with one identifier, and reads no more
than ``ROWS`` of them; after ``LOOK_UPS`` of them in one payload nothing more is asked. What was not found
because of a bound is *not told*, which is not the same as *not there*.
"""

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from kg.graphs import Facts, GraphStore, Statement, lexical
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, RDF

#: Triples read for one look-up.
ROWS: Final = 256
#: Look-ups for one payload.
LOOK_UPS: Final = 10_000

TYPE: Final = f"<{RDF}type>"
#: Objects of a node by local name of the property; ``type`` for its classes.
Node = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration: the VTN's IRI in angle brackets, its ID, and whether it was cancelled."""

    vtn: str
    name: str
    cancelled: bool


@dataclass(slots=True)
class Known:
    """Looks up what a store knows, for one payload.

    Args:
        graphs: the store; None for one that knows nothing.

    Attributes:
        look_ups: how many were made.
        asked: the keys that were asked for, as ``kg.known.told`` writes what a payload tells.
    """

    graphs: GraphStore | None
    look_ups: int = 0
    asked: set[str] = field(default_factory=set)
    _nodes: dict[str, Node] = field(default_factory=dict)
    _bounded: bool = False

    @property
    def bounded(self) -> bool:
        """Whether the last answer may lack something because a bound was reached."""
        return self._bounded

    def registrations(self, party: str) -> list[Registration]:
        """Find the registrations of a VEN (its IRI in angle brackets)."""
        self.asked.add(party)
        return [
            Registration(
                next(iter(node.get("vtn", ())), ""), text(node, "registrationID"), "cancelledBy" in node
            )
            for node in map(self.node, self.node(party).get("holdsRegistration", ()))
        ]

    def has_object(self, party: str) -> bool:
        """Say whether there is an object of OpenADR 3 that describes a VEN (its IRI in angle brackets)."""
        self.asked.add(party)
        return bool(self._match(None, f"<{FLEX}describesVen>", party, 1))

    def holders(self, name: str) -> list[str]:
        """Find the VENs whose registration has an ID."""
        self.asked.add(f"registration {name}")
        found = (s.subject for s in self._match(None, f"<{FLEX}registrationID>", string(name)))
        registrations = [subject for subject in found if subject.startswith(f"<{ID}registration/")]
        return [ven for registration in registrations for ven in self.node(registration).get("ven", ())]

    def requests(self, name: str, sender: str = "") -> list[tuple[str, Node]]:
        """Find the messages that have a request ID: the IRI of each, and what is said of it.

        Args:
            name: the request ID.
            sender: who is asked about, as ``sender_of`` says; empty for anybody.
        """
        self.asked.add(f"request {name} {sender}".rstrip())
        found = [s.subject for s in self._match(None, f"<{FLEX}requestID>", string(name))]
        bounded = self._bounded
        nodes = [(subject, self.node(subject)) for subject in found]
        self._bounded |= bounded
        return nodes

    def current(self, event: str) -> Node | None:
        """Give the current version of an event (its IRI in angle brackets), None where there is none."""
        self.asked.add(event)
        version = next(iter(self.node(event).get("currentVersion", ())), None)
        return self.node(version) if version else None

    def events(self, name: str, vtns: set[str]) -> list[str]:
        """Find the events with an ID: those of some VTNs, or where none is known those of any."""
        self.asked.add(f"event {name}")
        base = f"<{ID}event/"
        if vtns:
            found = [
                f"{base}{vtn.removeprefix(f'<{ID}party/')[:-1]}/{segment(name)}>" for vtn in sorted(vtns)
            ]
            self._bounded = self.look_ups >= LOOK_UPS
            return [event for event in found if self.current(event) is not None]
        found = [s.subject for s in self._match(None, f"<{FLEX}eventID>", string(name))]
        return [event for event in found if event.startswith(base)]

    def any_of(self, kind: str) -> bool:
        """Say whether there is anything of a kind, by the local name of its class; ``Message``: a request."""
        self.asked.add(f"kind {kind}")
        names = _REQUESTS if kind == "Message" else (kind,)
        return any(self._match(None, TYPE, f"<{FLEX}{name}>", 1) for name in names)

    def node(self, subject: str) -> Node:
        """Give what is said of a subject in angle brackets, empty where nothing is."""
        if subject not in self._nodes:
            node: Node = {}
            for statement in self._match(subject, None, None):
                name = "type" if statement.predicate == TYPE else _local(statement.predicate)
                node.setdefault(name, []).append(statement.object)
            self._nodes[subject] = node
        return self._nodes[subject]

    def thing(self, subject: str) -> Node:
        """Like ``node``, for an opt or a report description, and remember that it was asked."""
        self.asked.add(subject)
        return self.node(subject)

    def resource(self, ven: str, name: str) -> Node:
        """Give what is said of a resource of a VEN (its IRI in angle brackets)."""
        self.asked.add(f"resource {name}")
        party = ven[1:-1].removeprefix(f"{ID}party/")
        return self.node(f"<{ID}resource/{party}/{segment(name)}>")

    def _match(
        self, subject: str | None, predicate: str | None, value: str | None, rows: int = ROWS
    ) -> list[Statement]:
        """Make one look-up, as far as the bounds let it."""
        self._bounded = self.look_ups >= LOOK_UPS
        if self._bounded or self.graphs is None:
            return []
        self.look_ups += 1
        found = list(islice(self.graphs.match(subject, predicate, value), rows))
        self._bounded = len(found) == ROWS
        return found


def told(message_type: str, facts: Facts) -> set[str]:
    """List what a payload tells of, by the keys that ``Known.asked`` has.

    Args:
        message_type: root element, for example ``"oadrDistributeEvent"``.
        facts: its graph.
    """
    keys = {f"<{FLEX}requestID>": "request"}
    sender = sender_of(message_type.removeprefix("oadr"))
    if message_type.endswith("PartyRegistration"):
        keys |= {f"<{FLEX}registrationID>": "registration", f"<{FLEX}ven>": ""}
    elif message_type.endswith("RegisterReport"):
        keys[f"<{FLEX}resourceID>"] = "resource"
    elif message_type.endswith("DistributeEvent"):
        keys[f"<{FLEX}eventID>"] = "event"
    found = {f"kind {kind}" for end, kinds in _TELLS.items() if message_type.endswith(end) for kind in kinds}
    for subject, node in facts.items():
        if not _THINGS.isdisjoint(node.get(TYPE, ())):
            found.add(subject)
        for predicate in keys.keys() & node.keys():
            name = keys[predicate]
            for value in node[predicate]:
                found.add(f"{name} {lexical(value)}" if name else value)
                if name == "request":
                    found.add(f"request {lexical(value)} {sender}")
    return found


def sender_of(kind: str) -> str:
    """Say which side sends the messages of a class: ``"VTN"``, ``"VEN"``, or its name where both may.

    Args:
        kind: local name of the class, for example ``"DistributeEvent"``.
    """
    return "VTN" if kind in _FROM_VTN else "VEN" if kind in _FROM_VEN else kind


def text(node: Node, name: str) -> str:
    """Give the text of a property of a node, empty where it has none."""
    return next((lexical(value) for value in node.get(name, ()) if value[0] == '"'), "")


def _local(predicate: str) -> str:
    return predicate[1:-1].rpartition("#")[2]


_THINGS: Final = {f"<{FLEX}{name}>" for name in ("Event", "Opt", "ReportDescription")}
#: Which kinds of things the messages tell of, by the end of their type.
_TELLS: Final = {
    "DistributeEvent": ("Event", "Message"),
    "RegisterReport": ("ReportDescription", "Resource", "Message"),
    "CreateReport": ("Message",),
    "CreateOpt": ("Opt", "Message"),
    "CreatePartyRegistration": ("Message",),
    "CreatedPartyRegistration": ("Registration",),
}
_REQUESTS: Final = (
    "DistributeEvent",
    "RegisterReport",
    "CreateReport",
    "CreateOpt",
    "CreatePartyRegistration",
)
_FROM_VTN: Final = frozenset({"DistributeEvent"})
_FROM_VEN: Final = frozenset(
    {"RequestEvent", "CreateOpt", "CancelOpt", "QueryRegistration", "CreatePartyRegistration"}
)
