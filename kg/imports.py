"""Full copies of other ontologies in a store: a user's own SAREF or CIM beside the few terms declared here.

A copy is kept in the store's directory, ``DIR/ontologies/<name>.nt``, and shown as the graph
``ontology/<name>``; a graph that is made anew gets it again. What follows from it and our ontology together
stands in the graph ``ontology`` (``kg.closure``). Nothing is fetched: what an ontology imports has to be
imported too.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Triple

from kg import assets
from kg.directory import sync
from kg.errors import AssetError, StoreUnavailable
from kg.graphs import META, ONTOLOGY, GraphStore
from kg.literals import segment, string
from kg.namespaces import FLEX, OWL, RDF, RDFS
from kg.rdf import read_file

_TYPE = NamedNode(RDF + "type")
_IMPORTS = NamedNode(OWL + "imports")
_VERSIONS = (OWL + "versionIRI", OWL + "versionInfo")
_KINDS = frozenset(
    (
        *(OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty")),
        RDFS + "Class",
        RDF + "Property",
    )
)
_DIGEST = f"<{FLEX}contentDigest>"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import found and did.

    Attributes:
        name: short name of the copy, from the ontology's IRI.
        ontology: IRI of the ontology.
        version: the version that it states, empty where it states none.
        triples: how many triples it has.
        terms: how many classes and properties it declares.
        missing: IRIs that it imports and that are not in the store.
        notes: what a reader should know, for example that the alignments are made for another version.
    """

    name: str
    ontology: str
    version: str
    triples: int
    terms: int
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.ontology} {self.version}".strip() + f": {self.triples} triples, {self.terms} terms"
        if self.missing:
            text += f"; it imports what is not here: {', '.join(self.missing)}"
        return "\n  ".join([text, *self.notes])


def import_ontology(folder: Path, path: Path) -> Imported:
    """Keep a copy of an ontology in a store's directory; it is shown when the store is opened next.

    Args:
        folder: the store's directory.
        path: Turtle, N-Triples, RDF/XML or JSON-LD.

    Returns:
        What was found.

    Raises:
        AssetError: the file cannot be parsed, is no ontology, or its imports go round in a circle.
        StoreUnavailable: the directory cannot be written.
    """
    triples = read_file(path)
    iri, targets = _ontology(triples, path), _targets(triples)
    name = segment(re.sub(r"[^A-Za-z0-9]+", "-", iri.partition("://")[2]).strip("-")) or "ontology"
    held = {copy.stem: _header(copy) for copy in copies(folder)}
    held[name] = (iri, targets)
    _refuse_circle(held, path)
    known = _plain(ontology for ontology, _ in held.values())
    missing = tuple(sorted(target for target in targets if target.rstrip("/#") not in known))
    _keep(folder / "ontologies" / f"{name}.nt", "".join(sorted({f"{triple} .\n" for triple in triples})))
    version = _version(triples, iri)
    terms = {t.subject for t in triples if t.predicate == _TYPE and _value(t) in _KINDS}
    return Imported(name, iri, version, len(triples), len(terms), missing, tuple(_notes(iri, version)))


def copies(folder: Path) -> list[Path]:
    """List the copies that a store's directory holds."""
    return sorted((folder / "ontologies").glob("*.nt"))


def load_copies(graphs: GraphStore, folder: Path) -> None:
    """Show the copies in a store's graphs, where they are not shown as they are.

    Raises:
        kg.errors.StoreError: the store cannot be written.
    """
    for copy in copies(folder):
        graph = f"{ONTOLOGY}/{copy.stem}"
        text = assets.text(copy)
        digest = string(hashlib.sha256(text.encode()).hexdigest())
        if [s.object for s in graphs.match(f"<{graph}>", _DIGEST, None, META)] == [digest]:
            continue
        graphs.replace(graph, text)
        note(graphs, graph, digest)


def note(graphs: GraphStore, graph: str, digest: str) -> None:
    """Write into the graph ``meta`` what content another graph was loaded from.

    Args:
        graphs: the store.
        graph: IRI of the graph that was loaded.
        digest: the content's digest, as N-Triples text.
    """
    kept = (f"{s.subject} {s.predicate} {s.object} ." for s in graphs.match(None, None, None, META))
    lines = [line for line in kept if not line.startswith(f"<{graph}> {_DIGEST} ")]
    graphs.replace(META, "\n".join([*lines, f"<{graph}> {_DIGEST} {digest} ."]) + "\n")


def _keep(target: Path, text: str) -> None:
    """Write a copy, whole or not at all."""
    fresh = target.with_suffix(".new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        sync(fresh)
        fresh.replace(target)
        sync(target.parent)
    except OSError as error:
        raise StoreUnavailable(
            f"the copy cannot be written: {error.strerror}", where=str(target), cure="check the directory"
        ) from error


def _value(triple: Triple) -> str:
    return triple.object.value if isinstance(triple.object, NamedNode) else ""


def _ontology(triples: Iterable[Triple], path: Path) -> str:
    """Find the IRI of the ontology that a file holds."""
    found = [
        t.subject.value
        for t in triples
        if t.predicate == _TYPE and _value(t) == OWL + "Ontology" and isinstance(t.subject, NamedNode)
    ]
    if not found:
        raise AssetError("the file declares no owl:Ontology", where=str(path), cure="give it a header")
    return min(found, key=len)


def _targets(triples: Iterable[Triple]) -> set[str]:
    return {_value(t) for t in triples if t.predicate == _IMPORTS}


def _header(copy: Path) -> tuple[str, set[str]]:
    """Read the ontology's IRI and its imports from a kept copy."""
    triples = read_file(copy)
    return _ontology(triples, copy), _targets(triples)


def _plain(iris: Iterable[str]) -> set[str]:
    return {iri.rstrip("/#") for iri in iris}


def _refuse_circle(held: dict[str, tuple[str, set[str]]], path: Path) -> None:
    """Refuse ontologies that import each other: they are one, and have no order in which to be read."""
    edges = {iri.rstrip("/#"): _plain(targets) for iri, targets in held.values()}

    def visit(node: str, trail: tuple[str, ...]) -> None:
        if node in trail:
            circle = " -> ".join((*trail[trail.index(node) :], node))
            raise AssetError(
                f"the imports go round in a circle: {circle}", where=str(path), cure="drop one import"
            )
        for target in sorted(edges.get(node, ())):
            visit(target, (*trail, node))

    for iri in edges:
        visit(iri, ())


def _version(triples: Iterable[Triple], iri: str) -> str:
    """Give the version that an ontology states of itself."""
    subject = NamedNode(iri)
    found = {
        t.predicate.value: t.object.value
        for t in triples
        if t.subject == subject and isinstance(t.object, NamedNode | Literal)
    }
    return next((found[name] for name in _VERSIONS if name in found), "")


def _notes(iri: str, version: str) -> Iterator[str]:
    """Say where the alignments are made for another version than the one that was imported."""
    for table in assets.files("mappings", "alignments/*.sssom.tsv"):
        header = [line for line in assets.text(table).splitlines() if line.startswith("#")]
        stated = [
            line.partition(":")[2].strip().strip('"') for line in header if "object_source_version" in line
        ]
        names = _plain(line.rpartition(" ")[2] for line in header if line.startswith("#  "))
        if version and stated and iri.rstrip("/#") in names and stated[0] not in version:
            yield f"note: {table.name} is made for version {stated[0]}, the file states {version}"
