"""Shapes as the compiled engine holds them: their constraints, each with the Python that tests it.

An ``Each`` judges every value by itself, a ``Whole`` the values together. Both give Python expressions; the
values that a failed one names are worked out afterwards, by the same expression or by ``offending``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kg.engines.index import Index
from kg.engines.paths import Path, written
from kg.engines.result import bare


class Uncovered(Exception):
    """A shape that holds what is not compiled here, or what cannot be used; another engine takes it."""


class Writer(Protocol):
    """What writes the code that the expressions stand in."""

    def const(self, value: object) -> str:
        """Give the name of a constant."""

    def variable(self) -> str:
        """Give a name that no variable has yet."""

    def fits(self, shape: "Shape", node: str) -> str:
        """Give the expression that tells whether the node of a variable conforms to a shape."""

    def reads(self, predicate: str) -> None:
        """Note that a property of other nodes than the focus is read; empty: all of them."""

    def other(self, node: str, predicate: str) -> str:
        """Give the expression for the values of another property of the node of a variable."""


@dataclass(frozen=True, slots=True)
class Each:
    """A constraint that every value satisfies by itself."""

    component: str
    #: the expression for one value, from the name of its variable
    one: Callable[[Writer, str], str]
    #: the same for all values of a sequence, and that none satisfies it, where there is a faster way
    every: Callable[[Writer, str], str] | None = None
    none: Callable[[Writer, str], str] | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A constraint on the values together."""

    component: str
    #: the expression, from the names of the focus and of the sequence of values
    every: Callable[[Writer, str, str], str]
    #: the values to report, None for a result without one; with the path where that is not the shape's
    offending: Callable[[str, Sequence[str], Index], list[tuple[str | None, str | None]]]
    #: for a constraint on how many values there are: the least and the greatest number
    count: tuple[int, int] | None = None


@dataclass(slots=True)
class Shape:
    """A shape, read."""

    node: str
    #: IRI of the shape, or of the nearest shape around it that has one
    named: str
    path: Path | None
    severity: str
    message: str
    active: bool = True
    constraints: list[Each | Whole] = field(default_factory=list)
    properties: list["Shape"] = field(default_factory=list)

    @property
    def shown(self) -> str | None:
        """The path as results show it."""
        return None if self.path is None else bare(written(self.path))


def called(component: str, test: Callable[[str], object]) -> Each:
    """Make the constraint that a function judges."""

    def none(writer: Writer, values: str) -> str:
        return f"not any(map({writer.const(test)}, {values}))"

    return Each(
        component,
        lambda writer, value: f"{writer.const(test)}({value})",
        lambda writer, values: _all(writer.const(test), values),
        none,
    )


def _all(test: str, values: str) -> str:
    """Write that all values satisfy a test; mostly there is one."""
    return f"({test}({values}[0]) if len({values}) == 1 else all(map({test}, {values})))"


def member(terms: frozenset[str]) -> Each:
    """Make the constraint that values are among some terms."""
    return Each(
        "In",
        lambda writer, value: f"{value} in {writer.const(terms)}",
        lambda writer, values: f"{writer.const(terms)}.issuperset({values})",
        lambda writer, values: f"{writer.const(terms)}.isdisjoint({values})",
    )


def negated(shape: Shape) -> Each:
    """Make the constraint that values do not conform to a shape."""
    only = shape.constraints[0] if len(shape.constraints) == 1 else None
    plain = shape.active and shape.path is None and not shape.properties
    if plain and isinstance(only, Each) and only.none is not None and only.every is not None:
        return Each("Not", lambda writer, value: f"not ({writer.fits(shape, value)})", only.none, only.every)
    return Each("Not", lambda writer, value: f"not ({writer.fits(shape, value)})")


def combined(component: str, shapes: list[Shape]) -> Each:
    """Make the constraint that values conform to all, any or exactly one of some shapes."""

    def one(writer: Writer, value: str) -> str:
        parts = [f"({writer.fits(shape, value)})" for shape in shapes]
        if component == "Xone":
            return f"sum(map(bool, ({', '.join(parts)},))) == 1"
        return (" and " if component == "And" else " or ").join(parts)

    return Each(component, one)
