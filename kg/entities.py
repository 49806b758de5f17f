"""Entities of RDF/XML files: written out where they are plain namespaces, refused where they are more.

Ontology editors declare ``<!ENTITY owl "http://www.w3.org/2002/07/owl#">`` in the document type and write
``&owl;Class``. That much is taken; nothing is ever fetched, no entity is looked for inside another, and the
text cannot grow without bound.
"""

import re
from pathlib import Path
from typing import Final

from kg.errors import AssetError

#: A text may become this many times as long, and this many characters more.
GROWTH: Final = 20
SPARE: Final = 1_000_000

_MISC: Final = r"(?:\s|<\?.*?\?>|<!--.*?-->)*"
_START: Final = re.compile(_MISC + r"<!DOCTYPE\s+[\w.:-]+\s*", re.DOTALL)
_DECLARED: Final = re.compile(
    r"(?:\s|<!--.*?-->)*<!ENTITY\s+([A-Za-z_][\w.-]*)\s+(?:\"([^\"]*)\"|'([^']*)')\s*>", re.DOTALL
)
_END: Final = re.compile(r"(?:\s|<!--.*?-->)*\]\s*>", re.DOTALL)
_BARE: Final = re.compile(r"\s*>")
_PLAIN: Final = re.compile(r"[^<>&%\"'\x00-\x1f]*")
_REFERENCE: Final = re.compile(r"&([A-Za-z_][\w.-]*);")
_BUILT_IN: Final = frozenset(("amp", "lt", "gt", "quot", "apos"))


def without_entities(text: str, path: Path) -> str:
    """Write out the entities that an RDF/XML document declares, and take its document type away.

    Args:
        text: the document.
        path: its file, for errors.

    Returns:
        The same document without a document type; lines keep their numbers.

    Raises:
        AssetError: the document type leads to another file, declares anything but entities with plain
            values, or makes the text too long.

    Source:
        XML 1.0, sections 2.8 (document type) and 4.4 (entities).
    """
    start = _START.match(text)
    if start is None:
        return text
    declared, end = _declarations(text, start.end(), path)
    body = text[end:]
    growth = sum(len(declared.get(match[1], "")) for match in _REFERENCE.finditer(body))
    if growth > GROWTH * len(text) + SPARE:
        raise _refused("the entities make the document too long", path)
    plain = _REFERENCE.sub(lambda match: declared.get(match[1], match[0]), body)
    kind = text.rindex("<!DOCTYPE", 0, start.end())
    return text[:kind] + "\n" * text.count("\n", kind, end) + plain


def _declarations(text: str, at: int, path: Path) -> tuple[dict[str, str], int]:
    """Read what stands between the name of the document type and its end."""
    declared: dict[str, str] = {}
    if (bare := _BARE.match(text, at)) is not None:
        return declared, bare.end()
    if text[at : at + 1] != "[":
        raise _refused("the document type leads to another file, and none is read", path)
    at += 1
    while (entity := _DECLARED.match(text, at)) is not None:
        name, value = entity[1], entity[2] if entity[2] is not None else entity[3]
        if not _PLAIN.fullmatch(value):
            raise _refused(f"the entity {name!r} is not plain: it holds markup or another entity", path)
        if name not in _BUILT_IN:
            declared.setdefault(name, value)
        at = entity.end()
    end = _END.match(text, at)
    if end is None:
        line = text.count("\n", 0, at) + 1
        raise _refused("the document type declares more than entities with plain values", path, line)
    return declared, end.end()


def _refused(what: str, path: Path, line: int = 0) -> AssetError:
    where = f"{path}:{line}" if line else str(path)
    return AssetError(what, where=where, cure="save the ontology as Turtle, or take the document type out")
