"""Payloads as nested values: what must be equal between a payload and the one written from its graph."""

from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from kg.schema_model import Element, Model
from kg.times import moment
from tests.leaves import ignored, length

_NUMBERS = ("float", "double", "decimal", "integer", "long", "unsignedInt", "unsignedLong", "unsignedByte")


def values(root: Any, model: Model, *, spelt: bool = True) -> Any:
    """A payload as (name, value, attributes, children), each leaf with its value under the schema's type.

    Children whose order the schema leaves open are sorted by kind. What the mapping ignores is left out.

    Args:
        spelt: whether durations must be spelt alike, not only be of the same length.
    """
    element = model.element(root.tag)
    assert element is not None
    return _values(root, element, ignored(), spelt)


def _values(node: Any, element: Element, out: set[str], spelt: bool) -> Any:
    children = []
    for child in node.iterchildren(etree.Element):
        found = element.child(child.tag)
        if child.tag in out and not len(child):
            children.append(((found[0].index, 0), (child.tag, "", [], [])))
        elif child.tag not in out:
            assert found is not None, child.tag
            slot, place, declared = found
            order = (slot.index, place if slot.loose else 0)
            children.append((order, _values(child, declared, out, spelt)))
    if any(slot.loose for slot in element.slots):
        children.sort(key=lambda pair: pair[0])
    attributes = {
        name: _value(text, element.attributes[name].text, spelt)
        for name, text in node.attrib.items()
        if name not in out
    }
    text = "" if len(node) else _value(node.text or "", _type(element), spelt)
    return node.tag, text, sorted(attributes.items()), [value for _, value in children]


def _type(element: Element) -> str:
    named = element.type is not None and element.type.get("name") == "DurationValueType"
    return "duration" if named else element.text


def _value(text: str, kind: str, spelt: bool) -> Any:
    if kind in _NUMBERS:
        try:
            return Decimal(text.strip()) if text.strip() != "NaN" else text
        except InvalidOperation:
            return text
    if kind == "dateTime":
        return moment(text.strip()) or text
    if kind == "boolean":
        return text.strip() in ("true", "1")
    if kind == "duration" and not spelt:
        return length(text)
    if kind in ("string", "duration"):
        return text
    return " ".join(text.split())
