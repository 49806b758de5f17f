"""Terms as a mapping writes them: compact IRIs, and what can be written."""

import re
from typing import Any

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def expand(value: Any, document: dict[str, Any]) -> str:
    """Write a compact IRI in full with the prefixes of a document.

    Args:
        value: a compact IRI, an IRI, or an object with ``@id``; anything else gives nothing.
        document: the mapping, whose ``@context`` declares prefixes.

    Returns:
        The IRI; empty where the value is none.

    >>> expand("u:W", {"@context": ["x", {"u": "http://qudt.org/vocab/unit/"}]})
    'http://qudt.org/vocab/unit/W'
    """
    if isinstance(value, dict):
        value = value.get("@id")
    if not isinstance(value, str) or not _ABSOLUTE.fullmatch(value):
        return ""
    prefix, _, rest = value.partition(":")
    base = prefixes(document).get(prefix)
    return base + rest if base is not None else value


def prefixes(document: dict[str, Any]) -> dict[str, str]:
    """Give the prefixes that a document declares."""
    said = document.get("@context")
    entries = [entry for entry in (said if isinstance(said, list) else [said]) if isinstance(entry, dict)]
    return {prefix: iri for entry in entries for prefix, iri in entry.items() if isinstance(iri, str)}


def writable(affordance: dict[str, Any]) -> bool:
    """Tell whether a property can be written.

    Source:
        W3C WoT Thing Description 1.1, section 5.3.2.1 (readOnly is false unless stated).

    >>> writable({}), writable({"readOnly": True}), writable({"forms": [{"op": "readproperty"}]})
    (True, False, False)
    """
    if affordance.get("readOnly") is True:
        return False
    forms = affordance.get("forms")
    if not isinstance(forms, list) or not forms:
        return True
    for form in forms:
        op = form.get("op", "writeproperty") if isinstance(form, dict) else ""
        if "writeproperty" in ((op,) if isinstance(op, str) else op):
            return True
    return False


def schema_of(affordance: dict[str, Any]) -> dict[str, Any]:
    """Give the data schema of what is written: a property itself, an action's input."""
    found = affordance.get("input")
    return found if isinstance(found, dict) else affordance


def text(value: Any) -> str:
    """Give a text; empty where the value is none."""
    return value if isinstance(value, str) else ""
