"""Checks an ontology: annotations, names, hierarchy, domains and ranges, headers; ours or a user's own.

The rules are shapes (``shapes/ontology-quality.ttl`` and ``shapes/ontology/``). A term is held to them when
the checked files define it; what they only borrow, with ``rdfs:isDefinedBy`` another ontology, is left alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from pyoxigraph import NamedNode, Triple

from kg import assets
from kg.engines import Engine, Result
from kg.engines import engine as make_engine
from kg.errors import UsageError
from kg.namespaces import OWL, RDF, RDFS, SHAPE
from kg.rdf import read_file
from kg.report import Report, Verdict, Violation
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
_BASE: Final = re.compile(r"@?base\s+<([^>]*)>", re.IGNORECASE)
_Places = dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Checked(Report):
    """The answer to one check of an ontology.

    Attributes:
        terms: how many terms were held to the rules.
        left_out: how many classes and properties were not, as another ontology defines them.
    """

    terms: int = 0
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data, as ``flexkg ontology check --format json`` does."""
        return {**Report.as_dict(self), "terms": self.terms, "left_out": self.left_out}


def modules() -> list[Path]:
    """List the files of the project's own ontology: its modules and the umbrella that imports them.

    >>> [path.name for path in modules() if path.stem == "event"]
    ['event.ttl']
    """
    return [path for path in assets.files("ontology", "*.ttl") if path.stem not in _FRAME]


def check(paths: Iterable[Path] | None = None, *, engine: str = "compiled") -> Checked:
    """Check ontology files against the rules for ontologies.

    Args:
        paths: Turtle, N-Triples, RDF/XML or JSON-LD files, read together; None: the project's own modules.
        engine: one of `kg.engines.NAMES`; ``"compiled"`` is the fastest, ``"pyshacl"`` the reference.

    Returns:
        The verdict and every finding; ``pointer`` is the file and ``line`` the line in it where the term's
        block begins, as far as they are known.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be parsed; names file, line and column.
        kg.errors.UsageError: no such engine; the files hold no term that is theirs, so nothing was checked.

    Source:
        The catalogue of OOPS! and ETSI TS 103 673, as each rule names them.
    """
    files = modules() if paths is None else list(paths)
    graphs = {path: read_file(path) for path in files}
    lines = [f"{triple} ." for triples in graphs.values() for triple in triples]
    headers = _headers(graphs)
    own, left_out = _own(graphs, headers)
    if not own and (left_out or not headers):
        raise _nothing(files, left_out)
    lines += [f"<{term}> {_TERM}" for term in own]
    shapes = _shapes()
    places = headers | own
    results = _engine(engine).validate("\n".join(lines) + "\n")
    found = [_violation(shapes, result, places) for result in results]
    found.sort(key=lambda v: (_ORDER.get(v.severity, 0), v.pointer, v.line, v.focus, v.rule, v.value or ""))
    refused = any(violation.severity == "Violation" for violation in found)
    verdict: Verdict = "violates" if refused else "conforms"
    return Checked(verdict, "", tuple(dict.fromkeys(found)), terms=len(own), left_out=left_out)


def shape_files() -> list[Path]:
    """List the files that hold the rules for ontologies."""
    return [*assets.files("shapes", "ontology-quality.ttl"), *assets.files("shapes", "ontology/*.ttl")]


@lru_cache(maxsize=1)
def _shapes() -> Shapes:
    return Shapes(shape_files())


@lru_cache(maxsize=2)
def _engine(name: str) -> Engine:
    return make_engine(name, "\n".join(assets.text(path) for path in shape_files()))


def _nothing(files: list[Path], left_out: int) -> UsageError:
    why = f"each of the {left_out} terms is defined by another ontology" if left_out else "there is no term"
    return UsageError(
        f"nothing was checked: {why}",
        where=", ".join(str(path) for path in files[:3]) + (", ..." if len(files) > 3 else ""),
        cure="declare classes or properties, each with rdfs:isDefinedBy the IRI of the owl:Ontology there, "
        "or with no rdfs:isDefinedBy",
    )


def _headers(graphs: dict[Path, list[Triple]]) -> _Places:
    """Ontologies that the files declare -> path and line."""
    found: _Places = {}
    for path, triples in graphs.items():
        declared = [t.subject for t in triples if t.predicate == _TYPE and t.object == _ONTOLOGY]
        lines = _lines(path) if declared else {}
        for subject in declared:
            if isinstance(subject, NamedNode):
                found.setdefault(subject.value, (str(path), lines.get(subject.value, 0)))
    return found


def _own(graphs: dict[Path, list[Triple]], ontologies: _Places) -> tuple[_Places, int]:
    """Terms of the files -> path and line, and the number of those left out: defined elsewhere."""
    own: _Places = {}
    borrowed: set[str] = set()
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
        lines = _lines(path)
        for term in sorted(kinds):
            if not homes.get(term) or not homes[term].isdisjoint(ontologies):
                own[term] = (str(path), lines.get(term, 0))
            else:
                borrowed.add(term)
    return own, len(borrowed - own.keys())


def _lines(path: Path) -> dict[str, int]:
    return dict(_blocks(assets.text(path))) if path.suffix == ".ttl" else {}


def _blocks(text: str) -> Iterator[tuple[str, int]]:
    """IRIs that stand at the start of a line of Turtle, with the number of that line."""
    prefixes = dict(_PREFIX.findall(text))
    base = match[1] if (match := _BASE.search(text)) else ""
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r"<([^>]*)>|([\w.-]*):([\w.-]*)", line)
        if match:
            full, prefix, name = match.groups()
            iri = prefixes.get(prefix, "") + name if full is None else urljoin(base, full)
            if iri not in seen:
                seen.add(iri)
                yield iri, number


def _violation(shapes: Shapes, result: Result, places: _Places) -> Violation:
    rule = shapes.rules.get(result.shape)
    path, line = places.get(result.focus, ("", 0))
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
