"""Ways to damage a payload in place.

Each gives the elements that are wrong afterwards, none where it does not fit.

Every damage takes the root element and a place, 0 for the first element that fits and -1 for the last.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

NAMESPACES = {
    "oadr": "http://openadr.org/oadr-2.0b/2012/07",
    "ei": "http://docs.oasis-open.org/ns/energyinterop/201110",
    "pyld": "http://docs.oasis-open.org/ns/energyinterop/201110/payloads",
    "emix": "http://docs.oasis-open.org/ns/emix/2011/06",
    "power": "http://docs.oasis-open.org/ns/emix/2011/06/power",
    "scale": "http://docs.oasis-open.org/ns/emix/2011/06/siscale",
    "xcal": "urn:ietf:params:xml:ns:icalendar-2.0",
    "strm": "urn:ietf:params:xml:ns:icalendar-2.0:stream",
    "atom": "http://www.w3.org/2005/Atom",
    "espi": "http://naesb.org/espi",
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{iri}"' for prefix, iri in NAMESPACES.items())

Damage = Callable[[Any, int], list[Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of semantic damage.

    Attributes:
        name: what is wrong afterwards.
        clause: what the standard says about it, in words.
        damage: how it is done.
        speaks: pattern for what the finding that refuses it talks about.
        within: local name of the element around the damage in which a finding may point; empty: the damaged
            element's parent.
        level: at which level it must be refused: "core" where the standard says must, "strict" where a value
            would lose its meaning; "told": a finding is due at level strict, and no refusal.
        now: the time, where it takes one to see it.
        only: name of the payload that it is done to; empty: all that it fits.
        context: names of the payloads that were sent before; None where it takes no context to see it.
        gap: why nothing catches it, where nothing does.
    """

    name: str
    clause: str
    damage: Damage
    speaks: str
    within: str = ""
    level: str = "core"
    now: str = ""
    only: str = ""
    context: tuple[str, ...] | None = None
    gap: str = ""


def found(root: Any, path: str) -> list[Any]:
    """Elements at an XPath."""
    return list(root.xpath(path, namespaces=NAMESPACES))


def made(text: str) -> list[Any]:
    """Elements from text with the usual prefixes."""
    return list(etree.fromstring(f"<x {_DECLARATIONS}>{text}</x>"))


def put(path: str, text: str) -> Damage:
    """Write a text into an element."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements or elements[place].text == text:
            return []
        elements[place].text = text
        return [elements[place]]

    return damage


def attribute(path: str, name: str, text: str) -> Damage:
    """Write a text into an attribute."""
    prefix, _, local = name.partition(":")

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        key = f"{{{NAMESPACES[prefix]}}}{local}"
        if not elements or elements[place].get(key) == text:
            return []
        elements[place].set(key, text)
        return [elements[place]]

    return damage


def drop(path: str) -> Damage:
    """Take an element away; what is wrong then is what held it."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements:
            return []
        parent = elements[place].getparent()
        parent.remove(elements[place])
        return [parent]

    return damage


def drop_all(path: str) -> Damage:
    """Take away all elements at a path below the same parent."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements:
            return []
        parent = elements[place].getparent()
        for element in elements:
            if element.getparent() is parent:
                parent.remove(element)
        return [parent]

    return damage


def twice(path: str, *edits: tuple[str, str]) -> Damage:
    """Have an element there twice, the second with texts of its own (paths from the element)."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements or elements[place].xpath(
            "descendant-or-self::*[@*[local-name()='id' or local-name()='Id']]"
        ):
            return []  # an xs:ID cannot be there twice
        other = copy.deepcopy(elements[place])
        other.tail = None
        elements[place].addnext(other)
        for below, text in edits:
            targets = found(other, below)
            if not targets:
                return []
            targets[0].text = text
        return [elements[place], other]

    return damage


def swap(path: str, text: str) -> Damage:
    """Put other elements in the place of one."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements:
            return []
        new = made(text)
        for element in new:
            elements[place].addprevious(element)
        parent = elements[place].getparent()
        parent.remove(elements[place])
        return new or [parent]

    return damage


def after(path: str, text: str) -> Damage:
    """Put elements behind one."""
    return _adding(path, text, lambda place, new: [place.addnext(one) for one in reversed(new)])


def inside(path: str, text: str) -> Damage:
    """Put elements into one, at its end."""
    return _adding(path, text, lambda place, new: place.extend(new))


def prepend(path: str, text: str) -> Damage:
    """Put elements into one, at its beginning."""
    return _adding(path, text, lambda place, new: [place.insert(0, one) for one in reversed(new)])


def _adding(path: str, text: str, add: Callable[[Any, list[Any]], object]) -> Damage:
    """Add elements at one; what is wrong then is what was added."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements:
            return []
        new = made(text)
        add(elements[place], new)
        return new

    return damage


def trade(path: str) -> Damage:
    """Change the texts of two neighbours, children of the same element or of twins, for each other."""

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if len(elements) < 2 or elements[0].text == elements[1].text:
            return []
        one, two = (elements[0], elements[1]) if place == 0 else (elements[-2], elements[-1])
        one.text, two.text = two.text, one.text
        return [one, two]

    return damage


def each(path: str, *damages: Damage, before: tuple[Damage, ...] = ()) -> Damage:
    """Do several damages inside one element (their paths start from it); all of them have to fit.

    What is done before need not fit and is not wrong in itself.
    """

    def damage(root: Any, place: int) -> list[Any]:
        elements = found(root, path)
        if not elements:
            return []
        for one in before:
            one(elements[place], 0)
        wrong: list[Any] = []
        for one in damages:
            done = one(elements[place], 0)
            if not done:
                return []
            wrong += done
        return wrong

    return damage
