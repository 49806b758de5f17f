"""What the elements of one form say, as a function of their texts: no tree is walked, nothing looked up.

What depends on more than the texts of leaves (what no mapping names, elements that come again, mixed content)
is refused, and walked each time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kg.mould_source import Cast, Name, Writer
from kg.mould_terms import Refused
from kg.plan import Plan


@dataclass(frozen=True, slots=True)
class Mould:
    """The elements of one form."""

    match: Callable[[str, int], "re.Match[str] | None"]
    cast: Cast
    subjects: Name
    #: what is read outside of the element, the same for all children of a parent; whether it must be there
    outside: tuple[tuple[Callable[[Any], str | None], Callable[[str], str], bool | None], ...]
    #: whether the element says when it starts; whether there are sequences in it
    stated: bool
    sequences: bool

    def read(self, element: Any) -> tuple[str, ...] | None:
        """Read what is outside of an element; None where the mould is not for it."""
        found = []
        for read, make, told in self.outside:
            text = read(element)
            if told is not None and told is (text is None):
                return None
            found.append(make(text or ""))
        return tuple(found)


def mould(
    plan: Plan,
    element: Any,
    pattern: "re.Pattern[str]",
    groups: dict[Any, int],
    ignored: frozenset[str],
    hollow: frozenset[str],
) -> Mould | None:
    """Make the mould of the elements that have the form of one; None where it says more than its form.

    Args:
        plan: the plan that walks it.
        element: the element.
        pattern: its form.
        groups: the group of each leaf.
        ignored: names of elements that say nothing.
        hollow: those that say nothing because they are empty.
    """
    writer = Writer(element, groups, ignored, hollow)
    try:
        cast, subjects = writer.functions(plan)
    except Refused:
        return None
    outside = tuple((read, ref[1], writer.told.get(ref)) for ref, read in writer.outside.items())
    sequences = any(frame.items for frame in writer.frames)
    return Mould(pattern.match, cast, subjects, outside, writer.stated, sequences)
