"""Where the elements and members that findings point at stand in the text of a payload."""

import json
import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.parsers import expat

from kg.xpath import prefixed

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)

#: Items of a list of which it is worked out at once where each begins.
_LONG = 32


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


class Lines:
    r"""Lines of members of a JSON payload; of long lists only is it known where each item begins.

    Args:
        source: the payload, which was read without an error.

    >>> Lines(b'{"a": [1,\n 22]}').at("/a/1")
    2
    """

    def __init__(self, source: bytes) -> None:
        self._text = text = source.decode("utf-8-sig")
        self._ends = array("q", (match.start() for match in re.finditer("\n", text)))
        #: where members begin, of those that were asked for; where items begin, by the pointer of their list
        self._known: dict[str, int] = {}
        self._items: dict[str, array[int]] = {}
        lists: list[array[int]] = []
        for pointer, start, end, place in _walk(text) if self._ends else ():
            if end < 0:
                found = lists.pop()
                if len(found) > _LONG:
                    self._items[pointer] = found
                continue
            if place >= 0:
                lists[-1].append(start)
            if text[start] == "[":
                lists.append(array("q"))

    def at(self, pointer: str) -> int:
        """Tell the line of a member, from 1; 0 where there is none."""
        if not self._ends:
            return 1
        if pointer not in self._known:
            self._known[pointer] = self._find(pointer)
        start = self._known[pointer]
        return bisect_right(self._ends, start - 1) + 1 if start > 0 else start + 1

    def _find(self, pointer: str) -> int:
        steps = pointer.split("/")
        for count in range(len(steps) - 1, 0, -1):
            items = self._items.get("/".join(steps[:count]))
            if items is not None:
                place, head = int(steps[count]), "/".join(steps[: count + 1])
                if place >= len(items):
                    return -1
                begin = items[place]
                break
        else:
            head, begin = "", 0
        wanted = pointer[len(head) :]
        return next((start for at, start, end, _ in _walk(self._text, begin) if at == wanted and end > 0), -1)


def _walk(text: str, begin: int = 0) -> Iterator[tuple[str, int, int, int]]:
    """Walk the tokens of one value of JSON.

    Yields:
        Of each member its pointer, where it begins and ends, and its place in a list, -1 elsewhere; once more
        of a list at its end, with an end of -1.
    """
    stack: list[list[Any]] = []  # of each object or list its pointer, and the key or place
    for match in _TOKEN.finditer(text, begin):
        mark = match.group()
        top = stack[-1] if stack else None
        if mark in "}]":
            pointer, _ = stack.pop()
            if mark == "]":
                yield pointer, match.start(), -1, -1
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
            yield pointer, *match.span(), top[1] if top is not None and isinstance(top[1], int) else -1
            if mark in "{[":
                stack.append([pointer, 0 if mark == "[" else None])
        if not stack:
            return


def _members(text: str) -> dict[str, tuple[int, int]]:
    """Find where each member of JSON is."""
    return {pointer: (start, end) for pointer, start, end, _ in _walk(text) if end >= 0}


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
