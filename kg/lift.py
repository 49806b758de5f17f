"""lift: payload -> graph. One walk over the tree with the plan of its mapping file gives N-Triples text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kg import assets, vocabulary
from kg.errors import AssetError
from kg.facts import Facts, facts_of, lines_of
from kg.implied import implied
from kg.literals import string
from kg.mapping_files import served
from kg.namespaces import FLEX, SKOS, VOCAB
from kg.plan import CONCEPT, START, Node, Plan, Start, compile_file, element_name
from kg.times import Clock
from kg.xml import Document
from kg.yarrrml import MappingFile, load

_IN_SCHEME = f"<{SKOS}inScheme>"


@dataclass(frozen=True, slots=True)
class Lifter:
    """A mapping file, compiled: the plan of each message by the name of its root element."""

    source: MappingFile
    plans: dict[str, Plan]
    roots: dict[str, Plan]
    ignored: frozenset[str]
    #: the ignored ones that say nothing because they are empty
    hollow: frozenset[str] = frozenset()
    #: whether the file is for JSON
    json: bool = False

    @property
    def profile(self) -> str:
        """The profile that the file serves, for example ``"2.0b"``."""
        return str(self.source.settings["profile"])


class Lifted:
    """The graph of one payload.

    Args:
        message: IRI of the message.
        message_type: root element, for example ``"oadrDistributeEvent"``.
        profile: for example ``"2.0b"``.
        lines: the graph, where it is at hand as lines of N-Triples.

    Attributes:
        nodes: subject IRI in angle brackets -> the element it was made from and the plan that made it.
        concepts: concept IRIs in angle brackets that the payload uses.
        unmapped: elements that no mapping names.
        repeated: elements that come again at once where the mapping knows one.
    """

    __slots__ = (
        "_facts",
        "_lines",
        "concepts",
        "message",
        "message_type",
        "nodes",
        "profile",
        "repeated",
        "unmapped",
    )

    def __init__(self, message: str, message_type: str, profile: str, lines: list[str] | None = None) -> None:
        self.message, self.message_type, self.profile = message, message_type, profile
        self._lines = lines
        self._facts: Facts | None = {} if lines is None else None
        self.nodes: dict[str, tuple[Any, Plan]] = {}
        self.concepts: set[str] = set()
        self.unmapped: list[Any] = []
        self.repeated: list[Any] = []

    @property
    def facts(self) -> Facts:
        """The triples by subject and predicate; not to be changed once the payload is lifted."""
        if self._facts is None:
            self._facts = facts_of(self._lines or ())
        return self._facts

    @property
    def lines(self) -> list[str]:
        """The triples, each one line of N-Triples without its line feed; not to be changed in place."""
        if self._lines is None:
            self._lines = list(lines_of(self.facts))
        return self._lines

    @lines.setter
    def lines(self, lines: list[str]) -> None:
        self._lines, self._facts = lines, None

    @property
    def ntriples(self) -> str:
        """The payload's graph as N-Triples."""
        return "\n".join(self.lines) + "\n"

    def vocabulary(self) -> list[str]:
        """N-Triples lines that say, of each known concept in use, which scheme it belongs to."""
        return list(lines_of(self.schemes()))

    def schemes(self) -> Facts:
        """Say, of each known concept in use, which scheme it belongs to."""
        found = ((concept, _scheme(concept)) for concept in self.concepts)
        return {concept: said for concept, said in found if said}


@lru_cache(maxsize=4096)
def _scheme(concept: str) -> dict[str, list[str]]:
    scheme = vocabulary.known(concept[1:-1])
    return {_IN_SCHEME: [f"<{scheme}>"]} if scheme else {}


def lift(document: Document) -> Lifted:
    """Lift a payload into a graph.

    Args:
        document: a payload as ``kg.xml.read`` gives it; it should be schema-valid.

    Returns:
        Its graph: IRIs from the message's own identifiers, typed literals, concepts, starts and ends.

    Raises:
        AssetError: no mapping file serves the document's profile and message.
    """
    lifter = lifter_for(document.profile)
    plan = lifter.roots.get(document.body.tag)
    if plan is None:
        raise AssetError(f"no mapping for {document.message_type}", where=str(lifter.source.path))
    message = plan.subject(document.body, "", 0, document.digest)
    lifted = Lifted(message, document.message_type, document.profile)
    clock = Clock()
    walk = _Walk(lifted, clock, document.digest, lifter)
    walk.start(plan, document.body, "", 0)
    if document.root is not document.body:
        envelope = lifter.roots.get(document.root.tag)
        if envelope is not None:
            walk.open(
                envelope, document.root, f"<{envelope.subject(document.root, '', 0, document.digest)}>", "", 0
            )
    if lifter.json:
        _settle(lifted, lifter, clock)
    clock.complete(walk.add)
    walk.settle()
    return lifted


