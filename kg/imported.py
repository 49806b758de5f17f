"""What an ontology imports, found without a network: ours as shipped, a user's through a catalog.

An OASIS catalog, ``catalog-v001.xml`` as Protégé writes it, leads from the IRI of an
ontology to a file in its folder.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pyoxigraph import NamedNode, Triple

from kg import assets
from kg.errors import AssetError
from kg.literals import segment
from kg.namespaces import MODULE, OWL, RDF, SKOS, VERSION, VOCAB
from kg.rdf import read_file
from kg.turtle_lines import blocks, line_of

CATALOG: Final = "catalog-v001.xml"
_TYPE: Final = NamedNode(RDF + "type")
_SCHEME: Final = NamedNode(SKOS + "ConceptScheme")
_ONTOLOGY: Final = NamedNode(OWL + "Ontology")
_NAMES: Final = frozenset((OWL + "versionIRI",))
_OURS: Final = re.compile(re.escape(MODULE) + r"(?:(\d+\.\d+\.\d+)/)?([\w-]+)")
_ENTRY: Final = re.compile(r"<uri\s+([^<>]*?)/?>")
_ATTRIBUTE: Final = re.compile(r"([\w:]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")


@dataclass(frozen=True)
class File:
    """One ontology file, read.

    Attributes:
        path: where it lies.
        triples: what it says.
    """

    path: Path
    triples: list[Triple] = field(repr=False)

    @cached_property
    def headers(self) -> tuple[str, ...]:
        """IRIs of the ontologies that it declares."""
        found = (t.subject for t in self.triples if t.predicate == _TYPE and t.object == _ONTOLOGY)
        return tuple(dict.fromkeys(node.value for node in found if isinstance(node, NamedNode)))

    @cached_property
    def names(self) -> frozenset[str]:
        """IRIs by which others may import it, of ontology, version and schemes, without a last / or #."""
        versions = (
            t.object.value
            for t in self.triples
            if t.predicate.value in _NAMES and isinstance(t.object, NamedNode)
        )
        schemes = (str(t.subject)[1:-1] for t in self.triples if t.predicate == _TYPE and t.object == _SCHEME)
        return frozenset(iri.rstrip("/#") for iri in (*self.headers, *versions, *schemes))

    @cached_property
    def imports(self) -> tuple[tuple[str, str], ...]:
        """Pairs of an ontology of it and one that this imports."""
        return tuple(
            (t.subject.value, t.object.value)
            for t in self.triples
            if t.predicate.value == OWL + "imports"
            and isinstance(t.subject, NamedNode)
            and isinstance(t.object, NamedNode)
        )

    @cached_property
    def text(self) -> str:
        """Its text."""
        return assets.text(self.path)

    @cached_property
    def lines(self) -> dict[str, int]:
        """IRIs that stand at the start of a line of Turtle, with the number of that line."""
        return dict(blocks(self.text))

    def line_of(self, iri: str) -> int:
        """Find the first line that names an IRI, in full or with a prefix; 0 where none does."""
        return line_of(self.text, iri)


def read(path: Path) -> File:
    """Read one ontology file.

    Raises:
        AssetError: it is missing or cannot be parsed.
    """
    return File(path, read_file(path))


def follow(files: Iterable[File], known: Iterable[File] = ()) -> tuple[list[File], dict[str, list[str]]]:
    """Find what files import, and what that imports in turn.

    Args:
        files: where to begin.
        known: files that are at hand besides.

    Returns:
        The files that were found beyond those given; and of ontologies in ``files``, IRI to the IRIs that
        they import and that are not here.

    Raises:
        AssetError: a file that is led to cannot be read.
    """
    given = list(files)
    at_hand = {name for file in (*given, *known) for name in file.names}
    found: list[File] = []
    missing: dict[str, list[str]] = {}
    catalogs: dict[Path, Mapping[str, Path]] = {}
    open_ = list(given)
    while open_:
        file = open_.pop()
        for ontology, iri in file.imports:
            if iri.rstrip("/#") in at_hand:
                continue
            beside = file.path.parent
            if beside not in catalogs:
                catalogs[beside] = catalog(beside)
            path = catalogs[beside].get(iri.rstrip("/#")) or shipped(iri)
            if path is None:
                if file in given:
                    missing.setdefault(ontology, []).append(iri)
                continue
            more = _shipped_file(path) if path.is_relative_to(assets.folder("ontology")) else read(path)
            at_hand |= {*more.names, iri.rstrip("/#")}
            found.append(more)
            open_.append(more)
    return found, missing


def shipped(iri: str) -> Path | None:
    """Find the file of ours that an IRI, of a module, its present version or a concept scheme, stands for."""
    if iri.startswith(VOCAB):
        found = assets.files("ontology", f"*/{segment(iri.removeprefix(VOCAB))}.ttl")
        return found[0] if found else None
    match = _OURS.fullmatch(iri.rstrip("/#"))
    if match is None or match[1] not in (None, VERSION):
        return None
    path = assets.folder("ontology") / f"{match[2]}.ttl"
    return path if path.is_file() else None


def other_version(iri: str) -> bool:
    """Whether an IRI names a version of a module of ours that is not the present one."""
    match = _OURS.fullmatch(iri.rstrip("/#"))
    return match is not None and match[1] not in (None, VERSION)


@lru_cache(maxsize=256)
def _shipped_file(path: Path) -> File:
    return read(path)


def catalog(folder: Path) -> Mapping[str, Path]:
    """Read the catalog of a folder: IRI without a last / or #, and the file; empty where there is none.

    Raises:
        AssetError: an entry leads to a file that is not there.

    Source:
        OASIS XML Catalogs 1.1, element uri.
    """
    place = folder / CATALOG
    if not place.is_file():
        return {}
    found: dict[str, Path] = {}
    text = re.sub(r"<!--.*?-->", "", assets.text(place), flags=re.DOTALL)
    for entry in _ENTRY.findall(text):
        said = {name: double or single for name, double, single in _ATTRIBUTE.findall(entry)}
        name, uri = said.get("name", ""), said.get("uri", "")
        parts = urlsplit(uri)
        if not name or not uri or parts.scheme not in ("", "file"):
            continue
        path = Path(unquote(parts.path)) if parts.scheme else folder / unquote(parts.path)
        if not path.is_file():
            line = assets.text(place).partition(uri)[0].count("\n") + 1
            raise AssetError(
                f"the catalog leads to {uri}, which is not there",
                where=f"{place}:{line}",
                cure="add the file",
            )
        found[name.rstrip("/#")] = path
    return found
