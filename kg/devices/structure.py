"""The form of mappings: what the JSON Schema says of them, with JSON pointers and cures."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema_rs

from kg import assets
from kg.devices.documents import Document, pointer
from kg.devices.terms import prefixes
from kg.namespaces import FLEX
from kg.report import Violation

SOURCE: Final = "W3C Web of Things Thing Description 1.1, section 5.3, vocabulary definitions"
MAX_FINDINGS: Final = 100
_CURES: Final = {
    "required": "add the member",
    "propertyNames": "correct the spelling; mappings/devices/thing.schema.json lists the terms",
    "type": "write a value of that type",
    "enum": "use one of the values listed",
    "pattern": "write the value in that form",
    "minItems": "add at least one entry",
    "contains": "name https://www.w3.org/2022/wot/td/v1.1 in @context",
}


_WITH_PORT: Final = (
    "modbus+tcp://",
    "modbus+tls://",
    "mms://",
    "iec104://",
    "dlms://",
    "http://",
    "https://",
)


@cache
def _validator() -> Any:
    path = assets.folder("mappings") / "devices" / "thing.schema.json"
    return jsonschema_rs.validator_for(json.loads(assets.text(path)))


def structure(document: Document) -> list[Violation]:
    """Compare a mapping with the JSON Schema.

    Args:
        document: the mapping.

    Returns:
        Findings of rule ``JSON``, each with a JSON pointer; at most 100 of them.

    >>> from kg.devices.documents import read_document
    >>> [v.pointer for v in structure(read_document(b'{"@context": "https://www.w3.org/2022/wot/td/v1.1"}'))][0]
    '/'
    """
    validator = _validator()
    wrong = [*_prefixes(document), *_address(document)]
    if validator.is_valid(document.data):
        return wrong
    found: dict[tuple[str, str], Violation] = {}
    for error in validator.iter_errors(document.data):
        at = pointer(*error.instance_path)
        message, kind = _message(error)
        found.setdefault(
            (at, message),
            Violation(
                rule="JSON",
                severity="Violation",
                message=message,
                source=SOURCE,
                pointer=at or "/",
                cure=_CURES.get(kind, "write the member as the schema has it"),
            ),
        )
        if len(found) == MAX_FINDINGS:
            break
    return [*wrong, *found.values()]


def _message(error: Any) -> tuple[str, str]:
    """Say in one line what is wrong; the value itself may be large and is cut."""
    kind = next((str(step) for step in reversed(error.schema_path) if isinstance(step, str)), "")
    text = str(error.message)
    for name in ("propertyNames", "contains"):
        if name in error.schema_path:
            kind = name
    if kind == "propertyNames":
        known = _terms(not error.instance_path)
        wrong = [key for key in _names(error.instance) if key.startswith("flex:") and key not in known]
        return f"There is no term {' or '.join(wrong[:5])} here.", kind
    if len(text) > 240:
        text = text[:120] + " ... " + text[-100:]
    return text[0].upper() + text[1:].rstrip(".") + ".", kind


@cache
def _terms(thing: bool) -> frozenset[str]:
    """Give the terms of a mapping, for a thing or for its points."""
    schema = json.loads(assets.text(assets.folder("mappings") / "devices" / "thing.schema.json"))
    found = schema["properties"] if thing else schema["$defs"]["point"]["properties"]
    return frozenset(name for name in found if name.startswith("flex:"))


def _prefixes(document: Document) -> list[Violation]:
    """Refuse prefixes that stand for something else than everybody takes them for."""
    found = prefixes(document.data)
    return [
        Violation(
            rule="JSON",
            severity="Violation",
            message=f"The prefix {prefix} stands for {found[prefix][:80]}.",
            source="JSON-LD 1.1, section 4.1.5, compact IRIs",
            pointer="/@context",
            cure=f"declare it as {iri}",
        )
        for prefix, iri in (("flex", FLEX), ("modv", "https://www.w3.org/2019/wot/modbus#"))
        if found.get(prefix, iri) != iri
    ]


def _address(document: Document) -> Iterator[Violation]:
    """Refuse a base whose port is none; that of a Thing Model may be a placeholder."""
    base = document.data.get("base")
    if not isinstance(base, str) or "{{" in base or not base.startswith(_WITH_PORT):
        return
    try:
        parts = urlsplit(base)
        good = parts.port != 0
    except ValueError:
        good = False
    if not good:
        yield Violation(
            rule="JSON",
            severity="Violation",
            message=f"The address {base[:80]} has a port that is none.",
            source="RFC 3986, section 3.2.3, port",
            pointer="/base",
            cure="write a port from 1 to 65535",
        )


def _names(instance: Any) -> Iterator[str]:
    if isinstance(instance, str):
        yield instance
    elif isinstance(instance, dict):
        yield from instance
