"""The text of elements that come again and again: where each begins, and the pattern of those of one form.

A form is the markup of an element with all that lies in it: its tags as they are written, and what is between
them. Its pattern has a group for the text of each leaf; text with references or carriage returns, which a
parser reads as something else, does not fit.
"""

import re
from typing import Any

from lxml import etree

#: The XML declaration and the root's start tag.
_HEAD = re.compile(rb"(?:<\?xml[^<>]*\?>)?\s*<[^!?<>][^<>]*>")
_TAG = re.compile(r"""<(/?)([^\s<>/="']+)((?:\s+[^\s<>/="']+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*)\s*(/?)>""")
_SPACE = r"[ \t\n\r]*"
_TEXT = r"([^<&\r]*)"
#: Characters of a form, and leaves in it, beyond which there is no pattern.
_LONGEST, _MOST = 16_384, 256


class Markup:
    """The text of a document, as it came where that tells where elements begin, written anew otherwise.

    Args:
        data: the payload as received.
    """

    __slots__ = ("_found", "_whole", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._whole: str | None = None
        self._found: dict[str, tuple[int, int]] = {}

    @property
    def whole(self) -> str:
        """The document, where only tags begin with ``<`` and names have one meaning; empty elsewhere."""
        if self._whole is None:
            data, head = self.data, _HEAD.match(self.data)
            plain = head is not None and data.isascii() and b"<!" not in data
            if plain and head is not None:
                end = head.end()
                plain = data.find(b"<?", end) < 0 and data.find(b"xmlns", end) < 0
            self._whole = data.decode("ascii") if plain else ""
        return self._whole

    def begin(self, parent: Any, child: Any, tag: re.Pattern[str]) -> tuple[str, int]:
        """Give a text and where in it the first child with a name begins; -1 where that is not known.

        Args:
            parent: the element around.
            child: its first child with that name.
            tag: the pattern of the child's start tags.
        """
        whole = self.whole
        if whole:
            known = self._found.get(tag.pattern)
            if known is None:
                first, count = -1, 0
                for count, match in enumerate(tag.finditer(whole), 1):
                    if count == 1:
                        first = match.start()
                known = self._found[tag.pattern] = first, count
            first, count = known
            if count <= len(parent) and count == sum(1 for _ in parent.iterchildren(child.tag)):
                return whole, first
        text: str = etree.tostring(parent, encoding="unicode", with_tail=False)
        found = tag.search(text, 1)
        return text, found.start() if found else -1


def start_tag(name: str) -> re.Pattern[str]:
    """Make the pattern of the start tags of a name, as it is written."""
    return re.compile(rf"<{re.escape(name)}(?=[\s/>])")


def written_name(element: Any) -> str:
    """Give the name of an element as it is written, with its prefix."""
    local = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def item_end(text: str, begin: int, name: str, tag: re.Pattern[str]) -> int:
    """Find where an element ends that holds none of its name; -1 where it does, or is written otherwise."""
    end = text.find(f"</{name}>", begin)
    if end < 0:
        return -1
    inside = tag.search(text, begin + 1)
    return end + len(name) + 3 if inside is None or inside.start() > end else -1


def form(text: str, element: Any, hollow: frozenset[str]) -> tuple[re.Pattern[str], dict[Any, int]] | None:
    """Make the pattern of the elements that have the form of one.

    Args:
        text: the element as written.
        element: the element.
        hollow: names of elements that hold nothing, or white space.

    Returns:
        The pattern, and the group of each leaf by its element; a leaf without a group is empty. None where
        there is no pattern.
    """
    if len(text) > _LONGEST or "&" in text:
        return None
    parts, place = [_SPACE], 0
    groups: dict[Any, int] = {}
    elements = iter(element.iter())
    opened: Any = None
    for tag in _TAG.finditer(text):
        between = text[place : tag.start()]
        if opened is not None and tag[1]:
            if opened.tag in hollow:
                parts.append(_SPACE)
            else:
                groups[opened] = len(groups)
                parts.append(_TEXT)
        elif between:
            if between.strip() or (opened is None and not place):
                return None
            parts.append(_SPACE)
        parts.append(re.escape(tag[0]))
        place = tag.end()
        opened = None
        if not tag[1]:
            current = next(elements, None)
            if current is None or written_name(current) != tag[2]:
                return None
            opened = None if tag[4] else current
    if place != len(text) or next(elements, None) is not None or len(groups) > _MOST:
        return None
    return re.compile("".join(parts)), groups
