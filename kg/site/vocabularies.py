"""Concept schemes and their concepts, as plain records."""

from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import NamedNode

from kg.namespaces import DCTERMS, RDFS, SKOS, VOCAB
from kg.site.facts import TYPE, Facts, Value

_HELD: Final = frozenset(
    {
        TYPE,
        SKOS + "prefLabel",
        SKOS + "notation",
        SKOS + "definition",
        SKOS + "inScheme",
        SKOS + "topConceptOf",
        DCTERMS + "source",
        RDFS + "isDefinedBy",
    }
)


@dataclass(frozen=True, slots=True)
class Concept:
    """One value of an enumeration.

    Attributes:
        iri: its IRI.
        scheme: IRI of its scheme.
        notation: the text on the wire.
        label: what people call it.
        definition: what it means.
        sources: clauses.
        others: all else that is stated of it: predicate and value.
    """

    iri: str
    scheme: str
    notation: str
    label: str
    definition: str
    sources: tuple[str, ...]
    others: tuple[tuple[str, Value], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One enumeration.

    Attributes:
        iri: its IRI.
        name: last part of the IRI.
        title: what it is called.
        description: what its concepts tell apart.
        sources: clauses.
        module: IRI of the module that it belongs to, or empty.
        concepts: in the order of the files.
    """

    iri: str
    name: str
    title: str
    description: str
    sources: tuple[str, ...]
    module: str
    concepts: tuple[Concept, ...]


def read(facts: Facts) -> list[Scheme]:
    """List the concept schemes among files that were read, by name.

    Args:
        facts: what the files state.
    """
    members: dict[str, list[Concept]] = {}
    schemes: list[str] = []
    for subject in facts.by_subject:
        if not isinstance(subject, NamedNode):
            continue
        kinds = facts.kinds(subject)
        if SKOS + "ConceptScheme" in kinds:
            schemes.append(subject.value)
        elif SKOS + "Concept" in kinds:
            for scheme in facts.iris(subject, SKOS + "inScheme"):
                members.setdefault(scheme, []).append(_concept(facts, subject, scheme))
    found = [
        Scheme(
            iri,
            iri.removeprefix(VOCAB),
            facts.text(iri, DCTERMS + "title") or facts.text(iri, SKOS + "prefLabel"),
            facts.text(iri, DCTERMS + "description"),
            facts.texts(iri, DCTERMS + "source"),
            next(iter(facts.iris(iri, RDFS + "isDefinedBy")), ""),
            tuple(members.get(iri, ())),
        )
        for iri in schemes
        if iri.startswith(VOCAB)
    ]
    return sorted(found, key=lambda scheme: scheme.name.casefold())


def _concept(facts: Facts, subject: NamedNode, scheme: str) -> Concept:
    others = [pair for pair in facts.by_subject[subject] if pair[0] not in _HELD]
    return Concept(
        subject.value,
        scheme,
        facts.text(subject, SKOS + "notation"),
        facts.text(subject, SKOS + "prefLabel"),
        facts.text(subject, SKOS + "definition"),
        facts.texts(subject, DCTERMS + "source"),
        tuple(others),
    )
