"""How a grouping query is answered in the columns: one row of the inline table is one group of the query."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kg.sparql.observations.forms import Form
from kg.sparql.observations.relation import PLACE, Bound, Unlike
from kg.sparql.observations.stars import Condition
from kg.sparql.observations.tree import Element, Expression, Item
from kg.sparql.observations.vocabulary import Slot

COUNT, SUM, LEAST, MOST = "?__n", "?__sum", "?__least", "?__most"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar function of a time, or the length of a span.

    Args:
        variable: what it is called.
        function: itself.
        sql: what it depends on.
        slot: of the time.
        form: what its SQL is written in, where that is all of it; else it is applied to a time of its group.
    """

    variable: str
    function: Expression
    sql: tuple[str, ...]
    slot: Slot
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column put together.

    Args:
        column: of the value or of a time.
        separator: what stands between them.
        distinct: whether each comes once.
    """

    column: str
    separator: str
    distinct: bool


@dataclass(slots=True)
class Whole:
    """How a query is answered in the columns.

    Args:
        rest: elements that the graph is asked, with a mark where the star was.
        constant: variables of what is constant of the series, and their columns.
        keys: variables of the graph, or constants, that are grouped by.
        slots: slots of times that are grouped by.
        calendars: calendar functions that are grouped by.
        bounds: comparisons with variables of the graph.
        conditions: what filters say of columns that an OPTIONAL brings in.
        ends: columns of times of which first or last is asked.
        distinct: SQL of what different ones are counted of, by the variable that gets the number.
        texts: what is put together as one text, by the variable that gets it.
        values: whether values are summed up or compared.
        items: what is projected, over the table.
        ordered: likewise.
        having: likewise.
    """

    rest: list[Element] = field(default_factory=list)
    constant: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    calendars: list[Calendar] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    ends: dict[str, None] = field(default_factory=dict)
    distinct: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    values: bool = False
    items: list[Item] = field(default_factory=list)
    ordered: list[Item] = field(default_factory=list)
    having: list[Expression] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether the graph is to be asked at all."""
        return any(element is not PLACE for element in self.rest)


def end_of(column: str, aggregate: str) -> str:
    """Name the variable of the first or last of a time."""
    return f"?__{'first' if aggregate == 'MIN' else 'last'}_{column}"


def texts_of(call: Expression, own: Mapping[str, Slot]) -> Texts:
    """Read a GROUP_CONCAT of ``STR`` of a value or start; of what is no text SPARQL gives none.

    Args:
        call: the aggregate.
        own: slots of the star by variable.

    Raises:
        Unlike: it is of something else, or has a separator that a line of SQL cannot have.
    """
    inner = call.of[0]
    slot = own.get(inner.of[0].text) if inner.kind == "call" and inner.text == "STR" else None
    if slot is None or slot.column not in ("value", "start"):
        raise Unlike
    text = call.rest.partition("=")[2] or '" "'
    if text[:3] in ('"""', "'''") or not text.isprintable() or any(sign in text[1:-1] for sign in "\\\"'"):
        raise Unlike
    return Texts(slot.column, text[1:-1], call.distinct)


def put(found: Expression, name: str, other: str) -> Expression:
    """Give an expression with another variable in the place of one."""
    if found.kind == "term":
        return term(other) if found.text == name else found
    return replace(found, of=[put(part, name, other) for part in found.of])


def term(text: str) -> Expression:
    """Make a term."""
    return Expression("term", text)
