"""Whose a term is: which terms, concepts and headers files define themselves, and where each stands.

Terms are classes and properties. A file owns one that it declares, unless the term says with
``rdfs:isDefinedBy`` that another ontology defines it; concepts and schemes are owned where they are declared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode

from kg.imported import File
from kg.namespaces import OWL, RDF, RDFS, SKOS

#: IRI -> path and line, 0 where that is not known.
Places = dict[str, tuple[str, int]]
_TYPE: Final = RDF + "type"
_KINDS: Final = frozenset(
    OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
)
_CONCEPTS: Final = frozenset((SKOS + "Concept", SKOS + "ConceptScheme"))
_DEFINED_BY: Final = RDFS + "isDefinedBy"


@dataclass(frozen=True, slots=True)
class Owned:
    """What files define themselves.

    Attributes:
        headers: ontologies.
        terms: classes and properties.
        concepts: concepts and their schemes.
        left_out: how many classes and properties are declared and defined elsewhere.
    """

    headers: Places
    terms: Places
    concepts: Places
    left_out: int

    @property
    def places(self) -> Places:
        """Where everything is."""
        return self.headers | self.concepts | self.terms


def owned(files: Iterable[File]) -> Owned:
    """Find what files define themselves."""
    given = list(files)
    headers: Places = {}
    for file in given:
        for iri in file.headers:
            headers.setdefault(iri, (str(file.path), file.lines.get(iri, 0)))
    terms: Places = {}
    concepts: Places = {}
    borrowed: set[str] = set()
    for file in given:
        homes: dict[str, set[str]] = {}
        kinds: set[str] = set()
        for triple in file.triples:
            if not isinstance(triple.subject, NamedNode) or not isinstance(triple.object, NamedNode):
                continue
            predicate, value = triple.predicate.value, triple.object.value
            if predicate == _TYPE and value in _KINDS:
                kinds.add(triple.subject.value)
            elif predicate == _TYPE and value in _CONCEPTS:
                concepts.setdefault(triple.subject.value, _place(file, triple.subject.value))
            elif predicate == _DEFINED_BY:
                homes.setdefault(triple.subject.value, set()).add(value)
        for term in sorted(kinds):
            if not homes.get(term) or not homes[term].isdisjoint(headers):
                terms[term] = _place(file, term)
            else:
                borrowed.add(term)
    return Owned(headers, terms, concepts, len(borrowed - terms.keys()))


def _place(file: File, iri: str) -> tuple[str, int]:
    return str(file.path), file.lines.get(iri, 0)


def described(files: Iterable[File]) -> set[str]:
    """List the IRIs that files give a type."""
    return {
        t.subject.value
        for file in files
        for t in file.triples
        if t.predicate.value == _TYPE and isinstance(t.subject, NamedNode)
    }
