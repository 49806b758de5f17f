"""Says in sub-selects too what variables are bound to from outside, so that they work out no more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kg.sparql.observations.tree import Element, Group, Part, Values
from kg.sparql.observations.variables import certain


def narrowed(elements: Sequence[Element], given: Mapping[str, str]) -> list[Element]:
    """Put the terms of variables into the sub-selects that show them; nothing is changed in place.

    A sub-select is left as it is where that could change its rows: where it is cut (LIMIT), or where what it
    begins with does not bind the variable.

    Args:
        elements: of a group.
        given: terms by variable, without ``?``.
    """
    return [_told(element, given) for element in elements]


def _told(element: Element, given: Mapping[str, str]) -> Element:
    if not isinstance(element, Part) or element.kind != "group":
        return element
    select = element.group.select
    if select is None:
        return replace(
            element, group=replace(element.group, elements=narrowed(element.group.elements, given))
        )
    where = select.where
    if select.slices or where.select is not None or not where.elements:
        return element
    shown = {item.expression.text for item in select.items if not item.variable}
    names = sorted(shown & certain(Group(where.elements[:1])) & {f"?{name}" for name in given})
    if not names:
        return element
    here = {name[1:]: given[name[1:]] for name in names}
    first: list[Element] = [Values([name], [[here[name[1:]]]]) for name in names]
    inner = Group([*first, *narrowed(where.elements, here)])
    return replace(element, group=replace(element.group, select=replace(select, where=inner)))
