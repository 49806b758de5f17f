"""Nodes of a graph written into JSON objects: the rules of a mapping read backwards, member by member."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kg.containment import relative
from kg.implied import load
from kg.json_form import settings
from kg.json_tree import NumberText
from kg.jsonpath import lists
from kg.mapping_files import read_raw
from kg.namespaces import FLEX, ID, XSD
from kg.plan import source_iri
from kg.statements import Statements, name
from kg.unfold import AROUND, classes, text_of
from kg.yarrrml import RDF_TYPE, Mapping, MappingFile, Reference, Rule

_KINDS: dict[str, Callable[[str], Any]] = {
    XSD + "decimal": NumberText,
    XSD + "integer": NumberText,
    XSD + "boolean": lambda text: text == "true",
}
_PRESENTED = {"number", "string", "boolean", "object"}
_TIMES = {FLEX + "startsAt": "startStated", FLEX + "duration": "durationStated"}
Path = tuple[str, ...]
Object = dict[str, Any]


@dataclass(slots=True)
class State:
    """What holds for a node because of those around it: whether starts and lengths are its own."""

    starts: bool = True
    lengths: bool = True


@dataclass(slots=True)
class Folding:
    """Writes nodes of a graph into objects."""

    statements: Statements
    source: MappingFile
    #: node and property of what has no place
    left: list[tuple[str, str]] = field(default_factory=list)
    #: nodes written, each with the properties that a mapping wrote
    said: dict[str, set[str]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    sequenced: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        known = self.source.settings
        self.lists = lists(json.dumps(read_raw(self.source.path)["mappings"]))
        self.kinds = settings(self.source, "kinds")
        self.messages = frozenset(kind["name"] for kind in known["messages"])
        self.sequenced = frozenset(
            source_iri(self.source, predicate) for entry in known["sequences"] for predicate in entry["via"]
        )

    def fill(self, mapping: Mapping, node: str, made: Object, state: State) -> None:
        """Write everything that a mapping says of a node into its object."""
        said = self.said.setdefault(node, set())
        for rule in mapping.rules:
            objects = self.statements.objects(node, rule.predicate)
            if not objects:
                continue
            if rule.mapping:
                if self.link(mapping, rule, node, made, state):
                    said.add(rule.predicate)
            elif self.value(rule, node, made, state):
                said.add(rule.predicate)
        for path in self.statements.objects(node, FLEX + "emptyElement"):
            *way, last = name(path).split("/")
            self.at(made, tuple(way)).setdefault(last, [] if last in self.lists else {})

    def value(self, rule: Rule, node: str, made: Object, state: State) -> bool:
        """Write one property; tells whether it is written, or follows from what is."""
        if rule.term is None or len(rule.term.refs) != 1:
            return True
        (ref,) = rule.term.refs
        if ref.external or ref.up:
            return True
        if self.derived(rule.predicate, node, state):
            return True
        if not ref.steps:
            return True  # the item itself: written where it is placed
        convert = _KINDS.get(rule.datatype, str) if rule.kind == "literal" else str
        found = sorted(
            text_of(self.statements, rule, node, item)
            for item in self.statements.objects(node, rule.predicate)
        )
        for text in found:
            self.put(made, ref.steps, convert(text))
        return True

    def derived(self, predicate: str, node: str, state: State) -> bool:
        """Tell whether a time or length was worked out, and not stated."""
        flag = _TIMES.get(predicate)
        if flag is None or self.statements.flag(node, FLEX + flag):
            return False
        if predicate == FLEX + "startsAt":
            return not state.starts
        if not state.lengths:
            return True
        return self._sums_up(node)

    def _sums_up(self, node: str) -> bool:
        """Tell whether a node with sequences lasts as long as each of them, which need not be said."""
        sequences = self.statements.nodes(node, FLEX + "signal")
        totals = {name(t) for one in sequences for t in self.statements.objects(one, FLEX + "totalSeconds")}
        own = {name(t) for t in self.statements.objects(node, FLEX + "seconds")}
        return bool(sequences) and totals == own

    def put(self, made: Object, steps: Path, value: Any) -> None:
        """Put a value at a path, making what is on the way."""
        *way, last = steps
        if last in _PRESENTED and way and way[-1] in self.kinds:
            at = self.at(made, tuple(way[:-1]))
            at.setdefault(way[-1], []).append(value)
            return
        at = self.at(made, tuple(way))
        if last in self.lists:
            at.setdefault(last, []).append(value)
        else:
            at.setdefault(last, value)

    def at(self, made: Object, steps: Path) -> Object:
        """Give the object at a path without lists, made where there is none."""
        for step in steps:
            made = made.setdefault(step, {})
        return made

    def link(self, mapping: Mapping, rule: Rule, node: str, made: Object, state: State) -> bool:
        """Write the nodes that a node contains; tells whether any is of this mapping."""
        target = self.source.mappings[rule.mapping]
        found = [n for n in self.statements.nodes(node, rule.predicate) if self.is_of(target, n)]
        paths = relative(mapping, target)
        steps = () if () in paths else max(paths, key=len)
        for inner in found:
            below = self.below(rule, node, inner, state)
            if steps and target.name not in self.source.settings.get("grouped", ()):
                self.outside(target, inner, made, below, len(steps))
            self.place(target, inner, made, steps, below)
        return bool(found)

    def below(self, rule: Rule, node: str, inner: str, state: State) -> State:
        """Work out what holds for a contained node."""
        each = bool(self.statements.objects(node, FLEX + "intervalDuration"))
        if rule.predicate not in self.sequenced:
            return State(True, state.lengths and not each)
        whole = self.statements.flag(node, FLEX + "intervalStartsStated")
        return State(
            whole or bool(self.statements.nodes(inner, FLEX + "interval")), state.lengths and not each
        )

    def place(self, target: Mapping, node: str, made: Object, steps: Path, state: State) -> None:
        """Put a contained node where its mapping says."""
        if target.name in self.source.settings.get("grouped", ()):
            self.spread(target, node, made, steps, state)
            return
        if not steps:
            self.fill(target, node, made, state)
            return
        if steps[-1] in self.messages:
            self.fill(target, node, self.at(made, steps[:-1]), state)
            return
        own = next(
            (rule for rule in target.rules if rule.term and any(_itself(r) for r in rule.term.refs)), None
        )
        if own is not None:
            for text in self.statements.objects(node, own.predicate):
                self.put(made, steps, name(text))
            self.said.setdefault(node, set()).update(rule.predicate for rule in target.rules)
            return
        item: Object = {}
        self.fill(target, node, item, state)
        if steps[-2:] == ("list", "item"):
            (value,) = item.values() or [None]
            self.at(made, steps[:-3]).setdefault(steps[-3], []).append(value)
        elif steps[-1] in self.lists or steps[-1] in _PRESENTED:
            self.put(made, steps, item)
        else:
            self.at(made, steps[:-1])[steps[-1]] = item

    def spread(self, target: Mapping, node: str, made: Object, steps: Path, state: State) -> None:
        """Put a grouped node and its items: each item into the object around it that it agrees with."""
        around, last = steps[-2], steps[-1]
        place = 0
        for rule in target.rules:
            if not rule.mapping:
                continue
            inner = self.source.mappings[rule.mapping]
            for item in self.statements.nodes(node, rule.predicate):
                below = self.below(rule, node, item, state)
                wanted: Object = {}
                self.outside(inner, item, wanted, below)
                holders: list[Object] = self.at(made, steps[:-2]).setdefault(around, [])
                while (
                    place < len(holders) and {k: v for k, v in holders[place].items() if k != last} != wanted
                ):
                    place += 1
                if place == len(holders):
                    holders.append(wanted)
                part: Object = {}
                self._own(target, node, part)
                self.fill(inner, item, part, below)
                holders[place].setdefault(last, []).append(part)
                place += 1
            self.said.setdefault(node, set()).add(rule.predicate)

    def _own(self, target: Mapping, node: str, part: Object) -> None:
        for rule in target.rules:
            if not rule.mapping and self.statements.objects(node, rule.predicate):
                self.value(rule, node, part, State())
                self.said.setdefault(node, set()).add(rule.predicate)

    def outside(self, mapping: Mapping, node: str, made: Object, state: State, up: int = 1) -> None:
        """Write what a mapping reads from an object around its element."""
        for rule in mapping.rules:
            (ref,) = rule.term.refs if rule.term is not None and len(rule.term.refs) == 1 else (None,)
            if ref is None or ref.up != up or self.derived(rule.predicate, node, state):
                continue
            convert = _KINDS.get(rule.datatype, str)
            for item in self.statements.objects(node, rule.predicate):
                self.put(made, ref.steps, convert(text_of(self.statements, rule, node, item)))

    def is_of(self, mapping: Mapping, node: str) -> bool:
        """Tell whether a node is one that a mapping makes: by classes, constants and the form of its IRI."""
        if not self.statements.types(node) & classes(mapping):
            return False
        head, tail = mapping.subject.parts[0], mapping.subject.parts[-1]
        if head and node.startswith(ID) and not (node.startswith(head) and node.endswith(tail)):
            return False
        return all(
            rule.term.parts[0] in {name(o) for o in self.statements.objects(node, rule.predicate)}
            for rule in mapping.rules
            if rule.term is not None and rule.term.constant and rule.predicate != RDF_TYPE
        )

    def rest(self, message: str) -> list[tuple[str, str]]:
        """List node and property of what no mapping wrote of a message, nor follows from what is written."""
        tables = [load(self.source.path.parent / table) for table in self.source.settings.get("implied", ())]
        implied = {
            table.conditions[0][0][1:-1]: {path[0][1:-1] for path in table.results} for table in tables
        }
        out, seen, open_ = [], set(), [message]
        while open_:
            node = open_.pop()
            if node in seen:
                continue
            seen.add(node)
            props = set(self.statements.properties(node))
            following = {p for asked, found in implied.items() if asked in props for p in found}
            said = self.said.get(node)
            for prop in sorted(props - following - AROUND):
                known = said is not None and prop in said
                if not known and not prop.endswith("Text"):
                    out.append((node, prop))
                    continue
                found = map(name, self.statements.objects(node, prop))
                open_ += (one for one in found if one.startswith(ID) and self.statements.types(one))
        return out


def _itself(ref: Reference) -> bool:
    return not (ref.steps or ref.up or ref.external or ref.name_of or ref.own_text)
