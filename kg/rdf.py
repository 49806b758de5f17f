"""Reads RDF files of people who write them: errors name file, line, column and cure."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat, Triple, parse

from kg import assets
from kg.errors import AssetError, UsageError

FORMATS: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
}


def read_file(path: Path) -> list[Triple]:
    """Read one RDF file.

    Args:
        path: Turtle, N-Triples, RDF/XML or JSON-LD, by its suffix.

    Returns:
        Its triples; blank nodes are renamed, so that those of several files stay apart.

    Raises:
        AssetError: the file is missing, has a DOCTYPE or cannot be parsed; names file, line and column.
    """
    form = FORMATS.get(path.suffix)
    if form is None:
        known = ", ".join(sorted(FORMATS))
        raise AssetError(
            f"no ontology format has the suffix {path.suffix!r}", where=str(path), cure=f"use {known}"
        )
    text = assets.text(path)
    if form == RdfFormat.RDF_XML and "<!ENTITY" in text:
        text = without_entities(text, path)
    try:
        return [quad.triple for quad in parse(text, format=form, rename_blank_nodes=True)]
    except SyntaxError as error:
        place = f"{path}:{error.lineno}:{error.offset}" if error.lineno else str(path)
        raise AssetError(
            f"the file cannot be parsed: {error.msg}", where=place, cure="mend the syntax there"
        ) from error


def without_entities(text: str, path: Path) -> str:
    """Write out the entities of an RDF/XML document, as ontology editors declare them for namespaces.

    Only entities whose value holds no further entity are accepted: a bomb needs one inside another.

    Raises:
        AssetError: an entity is external or refers to another one.
    """
    declared = dict(re.findall(r"<!ENTITY\s+([\w.-]+)\s+\"([^\"]*)\"\s*>", text))
    wrong = [name for name, value in declared.items() if "&" in value or "%" in value]
    if wrong or len(declared) != text.count("<!ENTITY"):
        raise AssetError(
            "the document type has entities that are not plain namespaces",
            where=str(path),
            cure="save the ontology as Turtle",
        )
    body = re.sub(r"<!DOCTYPE.*?\]\s*>", "", text, count=1, flags=re.DOTALL)
    return re.sub(r"&([\w.-]+);", lambda match: declared.get(match[1], match[0]), body)


def ontology_files(path: Path) -> list[Path]:
    """List the RDF files that a path names: itself, or all below a folder.

    Raises:
        UsageError: there is no such path, or no RDF file below it.
    """
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix in FORMATS and p.is_file())
    else:
        found = [path] if path.exists() else []
    if not found:
        raise UsageError("no ontology file there", where=str(path), cure="name a file or a folder of them")
    return found


def read_all(paths: Iterable[Path]) -> list[Triple]:
    """Read several RDF files as one graph."""
    return [triple for path in paths for triple in read_file(path)]
