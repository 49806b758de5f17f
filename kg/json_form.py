"""The form of a JSON message, from its mapping file: which members it may have, and of which kind each is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kg.containment import relative
from kg.document import SchemaError
from kg.json_tree import PRESENTED, Node
from kg.namespaces import XSD
from kg.yarrrml import Mapping, MappingFile, Reference

#: Errors listed of one document.
MAX_ERRORS = 100
_KINDS = {XSD + "decimal": "number", XSD + "integer": "number", XSD + "boolean": "boolean"}
Path = tuple[str, ...]


@dataclass(slots=True)
class Form:
    """What one member is: the kinds that a mapping reads from it, and its own members."""

    kinds: set[str] = field(default_factory=set)
    members: "dict[str, Form]" = field(default_factory=dict)

    def at(self, path: Path) -> "Form":
        """Give the form at a path, made where there is none yet."""
        form = self
        for step in path:
            form = form.members.setdefault(step, Form())
        return form


def outer(source: MappingFile, mapping: Mapping) -> list[tuple[int, Path, str]]:
    """List what a mapping, and those on the same element, read from around it: steps up, names down, kind."""
    found = []
    for rule, ref in _references(mapping):
        if ref.up:
            found.append((ref.up, ref.steps, rule))
    for target in _linked(source, mapping):
        for steps in relative(mapping, target):
            found += [
                (up - len(steps), down, kind) for up, down, kind in outer(source, target) if up > len(steps)
            ]
    return found


def around(source: MappingFile, mapping: Mapping) -> Iterator[tuple[Path, str]]:
    """List the paths below a mapping's element that mappings further in read by going up; with kinds."""
    for target in _linked(source, mapping):
        for steps in relative(mapping, target):
            for up, down, kind in outer(source, target):
                if up <= len(steps):
                    yield (*steps[: len(steps) - up], *down), kind


def form_of(source: MappingFile, mapping: Mapping, form: Form | None = None) -> Form:
    """Make the form of a mapping's element."""
    form = form or Form()
    for kind, ref in _references(mapping):
        if not ref.up:
            form.at(ref.steps).kinds.add(kind)
    for path, kind in around(source, mapping):
        form.at(path).kinds.add(kind)
    for target in _linked(source, mapping):
        for steps in relative(mapping, target):
            form_of(source, target, form.at(steps))
    return form


def _linked(source: MappingFile, mapping: Mapping) -> list[Mapping]:
    return [source.mappings[rule.mapping] for rule in mapping.rules if rule.mapping]


def _references(mapping: Mapping) -> Iterator[tuple[str, Reference]]:
    for rule in mapping.rules:
        for ref in rule.term.refs if rule.term is not None else ():
            if not ref.external and ref.steps:
                kind = _KINDS.get(rule.datatype, "string") if rule.kind == "literal" else "string"
                yield kind, ref


def errors(node: Node, form: Form, lists: frozenset[str]) -> Iterator[SchemaError]:
    """List where a document departs from its form in kind; what no mapping names is left to the lift.

    Args:
        node: an object.
        form: its form.
        lists: names that stand for lists.
    """
    for child in node:
        name = child.tag.removesuffix("[]")
        inner = form.members.get(name)
        if inner is None:
            continue
        if child.tag not in PRESENTED and child.tag not in ("list", "item"):
            wanted = "array" if name in lists else ""
            if child.listed != bool(wanted):
                found = "a list" if child.listed else f"of the kind {child.kind}"
                yield _error(child, f"{name} has to be {'a list' if wanted else 'no list'}, and is {found}")
                continue
        if inner.members and child.kind != "object" and child.tag == name:
            yield _error(child, f"{name} has to be an object, and is of the kind {child.kind}")
        elif not inner.members and child.kind not in (inner.kinds or {child.kind}) and child.tag == name:
            asked = " or ".join(sorted(inner.kinds))
            yield _error(child, f"{name} has to be of the kind {asked}, and is of the kind {child.kind}")
        elif inner.members:
            yield from errors(child, inner, lists)


def _error(node: Node, message: str) -> SchemaError:
    return SchemaError(message, 0, node.json_pointer or "/")


def settings(source: MappingFile, name: str) -> frozenset[str]:
    """Read a list of names from the block ``flexkg``."""
    found: Any = source.settings.get(name, ())
    return frozenset(str(item) for item in found)
