"""What a schema allows where: child elements in their order, attributes and types, read from the XSD files.

``kg.schema`` says whether a payload is valid; this module says how a valid one is built. It serves the way
back from graph to payload and the table of covered elements, never the hot path.

Read are the parts of XML Schema that the OpenADR 2.0b set uses: global and local elements and types,
references, extension and restriction, sequences, choices, wildcards, substitution groups, attribute groups.
``xs:group`` and ``xs:redefine`` do not occur there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kg.schema import schema_folder
from kg.schema_files import XS, SchemaFiles, expand, qualified
from kg.xpath import OADR_20A, OADR_20B

_GROUPS = (f"{XS}sequence", f"{XS}choice", f"{XS}all")


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the order of an element's children.

    Attributes:
        index: place in the order, from 0.
        elements: what may stand there, substitutes included and abstract elements left out.
        required: whether at least one must stand there.
        many: whether more than one may.
        wildcard: whether elements of other namespaces may stand there.
    """

    index: int
    elements: tuple["Element", ...]
    required: bool
    many: bool
    wildcard: bool = False

    @property
    def loose(self) -> bool:
        """Whether the schema leaves the order inside the slot open."""
        return self.many and (self.wildcard or len(self.elements) > 1)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name, as ``{namespace}local``, its type and whether it must be there."""

    name: str
    text: str
    required: bool


class Element:
    """A declaration of an element; types are resolved when first asked for."""

    def __init__(self, model: "Model", node: Any, name: str) -> None:
        self.model, self.node, self.name = model, node, name

    def __repr__(self) -> str:
        return f"Element({self.name!r})"

    @cached_property
    def type(self) -> Any | None:
        """The node of the type; None where there is none: then anything is allowed."""
        return self.model.type_of(self.node)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """What may stand inside, in order."""
        if self.type is None:
            return () if self.text else (Slot(0, (), required=False, many=True, wildcard=True),)
        return tuple(
            Slot(index, *rest) for index, rest in enumerate(self.model.particles(self.type, required=True))
        )

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """Attributes by name."""
        found = self.model.attributes(self.type) if self.type is not None else ()
        return {attribute.name: attribute for attribute in found}

    @cached_property
    def text(self) -> str:
        """Built-in type of the text, for example ``"float"``; empty where the element has no text."""
        if self.type is None:
            return self.model.builtin(self.node)
        return self.model.text(self.type)

    @cached_property
    def fixed(self) -> str | None:
        """The one text that the schema admits; None where it leaves the choice."""
        found: str | None = self.node.get("fixed")
        return found

    @cached_property
    def hollow(self) -> bool:
        """Whether the element is valid with nothing in it but what the schema itself fixes."""
        if self.text or any(attribute.required for attribute in self.attributes.values()):
            return self.fixed is not None
        return all(
            len(slot.elements) == 1 and slot.elements[0].hollow for slot in self.slots if slot.required
        )

    def fits(self, text: str) -> bool:
        """Tell whether a text fits the patterns that the element's own simple type states."""
        patterns = self.type.iterfind(f"{XS}restriction/{XS}pattern") if self.type is not None else ()
        stated = [str(pattern.get("value")) for pattern in patterns]
        return not stated or any(re.fullmatch(pattern, text) for pattern in stated)

    @cached_property
    def _places(self) -> dict[str, tuple[Slot, int, "Element"]]:
        return {
            element.name: (slot, place, element)
            for slot in reversed(self.slots)
            for place, element in enumerate(slot.elements)
        }

    def child(self, name: str) -> tuple[Slot, int, "Element"] | None:
        """Find a child: its slot, its place among the slot's alternatives, its declaration.

        Args:
            name: ``{namespace}local``.

        Returns:
            None where the schema does not allow the child.
        """
        found = self._places.get(name)
        if found is None:
            slot = next((slot for slot in self.slots if slot.wildcard), None)
            known = self.model.element(name) if slot is not None else None
            if slot is not None and known is not None:
                return slot, len(slot.elements), known
        return found


