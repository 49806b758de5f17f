"""IRIs that files mention although nothing has them: misspelt, made up, of a vocabulary not at hand.

What a vocabulary has is known from its shipped list (``kg.external_terms``), from the files at hand, and for
our own terms from the shipped ontology.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kg import assets
from kg.external_terms import vocabulary_of
from kg.imported import File
from kg.namespaces import DCTERMS, FLEX, OWL, RDF, RDFS, VOCAB
from kg.rdf import read_all
from kg.sssom import NO_TERM, MappingSet

_TYPE: Final = RDF + "type"
#: What stands behind these is an ontology or a document, not a term.
_WHOLE: Final = frozenset(
    (
        *(OWL + name for name in ("imports", "versionIRI", "priorVersion")),
        *(OWL + name for name in ("backwardCompatibleWith", "incompatibleWith")),
        RDFS + "isDefinedBy",
        DCTERMS + "license",
    )
)
#: Whether what stands behind these is declared is asked by rules of their own.
_LINKS: Final = frozenset(RDFS + name for name in ("domain", "range", "subClassOf", "subPropertyOf"))


@dataclass(frozen=True, slots=True)
class Mention:
    """An IRI that is mentioned and not there.

    Attributes:
        iri: the IRI.
        about: IRI of the term that is described where it stands, empty where that has none.
        path: file.
        line: line, 0 where unknown.
        near: IRIs that are there and spelt nearly alike.
        listed: whether the vocabulary is known; False: nothing here can tell whether the IRI exists.
    """

    iri: str
    about: str
    path: str
    line: int
    near: tuple[str, ...] = ()
    listed: bool = True


def in_files(files: Iterable[File], declared: Collection[str], own: Collection[str]) -> Iterator[Mention]:
    """Find what RDF files mention and nothing has.

    Args:
        files: the files.
        declared: IRIs that they, or files at hand, describe.
        own: namespaces in which the files declare terms: properties and classes in them have to be declared.
    """
    for file in files:
        seen: set[str] = set()
        for triple in file.triples:
            for iri, checked in _nodes(triple):
                if iri in seen or iri in declared:
                    continue
                missing, near = _absent(iri, checked, declared, own)
                if missing:
                    seen.add(iri)
                    about = triple.subject.value if isinstance(triple.subject, NamedNode) else ""
                    yield Mention(iri, about, str(file.path), file.line_of(iri), near)


def in_tables(tables: Iterable[MappingSet], declared: Collection[str]) -> Iterator[Mention]:
    """Find what the rows of SSSOM tables start from or lead to and nothing has.

    Args:
        tables: the tables.
        declared: IRIs that files at hand describe.
    """
    spaces = {space_of(iri) for iri in declared}
    for table in tables:
        for row in table.rows:
            for iri in (row.subject, row.object):
                if iri == NO_TERM or iri in declared:
                    continue
                missing, near = _absent(iri, True, declared, spaces)
                if missing:
                    yield Mention(iri, row.subject, str(table.path), row.line, near)
                elif vocabulary_of(iri) is None and not iri.startswith((FLEX, VOCAB)):
                    yield Mention(iri, row.subject, str(table.path), row.line, listed=False)


def space_of(iri: str) -> str:
    """Give an IRI up to its last ``#`` or ``/``.

    >>> space_of("https://w3id.org/flexkg/def#Event")
    'https://w3id.org/flexkg/def#'
    """
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]


def _nodes(triple: Triple) -> Iterator[tuple[str, bool]]:
    """IRIs of a triple, and whether they stand where a declared property or class has to."""
    yield triple.predicate.value, True
    if isinstance(triple.subject, NamedNode):
        yield triple.subject.value, False
    predicate = triple.predicate.value
    if isinstance(triple.object, Literal):
        yield triple.object.datatype.value, False
    elif isinstance(triple.object, NamedNode) and predicate not in _WHOLE:
        if predicate in _LINKS and triple.object.value.startswith(FLEX):
            return
        yield triple.object.value, predicate == _TYPE


def _absent(
    iri: str, checked: bool, declared: Collection[str], own: Collection[str]
) -> tuple[bool, tuple[str, ...]]:
    """Tell whether nothing has an IRI, and what is spelt nearly alike."""
    if iri.startswith((FLEX, VOCAB)):
        ours = our_terms()
        if iri in ours:
            return False, ()
        return True, _near(iri, ours)
    vocabulary = vocabulary_of(iri)
    if vocabulary is not None:
        return (False, ()) if vocabulary.has(iri) else (True, vocabulary.near(iri))
    space = space_of(iri)
    if checked and space in own:
        return True, _near(iri, {other for other in declared if space_of(other) == space})
    return False, ()


def _near(iri: str, others: Collection[str]) -> tuple[str, ...]:
    space = space_of(iri)
    names = sorted(other.removeprefix(space) for other in others if other.startswith(space))
    return tuple(space + name for name in get_close_matches(iri.removeprefix(space), names, 3, 0.75))


@lru_cache(maxsize=1)
def our_terms() -> frozenset[str]:
    """Read the IRIs of our own terms, schemes and concepts, as shipped."""
    subjects = (
        t.subject for t in read_all(assets.files("ontology", "**/*.ttl")) if t.predicate.value == _TYPE
    )
    return frozenset(node.value for node in subjects if isinstance(node, NamedNode))
