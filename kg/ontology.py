"""Checks an ontology: annotations, names, hierarchy, domains and ranges, headers; ours or a user's own.

The rules are shapes (``shapes/ontology-quality.ttl`` and ``shapes/ontology/``). A term is held to them when
the checked files define it; what they only borrow, with ``rdfs:isDefinedBy`` another ontology, is left alone.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode, Triple

from kg import assets
from kg.engines import Engine, Result
from kg.engines import engine as make_engine
from kg.namespaces import OWL, RDF, RDFS, SHAPE
from kg.rdf import read_file
from kg.report import Report, Violation
from kg.rules import Shapes

_TYPE: Final = NamedNode(RDF + "type")
_KINDS: Final = frozenset(
    OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
)
_ONTOLOGY: Final = NamedNode(OWL + "Ontology")
_DEFINED_BY: Final = RDFS + "isDefinedBy"
_TERM: Final = f"<{RDF}type> <{SHAPE}Term> ."
#: Turtle files of ours that declare no term.
_FRAME: Final = frozenset({"prefixes"})
_ORDER: Final = {"Violation": 0, "Warning": 1, "Info": 2}
_PREFIX: Final = re.compile(r"@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)


def modules() -> list[Path]:
    """List the files of the project's own ontology: its modules and the umbrella that imports them.

    >>> [path.name for path in modules() if path.stem == "event"]
    ['event.ttl']
    """
    return [path for path in assets.files("ontology", "*.ttl") if path.stem not in _FRAME]


def check(paths: Iterable[Path] | None = None, *, engine: str = "shacl") -> Report:
    """Check ontology files against the rules for ontologies.

    Args:
        paths: Turtle, N-Triples, RDF/XML or JSON-LD files, read together; None: the project's own modules.
        engine: ``"shacl"`` (fast) or ``"pyshacl"`` (reference).

    Returns:
        The verdict and every finding; ``pointer`` is the file and ``line`` the line in it where the term's
        block begins, as far as they are known.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be parsed; names file, line and column.
        kg.errors.UsageError: no such engine.

    Source:
        The catalogue of OOPS! and ETSI TS 103 673, as each rule names them.
    """
    files = modules() if paths is None else list(paths)
    graphs = {path: read_file(path) for path in files}
    lines = [f"{triple} ." for triples in graphs.values() for triple in triples]
    own = _own(graphs)
    lines += [f"<{term}> {_TERM}" for term in own]
    shapes = _shapes()
    found = [_violation(shapes, result, own) for result in _engine(engine).validate("\n".join(lines) + "\n")]
    found.sort(key=lambda v: (_ORDER.get(v.severity, 0), v.pointer, v.line, v.focus, v.rule, v.value or ""))
    refused = any(violation.severity == "Violation" for violation in found)
    return Report("violates" if refused else "conforms", "", tuple(dict.fromkeys(found)))


def shape_files() -> list[Path]:
    """List the files that hold the rules for ontologies."""
    return [*assets.files("shapes", "ontology-quality.ttl"), *assets.files("shapes", "ontology/*.ttl")]


@lru_cache(maxsize=1)
def _shapes() -> Shapes:
    return Shapes(shape_files())


@lru_cache(maxsize=2)
def _engine(name: str) -> Engine:
    return make_engine(name, "\n".join(assets.text(path) for path in shape_files()))


def _own(graphs: dict[Path, list[Triple]]) -> dict[str, tuple[str, int]]:
    """Terms and ontologies of the files -> path and line; terms defined elsewhere are left out."""
    ontologies = {
        triple.subject.value
        for triples in graphs.values()
        for triple in triples
        if triple.predicate == _TYPE and triple.object == _ONTOLOGY and isinstance(triple.subject, NamedNode)
    }
    own: dict[str, tuple[str, int]] = {}
    for path, triples in graphs.items():
        homes: dict[str, set[str]] = {}
        kinds: set[str] = set()
        for triple in triples:
            if not isinstance(triple.subject, NamedNode) or not isinstance(triple.object, NamedNode):
                continue
            if triple.predicate == _TYPE and triple.object.value in _KINDS:
                kinds.add(triple.subject.value)
            elif triple.predicate.value == _DEFINED_BY:
                homes.setdefault(triple.subject.value, set()).add(triple.object.value)
        lines = dict(_blocks(assets.text(path))) if path.suffix == ".ttl" else {}
        for term in sorted(kinds):
            if not homes.get(term) or homes[term] & ontologies:
                own[term] = (str(path), lines.get(term, 0))
    return own


def _blocks(text: str) -> Iterator[tuple[str, int]]:
    """IRIs that stand at the start of a line of Turtle, with the number of that line."""
    prefixes = dict(_PREFIX.findall(text))
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r"<([^>]*)>|([\w.-]*):([\w.-]+)", line)
        if match:
            iri = match[1] if match[1] is not None else prefixes.get(match[2], "") + match[3]
            if iri not in seen:
                seen.add(iri)
                yield iri, number


def _violation(shapes: Shapes, result: Result, own: dict[str, tuple[str, int]]) -> Violation:
    rule = shapes.rules.get(result.shape)
    path, line = own.get(result.focus, ("", 0))
    return Violation(
        rule.id if rule else result.shape,
        result.severity,
        result.message or (rule.message if rule else ""),
        result.focus,
        result.value,
        rule.source if rule else "",
        path,
        line,
        rule.cure if rule else "",
    )