def _settle(lifted: Lifted, lifter: Lifter, clock: Clock) -> None:
    """Add what the parts of a JSON message imply, and put right what only XML has.

    No object has a member twice, but the items of lists share a name; an element that several mappings walk
    is unmapped once.
    """
    lifted.repeated.clear()
    lifted.unmapped[:] = dict.fromkeys(lifted.unmapped)
    following = implied(lifter.source, lifted.facts)
    for subject, predicate, value in following:
        held = lifted.facts.setdefault(subject, {}).setdefault(predicate, [])
        if value not in held:
            held.append(value)
    plans = {id(plan): plan for _, plan in lifted.nodes.values()}.values()
    ends = [value for plan in plans for _, value in plan.constants] + [value for _, _, value in following]
    lifted.concepts |= {value for value in ends if value.startswith(f"<{VOCAB}")}
    names = lifter.source.settings.get("totals", ())
    clock.whole = {subject for subject, (_, made) in lifted.nodes.items() if made.name in names}


class _Walk:
    __slots__ = (
        "again",
        "clock",
        "concepts",
        "digest",
        "facts",
        "groups",
        "hollow",
        "ignored",
        "nodes",
        "repeated",
        "twice",
        "unmapped",
    )

    def __init__(self, lifted: Lifted, clock: Clock, digest: str, lifter: Lifter) -> None:
        self.ignored, self.hollow = lifter.ignored, lifter.hollow
        self.facts, self.nodes, self.concepts = lifted.facts, lifted.nodes, lifted.concepts
        self.unmapped, self.repeated = lifted.unmapped, lifted.repeated
        self.clock, self.digest = clock, digest
        #: subject of a grouped mapping -> its position counters
        self.groups: dict[str, list[int]] = {}
        #: subjects that the message holds more than once
        self.twice: set[str] = set()
        #: properties that got a further value, which may be one that they had
        self.again: dict[int, tuple[dict[str, list[str]], str]] = {}

    def add(self, subject: str, predicate: str, value: str) -> None:
        """State a fact."""
        held = self.facts.get(subject)
        if held is None:
            held = self.facts[subject] = {}
        self.put(held, predicate, value)

    def put(self, held: dict[str, list[str]], predicate: str, value: str) -> None:
        """State a fact of a subject."""
        values = held.get(predicate)
        if values is None:
            held[predicate] = [value]
        else:
            values.append(value)
            self.again[id(values)] = (held, predicate)

    def settle(self) -> None:
        """Keep one of values that are the same."""
        for held, predicate in self.again.values():
            held[predicate] = list(dict.fromkeys(held[predicate]))

    def start(self, plan: Plan, element: Any, parent: str, position: int) -> str:
        """Write one mapping's subject with all that lies below its element; gives the subject."""
        subject = f"<{plan.subject(element, parent, position, self.digest)}>"
        held = self.open(plan, element, subject, parent, position)
        counters = [0] * plan.counters
        if plan.grouped:
            self.groups[subject] = counters
        for start in plan.same:
            self.child(subject, held, counters, start, element)
        if plan.table:
            self.down(plan.table, element, subject, held, counters)
        elif len(element) and not plan.neighbour:
            self.foreign(element)
        return subject

    def open(
        self, plan: Plan, element: Any, subject: str, parent: str, position: int
    ) -> dict[str, list[str]]:
        """State what is known of a subject on reaching its element; gives what is said of it."""
        held = self.facts.get(subject)
        if held is None:
            held = self.facts[subject] = {}
        if subject in self.nodes:
            self.twice.add(subject)
        self.nodes[subject] = (element, plan)
        for predicate, value in plan.constants:
            self.put(held, predicate, value)
        opens = plan.tagged.get(element.tag, plan.opens) if plan.tagged else plan.opens
        for predicate, make, kind in opens:
            made = make(element, parent, position, self.digest)
            if made is not None:
                self.put(held, predicate, made)
                if kind == CONCEPT:
                    self.concepts.add(made)
                elif kind:
                    self.note(kind, subject, held, predicate, made, made[1 : made.rindex('"')])
        return held

    def child(
        self, subject: str, held: dict[str, list[str]], counters: list[int], start: Start, element: Any
    ) -> None:
        """Start another mapping below a subject and link it."""
        predicate, counter, plan, sequenced = start
        position = counters[counter]
        if plan.grouped:
            made = f"<{plan.subject(element, subject[1:-1], position, self.digest)}>"
            inner = self.groups.get(made)
            if inner is not None:
                for other in plan.same:
                    self.child(made, self.facts[made], inner, other, element)
                return
        counters[counter] = position + 1
        links = held.get(predicate)
        if links is None:
            links = held[predicate] = []
        made = self.start(plan, element, subject[1:-1], position)
        links.append(made)
        if made in self.twice:
            self.again[id(links)] = (held, predicate)
        if sequenced:
            self.clock.items.setdefault(subject, []).append(made)

    def down(
        self,
        table: dict[str, Node],
        element: Any,
        subject: str,
        held: dict[str, list[str]],
        counters: list[int],
    ) -> None:
        """Walk the children of an element."""
        last = None
        for child in element:
            node = table.get(child.tag)
            if node is None:
                if child.tag not in self.ignored or (child.tag in self.hollow and _filled(child)):
                    self.unmapped.append(child)
                continue
            if node is last and node.path and not node.starts:
                self.repeated.append(child)
            last = node
            if node.emits:
                text = child.text or ""
                for predicate, convert, kind in node.emits:
                    value = convert(text)
                    values = held.get(predicate)
                    if values is None:
                        held[predicate] = [value]
                    else:
                        values.append(value)
                        self.again[id(values)] = (held, predicate)
                    if kind == CONCEPT:
                        self.concepts.add(value)
                    elif kind:
                        self.note(kind, subject, held, predicate, value, text)
            for start in node.starts:
                self.child(subject, held, counters, start, child)
            if node.table:
                if len(child):
                    self.down(node.table, child, subject, held, counters)
                elif node.path and not node.emits and not node.starts:
                    self.put(held, _EMPTY, string(node.path))
            elif node.mixed and node.emits and not node.starts and len(child):
                self.foreign(child)

    def foreign(self, element: Any) -> None:
        """Keep the children of an element that the mapping file takes for a leaf."""
        self.unmapped += [child for child in element if child.tag not in self.ignored]

    def note(
        self, kind: int, subject: str, held: dict[str, list[str]], predicate: str, value: str, text: str
    ) -> None:
        """Keep what later steps need of a value: starts, lengths, spellings that its type loses."""
        if kind == START:
            self.clock.starts.setdefault(subject, text.strip())
        else:
            if predicate == _DURATION:
                self.clock.lengths.setdefault(subject, text)
            elif predicate == _EACH:
                self.clock.each.setdefault(subject, text)
            if "^^" in value and not value.startswith(f'"{text}"'):
                self.put(held, f"{predicate[:-1]}Text>", string(text))


