"""Reads SKOS files: concept schemes and their concepts, held to the form that the project needs.

What is asked of a file: each scheme has a title; each concept has one scheme, one notation, a preferred label
and a definition; no two concepts of a scheme share a notation; a concept of our own schemes has the IRI that
follows from its notation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from kg import assets
from kg.errors import AssetError
from kg.namespaces import DCTERMS, FLEX, RDF, SKOS, VOCAB

#: The characters that ``encodeURIComponent`` leaves as they are, beside letters and digits.
_SAFE: Final = "-_.~!*'()"
#: Said of each concept, but no part of ``Concept``: skipped, for they are a quarter of all triples.
_SKIPPED: Final = frozenset({SKOS + "hasTopConcept", SKOS + "topConceptOf", DCTERMS + "source"})

_TYPE: Final = RDF + "type"
_Facts = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Concept:
    """One value of an enumeration.

    Attributes:
        iri: its IRI.
        scheme: the IRI of its scheme.
        notation: the text on the wire.
        label: its preferred label, as the file gives it first.
        definition: its definition, as the file gives it first.
        facts: what is said of it in ``flex:`` terms, by local name, as texts and IRIs, for example
            ``{"factor": ("1000.0",), "exponent": ("3",)}``.
    """

    iri: str
    scheme: str
    notation: str
    label: str
    definition: str
    facts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One enumeration.

    Attributes:
        iri: its IRI.
        name: the last part of its IRI, for example ``"signalName"``.
        title: what it is called.
        concepts: its concepts by notation, in the order of the file.
    """

    iri: str
    name: str
    title: str
    concepts: Mapping[str, Concept]


@lru_cache(maxsize=8192)
def mint(scheme: str, notation: str) -> str:
    """Make the IRI of a concept of our own schemes.

    Args:
        scheme: name of the scheme, for example ``"readingType"``.
        notation: text on the wire.

    Returns:
        The absolute IRI.

    >>> mint("readingType", "Direct Read")
    'https://w3id.org/flexkg/vocab/readingType/Direct%20Read'
    """
    return f"{VOCAB}{scheme}/{quote(notation, safe=_SAFE)}"


def read(paths: Iterable[Path]) -> dict[str, Scheme]:
    """Read SKOS files together; a file may add concepts to a scheme that another one declares.

    Args:
        paths: Turtle files.

    Returns:
        Scheme by name.

    Raises:
        kg.errors.AssetError: a file is missing, is no Turtle, or breaks the form of a vocabulary.
    """
    titles: dict[str, str] = {}
    members: dict[str, dict[str, Concept]] = {}
    for path in paths:
        for subject, facts in _subjects(path):
            kinds = facts.get(_TYPE, ())
            if SKOS + "ConceptScheme" in kinds:
                titles[subject] = _one(facts, DCTERMS + "title", subject, path)
            elif SKOS + "Concept" in kinds:
                concept = _concept(subject, facts, path)
                same = members.setdefault(concept.scheme, {})
                if concept.notation in same:
                    raise _broken("another concept of its scheme has the same notation", subject, path)
                same[concept.notation] = concept
    return _schemes(titles, members)


def _schemes(titles: Mapping[str, str], members: Mapping[str, dict[str, Concept]]) -> dict[str, Scheme]:
    for scheme in members.keys() - titles.keys():
        some = next(iter(members[scheme].values()))
        raise AssetError(f"no file declares the scheme <{scheme}>", where=some.iri, cure="declare it there")
    found: dict[str, Scheme] = {}
    for scheme, title in titles.items():
        name = scheme.rstrip("/#").replace("#", "/").rpartition("/")[2]
        if name in found:
            raise AssetError(f"two schemes are called {name!r}", where=scheme, cure="rename one of them")
        found[name] = Scheme(scheme, name, title, members.get(scheme, {}))
    return found


def _concept(subject: str, facts: _Facts, path: Path) -> Concept:
    scheme = _only(facts, SKOS + "inScheme", subject, path)
    notation = _only(facts, SKOS + "notation", subject, path)
    if scheme.startswith(VOCAB):
        minted = mint(scheme.removeprefix(VOCAB), notation)
        if subject != minted:
            raise _broken(f"its notation {notation!r} asks for the IRI <{minted}>", subject, path)
    label = _one(facts, SKOS + "prefLabel", subject, path)
    definition = _one(facts, SKOS + "definition", subject, path)
    own = {key.removeprefix(FLEX): values for key, values in facts.items() if key.startswith(FLEX)}
    return Concept(subject, scheme, notation, label, definition, own)


def _only(facts: _Facts, term: str, subject: str, path: Path) -> str:
    if len(facts.get(term, ())) > 1:
        raise _broken(f"<{term}> is stated more than once", subject, path)
    return _one(facts, term, subject, path)


def _one(facts: _Facts, term: str, subject: str, path: Path) -> str:
    values = facts.get(term)
    if not values:
        raise _broken(f"<{term}> is missing", subject, path)
    return values[0]


def _broken(what: str, subject: str, path: Path) -> AssetError:
    return AssetError(f"<{subject}>: {what}", where=str(path), cure="mend the vocabulary file")


def _subjects(path: Path) -> Iterable[tuple[str, _Facts]]:
    subjects: dict[str, _Facts] = {}
    try:
        for subject, predicate, value, _ in parse(assets.text(path), format=RdfFormat.TURTLE):
            term = predicate.value
            if term in _SKIPPED or not isinstance(subject, NamedNode):
                continue
            if isinstance(value, Literal) or isinstance(value, NamedNode):  # noqa: SIM101 - twice as fast
                facts = subjects.setdefault(subject.value, {})
                facts[term] = (*facts[term], value.value) if term in facts else (value.value,)
    except SyntaxError as error:
        place = f"{path}:{error.lineno}:{error.offset}"
        cause = error.msg.partition(": ")[2] or error.msg
        raise AssetError(f"the file is no Turtle: {cause}", where=place, cure="mend the line") from error
    return subjects.items()
