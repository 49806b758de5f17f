"""The walk over a payload's tree, by the plan of its mapping file: every element is looked at once."""

from typing import Any

from kg.casting import Casting
from kg.lifted import Lifted
from kg.literals import string
from kg.namespaces import FLEX
from kg.plan import CONCEPT, DURATION, START, Node, Plan, Start
from kg.times import Clock

_DURATION = f"<{FLEX}duration>"
_EACH = f"<{FLEX}intervalDuration>"
_EMPTY = f"<{FLEX}emptyElement>"
#: Values that are remembered.
_LISTS = 64
#: Where an element leads that no mapping names.
_NOWHERE = Node(leaf=True)


class Walk:
    """One walk over a payload's tree."""

    __slots__ = (
        "again",
        "casting",
        "clock",
        "concepts",
        "digest",
        "facts",
        "groups",
        "hollow",
        "ignored",
        "lists",
        "nodes",
        "repeated",
        "twice",
        "unmapped",
    )

    def __init__(
        self, lifted: Lifted, clock: Clock, digest: str, ignored: frozenset[str], hollow: frozenset[str]
    ) -> None:
        self.ignored, self.hollow = ignored, hollow
        self.facts, self.nodes, self.concepts = lifted.facts, lifted.nodes, lifted.concepts
        self.unmapped, self.repeated = lifted.unmapped, lifted.repeated
        self.clock, self.digest = clock, digest
        #: what lifts children by moulds; None: all are walked
        self.casting: Casting | None = None
        #: subject of a grouped mapping -> its position counters
        self.groups: dict[str, list[int]] = {}
        #: values that were stated last, each alone in a list
        self.lists: dict[str, list[str]] = {}
        #: subjects that the message holds more than once
        self.twice: set[str] = set()
        #: properties that got a further value, which may be one that they had
        self.again: dict[int, tuple[dict[str, list[str]], str]] = {}

    def add(self, subject: str, predicate: str, value: str) -> None:
        """State a fact."""
        held = self.facts.get(subject)
        if held is None:
            held = self.facts[subject] = {}
        if predicate in held:
            self.put(held, predicate, value)
        else:
            held[predicate] = self.alone(value)

    def alone(self, value: str) -> list[str]:
        """Give a value alone in a list that is not to be changed, the same one where it came just before."""
        known = self.lists.get(value)
        if known is None:
            if len(self.lists) >= _LISTS:
                self.lists.clear()
            known = self.lists[value] = [value]
        return known

    def put(self, held: dict[str, list[str]], predicate: str, value: str) -> None:
        """State a fact of a subject."""
        values = held.get(predicate)
        if values is None:
            held[predicate] = [value]
        elif id(values) in self.again:
            values.append(value)
        else:  # a list of one may be shared with other subjects
            values = held[predicate] = [*values, value]
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
        again = held is not None
        if held is None:
            held = self.facts[subject] = {predicate: [value] for predicate, value in plan.constants}
            if len(held) < len(plan.constants):
                held.clear()
        if not held or again:
            self.twice.add(subject)
            for predicate, value in plan.constants:
                self.put(held, predicate, value)
        self.nodes[subject] = (element, plan)
        opens = plan.tagged.get(element.tag, plan.opens) if plan.tagged else plan.opens
        for predicate, make, kind in opens:
            made = make(element, parent, position, self.digest)
            if made is not None:
                self.opened(kind, subject, held, predicate, made)
        return held

    def opened(self, kind: int, subject: str, held: dict[str, list[str]], predicate: str, made: str) -> None:
        """State a value that was made on reaching an element."""
        if predicate in held:
            self.put(held, predicate, made)
        else:
            held[predicate] = [made]
        if kind == CONCEPT:
            self.concepts.add(made)
        elif kind:
            self.note(kind, subject, held, predicate, made, made[1 : made.rindex('"')])

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
        made = plan.run(self, element, subject[1:-1], position)
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
        concepts = self.concepts
        last = None
        for child in element:
            node = table.get(child.tag)
            if node is None:
                self.unknown(child)
                continue
            if node is last and node.path and not node.starts:
                self.repeated.append(child)
            last = node
            while node.through and len(child) == 1:  # what only wraps another element is no step of its own
                child = child[0]
                inside = node.table.get(child.tag)
                if inside is None:
                    self.unknown(child)
                    node = _NOWHERE
                else:
                    node = inside
            for predicate, convert, kind in node.emits:
                text = child.text or ""
                value = convert(text)
                if predicate in held:
                    self.put(held, predicate, value)
                else:
                    held[predicate] = [value]
                if kind == CONCEPT:
                    concepts.add(value)
                elif kind:
                    self.note(kind, subject, held, predicate, value, text)
            if node.leaf:
                continue
            for start in node.starts:
                self.child(subject, held, counters, start, child)
            if node.table:
                self.within(node, child, subject, held, counters)
            elif node.mixed and node.emits and not node.starts and len(child):
                self.foreign(child)

    def within(
        self,
        node: Node,
        element: Any,
        subject: str,
        held: dict[str, list[str]],
        counters: list[int],
    ) -> None:
        """Walk the children of an element that has a table, or keep that it has none."""
        if len(element):
            self.down(node.table, element, subject, held, counters)
        elif node.path and not node.emits and not node.starts:
            self.put(held, _EMPTY, string(node.path))

    def unknown(self, element: Any) -> None:
        """Keep an element that no mapping names."""
        if element.tag not in self.ignored or (element.tag in self.hollow and _filled(element)):
            self.unmapped.append(element)

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
            if kind == DURATION:
                if predicate == _DURATION and subject not in self.clock.timed:
                    self.clock.lengths.setdefault(subject, text)
                elif predicate == _EACH:
                    self.clock.each.setdefault(subject, text)
            if not value.startswith(f'"{text}"') and "^^" in value:
                self.put(held, f"{predicate[:-1]}Text>", string(text))


def _filled(element: Any) -> bool:
    return bool(len(element) or (element.text or "").strip())
