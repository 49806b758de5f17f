"""A payload under construction: elements put where the schema allows them, then written in its order."""

from collections.abc import Callable
from typing import Any, Self

from lxml import etree

from kg.errors import UsageError
from kg.schema_model import Element, Slot
from kg.xpath import prefixed
from kg.yarrrml import Mapping

#: error for a branch that lacks one of some elements, or an attribute
Missing = Callable[["Branch", tuple[str, ...], str], UsageError]


class Branch:
    """One element of a payload under construction.

    Attributes:
        element: its declaration in the schema.
        above: the branch it hangs from; None for the root.
        text: its text, None for none.
        attributes: its attributes by ``{namespace}local``.
        node: IRI of the node it is made from, empty for an element that only holds others.
        mapping: the mapping that makes it, None likewise.
    """

    __slots__ = ("_children", "above", "attributes", "element", "mapping", "node", "text")

    def __init__(self, element: Element, above: Self | None = None) -> None:
        self.element, self.above = element, above
        self.text: str | None = None
        self.attributes: dict[str, str] = {}
        self.node = ""
        self.mapping: Mapping | None = None
        self._children: list[tuple[Slot, int, Self]] = []

    def reach(self, steps: tuple[str, ...]) -> Element | None:
        """Follow a path of names in the schema; None where it leads nowhere."""
        element: Element | None = self.element
        for step in steps:
            found = element.child(step) if element is not None else None
            element = found[2] if found is not None else None
        return element

    def ensure(self, steps: tuple[str, ...]) -> Self:
        """Give the element at a path, made where it is not there yet."""
        branch = self
        for step in steps:
            there = next((child for _, _, child in branch._children if child.element.name == step), None)
            branch = there if there is not None else branch.add(step)
        return branch

    def add(self, step: str) -> Self:
        """Make a further child of a name."""
        found = self.element.child(step)
        if found is None:
            raise UsageError(
                f"the schema allows no {prefixed(step)} in {prefixed(self.element.name)}",
                where=self.pointer(),
            )
        slot, place, element = found
        child = type(self)(element, self)
        self._children.append((slot, place, child))
        return child

    def adopt(self, branch: Self) -> None:
        """Hang a finished branch below this one."""
        found = self.element.child(branch.element.name)
        assert found is not None
        branch.above = self
        self._children.append((*found[:2], branch))

    def pointer(self) -> str:
        """Write the path of names from the root."""
        names = [prefixed(self.element.name)]
        above = self.above
        while above is not None:
            names.append(prefixed(above.element.name))
            above = above.above
        return "/" + "/".join(reversed(names))

    def complete(self, missing: Missing) -> None:
        """Add what the schema asks for and has no content of its own; put the children in order.

        Args:
            missing: makes the error for something with content that is missing: from the branch, the elements
                of which one is needed, and the attribute otherwise.

        Raises:
            UsageError: as ``missing`` makes it.
        """
        for slot in self.element.slots:
            if slot.required and not any(child[0] is slot for child in self._children):
                if len(slot.elements) != 1 or not slot.elements[0].hollow:
                    raise missing(self, tuple(e.name for e in slot.elements), "")
                self.add(slot.elements[0].name).text = slot.elements[0].fixed
        for attribute in self.element.attributes.values():
            if attribute.required and attribute.name not in self.attributes:
                raise missing(self, (), attribute.name)
        self._children.sort(key=lambda child: (child[0].index, child[1]))
        for _, _, child in self._children:
            child.complete(missing)

    def owner(self) -> tuple[Self, tuple[str, ...]]:
        """Find the nearest branch that a node makes, and the path of names from there to this one."""
        steps: tuple[str, ...] = ()
        branch = self
        while branch.mapping is None and branch.above is not None:
            steps = (branch.element.name, *steps)
            branch = branch.above
        return branch, steps

    def spaces(self) -> set[str]:
        """List the namespaces in use."""
        names = {self.element.name, *self.attributes}
        found = {name[1:].partition("}")[0] for name in names if name.startswith("{")}
        for _, _, child in self._children:
            found |= child.spaces()
        return found

    def write(self, above: Any | None, nsmap: dict[str | None, str]) -> Any:
        """Write the branch as an lxml element."""
        if above is None:
            made = etree.Element(self.element.name, nsmap=nsmap)  # type: ignore[arg-type] # stubs know no default
        else:
            made = etree.SubElement(above, self.element.name)
        try:
            made.text = self.text
            for key, value in self.attributes.items():
                made.set(key, value)
        except ValueError as error:
            raise UsageError("a text holds a character that XML forbids", where=self.pointer()) from error
        for _, _, child in self._children:
            child.write(made, nsmap)
        return made
