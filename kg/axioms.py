"""The axioms of an ontology apart from its words and its individuals: what reasoning over classes needs."""

from collections.abc import Iterable
from typing import Final

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.namespaces import OWL, RDF, RDFS

_LOGIC: Final = (OWL, RDFS, RDF)
_KINDS: Final = frozenset(
    (
        *(OWL + f"{kind}Property" for kind in ("Object", "Datatype", "Transitive", "Symmetric")),
        *(OWL + f"{kind}Property" for kind in ("Functional", "InverseFunctional", "Asymmetric")),
        OWL + "Class",
        RDFS + "Class",
        RDF + "Property",
    )
)
_WORDS: Final = frozenset(RDFS + name for name in ("label", "comment", "seeAlso", "isDefinedBy"))


def axioms(triples: Iterable[Triple]) -> list[str]:
    """Pick what a file says of classes and properties in the terms of OWL and RDFS.

    Args:
        triples: the file.

    Returns:
        Lines of N-Triples.
    """
    given = list(triples)
    terms = {
        t.subject
        for t in given
        if t.predicate.value == RDF + "type"
        and isinstance(t.object, NamedNode)
        and t.object.value in _KINDS
        and isinstance(t.subject, NamedNode)
    }
    return [
        f"{t} ."
        for t in given
        if (isinstance(t.subject, BlankNode) or t.subject in terms)
        and t.predicate.value.startswith(_LOGIC)
        and t.predicate.value not in _WORDS
    ]
