"""What becomes of each element and attribute of a schema: the mapping file held against the XSD files.

The walk starts at every message and goes through the schema and the mappings at the same time, so that an
element counts in each place where it may stand: ``ei:venID`` of a poll and of a target are two rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kg.containment import relative
from kg.lift import Lifter
from kg.namespaces import PREFIXES, VOCAB
from kg.plan import element_name
from kg.schema_model import Element, Model
from kg.unfold import classes
from kg.xpath import prefixed
from kg.yarrrml import Mapping, Reference, Rule

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of an element or attribute in one place.

    Attributes:
        mapping: name of the mapping, for example ``"Signal"``.
        element: the element that its nodes stand for, for example ``"ei:eiEventSignal"``.
        kinds: their classes, for example ``"flex:Signal"``.
        path: the path below that element, ``.`` for the element's own text.
        type: built-in type of the text in the schema; empty for an element that holds others.
        makes: what it becomes, for example ``"flex:value, xsd:decimal"``.
        reason: why it becomes nothing.
    """

    mapping: str
    element: str
    kinds: str
    path: str
    type: str
    makes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def accounted(self) -> bool:
        """Whether it becomes something, or there is a reason why not."""
        return bool(self.makes or self.reason)


def rows(lifter: Lifter, model: Model) -> tuple[Row, ...]:
    """List what becomes of everything that can stand in a message.

    Args:
        lifter: a compiled mapping file.
        model: the model of its schema.

    Returns:
        One row for each element and attribute in each of its places.
    """
    walk = _Walk(lifter, model)
    for tag, plan in lifter.roots.items():
        element = model.element(tag)
        if element is not None:
            walk.visit(plan.mapping, element)
    return tuple(walk.found)


class _Walk:
    def __init__(self, lifter: Lifter, model: Model) -> None:
        self.lifter, self.model = lifter, model
        self.source = lifter.source
        self.reasons = {
            entry["path"] if entry["path"].startswith("@") else element_name(self.source, entry["path"]): str(
                entry["reason"]
            )
            for key in ("ignored", "unread")
            for entry in self.source.settings.get(key, ())
        }
        self.found: list[Row] = []
        self.seen: set[tuple[str, str]] = set()

    def visit(self, mapping: Mapping, element: Element) -> None:
        """Account for a mapping's element and all below it."""
        if (mapping.name, element.name) in self.seen:
            return
        self.seen.add((mapping.name, element.name))
        self.below(mapping, element, element, ())

    def below(self, mapping: Mapping, top: Element, element: Element, path: Path) -> None:
        """Account for the attributes, text and children of an element at a path below a mapping's own."""
        for attribute in element.attributes.values():
            makes = self.values(mapping, top, path, attribute.name)
            reason = self.reasons.get(f"@{prefixed(attribute.name)}", "")
            self.row(mapping, top, (*path, "@" + attribute.name), attribute.text, makes, reason)
        if element.text and not path:
            makes = self.values(mapping, top, ())
            self.row(mapping, top, (), element.text, makes, "")
        for slot in element.slots:
            children = list(slot.elements)
            if slot.wildcard:
                children += self.foreign(mapping, element, path)
            for child in children:
                self.child(mapping, top, child, (*path, child.name))

    def child(self, mapping: Mapping, top: Element, child: Element, path: Path) -> None:
        """Account for one child."""
        makes = self.values(mapping, top, path)
        inner = [(rule, target) for rule, target in self.links(mapping) if path in relative(mapping, target)]
        makes += [f"{_short(rule.predicate)} to {_kinds(target)}" for rule, target in inner]
        if not makes and child.name in self.lifter.roots and self.envelope(mapping):
            makes.append("flex:contains to its own mapping")
        held = not makes and self.holds(mapping, path)
        reason = self.reasons.get(child.name, "") if not makes and not held else ""
        if held:
            makes = ["holds what follows"]
        self.row(mapping, top, path, child.text, makes, reason)
        for _, target in inner:
            self.visit(target, child)
        if (held or (makes and not inner)) and not (child.name in self.lifter.roots and not inner):
            self.below(mapping, top, child, path)

    def foreign(self, mapping: Mapping, element: Element, path: Path) -> Iterator[Element]:
        """List what a mapping expects where the schema lets in elements of other namespaces."""
        own = {child.name for slot in element.slots for child in slot.elements}
        for _, target in self.links(mapping):
            for steps in relative(mapping, target):
                known = self.model.element(steps[-1]) if steps[:-1] == path and steps else None
                if known is not None and known.name not in own:
                    yield known

    def links(self, mapping: Mapping) -> Iterator[tuple[Rule, Mapping]]:
        """List the links of a mapping and of those on the same element."""
        for rule in mapping.rules:
            if rule.mapping:
                target = self.source.mappings[rule.mapping]
                if () in relative(mapping, target):
                    yield from self.links(target)
                else:
                    yield rule, target

    def shared(self, mapping: Mapping) -> Iterator[Mapping]:
        """List a mapping and those on the same element."""
        yield mapping
        for rule in mapping.rules:
            if rule.mapping and () in relative(mapping, self.source.mappings[rule.mapping]):
                yield from self.shared(self.source.mappings[rule.mapping])

    def values(self, mapping: Mapping, top: Element, path: Path, attribute: str = "") -> list[str]:
        """List what a text or attribute at a path becomes."""
        found: dict[str, None] = {}
        for one in self.shared(mapping):
            for rule in one.rules:
                for ref in rule.term.refs if rule.term is not None else ():
                    if self.path(ref, top) == path and ref.attribute == attribute:
                        found[_becomes(rule)] = None
        return list(found)

    def holds(self, mapping: Mapping, path: Path) -> bool:
        """Tell whether something below a path becomes something."""
        paths = [steps for one in self.shared(mapping) for steps in self.paths(one)]
        return any(len(steps) > len(path) and steps[: len(path)] == path for steps in paths)

    def paths(self, mapping: Mapping) -> Iterator[Path]:
        for rule in mapping.rules:
            if rule.mapping:
                yield from relative(mapping, self.source.mappings[rule.mapping])
            for ref in rule.term.refs if rule.term is not None else ():
                own = ref.steps[2:] if ref.steps[:1] == ("self::",) else ref.steps
                if not ref.up and not ref.external:
                    yield (*own, "@") if ref.attribute else own

    @staticmethod
    def path(ref: Reference, top: Element) -> Path | None:
        """Give the path of a reference that reads a text; None where it reads none of this element."""
        if ref.external or ref.name_of or ref.up:
            return None
        if ref.steps[:1] == ("self::",):
            return ref.steps[2:] if ref.steps[1] == top.name else None
        return ref.steps

    def envelope(self, mapping: Mapping) -> bool:
        return any(ref.external == "_digest" for rule in mapping.rules if rule.term for ref in rule.term.refs)

    def row(
        self, mapping: Mapping, top: Element, path: Path, kind: str, makes: list[str], reason: str
    ) -> None:
        names = [f"@{prefixed(s[1:])}" if s.startswith("@") else prefixed(s) for s in path]
        kinds = ", ".join(_kinds(one) for one in self.shared(mapping))
        place = mapping.name, prefixed(top.name), kinds, "/".join(names) or "."
        self.found.append(Row(*place, kind, tuple(makes), reason))


