"""Modules of the ontology and the terms that they declare, as plain records."""

from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, NamedNode

from kg.namespaces import DCTERMS, FLEX, MODULE, OWL, RDFS, SKOS
from kg.site.facts import Facts, Value, short

#: Kind of a term -> how it is called in text; the first that fits counts.
KINDS: Final = {
    OWL + "Class": "class",
    OWL + "ObjectProperty": "object property",
    OWL + "DatatypeProperty": "datatype property",
    OWL + "AnnotationProperty": "annotation property",
}
#: What a record holds; anything else that is stated of a term is in ``others``.
_HELD: Final = frozenset(
    {
        RDFS + "label",
        RDFS + "comment",
        RDFS + "subClassOf",
        RDFS + "subPropertyOf",
        RDFS + "domain",
        RDFS + "range",
        RDFS + "isDefinedBy",
        SKOS + "example",
        DCTERMS + "source",
        DCTERMS + "isReplacedBy",
        OWL + "deprecated",
        OWL + "inverseOf",
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """A class or property.

    Attributes:
        iri: its IRI.
        name: local part of the IRI for own terms, else prefix and local part.
        kind: one of the values of ``KINDS``.
        label: what people call it.
        definition: one sentence.
        examples: as text.
        sources: clauses.
        module: IRI of the module that declares it.
        parents: what is stated with rdfs:subClassOf or rdfs:subPropertyOf; named ones and expressions.
        domains: classes of the subject, unions taken apart.
        ranges: classes of the object, unions taken apart, or datatypes.
        inverses: IRIs of inverse properties.
        deprecated: whether it is out of use.
        replaced_by: IRIs of what to use instead.
        others: all else that is stated of it: predicate and value.
    """

    iri: str
    name: str
    kind: str
    label: str
    definition: str
    examples: tuple[str, ...]
    sources: tuple[str, ...]
    module: str
    parents: tuple[Value, ...]
    domains: tuple[str, ...]
    ranges: tuple[str, ...]
    inverses: tuple[str, ...]
    deprecated: bool
    replaced_by: tuple[str, ...]
    others: tuple[tuple[str, Value], ...] = field(repr=False)

    @property
    def own(self) -> bool:
        """Whether this project defines the term, and does not only borrow it."""
        return self.iri.startswith(FLEX)

    @property
    def above(self) -> tuple[str, ...]:
        """IRIs of the named parents."""
        return tuple(parent.value for parent in self.parents if isinstance(parent, NamedNode))


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the ontology.

    Attributes:
        iri: of the ontology.
        name: last part of the IRI.
        title: what it is called.
        description: what it holds.
        version: of the release.
        version_iri: IRI of this version.
        license: IRI of its licence.
        imports: IRIs of the ontologies that it imports.
        terms: what it declares, in the order of the file.
        text: the file itself.
    """

    iri: str
    name: str
    title: str
    description: str
    version: str
    version_iri: str
    license: str
    imports: tuple[str, ...]
    terms: tuple[Term, ...]
    text: str = field(repr=False)


def read(facts: Facts) -> list[Module]:
    """List the modules among files that were read, by name.

    Args:
        facts: what the files state.
    """
    found = []
    for path, subjects in facts.files.items():
        heads = [iri for iri in subjects if OWL + "Ontology" in facts.kinds(iri)]
        if heads:
            terms = [_term(facts, iri, heads[0]) for iri in subjects if set(facts.kinds(iri)) & KINDS.keys()]
            found.append(_module(facts, heads[0], terms, path.read_text("utf-8")))
    return sorted(found, key=lambda module: module.name)


def _module(facts: Facts, iri: str, terms: list[Term], text: str) -> Module:
    return Module(
        iri,
        iri.removeprefix(MODULE),
        facts.text(iri, DCTERMS + "title") or facts.text(iri, RDFS + "label") or iri,
        facts.text(iri, DCTERMS + "description") or facts.text(iri, RDFS + "comment"),
        facts.text(iri, OWL + "versionInfo"),
        next(iter(facts.iris(iri, OWL + "versionIRI")), ""),
        next(iter(facts.iris(iri, DCTERMS + "license")), ""),
        facts.iris(iri, OWL + "imports"),
        tuple(terms),
        text,
    )


def _term(facts: Facts, iri: str, module: str) -> Term:
    kinds = facts.kinds(iri)
    kind = next(kind for kind in KINDS if kind in kinds)
    others = [
        (predicate, value)
        for predicate, value in facts.by_subject[NamedNode(iri)]
        if predicate not in _HELD and value != NamedNode(kind)
    ]
    return Term(
        iri,
        iri.removeprefix(FLEX) if iri.startswith(FLEX) else short(iri, facts.prefixes),
        KINDS[kind],
        facts.text(iri, RDFS + "label"),
        facts.text(iri, RDFS + "comment"),
        facts.texts(iri, SKOS + "example"),
        facts.texts(iri, DCTERMS + "source"),
        module,
        (*facts.values(iri, RDFS + "subClassOf"), *facts.values(iri, RDFS + "subPropertyOf")),
        _classes(facts, facts.values(iri, RDFS + "domain")),
        _classes(facts, facts.values(iri, RDFS + "range")),
        facts.iris(iri, OWL + "inverseOf"),
        facts.text(iri, OWL + "deprecated") == "true",
        facts.iris(iri, DCTERMS + "isReplacedBy"),
        tuple(others),
    )


def _classes(facts: Facts, values: list[Value]) -> tuple[str, ...]:
    """Named classes of a domain or range, unions taken apart."""
    found: list[str] = []
    for value in values:
        if isinstance(value, NamedNode):
            found.append(value.value)
        elif isinstance(value, BlankNode):
            for union in facts.values(value, OWL + "unionOf"):
                found += _classes(facts, facts.items(union))
    return tuple(dict.fromkeys(found))
