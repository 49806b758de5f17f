"""Rows of the alignment files, as the site shows them on both pages of a term and in one list."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg import assets
from kg.errors import AssetError
from kg.namespaces import PREFIXES

#: What stands for a term where the other vocabulary has none.
NO_TERM: Final = "https://w3id.org/sssom/NoTermFound"

_WORD: Final = re.compile(r"([A-Z])")


@dataclass(frozen=True, slots=True)
class Alignment:
    """One row: an own term, how it relates to another vocabulary's, and on what grounds.

    Attributes:
        subject: IRI of the own term, or what the row has where its prefix is unknown.
        predicate: IRI of the relation.
        object: IRI or text of the other term.
        object_label: what it is called there.
        justification: on what grounds, in words.
        confidence: from 0 to 1, as text; may be empty.
        comment: what else the row says.
        table: what the file calls itself.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    confidence: str
    comment: str
    table: str


def read(paths: Iterable[Path]) -> tuple[list[Alignment], dict[str, str]]:
    """Read SSSOM tables.

    Args:
        paths: ``*.sssom.tsv`` files with the metadata block in comment lines above the table.

    Returns:
        All rows, in the order of the files, and the prefixes that the files declare.

    Raises:
        kg.errors.AssetError: a file is missing, or has no column ``subject_id``.

    Source:
        SSSOM 1.0, TSV serialisation.
    """
    rows: list[Alignment] = []
    known: dict[str, str] = {}
    for path in paths:
        lines = assets.text(path).splitlines()
        prefixes = dict(_curies(line[1:] for line in lines if line.startswith("#")))
        rows += _rows(path, lines, PREFIXES | prefixes)
        known |= prefixes
    return rows, known


def _rows(path: Path, lines: list[str], prefixes: dict[str, str]) -> Iterator[Alignment]:
    titles = (line.partition("mapping_set_title:")[2].strip("\"' ") for line in lines)
    named = next(filter(None, titles), path.name.removesuffix(".sssom.tsv"))
    table = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    if "subject_id" not in (table.fieldnames or ()):
        raise AssetError("the table has no column subject_id", where=str(path), cure="name its columns")
    for row in table:
        cell = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
        yield Alignment(
            _full(cell.get("subject_id", ""), prefixes),
            _full(cell.get("predicate_id", ""), prefixes),
            _full(cell.get("object_id", ""), prefixes),
            cell.get("object_label", ""),
            _WORD.sub(r" \1", cell.get("mapping_justification", "").partition(":")[2]).strip().lower(),
            cell.get("confidence", ""),
            cell.get("comment", ""),
            named,
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
