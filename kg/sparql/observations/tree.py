"""A SPARQL query as a tree: what is needed to find the patterns over observations, and to write it again.

Terms are text in one spelling: ``?name``, ``<iri>`` in full, literals with their datatype's IRI in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

XSD_TYPES = ("integer", "decimal", "double", "boolean")


@dataclass(slots=True)
class Expression:
    """An expression: an operator, function or term, and what it is applied to.

    Args:
        kind: ``term``, ``op`` (infix), ``not``, ``sign``, ``call``, ``in``, ``exists``.
        text: the term, operator or function's name; for ``in`` and ``exists`` ``NOT`` or nothing.
        of: operands.
        group: the pattern of ``exists``.
        distinct: whether a function is an aggregate with DISTINCT.
        rest: what else stands in the brackets, for example ``; SEPARATOR=","``.
    """

    kind: str
    text: str = ""
    of: list["Expression"] = field(default_factory=list)
    group: "Group | None" = None
    distinct: bool = False
    rest: str = ""

    def walk(self) -> Iterator["Expression"]:
        """Go through this expression and all in it, those in patterns left out."""
        yield self
        for part in self.of:
            yield from part.walk()


@dataclass(slots=True)
class Path:
    """A property path that is no single IRI; ``kind`` is ``seq``, ``alt``, ``inv``, ``mod`` or ``neg``."""

    kind: str
    of: "list[Path | str]"
    text: str = ""


@dataclass(slots=True)
class Triple:
    """A triple pattern."""

    subject: str
    predicate: str | Path
    object: str


@dataclass(slots=True)
class Block:
    """Triple patterns that are matched together."""

    triples: list[Triple]


@dataclass(slots=True)
class Filter:
    """A condition on the whole group."""

    expression: Expression


@dataclass(slots=True)
class Bind:
    """A new variable."""

    expression: Expression
    variable: str


@dataclass(slots=True)
class Values:
    """An inline table; ``rows`` is its text without the variables."""

    variables: list[str]
    rows: list[list[str]]


@dataclass(slots=True)
class Part:
    """A pattern in a pattern: ``kind`` is ``optional``, ``minus``, ``group``, ``graph``."""

    kind: str
    group: "Group"
    graph: str = ""


@dataclass(slots=True)
class Union:
    """Alternatives."""

    groups: "list[Group]"


@dataclass(slots=True)
class Raw:
    """Text that was made already, and the variables that it certainly binds."""

    text: str
    variables: list[str]


Element = Block | Filter | Bind | Values | Part | Union | Raw


@dataclass(slots=True)
class Group:
    """A group of patterns, or a sub-select in braces."""

    elements: list[Element] = field(default_factory=list)
    select: "Select | None" = None


@dataclass(slots=True)
class Item:
    """What is projected, grouped or ordered by: an expression, perhaps with a name or a direction."""

    expression: Expression
    variable: str = ""
    word: str = ""


@dataclass(slots=True)
class Select:
    """A query or sub-select.

    Args:
        form: ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``.
        modifier: ``DISTINCT``, ``REDUCED`` or nothing.
        items: what is projected; empty with ``star``.
        star: whether all variables are.
        template: triples of a CONSTRUCT; None for its short form.
        where: the pattern.
        grouped: GROUP BY.
        having: HAVING.
        ordered: ORDER BY.
        slices: LIMIT and OFFSET as text.
        values: VALUES at the end.
        dataset: IRIs of FROM and FROM NAMED.
    """

    form: str
    where: Group
    modifier: str = ""
    items: list[Item] = field(default_factory=list)
    star: bool = False
    template: list[Triple] | None = None
    grouped: list[Item] = field(default_factory=list)
    having: list[Expression] = field(default_factory=list)
    ordered: list[Item] = field(default_factory=list)
    slices: dict[str, int] = field(default_factory=dict)
    values: Values | None = None
    dataset: list[str] = field(default_factory=list)

    @property
    def aggregates(self) -> bool:
        """Whether it groups."""
        return bool(self.grouped or self.having) or any(
            part.kind == "call" and part.text in AGGREGATES
            for item in (*self.items, *self.ordered)
            for part in item.expression.walk()
        )


AGGREGATES = frozenset(("COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE", "GROUP_CONCAT"))