class Model(SchemaFiles):
    """The declarations of a schema set, as elements with slots."""

    def __init__(self, path: Path, renamed: tuple[str, str] = ("", "")) -> None:
        super().__init__(path, renamed)
        self._elements: dict[Any, Element] = {}

    def element(self, name: str) -> Element | None:
        """Find a global element by ``{namespace}local``."""
        node = self.declared.get(("element", name))
        return None if node is None else self._element(node)

    def elements(self) -> tuple[Element, ...]:
        """List all global elements that may stand in a payload."""
        nodes = [node for (kind, _), node in self.declared.items() if kind == "element"]
        return tuple(element for node in nodes if not self._abstract(element := self._element(node)))

    def _element(self, node: Any) -> Element:
        if node not in self._elements:
            full = node.getparent().tag == f"{XS}schema" or qualified(node, "elementFormDefault")
            space = node.getroottree().getroot().get("targetNamespace", "")
            name = f"{{{space}}}{node.get('name')}" if full else node.get("name")
            self._elements[node] = Element(self, node, name)
        return self._elements[node]

    def _abstract(self, element: Element) -> bool:
        kind = element.type
        return element.node.get("abstract") == "true" or (kind is not None and kind.get("abstract") == "true")

    def particles(
        self, kind: Any, *, required: bool
    ) -> Iterator[tuple[tuple[Element, ...], bool, bool, bool]]:
        """Walk the content of a type: what stands at each place, whether it must, whether often, wildcard."""
        for content in kind.iterchildren(f"{XS}complexContent"):
            for derived in content.iterchildren(f"{XS}extension", f"{XS}restriction"):
                base = self.named_type(expand(derived, derived.get("base")))
                if derived.tag == f"{XS}extension" and base is not None:
                    yield from self.particles(base, required=required)
                kind = derived
        for group in kind.iterchildren(*_GROUPS):
            yield from self._group(group, required)

    def _group(self, group: Any, required: bool) -> Iterator[tuple[tuple[Element, ...], bool, bool, bool]]:
        required = required and group.get("minOccurs") != "0"
        many = group.get("maxOccurs", "1") not in ("0", "1")
        if group.tag == f"{XS}choice" or many:
            inner = [part for node in group for part in self._part(node, required)]
            elements = tuple(dict.fromkeys(e for part in inner for e in part[0]))
            must = required and all(part[1] for part in inner)
            if group.tag != f"{XS}choice":
                must = required and any(part[1] for part in inner)
            yield elements, must, many or any(part[2] for part in inner), any(part[3] for part in inner)
            return
        for node in group:
            yield from self._part(node, required)

    def _part(self, node: Any, required: bool) -> Iterator[tuple[tuple[Element, ...], bool, bool, bool]]:
        must = required and node.get("minOccurs") != "0"
        many = node.get("maxOccurs", "1") not in ("0", "1")
        if node.tag == f"{XS}element":
            yield tuple(self._concrete(node)), must, many, False
        elif node.tag == f"{XS}any":
            yield (), False, many, True
        elif node.tag in _GROUPS:
            yield from self._group(node, required)

    def _concrete(self, node: Any) -> Iterator[Element]:
        """List an element, unless it is abstract, and all that may stand in its place."""
        if ref := node.get("ref"):
            node = self.declared["element", expand(node, ref)]
        element = self._element(node)
        if not self._abstract(element):
            yield element
        if node.getparent().tag == f"{XS}schema":
            for other in self.substitutes.get(element.name, ()):
                yield from self._concrete(other)

    def attributes(self, kind: Any) -> Iterator[Attribute]:
        """List the attributes of a type, inherited ones first."""
        for content in kind.iterchildren(f"{XS}complexContent", f"{XS}simpleContent"):
            for derived in content.iterchildren(f"{XS}extension", f"{XS}restriction"):
                base = self.named_type(expand(derived, derived.get("base")))
                if base is not None:
                    yield from self.attributes(base)
                kind = derived
        for node in kind.iterchildren(f"{XS}attribute", f"{XS}attributeGroup"):
            ref = node.get("ref")
            if node.tag == f"{XS}attributeGroup":
                yield from self.attributes(self.declared["attributeGroup", expand(node, ref)])
                continue
            named = self.declared["attribute", expand(node, ref)] if ref else node
            space = named.getroottree().getroot().get("targetNamespace", "")
            full = ref or qualified(node, "attributeFormDefault")
            name = f"{{{space}}}{named.get('name')}" if full else named.get("name")
            own = self.type_of(named)
            text = self.text(own) if own is not None else self.builtin(named)
            yield Attribute(name, text, node.get("use") == "required")


@cache
def model_of(profile: str = "2.0b") -> Model:
    """Give the model of a profile's schema, read once.

    Args:
        profile: ``"2.0b"``, or ``"2.0a"``, which has the order and types of 2.0b in another namespace.

    Raises:
        AssetError: the schema is not installed or cannot be read.

    >>> poll = model_of().element("{http://openadr.org/oadr-2.0b/2012/07}oadrPoll")
    >>> [slot.elements[0].name.partition("}")[2] for slot in poll.slots]
    ['venID']
    """
    path = schema_folder() / "oadr_20b.xsd"
    return Model(path, (OADR_20B, OADR_20A)) if profile == "2.0a" else Model(path)
