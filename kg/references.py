"""References and templates of a mapping as functions of an element."""

from collections.abc import Callable
from typing import Any

from kg.literals import segment, string
from kg.namespaces import XSD
from kg.yarrrml import Mapping, Reference, Term

_CACHE_LIMIT = 4096
_DIGITS = 400
_POSITIONS = tuple(f'"{n}"^^<{XSD}integer>' for n in range(256))
_POSITION_LISTS = tuple([text] for text in _POSITIONS)

Getter = Callable[[Any], str | None]


def getter(ref: Reference) -> Getter:
    """Make a function that reads a reference from an element; None where there is nothing."""
    up, steps, attribute = ref.up, ref.steps, ref.attribute
    if ref.name_of:
        return lambda element: str(element.tag).rpartition("}")[2]
    if ref.own_text:
        return own_text
    if steps[:1] == ("self::",):
        tag, steps = steps[1], steps[2:]
    else:
        tag = ""

    if not (tag or up or attribute) and len(steps) == 1:
        return _child_text(steps[0])

    def get(element: Any) -> str | None:
        if tag and element.tag != tag:
            return None
        for _ in range(up):
            element = element.getparent()
            if element is None:
                return None
        for step in steps:
            element = next(element.iterchildren(step), None)
            if element is None:
                return None
        if attribute:
            value: str | None = element.get(attribute)
            return value
        text: str = element.text or ""
        return text

    return get


def _child_text(step: str) -> Getter:
    def get(element: Any) -> str | None:
        for child in element.iterchildren(step):
            return child.text or ""
        return None

    return get


def own_text(element: Any) -> str | None:
    """Read the characters directly in an element, around its children too; None for white space."""
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    return text if text.strip() else None


def subject_writer(
    term: Term, numbers: frozenset[Reference] = frozenset()
) -> Callable[[Any, str, int, str], str]:
    """Make the function that writes a mapping's subject, as N-Triples, from its place in the payload.

    Args:
        term: the template.
        numbers: references that hold whole numbers: ``007`` and ``7`` are one thing, so they name one.
    """
    reads = [
        (ref.external, None if ref.external else _number(getter(ref)) if ref in numbers else getter(ref))
        for ref in term.refs
    ]
    parts = term.parts
    if [external for external, _ in reads] == ["_parent", "_position"]:
        head, between, tail = parts
        return lambda _element, parent, position, _digest: f"{head}{parent}{between}{position}{tail}"

    def write(element: Any, parent: str, position: int, digest: str) -> str:
        text = parts[0]
        for (external, get), part in zip(reads, parts[1:], strict=True):
            if external == "_parent":
                text += parent
            elif external == "_position":
                text += str(position)
            elif external == "_digest":
                text += digest
            elif get is not None:
                text += segment(get(element) or "")
            text += part
        return text

    return write


def whole_numbers(mapping: Mapping) -> frozenset[Reference]:
    """List what a mapping reads as whole numbers."""
    return frozenset(
        ref
        for rule in mapping.rules
        if rule.term is not None and rule.datatype == XSD + "integer"
        for ref in rule.term.refs
    )


def bracketed(write: Callable[[Any, str, int, str], str]) -> Callable[[Any, str, int, str], str]:
    """Put what a writer of IRIs writes in angle brackets."""
    return lambda element, parent, position, digest: f"<{write(element, parent, position, digest)}>"


def _number(get: Getter) -> Getter:
    """Make a getter that writes a whole number without leading zeros."""

    def read(element: Any) -> str | None:
        return whole_number(get(element) or "")

    return read


def whole_number(text: str) -> str:
    """Write a whole number without leading zeros; other text as it is, without the space around it."""
    text = text.strip()
    return str(int(text)) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else text


class _Memory(dict[str, str]):
    """What a converter made, by the text that it read; bounded."""

    def __init__(self, make: Callable[[str], str]) -> None:
        self._make = make
        self.lists = _Lists(self)

    def __missing__(self, text: str) -> str:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        made = self[text] = self._make(text)
        return made


def cached(make: Callable[[str], str]) -> Callable[[str], str]:
    """Remember what a converter made, for tokens that come again and again; bounded."""
    return _Memory(make).__getitem__


class _Lists(dict[str, list[str]]):
    """The same, each made thing alone in a list; bounded."""

    def __init__(self, memory: "_Memory") -> None:
        self._memory = memory

    def __missing__(self, text: str) -> list[str]:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        made = self[text] = [self._memory[text]]
        return made


def listed(convert: Callable[[str], str]) -> Callable[[str], list[str]] | None:
    """Let a converter that remembers give lists, which are shared and never changed; None of any other."""
    memory = getattr(convert, "__self__", None)
    return memory.lists.__getitem__ if isinstance(memory, _Memory) else None


def opener(get: Getter, convert: Callable[[str], str]) -> Callable[[Any, str, int, str], str | None]:
    """Make the function that reads and converts a reference when its mapping's element is reached."""

    def read(element: Any, _parent: str, _position: int, _digest: str) -> str | None:
        text = get(element)
        return None if text is None else convert(text)

    return read


def joined(term: Term) -> Callable[[Any, str, int, str], str | None]:
    """Make the function that writes a text of several references; None where one of them has nothing."""
    reads = [getter(ref) for ref in term.refs]

    def write(element: Any, _parent: str, _position: int, _digest: str) -> str | None:
        text = term.parts[0]
        for get, part in zip(reads, term.parts[1:], strict=True):
            found = get(element)
            if found is None:
                return None
            text += found + part
        return string(text)

    return write


def ordinal(position: int) -> list[str]:
    """Write a position, alone in a list that is not to be changed."""
    if position < len(_POSITIONS):
        return _POSITION_LISTS[position]
    return [f'"{position}"^^<{XSD}integer>']


def numbered(_element: Any, _parent: str, position: int, _digest: str) -> str:
    """Write the position of an element."""
    return _POSITIONS[position] if position < len(_POSITIONS) else f'"{position}"^^<{XSD}integer>'
