"""Compiles a mapping file into a walk plan: dispatch tables by element name, no XPath at lift time.

A ``Plan`` belongs to one mapping. ``table`` leads from an element's name to a ``Node``: what to write for its
text (``emits``), which mappings start there (``starts``), and the table for its own children. What cannot be
met on the way down (constants, attributes, references to ancestors, templates over several references) is in
``opens`` and worked out when the mapping's element is reached.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kg import references
from kg.containment import relative
from kg.errors import AssetError
from kg.json_form import around
from kg.literals import CONVERTERS, segment
from kg.namespaces import FLEX, VOCAB, XSD
from kg.xpath import prefixed
from kg.yarrrml import Mapping, MappingFile, Reference, Rule, Term

#: What an emitted object is besides a triple: nothing, a concept, a start, a length, text read as a number.
PLAIN, CONCEPT, START, DURATION, NUMBERED = range(5)
_KINDS = {FLEX + "startsAt": START, FLEX + "uid": NUMBERED}

#: predicate as N-Triples, converter of the text, kind
Emit = tuple[str, Callable[[str], str], int]
#: predicate as N-Triples, index of its position counter, plan, whether it is part of a sequence
Start = tuple[str, int, "Plan", bool]
#: predicate as N-Triples, object from (element, parent, position, digest), kind
Open = tuple[str, Callable[[Any, str, int, str], str | None], int]


@dataclass(slots=True)
class Node:
    """One element name in a table."""

    emits: tuple[Emit, ...] = ()
    starts: tuple[Start, ...] = ()
    table: dict[str, "Node"] = field(default_factory=dict)
    #: its path below the mapping's element, for ``flex:emptyElement`` where the payload has nothing in it
    path: str = ""
    #: whether its namespace lets a leaf hold elements
    mixed: bool = False
    #: whether nothing is written and nothing starts here, so that an only child can be gone to
    through: bool = False
    #: whether nothing starts here and nothing lies below
    leaf: bool = False


@dataclass(slots=True)
class Plan:
    """How one mapping is walked."""

    mapping: Mapping
    subject: Callable[[Any, str, int, str], str]
    #: predicates and objects that never change
    constants: tuple[tuple[str, str], ...] = ()
    opens: tuple[Open, ...] = ()
    #: name of the element -> ``opens`` with those that apply to an element of that name only
    tagged: dict[str, tuple[Open, ...]] = field(default_factory=dict)
    #: mappings whose subject lies on the same element
    same: tuple[Start, ...] = ()
    table: dict[str, Node] = field(default_factory=dict)
    counters: int = 0
    #: whether it walks nothing because another mapping walks the same element
    neighbour: bool = False
    #: whether elements that make the same subject are one node
    grouped: bool = False
    #: what the functions of ``opens`` read, and what converts it; None where it is part of an IRI
    reads: dict[Any, tuple[Term, Callable[[str], str] | None]] = field(default_factory=dict)
    #: what the subject reads as whole numbers
    numbers: frozenset[Reference] = frozenset()
    #: moulds of its elements by the name as it is written
    moulds: dict[str, Any] = field(default_factory=dict)
    #: walks an element by this plan: the walk, the element, the parent's IRI, the position; gives the subject
    run: Callable[[Any, Any, str, int], str] = field(init=False)
    #: name of the mapping
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.run, self.name = self.plainly, self.mapping.name

    def plainly(self, walk: Any, element: Any, parent: str, position: int) -> str:
        """Walk by the tables."""
        return str(walk.start(self, element, parent, position))


def compile_file(source: MappingFile) -> dict[str, Plan]:
    """Compile every mapping of a file.

    Returns:
        Plans by mapping name; links between them resolved.

    Raises:
        AssetError: a datatype is not known, or a link cannot be placed below its mapping.
    """
    plans = {
        name: Plan(mapping, references.subject_writer(mapping.subject, numbers), numbers=numbers)
        for name, mapping in source.mappings.items()
        for numbers in (references.whole_numbers(mapping),)
    }
    sequenced = {
        source_iri(source, predicate)
        for entry in source.settings.get("sequences", ())
        for predicate in entry["via"]
    }
    compilers = [_Compiler(source, plan, plans, sequenced) for plan in plans.values()]
    neighbours = {target for compiler in compilers for target in compiler.neighbours()}
    for compiler in compilers:
        compiler.run(small=compiler.plan.name in neighbours)
    rounds = 1
    if source.settings.get("syntax") == "json":
        _complete(source, plans)
        rounds = 3  # a message, what it conveys and its parts lie on one element
    for plan in [*plans.values()] * rounds:
        for _, _, other, _ in plan.same:  # what one mapping of an element reads is not unmapped to the other
            _know(plan.table, other)
            if not other.neighbour:
                _know(other.table, plan)
    for plan in plans.values():
        _mark(plan.table)
    return plans


def _mark(table: dict[str, Node]) -> None:
    for node in table.values():
        node.through = bool(node.table) and not node.emits and not node.starts
        node.leaf = not node.table and not node.starts and not node.mixed
        _mark(node.table)


def _complete(source: MappingFile, plans: dict[str, Plan]) -> None:
    """Add to the plans for JSON what its own syntax asks for.

    Members read by going up from inside are known where they stand; a list without items is kept as an empty
    element; grouped mappings are marked.
    """
    for plan in plans.values():
        plan.grouped = plan.name in source.settings.get("grouped", ())
        for path, _ in around(source, plan.mapping):
            table = plan.table
            for step in path:
                table = table.setdefault(step, Node()).table
        _hollow(plan.table)


def _hollow(table: dict[str, Node]) -> None:
    for name, node in list(table.items()):
        if node.path:
            table[f"{name}[]"] = Node(table={"": Node()}, path=node.path)
        _hollow(node.table)


def _know(table: dict[str, Node], other: "Plan") -> None:
    """Add empty nodes for all that another mapping of the same element reads."""
    if not table and not other.same:
        return
    for rule in other.mapping.rules:
        for ref in rule.term.refs if rule.term is not None else ():
            if ref.steps and not ref.up and ref.steps[0] != "self::":
                inner = table
                for step in ref.steps:
                    inner = inner.setdefault(step, Node()).table
    _merge(table, other.table)


def _merge(table: dict[str, Node], other: dict[str, Node]) -> None:
    for tag, node in other.items():
        _merge(table.setdefault(tag, Node()).table, node.table)


def source_iri(source: MappingFile, text: str) -> str:
    """Expand a prefixed name of the block ``flexkg``."""
    prefix, _, local = text.partition(":")
    return source.prefixes[prefix] + local


def element_name(source: MappingFile, text: str) -> str:
    """Expand a prefixed element name of the block ``flexkg`` to ``{namespace}local``."""
    prefix, _, local = text.removeprefix("@").partition(":")
    return f"{{{source.prefixes[prefix]}}}{local}"


class _Compiler:
    """Compiles one mapping into its plan."""

    def __init__(self, source: MappingFile, plan: Plan, plans: dict[str, Plan], sequenced: set[str]) -> None:
        self.source, self.plan, self.plans, self.sequenced = source, plan, plans, sequenced
        self.opens: list[Open] = []
        self.tagged: dict[str, list[Open]] = {}
        self.same: list[Start] = []
        self.counters: dict[str, int] = {}
        self.direct = False
        self.json = source.settings.get("syntax") == "json"
        self.mixed = tuple(f"{{{source.prefixes[prefix]}}}" for prefix in source.settings.get("mixed", ()))

    def neighbours(self) -> Iterable[str]:
        """List the mappings linked from here whose subject lies on the same element."""
        for rule in self.plan.mapping.rules:
            if rule.mapping and () in relative(self.plan.mapping, self.plans[rule.mapping].mapping):
                yield rule.mapping

    def run(self, *, small: bool) -> None:
        """Fill the plan; a small neighbour (no links) reads what it needs on opening and walks nothing."""
        self.direct = self.plan.neighbour = small and not any(
            rule.mapping for rule in self.plan.mapping.rules
        )
        for rule in self.plan.mapping.rules:
            if rule.kind == "link":
                self.link(rule)
            else:
                self.value(rule)
        self.plan.opens = tuple(self.opens)
        self.plan.tagged = {tag: (*self.opens, *more) for tag, more in self.tagged.items()}
        self.plan.same = tuple(self.same)
        self.plan.counters = len(self.counters)

    def error(self, what: str) -> AssetError:
        return AssetError(
            f"mapping {self.plan.name}: {what}", where=str(self.source.path), cure="see docs/mappings.md"
        )

    def node(self, steps: tuple[str, ...]) -> Node:
        table, node = self.plan.table, None
        for place, step in enumerate(steps, 1):
            node = table.setdefault(step, Node())
            node.path = "/".join(prefixed(part) for part in steps[:place])
            node.mixed = step.startswith(self.mixed)
            table = node.table
        if node is None:
            raise self.error("a reference has no step")
        return node

    def link(self, rule: Rule) -> None:
        target = self.plans[rule.mapping]
        counter = self.counters.setdefault(rule.predicate, len(self.counters))
        start = (f"<{rule.predicate}>", counter, target, rule.predicate in self.sequenced)
        for steps in dict.fromkeys(relative(self.plan.mapping, target.mapping)):
            if not steps:
                self.same.append(start)
            else:
                node = self.node(steps)
                node.starts += (start,)

    def converter(self, rule: Rule, term: Term) -> tuple[Callable[[str], str], int]:
        """Give the converter for one reference's text, and the kind of what it makes."""
        if rule.kind == "iri":
            head, tail = term.parts
            if head.startswith(VOCAB):  # enumerations are xs:token, identifiers are xs:string
                return references.cached(
                    lambda text: f"<{head}{segment(' '.join(text.split()))}{tail}>"
                ), CONCEPT
            return references.cached(lambda text: f"<{head}{segment(text)}{tail}>"), PLAIN
        convert = CONVERTERS.get(rule.datatype)
        if convert is None:
            raise self.error(f"datatype <{rule.datatype}> is not one of {', '.join(sorted(CONVERTERS))}")
        if term.parts != ("", ""):
            raise self.error(f"the literal of <{rule.predicate}> must be a single reference")
        if rule.datatype == XSD + "duration":
            return references.cached(convert), DURATION
        if rule.datatype in (XSD + "boolean", XSD + "integer"):
            convert = references.cached(convert)
        return convert, _KINDS.get(rule.predicate, PLAIN)

    def value(self, rule: Rule) -> None:
        term = rule.term
        assert term is not None
        predicate = f"<{rule.predicate}>"
        if term.constant:
            mark = f"<{term.parts[0]}>" if rule.kind == "iri" else CONVERTERS[rule.datatype](term.parts[0])
            self.plan.constants += ((predicate, mark),)
            return
        single = len(term.refs) == 1
        ref = term.refs[0]
        down = ref.steps and not (ref.up or ref.attribute or ref.external) and ref.steps[0] != "self::"
        if single and down and not self.direct:
            convert, kind = self.converter(rule, term)
            node = self.node(ref.steps)
            node.emits += ((predicate, convert, kind),)
            return
        if ref.external == "_position" and single:
            self.opens.append((predicate, references.numbered, PLAIN))
        elif single and not ref.external:
            convert, kind = self.converter(rule, term)
            own = ref.steps[:1] == ("self::",)
            opens = self.tagged.setdefault(ref.steps[1], []) if own else self.opens
            make = references.opener(references.getter(ref), convert)
            self.plan.reads[make] = term, convert
            opens.append((predicate, make, kind))
            if own and len(ref.steps) > 2:
                self.node(ref.steps[2:])
        elif rule.kind == "iri":
            make = references.bracketed(references.subject_writer(term))
            self.plan.reads[make] = term, None
            self.opens.append((predicate, make, PLAIN))
        elif self.json and rule.datatype == XSD + "string" and not any(ref.external for ref in term.refs):
            self.opens.append((predicate, references.joined(term), PLAIN))
        else:
            raise self.error(f"the literal of <{rule.predicate}> must be a single reference")
