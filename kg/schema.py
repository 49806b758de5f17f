"""The XML schema of a profile: yes or no for every payload, and words and places where the answer is no."""

import importlib.util
import re
import threading
from collections.abc import Iterator
from copy import deepcopy
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from kg.document import SchemaError
from kg.errors import AssetError
from kg.xpath import OADR_20A, OADR_20B, pointer

#: Errors listed of one payload; a hostile one has a hundred thousand.
MAX_ERRORS = 100
_EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
#: An element that is not expected where one of that name is: name, namespace of the one expected.
_NAMESAKE = re.compile(
    r"Element '(?:\{[^}]*\})?([^']+)': This element is not expected\. Expected is.*\{([^}]*)\}\1[ ,]"
)
_diagnosis = threading.Lock()


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


_made: dict[str, etree.XMLSchema] = {}
_making = threading.Lock()


def schema_for(profile: str) -> etree.XMLSchema:
    """Give the compiled schema of a profile; safe to share between threads for yes or no."""
    found = _made.get(profile)
    return found if found is not None else _make(profile)


def _make(name: str) -> etree.XMLSchema:
    """Compile the schema, one thread at a time: libxml2 sets up its table of built-in types meanwhile."""
    with _making:
        if name not in _made:
            path = str(schema_folder() / "oadr_20b.xsd")
            _made[name] = etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))
        return _made[name]


def in_20b(root: Any) -> Any:
    """Give an OpenADR 2.0a payload as the 2.0b payload that it would be, for the one schema there is.

    No public package has a schema of 2.0a. All that 2.0a has, 2.0b has too, in the same order and with the
    same types, in another namespace; what 2.0b has besides is for the mapping and shapes of 2.0a to refuse.

    Args:
        root: root element of a 2.0a payload.

    Returns:
        Root element of a copy with the lines of the original.
    """
    copied = deepcopy(root)
    for element in copied.iter(f"{{{OADR_20A}}}*"):
        element.tag = f"{{{OADR_20B}}}{element.tag.partition('}')[2]}"
    for local, text in (("signalName", "simple"), ("signalType", "level")):  # freer in 2.0a: left to shapes
        for element in copied.iter(f"{{{_EI}}}{local}"):
            element.text = text
    return copied


@cache
def messages(profile: str = "2.0b") -> frozenset[str]:
    """Names of the messages of a profile.

    Args:
        profile: ``"2.0b"``, read from what the schema lets an ``oadrSignedObject`` carry, or ``"2.0a"``,
            which has the service EiEvent only.
    """
    if profile == "2.0a":
        return frozenset({"oadrDistributeEvent", "oadrCreatedEvent", "oadrRequestEvent", "oadrResponse"})
    tree = etree.parse(str(schema_folder() / "oadr_20b.xsd"), etree.XMLParser(no_network=True))
    xs = "{http://www.w3.org/2001/XMLSchema}"
    found = tree.find(f"{xs}element[@name='oadrSignedObject']")
    assert found is not None
    return frozenset(str(e.get("ref")).partition(":")[2] for e in found.iter(f"{xs}element") if e.get("ref"))


def _diagnostic_schema() -> etree.XMLSchema:
    """Give a second schema object: its error log belongs to one caller at a time."""
    return schema_for("diagnosis")


def schema_errors(root: Any) -> Iterator[SchemaError]:
    """List what the schema refuses in a tree, each with line and XPath.

    Args:
        root: root element of a parsed payload.

    Returns:
        The first ``MAX_ERRORS`` errors in the order of the document, then one that counts the rest.
    """
    with _diagnosis:
        schema = _diagnostic_schema()
        schema.validate(root)
        log: Any = schema.error_log
        entries = {(entry.path, entry.message): entry for entry in log}
    names = _prefixes(root)
    for (path, text), entry in islice(entries.items(), MAX_ERRORS):
        yield SchemaError(_plain(text), entry.line, _place(root, path, names))
    if len(entries) > MAX_ERRORS:
        yield SchemaError(f"{len(entries) - MAX_ERRORS:,} more errors are not listed", 0, pointer(root))


def _plain(text: str) -> str:
    """Take the namespaces out of an error, but for the one by which alone an element is not as expected."""
    plain = re.sub(r"\{[^}]*\}", "", text)
    other = _NAMESAKE.match(text)
    return f"{plain[:-1]}, of the namespace {other[2]}." if other else plain


def _prefixes(root: Any) -> dict[str, str]:
    """Collect the payload's own prefixes, which the schema processor writes its paths with."""
    return {prefix: uri for element in root.iter() for prefix, uri in element.nsmap.items() if prefix}


def _place(root: Any, path: str | None, names: dict[str, str]) -> str:
    """Turn the schema processor's path, with the payload's own prefixes, into ours."""
    try:
        found = root.xpath(path, namespaces=names) if path else []
    except etree.XPathError:
        found = []
    return pointer(found[0]) if found else path or "/"
