"""Prefixes, base IRIs and the version: the one place where they are written in Python.

``ontology/prefixes.ttl`` holds the same prefixes for people who write Turtle; a test compares the two.
"""

from typing import Final

VERSION: Final = "0.1.0"

#: Version of the shapes and ontology, recorded with each verdict in the journal.
FLEX: Final = "https://w3id.org/flexkg/def#"
SHAPE: Final = "https://w3id.org/flexkg/shape#"
VOCAB: Final = "https://w3id.org/flexkg/vocab/"
MODULE: Final = "https://w3id.org/flexkg/"
#: Base of the IRIs of things that messages speak of: parties, events, reports, readings.
ID: Final = "https://w3id.org/flexkg/id/"
#: Base of the names of graphs in the store: ``event/202611``, ``op/202611``, ...
GRAPH: Final = "https://w3id.org/flexkg/graph/"

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SH: Final = "http://www.w3.org/ns/shacl#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
DCTERMS: Final = "http://purl.org/dc/terms/"
PROV: Final = "http://www.w3.org/ns/prov#"
SAREF: Final = "https://saref.etsi.org/core/"
TIME: Final = "http://www.w3.org/2006/time#"
UNIT: Final = "http://qudt.org/vocab/unit/"
QUANTITYKIND: Final = "http://qudt.org/vocab/quantitykind/"

PREFIXES: Final[dict[str, str]] = {
    "flex": FLEX,
    "shape": SHAPE,
    "vocab": VOCAB,
    "id": ID,
    "graph": GRAPH,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "sh": SH,
    "skos": SKOS,
    "dcterms": DCTERMS,
    "prov": PROV,
    "saref": SAREF,
    "time": TIME,
    "unit": UNIT,
    "quantitykind": QUANTITYKIND,
}
