"""What a mould reads, as expressions: the texts of leaves, what is outside, what never changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kg.literals import segment
from kg.references import getter, whole_number
from kg.yarrrml import Reference, Term

#: What is outside, and what is made of it.
Outer = tuple[Reference, Callable[[str], str]]


def _segmented(text: str) -> str:
    return segment(text)


def _numbered(text: str) -> str:
    return segment(whole_number(text))


class Refused(Exception):
    """An element that says what its form does not tell."""


class Terms:
    """Writes the expressions.

    Args:
        top: the element.
        groups: the group of each leaf.
        hollow: names of elements that say nothing because they are empty.
    """

    def __init__(self, top: Any, groups: dict[Any, int], hollow: frozenset[str]) -> None:
        self.top, self.groups, self.hollow = top, groups, hollow
        self.outside: dict[Outer, Callable[[Any], str | None]] = {}
        #: what is outside and said of a subject -> whether it is there
        self.told: dict[Outer, bool] = {}
        self.space: dict[str, Any] = {"segment": segment, "whole_number": whole_number}
        self.names: dict[Any, str] = {}

    def name(self, value: Any) -> str:
        """Give the name of a constant."""
        key = value if isinstance(value, str) else id(value)
        if key not in self.names:
            self.names[key] = f"c{len(self.space)}"
            self.space[self.names[key]] = value
        return self.names[key]

    def iri(
        self, term: Term, element: Any, parent: str, place: str, numbers: frozenset[Reference] = frozenset()
    ) -> str:
        """Write the expression of an IRI, without brackets."""
        if any(set(part) & set('{}"\\\n') for part in term.parts):
            raise Refused
        parts = [term.parts[0]]
        for ref, part in zip(term.refs, term.parts[1:], strict=True):
            if ref.external:
                known = {"_parent": f"{{{parent}}}", "_position": place, "_digest": "{W.digest}"}[
                    ref.external
                ]
                parts.append("{i}" if known == "i" else known)
            else:
                number = ref in numbers
                read = self.read(ref, element, _numbered if number else _segmented) or self.name("")
                if read[0] != "O":
                    read = f"segment({f'whole_number({read})' if number else read})"
                parts.append(f"{{{read}}}")
            parts.append(part)
        return "".join(parts)

    def read(self, ref: Reference, element: Any, make: Callable[[str], str] = str) -> str | None:
        """Write the expression of the text that a reference leads to; None where there is nothing.

        Args:
            ref: the reference.
            element: where it leads from.
            make: what is made of a text that is outside.
        """
        if ref.name_of:
            return self.name(str(element.tag).rpartition("}")[2])
        steps, up = ref.steps, ref.up
        if ref.own_text:
            raise Refused
        if steps[:1] == ("self::",):
            if element.tag != steps[1]:
                return None
            steps = steps[2:]
        while up:
            if element is self.top:
                outer = replace(ref, up=up, steps=steps), make
                self.outside.setdefault(outer, getter(outer[0]))
                return f"O[{list(self.outside).index(outer)}]"
            element, up = element.getparent(), up - 1
        for step in steps:
            element = next(element.iterchildren(step), None)
            if element is None:
                return None
        if ref.attribute:
            value = element.get(ref.attribute)
            return None if value is None else self.name(str(value))
        return self.text(element)

    def text(self, element: Any) -> str:
        """Write the expression of an element's text."""
        if element in self.groups:
            return f"g{self.groups[element]}"
        if len(element) or element.tag in self.hollow:
            raise Refused
        return self.name("")
