"""What the XSD files say, read apart from the code under test."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree

from tests.paths import DATA

XS = "{http://www.w3.org/2001/XMLSchema}"
FOLDERS = {"2.0b": None, "2.0a": DATA / "openadr" / "xsd" / "2.0a"}


@dataclass(frozen=True)
class Value:
    """One enumeration value: its file and type, its text, and the texts that annotate it."""

    file: str
    type: str
    text: str
    names: tuple[str, ...]
    documentation: tuple[str, ...]


def folder(profile: str) -> Path:
    """The XSD folder of a profile: 2.0b as openleadr brings it, 2.0a as the reference data has it."""
    if given := FOLDERS[profile]:
        return given
    found = importlib.util.find_spec("openleadr")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "schema"


@cache
def trees(profile: str) -> dict[str, etree._ElementTree]:
    return {path.name: etree.parse(path) for path in sorted(folder(profile).glob("*.xsd"))}


@cache
def enumerations(profile: str) -> tuple[Value, ...]:
    """Each value of each enumeration of a profile; an anonymous type is called after its place."""
    return tuple(_values(profile))


def _values(profile: str) -> Iterator[Value]:
    for file, tree in trees(profile).items():
        for found in tree.iter(XS + "enumeration"):
            names = [above.get("name") for above in found.iterancestors() if above.get("name")]
            yield Value(
                file,
                "/".join(reversed(names)),
                found.get("value"),
                _texts(found, "appinfo"),
                _texts(found, "documentation"),
            )


def _texts(found: etree._Element, kind: str) -> tuple[str, ...]:
    texts = (" ".join("".join(note.itertext()).split()) for note in found.iter(XS + kind))
    return tuple(text for text in texts if text)


def children(profile: str, name: str) -> set[str]:
    """Local names of the elements directly in a complex type of a profile, whatever the case of its name."""
    return {
        (found.get("name") or found.get("ref")).rpartition(":")[2]
        for tree in trees(profile).values()
        for kind in tree.iter(XS + "complexType")
        if (kind.get("name") or "").lower() == name.lower()
        for found in kind.iter(XS + "element")
    }


def substitutes(profile: str, head: str) -> set[str]:
    """Local names of the concrete elements that may stand in place of a head, in however many steps."""
    elements = [e for tree in trees(profile).values() for e in tree.getroot().findall(XS + "element")]
    abstract = {
        kind.get("name")
        for tree in trees(profile).values()
        for kind in tree.iter(XS + "complexType")
        if kind.get("abstract") == "true"
    }
    found: set[str] = set()
    for element in elements:
        if (element.get("substitutionGroup") or "").rpartition(":")[2] == head:
            found |= substitutes(profile, element.get("name"))
            if element.get("type").rpartition(":")[2] not in abstract:
                found.add(element.get("name"))
    return found
