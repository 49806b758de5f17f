"""Where the elements of one mapping lie inside those of another: what a link between mappings means."""

from operator import eq

from kg.yarrrml import Mapping


def relative(mapping: Mapping, other: Mapping) -> list[tuple[str, ...]]:
    """List the paths from a mapping's element to those of another.

    Args:
        mapping: the mapping that links.
        other: the mapping linked to.

    Returns:
        Names of elements after the mapping's own; ``()`` where both lie on the same element. ``*`` is written
        out as the elements that the other mapping reads something from.
    """
    found = []
    for path in other.iterators:
        at = max((i for i in range(len(path)) if _meet(mapping, path[: i + 1])), default=-1)
        steps = path[at + 1 :]
        if steps and steps[-1] == "*":
            tags = dict.fromkeys(
                ref.steps[1]
                for rule in other.rules
                if rule.term
                for ref in rule.term.refs
                if ref.steps[:1] == ("self::",)
            )
            found += [(*steps[:-1], tag) for tag in tags]
        else:
            found.append(steps)
    return found


def _meet(mapping: Mapping, path: tuple[str, ...]) -> bool:
    """Whether a path may end at a mapping's element: the names agree from the end as far as both tell."""
    return any(all(map(eq, reversed(own), reversed(path))) for own in mapping.iterators)
