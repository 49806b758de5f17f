"""Redaction: a payload again, without the names of one of those it speaks of."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from lxml import etree

from kg.errors import UnreadablePayload
from kg.json_reader import looks_like_json
from kg.xml import read

#: What stands in the place of a name.
ERASED = "erased"
#: Shorter names are found only where they stand alone: ``1`` is in too much that is nobody's name.
SHORT = 6
_WORD = r"[\w.-]"


class Names:
    """Names of somebody, wherever they stand in a text.

    Args:
        names: the names.
        others: names of others: what is a part of one of them stays.

    >>> Names(["ven-anna"], others=["ven-anna-2"]).without("R-ven-anna, ven-anna-2")
    'R-erased, ven-anna-2'
    """

    def __init__(self, names: Collection[str], others: Iterable[str] = ()) -> None:
        longer = [other for other in others if any(name in other and name != other for name in names)]
        kept = "|".join(map(re.escape, sorted(longer, key=len, reverse=True)))
        several = "|".join(
            re.escape(name) if len(name) >= SHORT else rf"(?<!{_WORD}){re.escape(name)}(?!{_WORD})"
            for name in sorted(names, key=len, reverse=True)
        )
        self._pattern = re.compile(rf"({kept})|(?:{several})" if kept else f"(?!)()|(?:{several})")

    def without(self, text: str) -> str:
        """Put ``erased`` in the place of each name."""
        return self._pattern.sub(lambda found: found[1] or ERASED, text)

    def within(self, text: str) -> bool:
        """Say whether a name is in a text."""
        return any(found[1] is None for found in self._pattern.finditer(text))


def redacted(payload: bytes, names: Names) -> bytes | None:
    """Write a payload again without names.

    Args:
        payload: XML or JSON that was read before.
        names: what must not be in it.

    Returns:
        The payload; None where it cannot be read, or would still hold a name.
    """
    try:
        if looks_like_json(payload):
            made = json.dumps(_json(json.loads(payload, parse_float=_Digits), names), ensure_ascii=False)
            text = _UNQUOTED.sub(r"\1", made)
        else:
            text = _xml(payload, names)
    except (ValueError, RecursionError, UnreadablePayload):
        return None
    return None if names.within(text) else text.encode()


def redacted_json(value: Any, names: Names) -> Any:
    """Write a value of JSON again without names, those of members included."""
    return _json(value, names)


class _Digits(str):
    """A number of JSON as its digits, none of which may get lost."""

    __slots__ = ()


_MARK = "\ue000number:"
_UNQUOTED = re.compile(rf'"{_MARK}([^"]*)"')


def _json(value: Any, names: Names) -> Any:
    if isinstance(value, _Digits):
        return _MARK + value
    if isinstance(value, str):
        return names.without(value)
    if isinstance(value, list):
        return [_json(item, names) for item in value]
    if isinstance(value, dict):
        return {names.without(key): _json(item, names) for key, item in value.items()}
    return value


def _xml(payload: bytes, names: Names) -> str:
    tree = read(payload, max_bytes=len(payload)).root.getroottree()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            if element.getparent() is not None and names.within(element.text or ""):
                element.text = ""
            continue
        element.text = names.without(element.text) if element.text else element.text
        element.tail = names.without(element.tail) if element.tail else element.tail
        for name, value in element.attrib.items():
            element.set(name, names.without(value))
    made: bytes = etree.tostring(tree.getroot(), encoding="utf-8")
    return made.decode()
