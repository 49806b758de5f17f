"""What a mapping file says that the graph of a payload holds, worked out with XPath, apart from the lift."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyoxigraph as ox
import yaml
from lxml import etree

from tests.paths import ROOT

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
MAPPING = ROOT / "mappings" / "payloads" / "openadr-2.0b.yml"
_REFERENCE = re.compile(r"\$\(((?:[^()]|\(\))*)\)")
#: An element, or an element and the name of its attribute.
Leaf = tuple[Any, str]


@dataclass(frozen=True)
class Held:
    """One leaf's text, the subject and property that hold it, and what it is held as."""

    leaf: Leaf
    subject: str
    predicate: str
    text: str
    #: IRI of the datatype, or the template of the IRI with ``{}`` for the text
    kind: str


@dataclass
class Expected:
    """What a payload's graph holds according to the mapping file."""

    held: list[Held] = field(default_factory=list)
    #: triples without a leaf's text: types, links, positions, constants, IRIs from several references
    facts: set[tuple[str, str, str]] = field(default_factory=set)


@cache
def mapping_file(path: Path = MAPPING) -> dict[str, Any]:
    """The YAML of a mapping file with that of the files it includes."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    for name in raw.get("flexkg", {}).get("include", ()):
        part = yaml.safe_load((path.parent / name).read_text("utf-8"))
        raw["prefixes"] = {**part["prefixes"], **raw["prefixes"]}
        raw["mappings"] = {**raw["mappings"], **part["mappings"]}
    return raw


def ignored() -> set[str]:
    """Names, ``{namespace}local``, of elements and attributes that the mapping file leaves out on purpose."""
    raw = mapping_file()
    return {_expand(raw, entry["path"].removeprefix("@"), "{%s}%s") for entry in raw["flexkg"]["ignored"]}


def _expand(raw: dict[str, Any], text: str, form: str = "%s%s") -> str:
    prefix, _, local = text.partition(":")
    if text == "a":
        return RDF_TYPE
    spaces = {"xsd": XSD, **raw["prefixes"]}
    return form % (spaces[prefix], local) if prefix in spaces else text


def _flat(entries: list[Any]) -> Iterator[Any]:
    for entry in entries:
        if isinstance(entry, list) and entry and not isinstance(entry[0], str):
            yield from _flat(entry)
        else:
            yield entry


def leaves(root: Any) -> list[Leaf]:
    """Every attribute, and every element without children, outside of what is ignored."""
    out = ignored()
    found: list[Leaf] = []
    for element in root.iter(etree.Element):
        if any(e.tag in out for e in (element, *element.iterancestors())):
            continue
        found += [(element, str(name)) for name in element.attrib if name not in out]
        if not len(element):
            found.append((element, ""))
    return found


def text_of(leaf: Leaf) -> str:
    """The text of an attribute, or the characters directly in an element."""
    element, attribute = leaf
    return element.get(attribute) if attribute else "".join(element.xpath("text()"))


class Reading:
    """Reads one payload as the mapping file tells."""

    def __init__(self, data: bytes, body_tag: str) -> None:
        self.raw = mapping_file()
        self.spaces = self.raw["prefixes"]
        self.root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True))
        self.body = next(self.root.iter(body_tag))
        self.digest = hashlib.sha256(data).hexdigest()
        self.expected = Expected()
        self.applies = {name: self._elements(name) for name in self.raw["mappings"]}
        links: dict[str, set[Any]] = {}
        for name, body in self.raw["mappings"].items():
            for entry in _flat(body["po"]):
                for target in self._targets(entry):
                    links.setdefault(target, set()).update(self.applies[name])
        self.linking = links

    def _elements(self, name: str) -> list[Any]:
        iterator = self.raw["mappings"][name]["sources"][0][1]
        if iterator.startswith("//"):
            return self.root.xpath(iterator, namespaces=self.spaces)
        tag = _expand(self.raw, iterator.lstrip("/"), "{%s}%s")
        return [element for element in {self.root, self.body} if element.tag == tag]

    @staticmethod
    def _targets(entry: Any) -> list[str]:
        if not isinstance(entry, dict):
            return []
        objects = entry["o"] if isinstance(entry["o"], list) else [entry["o"]]
        return [target["mapping"] for target in objects]

    def run(self) -> Expected:
        for element in dict.fromkeys((self.body, self.root)):
            for name, elements in self.applies.items():
                iterator = self.raw["mappings"][name]["sources"][0][1]
                if element in elements and not iterator.startswith("//"):
                    self.node(name, element, "", 0)
        return self.expected

    def node(self, name: str, element: Any, parent: str, position: int) -> str:
        """Note all that one mapping says of one element; gives the subject."""
        body = self.raw["mappings"][name]
        subject = self.fill(body["s"], element, parent, position)
        counters: dict[str, int] = {}
        for entry in _flat(body["po"]):
            if isinstance(entry, dict):
                self.links(entry, element, subject, counters, name)
            else:
                self.value(entry, element, subject, parent, position)
        return subject

    def links(self, entry: Any, element: Any, subject: str, counters: dict[str, int], name: str) -> None:
        found = {
            (child, target)
            for target in self._targets(entry)
            for child in self.applies[target]
            if self.inside(child, element, target) and (child is not element or target != name)
        }
        order = {child: n for n, child in enumerate(element.iter())}
        predicate = _expand(self.raw, entry["p"])
        for child, target in sorted(found, key=lambda pair: order[pair[0]]):
            position = counters.get(predicate, 0)
            counters[predicate] = position + 1
            made = self.node(target, child, subject, position)
            self.expected.facts.add((f"<{subject}>", predicate, f"<{made}>"))

    def inside(self, child: Any, element: Any, target: str) -> bool:
        """Whether an element is the closest one around another that links to the other's mapping."""
        if child is element:
            return True
        for above in child.iterancestors():
            if above is element:
                return True
            if above in self.linking[target]:
                return False
        return False

    def value(self, entry: Any, element: Any, subject: str, parent: str, position: int) -> None:
        predicate, text = _expand(self.raw, entry[0]), str(entry[1])
        references = _REFERENCE.findall(text)
        iri = text.endswith("~iri") or predicate == RDF_TYPE
        text = text.removesuffix("~iri")
        if len(references) == 1 and not references[0].startswith("_") and references[0] != "local-name()":
            kind = _expand(self.raw, text.replace(f"$({references[0]})", "{}")) if iri else ""
            kind = kind or (_expand(self.raw, entry[2]) if len(entry) == 3 else XSD + "string")
            for leaf in self.find(references[0], element):
                held = Held(leaf, f"<{subject}>", predicate, text_of(leaf), kind)
                if references[0] != "text()" or held.text.strip():
                    self.expected.held.append(held)
        elif iri:
            filled = self.fill(text, element, parent, position)
            self.expected.facts.add((f"<{subject}>", predicate, f"<{filled}>"))
        else:
            assert references == ["_position"], entry
            self.expected.facts.add((f"<{subject}>", predicate, f'"{position}"^^<{XSD}integer>'))

    def find(self, reference: str, element: Any) -> list[Leaf]:
        """The leaves that a reference leads to."""
        if reference == "text()":
            return [(element, "")]
        step, _, attribute = reference.partition("@")
        found = element.xpath(step.rstrip("/") or ".", namespaces=self.spaces)
        name = _expand(self.raw, attribute, "{%s}%s")
        return [(e, name) for e in found if not attribute or e.get(name) is not None]

    def fill(self, template: str, element: Any, parent: str, position: int) -> str:
        """Fill a template, each reference's text percent-encoded."""
        given = {"_parent": parent, "_position": str(position), "_digest": self.digest}

        def one(match: re.Match[str]) -> str:
            reference = match[1]
            if reference in given:
                return given[reference]
            if reference == "local-name()":
                return etree.QName(element).localname
            found = self.find(reference, element)
            return quote(text_of(found[0]).strip(), safe="-_.~!*'()") if found else ""

        return _expand(self.raw, _REFERENCE.sub(one, template))


