"""Writes descriptions as Turtle: one predicate a line, blank nodes in what they belong to, always alike."""

import re
from collections.abc import Iterable
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from kg.namespaces import RDF, XSD
from kg.site.facts import TYPE, Facts, Subject, Value

_LOCAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BARE: Final = {
    XSD + "integer": re.compile(r"[+-]?[0-9]+"),
    XSD + "decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    XSD + "boolean": re.compile(r"true|false"),
}
_INDENT: Final = "    "


def write(facts: Facts, subjects: Iterable[str]) -> str:
    """Write what is stated of some subjects.

    Args:
        facts: where to look.
        subjects: IRIs; unknown ones are passed over.

    Returns:
        Turtle with the prefixes that it uses, the same text for the same facts.
    """
    writer = _Writer(facts)
    blocks = [writer.block(NamedNode(iri)) for iri in subjects if NamedNode(iri) in facts.by_subject]
    head = [f"@prefix {prefix}: <{facts.prefixes[prefix]}> ." for prefix in sorted(writer.used)]
    return "\n".join([*head, "", *blocks])


def body(facts: Facts, subject: str) -> str:
    """Write what is stated of one subject, without prefixes, to be read on a page."""
    return _Writer(facts).block(NamedNode(subject))


def value(facts: Facts, node: Value) -> str:
    """Write an object: an IRI, a literal, or a blank node with all that belongs to it."""
    return _Writer(facts).value(node, 0)


class _Writer:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.used: set[str] = set()
        self._open: set[Subject] = set()

    def block(self, subject: NamedNode) -> str:
        return f"{self._node(subject)}\n{self._lines(subject, 1)} .\n"

    def _lines(self, subject: Subject, depth: int) -> str:
        self._open.add(subject)
        out: dict[str, list[str]] = {}
        for predicate, value in self.facts.by_subject.get(subject, ()):
            out.setdefault(predicate, []).append(self.value(value, depth))
        self._open.discard(subject)
        pad = _INDENT * depth
        comma = f" ,\n{pad}{_INDENT}"
        ordered = sorted(out.items(), key=lambda item: item[0] != TYPE)
        return " ;\n".join(f"{pad}{self._verb(name)} {comma.join(values)}" for name, values in ordered)

    def _verb(self, predicate: str) -> str:
        return "a" if predicate == TYPE else self._node(NamedNode(predicate))

    def value(self, value: Value, depth: int) -> str:
        if isinstance(value, NamedNode):
            return self._node(value)
        if isinstance(value, Literal):
            return self._literal(value)
        if not isinstance(value, BlankNode) or value in self._open:
            return "[]"
        if self.facts.values(value, RDF + "first"):
            return self._list(value, depth)
        if not self.facts.by_subject.get(value):
            return "[]"
        return f"[\n{self._lines(value, depth + 1)}\n{_INDENT * depth}]"

    def _list(self, head: BlankNode, depth: int) -> str:
        members = [self.value(item, depth + 1) for item in self.facts.items(head)]
        if sum(map(len, members)) < 80 and not any("\n" in member for member in members):
            return f"( {' '.join(members)} )"
        pad = _INDENT * (depth + 1)
        return "(\n" + "\n".join(pad + member for member in members) + f"\n{_INDENT * depth})"

    def _literal(self, value: Literal) -> str:
        kind = value.datatype.value
        if kind in _BARE and _BARE[kind].fullmatch(value.value):
            return value.value
        if value.language is not None or kind == XSD + "string":
            return str(value)
        return f"{Literal(value.value)}^^{self._node(value.datatype)}"

    def _node(self, node: NamedNode) -> str:
        for prefix, base in self.facts.prefixes.items():
            local = node.value.removeprefix(base)
            if local != node.value and _LOCAL.fullmatch(local):
                self.used.add(prefix)
                return f"{prefix}:{local}"
        return str(node)