def _kinds(mapping: Mapping) -> str:
    return ", ".join(sorted(_short(kind) for kind in classes(mapping)))


def _short(iri: str) -> str:
    found = [f"{p}:{iri.removeprefix(n)}" for p, n in PREFIXES.items() if iri.startswith(n)]
    return min(found, key=len, default=iri)


def _becomes(rule: Rule) -> str:
    """Say what a rule makes of a text."""
    name = _short(rule.predicate)
    if rule.kind != "iri" or rule.term is None:
        return f"{name}, {_short(rule.datatype)}"
    head = rule.term.parts[0]
    if head.startswith(VOCAB):
        return f"{name}, concept of vocab:{head.removeprefix(VOCAB).rstrip('/')}"
    return f"{name}, part of an IRI {_short(head)}..."


def markdown(found: tuple[Row, ...], heading: str) -> str:
    """Write rows as a page: a table for each element that becomes nodes; equal tables are written one time.

    Args:
        found: what ``rows`` lists.
        heading: text from the title to the first table.
    """
    tables: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        tables.setdefault((row.mapping, row.element), []).append(row)
    pages: dict[tuple[str, ...], list[Row]] = {}
    for rows_ in tables.values():
        text = [f"| `{row.path}` | {row.type} | {_cell(row)} |" for row in rows_]
        pages.setdefault((rows_[0].element, rows_[0].kinds, *text), []).append(rows_[0])
    lines = [heading.rstrip()]
    for (element, kinds, *text), firsts in pages.items():
        names = ", ".join(dict.fromkeys(row.mapping for row in firsts))
        lines += ["", f"## `{element}` becomes `{kinds}`", "", f"Mappings: {names}.", ""]
        lines += ["| element or attribute | type in the schema | becomes |", "|---|---|---|", *text]
    return "\n".join(lines) + "\n"


def _cell(row: Row) -> str:
    text = "<br>".join(row.makes) or (f"nothing: {row.reason}" if row.reason else "**not accounted for**")
    return text.replace("|", "\\|")