_DURATION = re.compile(
    r"([+-]?)P?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?"
)


def length(text: str) -> tuple[int, int]:
    """Months and seconds of a duration, in the forms of the wire too."""
    match = _DURATION.fullmatch(text)
    assert match, text
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in match.groups()[1:])
    if "T" in text and match[3] and not match[7]:  # PT5M: the M after T is minutes
        months, minutes = (0, months) if text.index("T") < text.index("M") else (months, minutes)
    sign = -1 if match[1] == "-" else 1
    whole = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    return sign * (years * 12 + months), sign * whole


def same(held: Held, value: ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple) -> bool:
    """Whether a term of the graph is the wire's value under the datatype that the mapping file names."""
    if isinstance(value, ox.NamedNode):
        head, _, tail = held.kind.partition("{}")
        middle = value.value.removeprefix(head).removesuffix(tail)
        return value.value == f"{head}{middle}{tail}" and unquote(middle) == " ".join(held.text.split())
    if not isinstance(value, ox.Literal) or value.datatype.value != held.kind:
        return False
    text = held.text if held.kind == XSD + "string" else held.text.strip()
    match held.kind.removeprefix(XSD):
        case "decimal" | "integer":
            try:
                return Decimal(value.value) == Decimal(text)
            except InvalidOperation:
                return False
        case "boolean":
            return value.value == {"1": "true", "0": "false"}.get(text, text)
        case "duration":
            return length(value.value) == length(text)
    return value.value == text
