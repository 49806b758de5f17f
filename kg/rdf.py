"""Reads RDF files of people who write them: errors name file, line, column and cure."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat, Triple, parse

from kg import assets
from kg.entities import without_entities
from kg.errors import AssetError, UsageError

FORMATS: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
}
#: Suffixes of files that are read when named, and passed over in folders: much else is called so.
_NAMED: Final = {".json": RdfFormat.JSON_LD, ".xml": RdfFormat.RDF_XML}
#: Part of a parser's message -> how to mend what it complains of.
_CURES: Final = (
    ("escape character", r"a backslash in a text is written \\; take it out where none is meant"),
    ("has not been declared", "declare the prefix at the top of the file: @prefix name: <IRI> ."),
    ("LoadDocumentCallback", "write the @context out in the file: nothing is fetched"),
)


#: What the first characters of a text are, whatever its suffix says.
_XML: Final = re.compile(r"\s*<(?:\?xml\b|!DOCTYPE\b|!--|[A-Za-z_][\w.:-]*\s[^<>]*\bxmlns)")
_JSON: Final = re.compile(r'\s*(?:\{\s*["}]|\[\s*\{)')
#: The first element of a document: its name, and what stands after it.
_ROOT: Final = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s>/]")
_MISC: Final = re.compile(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
#: The beginning of an element, however broken, and of no IRI of Turtle.
_MARKUP: Final = re.compile(r"\s*<(?![^<>\s]*>)")
_FUNCTIONAL: Final = re.compile(r"\s*(?:Prefix\s*\(|Ontology\s*\(|Prefix:\s|Ontology:\s)")


def read_file(path: Path) -> list[Triple]:
    """Read one RDF file.

    Args:
        path: Turtle, N-Triples, RDF/XML or JSON-LD. Its content tells which, for files called .owl or .ttl
            are often something else; the suffix decides between Turtle and N-Triples.

    Returns:
        Its triples; blank nodes are renamed, so that those of several files stay apart.

    Raises:
        AssetError: the file is missing, has a document type that is more than namespaces, is in another
            format or cannot be parsed; names file, line and column.
    """
    stated = (FORMATS | _NAMED).get(path.suffix.lower())
    if stated is None:
        known = ", ".join(sorted(FORMATS))
        raise AssetError(
            f"no ontology format has the suffix {path.suffix!r}", where=str(path), cure=f"use {known}"
        )
    return read_text(assets.text(path), path, stated)


def read_text(text: str, path: Path, stated: RdfFormat = RdfFormat.TURTLE) -> list[Triple]:
    """Read the text of an RDF file, as ``read_file`` does.

    Args:
        text: the text.
        path: what errors call it.
        stated: the format that it is in where its content does not tell.
    """
    text = text.removeprefix("\ufeff")
    form = _form(text, stated, path)
    if form == RdfFormat.RDF_XML:
        text = without_entities(text, path)
    try:
        return [quad.triple for quad in parse(text, format=form, rename_blank_nodes=True)]
    except SyntaxError as error:
        place = f"{path}:{error.lineno}:{error.offset}" if error.lineno else str(path)
        raise AssetError(
            f"the file cannot be parsed: {error.msg}", where=place, cure=_cure(error.msg)
        ) from error


def _form(text: str, stated: RdfFormat, path: Path) -> RdfFormat:
    """Tell the format of a text from how it begins."""
    if _FUNCTIONAL.match(text):
        raise _other_format("a functional or Manchester syntax", path)
    if _XML.match(text):
        root = _ROOT.search(_MISC.sub("", text))
        if root is not None and root[2] == "Ontology":
            raise _other_format("OWL/XML", path)
        return RdfFormat.RDF_XML
    if _JSON.match(text):
        return RdfFormat.JSON_LD
    if stated != RdfFormat.N_TRIPLES and text.strip() and not _MARKUP.match(text):
        return RdfFormat.TURTLE
    return stated


def _other_format(name: str, path: Path) -> AssetError:
    return AssetError(
        f"the file is an ontology in {name}, which is not read here",
        where=str(path),
        cure="save it as Turtle; in Protégé: File, Save as, Turtle Syntax",
    )


def _cure(message: str) -> str:
    """Say how the commonest slips are mended."""
    for sign, cure in _CURES:
        if sign in message:
            return cure
    return "mend the syntax there"


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
