"""Reads the ontology for the tests: its modules, the terms that files use, copies of other vocabularies."""

import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, Triple, parse
from rdflib.namespace import DCTERMS, SKOS

from kg.namespaces import FLEX, RDF
from tests.paths import DATA, ROOT

ONTOLOGY = ROOT / "ontology"
#: Turtle files that hold no module of their own.
FRAME = {"prefixes", "flexkg", "schemes"}
MODULES = sorted(path for path in ONTOLOGY.glob("*.ttl") if path.stem not in FRAME)
KINDS = {
    "http://www.w3.org/2002/07/owl#" + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty")
} | {"http://www.w3.org/2004/02/skos/core#Concept"}

#: Namespace of an external vocabulary -> its copies in the reference data.
COPIES = {
    "https://saref.etsi.org/core/": ["saref/core-v4.1.1/saref.rdf"],
    "https://saref.etsi.org/saref4ener/": ["saref/saref4ener-v1.1.2/saref4ener.rdf"],
    "https://saref.etsi.org/saref4grid/": ["saref/saref4grid-v2.1.1/saref4grid.rdf"],
    "https://saref.etsi.org/saref4bldg/": ["saref/saref4bldg-v1.1.2/saref4bldg.ttl"],
    "https://saref.etsi.org/saref4syst/": ["saref/saref4syst-v1.1.2/saref4syst.ttl"],
    "http://www.w3.org/ns/prov#": ["w3c/prov-o.ttl"],
    "http://www.w3.org/ns/sosa/": ["w3c/sosa.ttl"],
    "http://www.w3.org/ns/ssn/": ["w3c/ssn.ttl"],
    "http://www.w3.org/2006/time#": ["w3c/time.ttl"],
    "http://www.w3.org/ns/odrl/2/": ["w3c/odrl-2.2.ttl"],
    "https://www.w3.org/2019/wot/td#": ["w3c/wot-td-1.1/td.ttl"],
    "https://brickschema.org/schema/Brick#": ["brick-1.4/Brick.ttl"],
    "http://qudt.org/schema/qudt/": ["qudt/SCHEMA_QUDT.ttl"],
    "http://qudt.org/vocab/unit/": ["qudt/VOCAB_QUDT-UNITS-ALL.ttl"],
    "http://qudt.org/vocab/quantitykind/": ["qudt/VOCAB_QUDT-QUANTITY-KINDS-ALL.ttl"],
    "https://w3id.org/def/openadr#": ["openadr/openADRontology.owl"],
    "http://delta.linkeddata.es/def/core#": ["delta/delta.ttl"],
}
CIM = "http://iec.ch/TC57/CIM100#"
S2 = "https://raw.githubusercontent.com/flexiblepower/s2-ws-json/main/s2-json-schema/"
#: Vocabularies whose terms rdflib lists.
LISTED = {str(SKOS): SKOS, str(DCTERMS): DCTERMS}


@cache
def quads(path: Path) -> tuple[Quad, ...]:
    """All triples of a file."""
    # suffixes of the copies do not tell: an .owl file is Turtle, a .ttl file is RDF/XML
    xml = re.match(rb"\s*<(\?xml|!--|!DOCTYPE|rdf:RDF)", path.read_bytes())
    return tuple(parse(path=path, format=RdfFormat.RDF_XML if xml else RdfFormat.TURTLE, lenient=True))


@cache
def declared() -> dict[str, list[str]]:
    """Local names of own terms -> names of the modules that declare them."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for quad in quads(path):
            subject = quad.subject
            if (
                isinstance(subject, NamedNode)
                and subject.value.startswith(FLEX)
                and quad.predicate.value == RDF + "type"
                and isinstance(quad.object, NamedNode)
                and quad.object.value in KINDS
            ):
                found.setdefault(subject.value.removeprefix(FLEX), []).append(path.stem)
    return found


@cache
def values(predicate: str) -> dict[str, list[str]]:
    """Subject IRI -> values of a predicate, over all modules; blank nodes are left out."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for quad in quads(path):
            plain = isinstance(quad.subject, NamedNode) and not isinstance(quad.object, BlankNode)
            if plain and quad.predicate.value == predicate:
                found.setdefault(quad.subject.value, []).append(quad.object.value)
    return found


def used() -> Iterator[tuple[str, str]]:
    """Pairs of a file and the local name of a term that it uses: mappings, shapes and the library."""
    patterns = {".py": r'FLEX\}(\w+)|FLEX \+ "(\w+)"|\bflex:([A-Za-z]\w*)'}
    for folder, glob in (("mappings", "**/*.yml"), ("shapes", "**/*.ttl"), ("kg", "**/*.py")):
        for path in sorted((ROOT / folder).glob(glob)):
            text = path.read_text(encoding="utf-8")
            for match in re.finditer(patterns.get(path.suffix, r"\bflex:([A-Za-z]\w*)"), text):
                yield str(path.relative_to(ROOT)), next(filter(None, match.groups()))


def cim_file() -> Path | None:
    """The file of the package cim-graph that holds the classes of CIM17; None where it is not installed."""
    spec = importlib.util.find_spec("cimgraph")
    return Path(spec.origin).parent / "data_profile" / "cim17v40" / "cim17v40.py" if spec else None


@cache
def cim() -> frozenset[str]:
    """IRIs of the classes of CIM17, read from the package's text without importing it."""
    text = cim_file().read_text(encoding="utf-8")
    return frozenset(CIM + name for name in re.findall(r"^class (\w+)\b", text, re.M))


@cache
def copied(namespace: str) -> frozenset[Triple]:
    """Triples of the copies of an external vocabulary."""
    files = [DATA / "ontologies" / name for name in COPIES[namespace]]
    return frozenset(quad.triple for path in files for quad in quads(path))


@cache
def copy_of(namespace: str) -> frozenset[str]:
    """IRIs that the copies of an external vocabulary speak of as subjects."""
    if namespace == CIM:
        return cim()
    if namespace == S2:
        schemas = (DATA / "devices" / "s2-schema").rglob("*.json")
        return frozenset(json.loads(path.read_text(encoding="utf-8"))["$id"] for path in schemas)
    subjects = (triple.subject for triple in copied(namespace))
    return frozenset(node.value for node in subjects if isinstance(node, NamedNode))


def namespace_of(iri: str) -> str:
    """The part of an IRI up to its last ``#`` or ``/``."""
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
