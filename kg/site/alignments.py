"""Rows of the alignment files, as the site shows them on both pages of a term and in one list."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg import assets
from kg.errors import AssetError
from kg.namespaces import PREFIXES
from kg.site.facts import short


@dataclass(frozen=True, slots=True)
class Alignment:
    """One row: an own term, how it relates to another vocabulary's, and on what grounds.

    Attributes:
        subject: IRI of the own term, or what the row has where its prefix is unknown.
        predicate: the relation, as prefix and local part.
        object: IRI or text of the other term.
        object_label: what it is called there.
        justification: on what grounds.
        confidence: from 0 to 1, as text; may be empty.
        comment: what else the row says.
        file: name of the file.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    confidence: str
    comment: str
    file: str


def read(paths: Iterable[Path]) -> list[Alignment]:
    """Read SSSOM tables.

    Args:
        paths: ``*.sssom.tsv`` files with the metadata block in comment lines above the table.

    Returns:
        All rows, in the order of the files.

    Raises:
        kg.errors.AssetError: a file is missing, or has no column ``subject_id``.

    Source:
        SSSOM 1.0, TSV serialisation.
    """
    return [row for path in paths for row in _rows(path)]


def _rows(path: Path) -> Iterator[Alignment]:
    lines = assets.text(path).splitlines()
    prefixes = PREFIXES | dict(_curies(line[1:] for line in lines if line.startswith("#")))
    table = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    if "subject_id" not in (table.fieldnames or ()):
        raise AssetError("the table has no column subject_id", where=str(path), cure="name its columns")
    for row in table:
        cell = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
        yield Alignment(
            _full(cell.get("subject_id", ""), prefixes),
            short(_full(cell.get("predicate_id", ""), prefixes)),
            _full(cell.get("object_id", ""), prefixes),
            cell.get("object_label", ""),
            cell.get("mapping_justification", "").partition(":")[2],
            cell.get("confidence", ""),
            cell.get("comment", ""),
            path.name,
        )


def _curies(metadata: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Prefixes of the block ``curie_map``: indented lines of prefix, colon and IRI."""
    inside = False
    for line in metadata:
        text = line.strip()
        if text.startswith("curie_map:"):
            inside, depth = True, len(line) - len(line.lstrip())
        elif inside and text and len(line) - len(line.lstrip()) <= depth:
            inside = False
        elif inside and ":" in text:
            prefix, _, iri = text.partition(":")
            yield prefix.strip("\"' "), iri.strip("\"' ")


def _full(curie: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = curie.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else curie