def _filled(element: Any) -> bool:
    return bool(len(element) or (element.text or "").strip())


_DURATION = f"<{FLEX}duration>"
_EACH = f"<{FLEX}intervalDuration>"
_EMPTY = f"<{FLEX}emptyElement>"


def mapping_files(extra: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Payload mapping files: the shipped ones, then those in the folders given."""
    yield from assets.files("mappings", "payloads/*.yml")
    for folder in extra:
        yield from sorted(folder.glob("*.yml"))


@lru_cache(maxsize=16)
def lifter_for(profile: str) -> Lifter:
    """Give the compiled mapping file that serves a profile.

    Raises:
        AssetError: there is none, or it does not compile.
    """
    for path in mapping_files():
        if profile in served(path):
            source = load(path)
            plans = compile_file(source)
            roots = {plan.mapping.iterators[0][-1]: plan for plan in plans.values() if plan.mapping.root}
            left = {element_name(source, e["path"]): e for e in source.settings.get("ignored", ())}
            hollow = frozenset(name for name, entry in left.items() if entry.get("empty"))
            return Lifter(
                source, plans, roots, frozenset(left), hollow, source.settings.get("syntax") == "json"
            )
    raise AssetError(
        f"no mapping file for the profile {profile!r}", where="mappings/payloads", cure="add one"
    )
