"""A JSON document seen as elements, so that the plans made for XML walk it too.

A member is an element named after its key; the items of a list are elements of that name, one after another.
Members that are null are absent. What a mapping file says in its block ``flexkg`` shapes the rest:

- items of the lists in ``kinds`` hold what they are: ``number``, ``string``, ``boolean`` or ``object``;
- a list in ``singles`` with several items holds a ``list`` of ``item``;
- members in ``objects`` hold an element named after the kind of message that they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from kg.positions import Lines

#: Names of the elements that an item of a list in ``kinds`` holds.
PRESENTED = ("number", "string", "boolean", "object")


class NumberText(str):
    """A number of JSON as its text: no digit is lost."""

    __slots__ = ()


class Node:
    """One element of a JSON document, made of its value when it is asked for, and not kept by the one around.

    So two that stand for one member are equal, and need not be the same.

    Attributes:
        tag: name of the member; ``name[]`` for a list without items.
        text: a scalar's text, None for objects.
        listed: whether it is an item of a list.
    """

    __slots__ = ("_above", "_how", "_key", "_mode", "_place", "_value", "listed", "tag", "text")
    tail: None = None

    def __init__(
        self,
        tag: str,
        value: Any,
        above: "Node | Root | None",
        how: "Presentation",
        mode: int = 0,
        key: str | None = None,
        place: int = -1,
    ) -> None:
        self.tag, self._value, self._above, self._how = tag, value, above, how
        self._mode, self._key, self._place = mode, key, place
        self.listed = place >= 0
        self.text = None if mode else _text(value)

    @property
    def kind(self) -> str:
        """``"object"``, ``"array"``, ``"string"``, ``"number"``, ``"boolean"`` or ``"null"``."""
        if self._mode:
            return "array" if self._mode == _NOTHING else "object"
        return kind_of(self._value)

    @property
    def json_pointer(self) -> str:
        """RFC 6901 pointer."""
        steps = []
        node: Node | Root | None = self
        while isinstance(node, Node):
            if node._place >= 0:
                steps.append(str(node._place))
            if node._key is not None:
                steps.append(node._key.replace("~", "~0").replace("/", "~1"))
            node = node._above
        return "".join(f"/{step}" for step in reversed(steps))

    @property
    def value(self) -> Any:
        """The value that it was made of."""
        return self._value

    @property
    def sourceline(self) -> int:
        """Line of the member in the payload, from 1, worked out when first asked for; 0 where unknown."""
        root: Node | Root | None = self
        while isinstance(root, Node):
            root = root._above
        return 0 if root is None else root.line(self.json_pointer)

    def of(self, source: bytes) -> Self:
        """Say, of the root, in what payload its members stand."""
        self._above = Root(source)
        return self

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node) or self.tag != other.tag or self._place != other._place:
            return False
        return self._key == other._key and self._mode == other._mode and self._above == other._above

    def __hash__(self) -> int:
        return hash((self.tag, self._key, self._place, self._above))

    def __len__(self) -> int:
        value, mode = self._value, self._mode
        if mode:
            return len(value) if mode == _LIST else int(mode < _LIST or mode == _MESSAGE)
        if type(value) is list:
            return len(value)
        if type(value) is not dict:
            return 0
        how, count = self._how, 0
        for key, item in value.items():
            if type(item) is list and len(item) > 1 and key not in how.singles and key not in how.names:
                count += len(item)
            elif item is not None:
                count += 1
        return count

    def __getitem__(self, place: int) -> "Node":
        for child in islice(self, place, None):
            return child
        raise IndexError(place)

    def __iter__(self) -> Iterator["Node"]:
        value, mode, how = self._value, self._mode, self._how
        if not mode:
            if type(value) is dict:
                for key, item in value.items():
                    if item is not None:
                        yield from how.members(self, key, item)
            elif type(value) is list:
                for place, part in enumerate(value):
                    made = Node("[]", part, self, how, 0, None, place)
                    made.listed = False
                    yield made
        elif mode == _KIND:
            yield Node(kind_of(value), value, self, how)
        elif mode == _SINGLE:
            made = Node("list", value, self, how, _LIST)
            made.listed = True
            yield made
        elif mode == _LIST:
            for place, part in enumerate(value):
                yield Node("item", part, self, how, _KIND, None, place)
        elif mode == _MESSAGE:
            yield Node(how.message(value) or "unknown", value, self, how)

    def iterchildren(self, tag: str | None = None) -> Iterator["Node"]:
        """Give the children, or those of a name."""
        if tag is None:
            return iter(self)
        value = self._value
        if self._mode or type(value) is not dict or tag[-1:] in _MARKED:
            return (child for child in self if child.tag == tag)
        item = value.get(tag)
        if item is None or tag in self._how.names or (type(item) is list and not item):
            return iter(())
        return self._how.members(self, tag, item)

    def getparent(self) -> "Node | None":
        """Give the element around this one."""
        return self._above if isinstance(self._above, Node) else None

    def get(self, _name: str) -> None:
        """Give nothing: JSON has no attributes."""


class Root:
    """The payload that a document stands in."""

    __slots__ = ("_lines", "_source")

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._lines: Lines | None = None

    def line(self, pointer: str) -> int:
        """Give the line of a member, from 1; 0 where unknown."""
        if self._lines is None:
            self._lines = Lines(self._source)
        return self._lines.at(pointer)


#: What a node presents, where that is not just its value: what its value is, a list in one, that list, the
#: message that its value is, nothing.
_KIND, _SINGLE, _LIST, _MESSAGE, _NOTHING, _OTHER = range(1, 7)
#: How names end that are no members' names.
_MARKED = ("]", "?", "")


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a mapping file wants JSON presented; see the module's words."""

    kinds: frozenset[str]
    singles: frozenset[str]
    objects: frozenset[str]
    #: names of the kinds of message, which no member may pass for
    names: frozenset[str]
    message: Callable[[dict[str, Any]], str]

    def tree(self, value: dict[str, Any], name: str) -> Node:
        """Make the elements of a document that is a message of a kind."""
        return Node(name, value, None, self)

    def members(self, node: Node, key: str, item: Any) -> Iterator[Node]:
        """Make the elements of one member."""
        if key in self.names:
            yield Node(f"{key}?", None, node, self, _OTHER, key)
        elif type(item) is not list:
            message = type(item) is dict and key in self.objects
            yield Node(key, item, node, self, _MESSAGE if message else 0, key)
        elif not item:
            made = Node(f"{key}[]", item, node, self, _NOTHING, key)
            made.listed = True
            yield made
        elif len(item) > 1 and key in self.singles:
            made = Node(key, item, node, self, _SINGLE, key)
            made.listed = True
            yield made
        else:
            mode = _KIND if key in self.kinds else 0
            for place, part in enumerate(item):
                yield Node(key, part, node, self, mode, key, place)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return None if isinstance(value, dict | list) else "true" if value else "false"


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value.

    >>> kind_of(NumberText("1.50")), kind_of(True), kind_of([])
    ('number', 'boolean', 'array')
    """
    return "number" if isinstance(value, NumberText) else _KINDS[type(value)]


_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
