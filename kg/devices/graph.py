"""The graph of a mapping: its own JSON-LD, and what follows from it by arithmetic.

Every object of the document that has no ``@id`` gets one whose fragment is its JSON pointer, so that a
finding about a node tells its place in the file. The context of Thing Descriptions is read from
``mappings/contexts/td-1.1.jsonld``; nothing is fetched.
"""

import json
import re
from functools import cache
from typing import Any, Final
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kg import assets
from kg.devices.documents import Document, pointer
from kg.devices.facts import facts
from kg.errors import UnreadablePayload

#: What a Thing Description 1.1 names as its context; and the older name, with which most files still come.
TD_CONTEXT: Final = "https://www.w3.org/2022/wot/td/v1.1"
_CONTEXTS: Final = (TD_CONTEXT, "https://www.w3.org/2019/wot/td/v1")
_MAPS: Final = frozenset(
    ("properties", "actions", "events", "securityDefinitions", "schemaDefinitions", "uriVariables")
)
_LANGUAGES: Final = frozenset(("titles", "descriptions"))
_POINTED: Final = re.compile(r"#(/.*)?$")


@cache
def td_context() -> dict[str, Any]:
    """Give the context of Thing Descriptions 1.1."""
    text = assets.text(assets.folder("mappings") / "contexts" / "td-1.1.jsonld")
    found: dict[str, Any] = json.loads(text)["@context"]
    return found


def graph(document: Document) -> str:
    """Give the graph of a mapping.

    Args:
        document: the mapping.

    Returns:
        N-Triples text: what the document says, then what follows from it (see `kg.devices.facts`).

    Raises:
        kg.errors.UnreadablePayload: it is no JSON-LD; a context is named that would have to be
            fetched.

    Source:
        W3C WoT Thing Description 1.1, section 6.3; JSON-LD 1.1, section 4.1.
    """
    base = document.iri.partition("#")[0]
    body = {key: value for key, value in document.data.items() if key not in ("@context", "id", "@id")}
    body.pop("securityDefinitions", None)  # of no use to a rule, and nothing that a report should show
    named = _named(body, base, ())
    named["@id"] = document.iri
    named["@context"] = contexts(document.data.get("@context"))
    return "\n".join([*triples(named), *facts(document, base), ""])


def triples(value: dict[str, Any]) -> list[str]:
    """Give the triples of a JSON-LD object, whose contexts are all in it, as N-Triples lines.

    Raises:
        kg.errors.UnreadablePayload: it is no JSON-LD.
    """
    try:
        quads = ox.parse(json.dumps(value, ensure_ascii=False).encode(), format=ox.RdfFormat.JSON_LD)
        return [f"{quad.triple} ." for quad in quads]
    except (SyntaxError, ValueError) as error:
        raise UnreadablePayload(
            f"the file is no JSON-LD: {error}", cure="correct the term that it names", code="json-ld"
        ) from error


def contexts(said: Any) -> list[dict[str, Any]]:
    """Put our copy in the place of the context that a Thing Description names.

    Raises:
        kg.errors.UnreadablePayload: a context is named that is not at hand.
    """
    made: list[dict[str, Any]] = [td_context()]
    for entry in said if isinstance(said, list) else [said]:
        if isinstance(entry, dict):
            made.append(entry)
        elif entry not in _CONTEXTS:
            raise UnreadablePayload(
                f"the context {entry!r} is not at hand, and none is fetched",
                where="/@context",
                cure=f'name "{TD_CONTEXT}" and write prefixes of your own as an object behind it',
                code="context",
            )
    return made


def _named(value: dict[str, Any], base: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        if key in _LANGUAGES or key.startswith("@") or key == "flex:discovery":
            if key != "flex:discovery":
                made[key] = item
        elif key in _MAPS and isinstance(item, dict):
            made[key] = {
                name: _node(part, base, (*path, key, name)) if isinstance(part, dict) else part
                for name, part in item.items()
            }
        elif isinstance(item, dict):
            made[key] = _node(item, base, (*path, key))
        elif isinstance(item, list):
            made[key] = [
                _node(part, base, (*path, key, place)) if isinstance(part, dict) else part
                for place, part in enumerate(item)
            ]
        else:
            made[key] = item
    return made


def _node(value: dict[str, Any], base: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    if "@value" in value or "@list" in value or set(value) == {"@id"}:
        return value
    made = _named(value, base, path)
    if path[0] in _MAPS:  # what the facts speak of; elsewhere a tree may refer to its own nodes
        made["@id"] = node_iri(base, *path)
    made.setdefault("@id", node_iri(base, *path))
    return made


def node_iri(base: str, *steps: str | int) -> str:
    """Name the node at a place of a document.

    >>> node_iri("urn:x", "properties", "power")
    'urn:x#/properties/power'
    """
    return f"{base}#{quote(pointer(*steps), safe='/~:@!$&()*+,;=-._')}"


def pointer_of(iri: str) -> str:
    """Give the JSON pointer that `node_iri` put into an IRI; empty where there is none.

    >>> pointer_of("urn:x#/properties/power"), pointer_of("urn:x")
    ('/properties/power', '')
    """
    found = _POINTED.search(iri)
    return unquote(found[1]) if found and found[1] else ""
