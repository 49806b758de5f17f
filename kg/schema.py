"""The XML schema of a profile: yes or no for every payload, and words and places where the answer is no."""

import importlib.util
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from kg.errors import AssetError
from kg.xpath import pointer

_diagnosis = threading.Lock()


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One thing that the schema finds wrong.

    Attributes:
        message: the schema processor's words.
        line: line in the payload, from 1.
        pointer: XPath of the element.
        element: the element, where it could be found.
    """

    message: str
    line: int
    pointer: str


@lru_cache(maxsize=1)
def schema_folder() -> Path:
    """Folder of the OpenADR 2.0b schema set: the installed openleadr package's, found without importing it.

    Raises:
        AssetError: openleadr is not installed, or not a version that ships the schema.
    """
    spec = importlib.util.find_spec("openleadr")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "schema"
        if (folder / "oadr_20b.xsd").is_file():
            return folder
    raise AssetError(
        "the OpenADR 2.0b schema is not installed",
        where="package openleadr",
        cure="pip install 'openleadr>=0.5.36,<0.6'",
    )


@lru_cache(maxsize=2)
def schema_for(profile: str) -> etree.XMLSchema:
    """Give the compiled schema of a profile; safe to share between threads for yes or no."""
    return etree.XMLSchema(
        etree.parse(str(schema_folder() / "oadr_20b.xsd"), etree.XMLParser(no_network=True))
    )


@lru_cache(maxsize=1)
def messages() -> frozenset[str]:
    """Names of the messages that an ``oadrSignedObject`` may carry, read from the schema."""
    tree = etree.parse(str(schema_folder() / "oadr_20b.xsd"), etree.XMLParser(no_network=True))
    xs = "{http://www.w3.org/2001/XMLSchema}"
    found = tree.find(f"{xs}element[@name='oadrSignedObject']")
    assert found is not None
    return frozenset(str(e.get("ref")).partition(":")[2] for e in found.iter(f"{xs}element") if e.get("ref"))


@lru_cache(maxsize=1)
def _diagnostic_schema() -> etree.XMLSchema:
    """Compile a second schema object: its error log belongs to one caller at a time."""
    return etree.XMLSchema(
        etree.parse(str(schema_folder() / "oadr_20b.xsd"), etree.XMLParser(no_network=True))
    )


def schema_errors(root: Any) -> Iterator[SchemaError]:
    """List what the schema refuses in a tree, each with line and XPath.

    Args:
        root: root element of a parsed payload.
    """
    with _diagnosis:
        schema = _diagnostic_schema()
        schema.validate(root)
        log: Any = schema.error_log
        entries = list(log)
    seen: set[tuple[int, str]] = set()
    for entry in entries:
        message = re.sub(r"\{[^}]*\}", "", entry.message)
        if (entry.line, message) in seen:
            continue
        seen.add((entry.line, message))
        yield SchemaError(message, entry.line, _place(root, entry.path))


def _place(root: Any, path: str | None) -> str:
    """Turn the schema processor's path, with the payload's own prefixes, into ours."""
    names = {prefix: uri for element in root.iter() for prefix, uri in element.nsmap.items() if prefix}
    try:
        found = root.xpath(path, namespaces=names) if path else []
    except etree.XPathError:
        found = []
    return pointer(found[0]) if found else path or "/"
