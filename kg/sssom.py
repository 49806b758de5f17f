"""Reads SSSOM tables: TSV below metadata in comment lines; errors name file, line and cure."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from kg import assets
from kg.errors import AssetError
from kg.namespaces import OWL, RDF, RDFS, SKOS

SSSOM: Final = "https://w3id.org/sssom/"
#: What stands in a row for a term that is not there or cannot be verified.
NO_TERM: Final = SSSOM + "NoTermFound"
#: Predicates of OWL that a row may have.
AXIOMS: Final = (
    RDFS + "subClassOf",
    OWL + "equivalentClass",
    RDFS + "subPropertyOf",
    OWL + "equivalentProperty",
)
#: Predicates of SKOS that a row may have.
MATCHES: Final = tuple(SKOS + kind + "Match" for kind in ("exact", "close", "broad", "narrow", "related"))

_REQUIRED: Final = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_METADATA: Final = ("mapping_set_id", "license", "curie_map")
#: Prefixes that a table may use without saying so.
_BUILT_IN: Final = {
    "owl": OWL,
    "rdf": RDF,
    "rdfs": RDFS,
    "semapv": "https://w3id.org/semapv/vocab/",
    "skos": SKOS,
    "sssom": SSSOM,
}
_CURIE: Final = re.compile(r"([A-Za-z][\w.-]*):([^\s<>\"{}|^`\\]+)")


@dataclass(frozen=True, slots=True)
class Alignment:
    """One row, with IRIs in full.

    Attributes:
        subject: IRI of the own term.
        predicate: IRI of the relation, one of ``AXIOMS`` or ``MATCHES``.
        object: IRI of the other term, or ``NO_TERM``.
        object_label: what the other term is called; empty where the row does not say.
        justification: IRI of the grounds on which the row stands.
        confidence: a number from 0 to 1 as written, empty where the row does not say.
        comment: why, in words.
        line: line of the file, from 1.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    confidence: str
    comment: str
    line: int


@dataclass(frozen=True, slots=True)
class MappingSet:
    """One table.

    Attributes:
        path: its file.
        iri: what it calls itself.
        title: its title, empty where it has none.
        object_version: version of the vocabulary that it leads to, empty where it does not say.
        prefixes: what it declares, prefix to IRI.
        rows: its rows, in the order of the file.
    """

    path: Path
    iri: str
    title: str
    object_version: str
    prefixes: dict[str, str]
    rows: tuple[Alignment, ...]


def read(path: Path) -> MappingSet:
    """Read one table.

    Args:
        path: a TSV file with the metadata as YAML in comment lines above the table.

    Raises:
        AssetError: the file is missing or no such table: a column, a prefix, a predicate or a confidence that
            cannot be used, or the same row twice; names file, line and cure.

    Source:
        SSSOM 1.0, TSV serialisation.
    """
    lines = assets.text(path).splitlines()
    start = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    said = _metadata(path, lines[:start])
    prefixes = {str(prefix): str(iri) for prefix, iri in said["curie_map"].items()}
    rows = tuple(_rows(path, lines[start:], start + 1, _BUILT_IN | prefixes))
    return MappingSet(
        path,
        str(said["mapping_set_id"]),
        str(said.get("mapping_set_title", "")),
        str(said.get("object_source_version", "")),
        prefixes,
        rows,
    )


def _metadata(path: Path, lines: list[str]) -> dict[str, Any]:
    """Read the comment lines."""
    try:
        said = yaml.safe_load("\n".join(line[1:] for line in lines)) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise AssetError(
            "the metadata is no YAML", where=place, cure="write it as '#key: value', blocks indented"
        ) from error
    missing = [key for key in _METADATA if not isinstance(said, dict) or not said.get(key)]
    if missing:
        raise AssetError(
            f"the metadata has no {missing[0]}", where=f"{path}:1", cure=f"add a line '#{missing[0]}: ...'"
        )
    if not isinstance(said["curie_map"], dict):
        raise AssetError("curie_map has no prefixes", where=f"{path}:1", cure="list them as '#  prefix: IRI'")
    return dict(said)


def _rows(path: Path, lines: list[str], first: int, prefixes: dict[str, str]) -> Iterator[Alignment]:
    """Read the table, which begins at a line of the file."""
    names, *rest = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)) or [[]]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise AssetError(
            f"the table has no column {missing[0]}", where=f"{path}:{first}", cure="name it in the first row"
        )
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in enumerate(rest, first + 1):
        where = f"{path}:{line}"
        if len(cells) != len(names):
            raise AssetError(
                f"the row has {len(cells)} cells, the table {len(names)} columns",
                where=where,
                cure="part cells by one tab each, and leave no line empty",
            )
        row = _row(dict(zip(names, cells, strict=True)), line, where, prefixes)
        key = (row.subject, row.predicate, row.object, row.object_label)
        if key in seen:
            raise AssetError(f"the row repeats line {seen[key]}", where=where, cure="take one of them out")
        seen[key] = line
        yield row


def _row(cell: dict[str, str], line: int, where: str, prefixes: dict[str, str]) -> Alignment:
    """Read one row."""
    iri = {name: _expand(cell[name], name, where, prefixes) for name in _REQUIRED}
    if iri["predicate_id"] not in (*AXIOMS, *MATCHES):
        raise AssetError(
            f"{cell['predicate_id']} is no predicate for alignments",
            where=where,
            cure="use rdfs:subClassOf or another axiom, or skos:closeMatch or another match of SKOS",
        )
    confidence = cell.get("confidence", "")
    if confidence and not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", confidence):
        raise AssetError(
            f"the confidence {confidence!r} is no number from 0 to 1", where=where, cure="write it as 0.8"
        )
    return Alignment(
        iri["subject_id"],
        iri["predicate_id"],
        iri["object_id"],
        cell.get("object_label", ""),
        iri["mapping_justification"],
        confidence,
        cell.get("comment", ""),
        line,
    )


def _expand(text: str, column: str, where: str, prefixes: dict[str, str]) -> str:
    """Write a CURIE out."""
    match = _CURIE.fullmatch(text)
    if match is None:
        raise AssetError(f"{column} {text!r} is no CURIE", where=where, cure="write it as prefix:name")
    if match[1] not in prefixes:
        raise AssetError(
            f"the prefix {match[1]!r} is not declared", where=where, cure="declare it in the curie_map above"
        )
    return prefixes[match[1]] + match[2]
