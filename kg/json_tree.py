"""A JSON document seen as elements, so that the plans made for XML walk it too.

A member is an element named after its key; the items of a list are elements of that name, one after another.
Members that are null are absent. What a mapping file says in its block ``flexkg`` shapes the rest:

- items of the lists in ``kinds`` hold what they are: ``number``, ``string``, ``boolean`` or ``object``;
- a list in ``singles`` with several items holds a ``list`` of ``item``;
- members in ``objects`` hold an element named after the kind of message that they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from kg.positions import positions

#: Names of the elements that an item of a list in ``kinds`` holds.
PRESENTED = ("number", "string", "boolean", "object")


class NumberText(str):
    """A number of JSON as its text: no digit is lost."""

    __slots__ = ()


class Node:
    """One element of a JSON document.

    Attributes:
        tag: name of the member; ``name[]`` for a list without items.
        text: a scalar's text, None for objects.
        kind: ``"object"``, ``"array"``, ``"string"``, ``"number"``, ``"boolean"`` or ``"null"``.
        listed: whether it is an item of a list.
        json_pointer: RFC 6901 pointer.
    """

    __slots__ = ("_above", "_children", "_source", "json_pointer", "kind", "listed", "tag", "text")
    tail: None = None

    def __init__(
        self, tag: str, kind: str, pointer: str, above: Self | None, *, text: str | None = None
    ) -> None:
        self.tag, self.kind, self.json_pointer, self._above = tag, kind, pointer, above
        self.text, self.listed = text, False
        self._source: bytes | dict[str, int] = b""
        self._children: list[Self] = []
        if above is not None:
            above._children.append(self)

    @property
    def sourceline(self) -> int:
        """Line of the member in the payload, from 1, worked out when first asked for; 0 where unknown."""
        root = self
        while root._above is not None:
            root = root._above
        if isinstance(root._source, bytes):
            root._source = {pointer: span.line for pointer, span in positions(root._source).items()}
        return root._source.get(self.json_pointer, 0)

    def of(self, source: bytes) -> Self:
        """Say, of the root, in what payload its members stand."""
        self._source = source
        return self

    def __len__(self) -> int:
        return len(self._children)

    def __getitem__(self, place: int) -> Self:
        return self._children[place]

    def __iter__(self) -> Iterator[Self]:
        return iter(self._children)

    def iterchildren(self, tag: str | None = None) -> Iterator[Self]:
        """Give the children, or those of a name."""
        return (child for child in self._children if tag is None or child.tag == tag)

    def getparent(self) -> Self | None:
        """Give the element around this one."""
        return self._above

    def get(self, _name: str) -> None:
        """Give nothing: JSON has no attributes."""


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
        root = Node(name, "object", "", None)
        self._members(root, value)
        return root

    def _members(self, node: Node, value: dict[str, Any]) -> None:
        for key, item in value.items():
            if item is None:
                continue
            if key in self.names:
                Node(f"{key}?", "object", f"{node.json_pointer}/{key}", node)
                continue
            pointer = f"{node.json_pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if not isinstance(item, list):
                if key in self.objects and isinstance(item, dict):
                    around = Node(key, "object", pointer, node)
                    self._members(Node(self.message(item) or "unknown", "object", pointer, around), item)
                else:
                    self._one(key, item, pointer, node)
            elif not item:
                Node(f"{key}[]", "array", pointer, node).listed = True
            elif key in self.singles and len(item) > 1:
                around = Node(key, "object", pointer, node)
                around.listed = True
                around = Node("list", "object", pointer, around)
                for place, part in enumerate(item):
                    inner = Node("item", "object", f"{pointer}/{place}", around)
                    inner.listed = True
                    self._one(kind_of(part), part, f"{pointer}/{place}", inner)
            else:
                for place, part in enumerate(item):
                    self._item(key, part, f"{pointer}/{place}", node)

    def _item(self, key: str, value: Any, pointer: str, above: Node) -> None:
        if key in self.kinds:
            around = Node(key, "object", pointer, above)
            around.listed = True
            self._one(kind_of(value), value, pointer, around)
        else:
            self._one(key, value, pointer, above).listed = True

    def _one(self, tag: str, value: Any, pointer: str, above: Node) -> Node:
        kind = kind_of(value)
        node = Node(tag, kind, pointer, above)
        if isinstance(value, dict):
            self._members(node, value)
        elif isinstance(value, bool):
            node.text = "true" if value else "false"
        elif isinstance(value, list):
            for place, part in enumerate(value):
                self._one("[]", part, f"{pointer}/{place}", node)
        else:
            node.text = "" if value is None else str(value)
        return node


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value.

    >>> kind_of(NumberText("1.50")), kind_of(True), kind_of([])
    ('number', 'boolean', 'array')
    """
    return "number" if isinstance(value, NumberText) else _KINDS[type(value)]


_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
