"""Tells whether a grouping query can be answered wholly in the columns, and how.

It can be where the readings meet the graph only in what is constant of a series, in comparisons of time and
value with variables of the graph, and in calendar functions. Then one row of the inline table is one group of
the query, and of the query projection, HAVING and ORDER BY are left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kg.sparql.observations.aggregates import linear
from kg.sparql.observations.calendar import calendar
from kg.sparql.observations.conditions import comparison, condition, parts
from kg.sparql.observations.relation import PLACE, Bound, Unlike
from kg.sparql.observations.stars import Star
from kg.sparql.observations.tree import (
    AGGREGATES,
    Bind,
    Element,
    Expression,
    Filter,
    Group,
    Item,
    Select,
    Values,
)
from kg.sparql.observations.variables import certain, in_element, in_expression, inside
from kg.sparql.observations.vocabulary import CONSTANT, Slot

COUNT, SUM, LEAST, MOST = "?__n", "?__sum", "?__least", "?__most"
#: Columns that can be grouped by, compared with a variable, and of which first and last can be asked.
_TIMES = frozenset(("start", "end", "stop"))


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar function of a time: its variable, itself, what it depends on in SQL, and the time's slot."""

    variable: str
    function: Expression
    sql: tuple[str, ...]
    slot: Slot


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
        ends: columns of times of which first or last is asked.
        distinct: SQL of what different ones are counted of, by the variable that gets the number.
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
    ends: dict[str, None] = field(default_factory=dict)
    distinct: dict[str, str] = field(default_factory=dict)
    values: bool = False
    items: list[Item] = field(default_factory=list)
    ordered: list[Item] = field(default_factory=list)
    having: list[Expression] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether the graph is to be asked at all."""
        return any(element is not PLACE for element in self.rest)


def whole(
    select: Select,
    star: Star,
    place: Element,
    given: Mapping[str, str],
    is_star: Callable[[Element], bool],
) -> Whole:
    """Find out how a grouping query is answered in the columns; nothing is changed.

    Args:
        select: the query or sub-select.
        star: the one star at the top of its pattern.
        place: the element that stands for it.
        given: terms that variables are bound to from outside.
        is_star: whether an element holds the place of a star that is not fetched yet.

    Raises:
        Unlike: it cannot be.
    """
    if not star.sure or star.same or star.outer or not select.aggregates or select.values is not None:
        raise Unlike
    return _Reader(select, star, place, given, is_star).read()


class _Reader:
    def __init__(
        self,
        select: Select,
        star: Star,
        place: Element,
        given: Mapping[str, str],
        is_star: Callable[[Element], bool],
    ) -> None:
        self.select, self.star, self.place, self.given, self.is_star = select, star, place, given, is_star
        self.made = Whole(constant={s.variable: s.column for s in star.slots if s.column in CONSTANT})
        self.own = {s.variable: s for s in star.slots if s.column not in CONSTANT}
        self.bound: dict[str, Calendar] = {}
        self.seen: set[str] = set()
        self.value = next((s.variable for s in star.slots if s.column == "value"), "")

    def read(self) -> Whole:
        made, select = self.made, self.select
        for element in select.where.elements:
            self._element(element)
        self._given()
        for item in select.grouped:
            self._key(item.expression, item.variable)
        said = [element for element in made.rest if element is not PLACE]
        self.told = {name for element in said for name in in_element(element)}
        self.sure = certain(Group(said)) | made.constant.keys() | self.own.keys() | self.bound.keys()
        if any(name not in self.told | made.constant.keys() for name in made.keys):
            raise Unlike
        self.seen |= set(made.keys) | {s.variable for s in made.slots} | {c.variable for c in made.calendars}
        for item in select.items:
            made.items.append(replace(item, expression=self._over(item.expression)))
            if item.variable:
                self.seen.add(item.variable)
        made.ordered = [replace(item, expression=self._over(item.expression)) for item in select.ordered]
        self.seen -= {item.variable for item in select.items}
        made.having = [self._over(one) for one in select.having]
        used = self.told | set(made.keys)
        made.constant = {name: column for name, column in made.constant.items() if name in used}
        return made

    def _element(self, element: Element) -> None:
        if element is self.place:
            self.made.rest.append(PLACE)
            return
        if self.is_star(element) or any(map(self.is_star, inside(element))):
            raise Unlike
        if isinstance(element, Filter):
            for part in parts(element.expression):
                self._filter(part)
            return
        names = set(in_element(element))
        if not names & (self.own.keys() | self.bound.keys()):
            self.made.rest.append(element)
            return
        if not isinstance(element, Bind) or element.variable in self.own:
            raise Unlike
        self.bound[element.variable] = self._calendar(element.expression, element.variable)

    def _filter(self, part: Expression) -> None:
        if not set(in_expression(part)) & (self.own.keys() | self.bound.keys()):
            self.made.rest.append(Filter(part))
            return
        found = condition(part, self.star, self.given)
        if found is not None and found.exact:
            return
        read = comparison(part, self.star)
        if read is None or read[1] == "!=" or read[0] not in (*_TIMES, "value"):
            raise Unlike
        column, operator, other = read
        free = other.kind == "term" and other.text[0] == "?" and other.text[1:] not in self.given
        if not free or self.star.column(other.text) is not None or other.text in self.bound:
            raise Unlike
        self.made.bounds.append(Bound(column, operator, other.text))
        self.made.values |= column == "value"

    def _given(self) -> None:
        """Say in the pattern what variables are bound to from outside."""
        names = {name for e in self.made.rest if e is not PLACE for name in in_element(e)}
        names |= {name for item in self.select.grouped for name in in_expression(item.expression)}
        told = [n for n in sorted(names - self.own.keys() - self.bound.keys()) if n[1:] in self.given]
        self.made.rest[:0] = [Values([name], [[self.given[name[1:]]]]) for name in told]

    def _key(self, found: Expression, variable: str) -> None:
        made = self.made
        if found.kind == "term":
            name = found.text
            if variable or name[0] != "?":
                raise Unlike
            if name in self.bound:
                made.calendars.append(self.bound[name])
            elif name in self.own:
                if self.own[name].column not in _TIMES:
                    raise Unlike
                made.slots.append(self.own[name])
            else:
                made.keys.append(name)
            return
        if not variable:
            raise Unlike
        names = set(in_expression(found))
        if names & (self.own.keys() | self.bound.keys()):
            made.calendars.append(self._calendar(found, variable))
        elif any(part.group is not None for part in found.walk()):
            raise Unlike
        else:
            made.rest.append(Bind(found, variable))
            made.keys.append(variable)

    def _calendar(self, found: Expression, variable: str) -> Calendar:
        for slot in self.own.values():
            if slot.column in _TIMES and (sql := calendar(found, slot)) is not None:
                return Calendar(variable, found, tuple(sql), slot)
        raise Unlike

    def _over(self, found: Expression) -> Expression:
        """Give an expression of the query as one over the table."""
        if found.kind == "term":
            if found.text[0] == "?" and found.text not in self.seen:
                raise Unlike
            return found
        if found.kind == "exists":
            raise Unlike
        if found.kind == "call" and found.text in AGGREGATES:
            return self._aggregate(found)
        return replace(found, of=[self._over(part) for part in found.of])

    def _aggregate(self, call: Expression) -> Expression:
        inner = call.of[0] if len(call.of) == 1 else None
        name = inner.text if inner is not None and inner.kind == "term" else ""
        if call.text == "COUNT":
            if call.distinct:
                return self._different(inner, name)
            if call.of and name not in self.sure:
                raise Unlike
            return _term(COUNT)
        if call.text in ("MIN", "MAX") and name in self.own:
            column = self.own[name].column
            if column == "value":
                self.made.values = True
                return _term(LEAST if call.text == "MIN" else MOST)
            if column in _TIMES:
                self.made.ends[column] = None
                return _term(end_of(column, call.text))
        if call.text not in ("SUM", "AVG") or call.distinct or inner is None or not self.value:
            raise Unlike
        others = set(in_expression(inner)) - {self.value}
        if not linear(inner, self.value) or not others <= self.seen:
            raise Unlike
        self.made.values = True
        made = put(inner, self.value, SUM)
        if call.text == "AVG":
            made = Expression("op", "/", [made, _term(COUNT)])
        if self.select.grouped:
            return made
        none = Expression("op", "=", [_term(COUNT), _term("0")])
        return Expression("call", "IF", [none, _term("0"), made])

    def _different(self, inner: Expression | None, name: str) -> Expression:
        """Count different times, or different values of a calendar function."""
        if inner is None:
            raise Unlike
        slot = self.own.get(name)
        if slot is not None and slot.column in ("start", "observation", "result"):
            sql = "r.starts" if slot.column == "start" else "(r.series, r.starts)"
        elif name in self.made.constant:
            sql = "r.series" if self.made.constant[name] == "series" else ""
        else:
            found = self.bound.get(name) or self._calendar(inner, "")
            sql = f"({', '.join(found.sql)})" if found.sql else ""
        if not sql:
            raise Unlike
        number = f"?__different{len(self.made.distinct)}"
        self.made.distinct[number] = sql
        return _term(number)


def end_of(column: str, aggregate: str) -> str:
    """Name the variable of the first or last of a time."""
    return f"?__{'first' if aggregate == 'MIN' else 'last'}_{column}"


def put(found: Expression, name: str, other: str) -> Expression:
    """Give an expression with another variable in the place of one."""
    if found.kind == "term":
        return _term(other) if found.text == name else found
    return replace(found, of=[put(part, name, other) for part in found.of])


def _term(text: str) -> Expression:
    return Expression("term", text)
