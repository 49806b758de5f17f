"""What the Green Button part of the schema admits, and what a compiled mapping reads; for the tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from kg.plan import Plan
from kg.xml import Document, read
from tests import schemas
from tests.paths import ROOT

ATOM, ESPI = "http://www.w3.org/2005/Atom", "http://naesb.org/espi"
XML = "http://www.w3.org/XML/1998/namespace"
FEED = f"{{{ATOM}}}feed"
FILES = {ATOM: "oadr_atom.xsd", ESPI: "oadr_greenbutton.xsd"}
FOLDER = ROOT / "tests" / "data" / "greenbutton"
NAMES = ["register-report", "update-report"]


def document(name: str) -> Document:
    """One of the two payloads written for these tests."""
    return read((FOLDER / f"{name}.xml").read_bytes())


@dataclass
class Kind:
    """What a complex type of the schema admits, its base types' content included."""

    children: dict[str, tuple[str, etree._Element | None]] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    wildcards: set[str] = field(default_factory=set)
    text: bool = False


@cache
def roots(namespace: str) -> etree._Element:
    return schemas.trees("2.0b")[FILES[namespace]].getroot()


def named(namespace: str, tag: str, name: str) -> etree._Element | None:
    return roots(namespace).find(f"{schemas.XS}{tag}[@name='{name}']")


def complex_type(namespace: str, name: str | None) -> etree._Element | None:
    """The complex type of a name; None for a simple type and for xs:anyType."""
    prefix, _, local = (name or "xs:anyType").rpartition(":")
    return None if prefix == "xs" else named(namespace, "complexType", local)


def kind_of(namespace: str, found: etree._Element) -> Kind:
    kind = Kind(text=found.get("mixed") == "true" or found.find(f"{schemas.XS}simpleContent") is not None)
    for extension in found.iter(f"{schemas.XS}extension"):
        base = complex_type(namespace, extension.get("base"))
        if base is not None:
            kind = kind_of(namespace, base)
    for element in found.iter(f"{schemas.XS}element"):
        where = f"{found.get('name')}/{element.get('name')}"
        kind.children[f"{{{namespace}}}{element.get('name')}"] = (
            where,
            complex_type(namespace, element.get("type")),
        )
    attributes = list(found.iter(f"{schemas.XS}attribute"))
    for group in found.iter(f"{schemas.XS}attributeGroup"):
        common = named(namespace, "attributeGroup", group.get("ref").rpartition(":")[2])
        attributes += common.iter(f"{schemas.XS}attribute")
        assert common.find(f"{schemas.XS}anyAttribute").get("namespace") == "##other"
        kind.attributes.add(f"{{{XML}}}space")
        kind.wildcards.add("anyAttribute")
    for attribute in attributes:
        name = attribute.get("name") or attribute.get("ref")
        kind.attributes.add(name.replace("xml:", f"{{{XML}}}"))
    for wildcard in found.iter(f"{schemas.XS}any"):
        xhtml = wildcard.get("namespace") != "##other"
        kind.wildcards.add(f"{found.get('name')}/xhtml" if xhtml else "##other/not ESPI")
        if not xhtml:
            for element in roots(ESPI).findall(f"{schemas.XS}element"):
                kind.children[f"{{{ESPI}}}{element.get('name')}"] = (
                    f"##other/{element.get('name')}",
                    complex_type(ESPI, element.get("type")),
                )
    return kind


def references(plan: Plan) -> Iterator[tuple[str, str]]:
    """What a mapping reads of its own element (an attribute, or "" for the text), and the property."""
    for rule in plan.mapping.rules:
        for ref in rule.term.refs if rule.term else ():
            if not (ref.steps or ref.up or ref.external or ref.name_of):
                yield ref.attribute, rule.predicate
