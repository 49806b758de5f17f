"""Enumerations as SKOS concepts: which schemes there are, and which concept a notation on the wire means.

A concept's IRI follows from its scheme and notation alone, so that a mapping needs no look-up::

    https://w3id.org/flexkg/vocab/<scheme>/<notation, percent-encoded>

Files are read when first asked for, our own scheme by scheme, and kept for the life of the process.
Folders of third parties are named with each call. A file there may hold schemes of its own, or add concepts,
such as declared ``x-`` tokens, to one of ours.
"""

from functools import cache
from pathlib import Path
from urllib.parse import unquote

from kg import assets, skos
from kg.errors import AssetError
from kg.namespaces import VOCAB
from kg.skos import Concept, Scheme

__all__ = ["Concept", "Scheme", "concept", "iri", "known", "schemes"]


def iri(scheme: str, notation: str) -> str:
    """Mint the IRI of a concept of our own schemes; whether the concept exists is not looked at.

    Args:
        scheme: name of the scheme, for example ``"readingType"``.
        notation: text on the wire, its white space collapsed where the schema's type is a token.

    Returns:
        The absolute IRI.

    >>> iri("readingType", "Direct Read")
    'https://w3id.org/flexkg/vocab/readingType/Direct%20Read'
    """
    return skos.mint(scheme, notation)


def schemes(*folders: Path) -> dict[str, Scheme]:
    """Load every scheme.

    Args:
        folders: folders of third parties; all ``*.ttl`` files in and below them are read as vocabularies.

    Returns:
        Scheme by name.

    Raises:
        kg.errors.AssetError: a file or folder is missing, is no Turtle, or breaks the form of a vocabulary.

    >>> schemes()["siScaleCode"].concepts["k"].facts["factor"]
    ('1000.0',)
    """
    return dict(_joined(folders)) if folders else {name: _own(name) for name in _paths()}


def concept(scheme: str, notation: str, *folders: Path) -> Concept | None:
    """Find the concept that a notation means.

    Args:
        scheme: name of the scheme, for example ``"signalName"``.
        notation: text on the wire; case counts (``SIMPLE`` and ``simple`` are two concepts).
        folders: as for ``schemes``.

    Returns:
        The concept, or None when the scheme or the notation is unknown.

    Raises:
        kg.errors.AssetError: as for ``schemes``.

    >>> concept("siScaleCode", "k").label
    'kilo'
    """
    if folders:
        found = _joined(folders).get(scheme)
        return found.concepts.get(notation) if found else None
    return _own(scheme).concepts.get(notation) if scheme in _paths() else None


def known(iri: str, *folders: Path) -> str | None:
    """Tell whether an IRI is a concept, and of what scheme.

    Args:
        iri: an absolute IRI.
        folders: as for ``schemes``.

    Returns:
        The scheme's IRI, or None.

    Raises:
        kg.errors.AssetError: as for ``schemes``.

    >>> known("https://w3id.org/flexkg/vocab/optType/optIn")
    'https://w3id.org/flexkg/vocab/optType'
    """
    if folders:
        return _index(folders).get(iri)
    name, _, last = iri.removeprefix(VOCAB).partition("/")
    found = concept(name, unquote(last))
    return found.scheme if found is not None and found.iri == iri else None


@cache
def _paths() -> dict[str, tuple[Path, ...]]:
    """Name of each scheme -> its file, and those of packages that add concepts to it."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in assets.files("ontology", "vocab/*.ttl"):
        found[path.stem] = (*found.get(path.stem, ()), path)
    return found


@cache
def _own(name: str) -> Scheme:
    found = skos.read(_paths()[name])
    if list(found) != [name]:
        raise AssetError(f"the file has to hold the scheme {name!r} only", where=str(_paths()[name][0]))
    return found[name]


@cache
def _joined(folders: tuple[Path, ...]) -> dict[str, Scheme]:
    paths = [path for files in _paths().values() for path in files]
    for folder in folders:
        if not folder.is_dir():
            raise AssetError("the vocabulary folder is missing", where=str(folder), cure="check the path")
        paths += sorted(folder.rglob("*.ttl"))
    return skos.read(paths)


@cache
def _index(folders: tuple[Path, ...]) -> dict[str, str]:
    found = _joined(folders).values()
    return {concept.iri: scheme.iri for scheme in found for concept in scheme.concepts.values()}
