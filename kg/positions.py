"""Where the elements and members that findings point at stand in the text of a payload."""

import json
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.parsers import expat

from kg.xpath import prefixed

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Span(NamedTuple):
    """A part of a line: its number from 1, the first character from 0, and the one behind the last."""

    line: int
    start: int
    end: int


@dataclass(slots=True)
class _Element:
    step: str
    start: int
    end: int
    leaf: bool = True
    children: list["_Element"] = field(default_factory=list)


def positions(source: bytes) -> dict[str, Span]:
    r"""Find the place of every element of an XML payload, or of every member of a JSON one.

    Args:
        source: the payload, which was read without an error.

    Returns:
        Place by pointer, as ``kg.xpath.pointer`` writes it. An element without children is there as a whole,
        one with children as its start tag. Empty where the payload cannot be read or is no UTF-8.

    >>> positions(b'{"a": [1,\n 22]}')["/a/1"]
    Span(line=2, start=1, end=3)
    """
    try:
        text = source.decode("utf-8-sig")
        found = _members(text) if text.lstrip()[:1] in ("{", "[") else _elements(text)
    except (ValueError, LookupError, RecursionError, expat.ExpatError):
        return {}
    ends = [place for place, character in enumerate(text) if character == "\n"]
    spans = {}
    for pointer, (start, end) in found.items():
        line = bisect_right(ends, start - 1) if start else 0
        begin = ends[line - 1] + 1 if line else 0
        last = ends[line] if line < len(ends) else len(text)
        spans[pointer] = Span(line + 1, start - begin, min(end, last) - begin)
    return spans


def _members(text: str) -> dict[str, tuple[int, int]]:
    """Walk the tokens of JSON; the stack holds the pointer of each object or list, and the key or place."""
    found: dict[str, tuple[int, int]] = {}
    stack: list[list[Any]] = []
    for match in _TOKEN.finditer(text):
        mark = match.group()
        top = stack[-1] if stack else None
        if mark in "}]":
            stack.pop()
        elif mark == ",":
            assert top is not None
            top[1] = top[1] + 1 if isinstance(top[1], int) else None
        elif mark == ":":
            continue
        elif top is not None and top[1] is None:
            top[1] = json.loads(mark)
        else:
            step = "" if top is None else str(top[1]).replace("~", "~0").replace("/", "~1")
            pointer = "" if top is None else f"{top[0]}/{step}"
            found[pointer] = match.span()
            if mark in "{[":
                stack.append([pointer, 0 if mark == "[" else None])
    return found


def _elements(text: str) -> dict[str, tuple[int, int]]:
    data = text.encode()
    plain = len(data) == len(text)
    parser = expat.ParserCreate("utf-8", "}")
    top = _Element("", 0, 0)
    stack = [top]

    def here() -> int:
        place = parser.CurrentByteIndex
        return place if plain else len(data[:place].decode())

    def start(name: str, _attributes: object) -> None:
        place = here()
        made = _Element(prefixed("{" + name if "}" in name else name), place, text.find(">", place) + 1)
        stack[-1].leaf = False
        stack[-1].children.append(made)
        stack.append(made)

    def end(_name: str) -> None:
        made = stack.pop()
        if made.leaf:
            made.end = max(made.end, text.find(">", here()) + 1)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    found: dict[str, tuple[int, int]] = {}
    open_ = [("", top)]
    while open_:
        pointer, element = open_.pop()
        seen: dict[str, int] = {}
        count = Counter(child.step for child in element.children)
        for child in element.children:
            seen[child.step] = seen.get(child.step, 0) + 1
            twins = f"[{seen[child.step]}]" if count[child.step] > 1 else ""
            path = f"{pointer}/{child.step}{twins}"
            found[path] = (child.start, child.end)
            open_.append((path, child))
    return found
