"""The ontology with all that follows from it: OWL 2 RL closure, worked out once and kept by content.

Reasoning costs seconds; it happens when an ontology is loaded, never in a request. What owlrl adds and says
nothing (each thing the same as itself, each class below ``owl:Thing``) is left out.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import alignments, assets
from kg.axioms import axioms
from kg.cache import keep, recall
from kg.namespaces import OWL, RDF, RDFS
from kg.rdf import read_all, read_file
from kg.sssom import read as read_table

if TYPE_CHECKING:
    from kg.graphs import GraphStore

#: Raised when what is left out or kept changes.
_FORM = "2"
_REFLEXIVE = frozenset(
    (
        OWL + "sameAs",
        OWL + "equivalentClass",
        OWL + "equivalentProperty",
        RDFS + "subClassOf",
        RDFS + "subPropertyOf",
    )
)
_EVERYTHING = frozenset((OWL + "Thing", OWL + "Nothing", RDFS + "Resource"))
_TYPE = RDF + "type"


def ontology_paths() -> list[Path]:
    """List the files that are reasoned over: the modules and the tables of alignments."""
    return [*assets.files("ontology", "*.ttl"), *alignments.tables()]


def closure(paths: Sequence[Path] | None = None, copies: Sequence[Path] = ()) -> str:
    """Give an ontology with all that follows from it.

    Args:
        paths: its files, RDF and SSSOM tables; the project's own ontology and alignments where None.
        copies: ontologies of others that are reasoned over with it. What they state themselves is left out
            of the answer, and their individuals take no part: only what follows between classes and
            properties.

    Returns:
        N-Triples text, sorted: from the cache where the same files were closed before.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be parsed.

    Source:
        OWL 2 Web Ontology Language Profiles, section 4.3 (reasoning in OWL 2 RL).
    """
    files = ontology_paths() if paths is None else list(paths)
    name = f"closure-{key([*files, *copies])}.nt"
    shipped = assets.shipped("closure")
    if shipped is not None and (shipped / name).is_file():
        return assets.text(shipped / name)
    kept = recall(name)
    if kept is not None:
        return kept
    text = reason(files, copies)
    keep(name, text)
    return text


def key(paths: Iterable[Path]) -> str:
    """Name the content of some files: SHA-256 over their bytes, whatever their order and place."""
    digests = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    return hashlib.sha256("\n".join([_FORM, *digests]).encode()).hexdigest()


def stated(paths: Iterable[Path]) -> list[str]:
    """Read what files state, before anything is worked out.

    Args:
        paths: RDF files, and SSSOM tables (``.tsv``) for what they say in OWL and SKOS.

    Returns:
        Lines of N-Triples.

    Raises:
        kg.errors.AssetError: a file cannot be used, or a table has an own term that no file declares.
    """
    files = list(paths)
    triples = read_all(path for path in files if path.suffix != ".tsv")
    tables = [read_table(path) for path in files if path.suffix == ".tsv"]
    terms = {str(triple.subject)[1:-1] for triple in triples}
    for table in tables:
        alignments.require_terms(table, terms)
    return [*(f"{triple} ." for triple in triples), *alignments.statements(tables)]


def reason(paths: Iterable[Path], copies: Iterable[Path] = ()) -> str:
    """Work the closure out with owlrl, without looking into the cache."""
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data="\n".join(stated(paths)), format="nt")
    asserted = set(graph)
    borrowed = [line for copy in copies for line in axioms(read_file(copy))]
    graph.parse(data="\n".join(borrowed), format="nt")
    theirs = set(graph) - asserted
    reasoner = owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False)
    reasoner.expand(graph)
    kept = (t for t in graph if t in asserted or (t not in theirs and _says_something(t)))
    lines = {f"{s.n3()} {p.n3()} {o.n3()} ." for s, p, o in kept}
    return "\n".join(sorted(lines)) + "\n"


def _says_something(triple: Any) -> bool:
    """Whether an inferred triple is worth keeping."""
    import rdflib

    subject, predicate, value = triple
    if isinstance(subject, rdflib.Literal | rdflib.BNode) or isinstance(value, rdflib.BNode):
        return False
    if subject == value and str(predicate) in _REFLEXIVE:
        return False
    if str(subject) in _EVERYTHING or str(value) in _EVERYTHING:
        return False
    return not (str(predicate) == _TYPE and str(value).startswith((OWL, RDFS, RDF)))


def load_into(graphs: "GraphStore", copies: Sequence[Path] = ()) -> bool:
    """Put the closed ontology, its concepts and the grounds of its alignments into a store.

    Nothing is written where the store holds just these.

    Args:
        graphs: the store.
        copies: ontologies of others in it, which what follows rests on too.

    Returns:
        Whether anything was written.

    Raises:
        kg.errors.StoreError: the store cannot be written.
    """
    from kg.graphs import META, ONTOLOGY
    from kg.imports import note
    from kg.literals import string
    from kg.namespaces import FLEX

    vocabularies = [*assets.files("ontology", "vocab/*.ttl"), *assets.files("ontology", "concepts/*.ttl")]
    content = string(key([*ontology_paths(), *vocabularies, *copies]))
    subject, predicate = f"<{ONTOLOGY}>", f"<{FLEX}contentDigest>"
    held = [statement.object for statement in graphs.match(subject, predicate, None, META)]
    if held == [content]:
        return False
    concepts = "".join(f"{triple} .\n" for triple in read_all(vocabularies))
    grounds = "".join(f"{line}\n" for line in alignments.evidence(map(read_table, alignments.tables())))
    graphs.replace(ONTOLOGY, closure(copies=copies) + concepts + grounds)
    note(graphs, ONTOLOGY, content)
    return True
