"""The ontology with all that follows from it: OWL 2 RL closure, worked out once and kept by content.

Reasoning costs seconds; it happens when an ontology is loaded, never in a request. What owlrl adds and says
nothing (each thing the same as itself, each class below ``owl:Thing``) is left out.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import assets
from kg.namespaces import OWL, RDF, RDFS
from kg.rdf import read_all

if TYPE_CHECKING:
    from kg.graphs import GraphStore

#: Raised when what is left out or kept changes.
_FORM = "1"
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
    """List the files that are reasoned over: the modules and what the alignments say in OWL."""
    return [*assets.files("ontology", "*.ttl"), *assets.files("mappings", "alignments/*.ttl")]


def closure(paths: Sequence[Path] | None = None) -> str:
    """Give an ontology with all that follows from it.

    Args:
        paths: its files; the project's own ontology where None.

    Returns:
        N-Triples text, sorted: from the cache where the same files were closed before.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be parsed.

    Source:
        OWL 2 Web Ontology Language Profiles, section 4.3 (reasoning in OWL 2 RL).
    """
    files = ontology_paths() if paths is None else list(paths)
    name = f"closure-{key(files)}.nt"
    for folder in (assets.shipped("closure"), cache_folder()):
        if folder is not None and (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    text = reason(files)
    _keep(cache_folder(), name, text)
    return text


def key(paths: Iterable[Path]) -> str:
    """Name the content of some files: SHA-256 over their bytes, whatever their order and place."""
    digests = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    return hashlib.sha256("\n".join([_FORM, *digests]).encode()).hexdigest()


def reason(paths: Iterable[Path]) -> str:
    """Work the closure out with owlrl, without looking into the cache."""
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    text = "\n".join(f"{triple} ." for triple in read_all(paths))
    graph.parse(data=text, format="nt")
    asserted = set(graph)
    reasoner = owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False)
    reasoner.expand(graph)
    kept = (triple for triple in graph if triple in asserted or _says_something(triple))
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


def cache_folder() -> Path | None:
    """Find the folder for what can be worked out again; None where there is no home."""
    stated = os.environ.get("FLEXKG_CACHE")
    if stated:
        return Path(stated)
    base = os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):
        return (Path(base) if base else Path.home() / ".cache") / "flexkg"
    return None


def _keep(folder: Path | None, name: str, text: str) -> None:
    """Put a file into the cache, whole or not at all; a cache that cannot be written is no error."""
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
            file.write(text)
        Path(file.name).replace(folder / name)


def load_into(graphs: "GraphStore") -> bool:
    """Put the closed ontology and the vocabularies into a store, where it does not hold just these.

    Returns:
        Whether anything was written.

    Raises:
        kg.errors.StoreError: the store cannot be written.
    """
    from kg.graphs import META, ONTOLOGY
    from kg.imports import note
    from kg.literals import string
    from kg.namespaces import FLEX

    vocabularies = assets.files("ontology", "vocab/*.ttl")
    content = string(key([*ontology_paths(), *vocabularies]))
    subject, predicate = f"<{ONTOLOGY}>", f"<{FLEX}contentDigest>"
    held = [statement.object for statement in graphs.match(subject, predicate, None, META)]
    if held == [content]:
        return False
    concepts = "".join(f"{triple} .\n" for triple in read_all(vocabularies))
    graphs.replace(ONTOLOGY, closure() + concepts)
    note(graphs, ONTOLOGY, content)
    return True
