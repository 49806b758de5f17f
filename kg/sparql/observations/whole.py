"""Tells whether a grouping query can be answered wholly in the columns, and how.

It can be where the readings meet the graph only in what is constant of a series, in comparisons of time and
value with variables of the graph, and in calendar functions. Then one row of the inline table is one group of
the query, and of the query projection, HAVING and ORDER BY are left.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from kg.sparql.observations.aggregates import linear
from kg.sparql.observations.calendar import WHOLE_NUMBERS, beginning, calendar
from kg.sparql.observations.conditions import comparison, condition, parts
from kg.sparql.observations.forms import LENGTH, NUMBER, cut
from kg.sparql.observations.groups import (
    COUNT,
    LEAST,
    MOST,
    SUM,
    Calendar,
    Whole,
    end_of,
    put,
    term,
    texts_of,
)
from kg.sparql.observations.relation import PLACE, Bound, Unlike
from kg.sparql.observations.stars import Star
from kg.sparql.observations.telling import narrowed
from kg.sparql.observations.tree import (
    AGGREGATES,
    Bind,
    Element,
    Expression,
    Filter,
    Group,
    Part,
    Select,
    Values,
)
from kg.sparql.observations.variables import certain, in_element, in_expression, inside
from kg.sparql.observations.vocabulary import CONSTANT, SQL, TIMES

#: Columns that can be grouped by.
_GROUPED = TIMES | {"quality", "confidence"}
#: Columns that may be empty, and what a pattern that asks for one says of it.
_FILLED = {"stop": "r.length IS NOT NULL"} | {n: f"r.{n} IS NOT NULL" for n in ("quality", "confidence")}
_EMPTY = frozenset(_FILLED)
#: Columns that each reading fills.
_FULL = frozenset(("start", "end", "value"))


def whole(
    select: Select,
    star: Star,
    place: Element,
    given: Mapping[str, str],
    star_at: Callable[[Element], Star | None],
) -> Whole:
    """Find out how a grouping query is answered in the columns; nothing is changed.

    Args:
        select: the query or sub-select.
        star: the one star at the top of its pattern.
        place: the element that stands for it.
        given: terms that variables are bound to from outside.
        star_at: gives the star, not fetched yet, whose place an element holds; None for other elements.

    Raises:
        Unlike: it cannot be.
    """
    if not star.sure or star.same or star.outer or not select.aggregates or select.values is not None:
        raise Unlike
    return _Reader(select, star, place, given, star_at).read()


class _Reader:
    def __init__(
        self,
        select: Select,
        star: Star,
        place: Element,
        given: Mapping[str, str],
        star_at: Callable[[Element], Star | None],
    ) -> None:
        self.select, self.place, self.given, self.star_at = select, place, given, star_at
        self.star = replace(star, slots=list(star.slots))
        self.made = Whole(constant={s.variable: s.column for s in star.slots if s.column in CONSTANT})
        self.own = {s.variable: s for s in star.slots if s.column not in CONSTANT}
        self.bound: dict[str, Calendar] = {}
        self.seen: set[str] = set()
        self.empty: set[str] = set()
        self.more: set[str] = set()
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
        if isinstance(element, Part) and element.kind == "optional" and self._optional(element.group):
            return
        if any(self.star_at(one) is not None for one in (element, *inside(element))):
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

    def _optional(self, group: Group) -> bool:
        """Take in what an OPTIONAL says of the reading: a column that may be empty, or full ones."""
        more = self.star_at(group.elements[0]) if len(group.elements) == 1 else None
        if more is None or not more.outer or not more.sure or more.same or more.root not in self.own:
            return False
        slots = [slot for slot in more.slots if slot.variable not in self.star.variables]
        told = [slot for slot in slots if slot.column not in ("result", "span")]
        empty = [slot for slot in told if slot.column in _EMPTY]
        before = {name for element in self.made.rest if element is not PLACE for name in in_element(element)}
        if (
            len(slots) + 1 < len(more.slots)
            or any(slot.variable in before or slot.variable[1:] in self.given for slot in slots)
            or any(slot.column not in _EMPTY | _FULL for slot in told)
            or (empty and len(told) > 1)
            or any(slot.column == "span" for slot in slots) > bool(empty)
            or any(one.sql not in {_FILLED.get(slot.column) for slot in empty} for one in more.conditions)
        ):
            return False
        self.star.slots += slots
        self.more.update(slot.variable for slot in slots)
        self.own.update((slot.variable, slot) for slot in slots)
        self.empty.update(slot.variable for slot in slots if empty)
        self.value = self.value or next((slot.variable for slot in told if slot.column == "value"), "")
        return True

    def _filter(self, part: Expression) -> None:
        if not set(in_expression(part)) & (self.own.keys() | self.bound.keys()):
            self.made.rest.append(Filter(part))
            return
        found = condition(part, self.star, self.given)
        if found is not None and found.exact:
            self.made.values |= self.value in in_expression(part)  # of texts the engine has to say
            if self.more & set(in_expression(part)):
                self.made.conditions.append(found)
            return
        read = comparison(part, self.star)
        if read is None or read[1] == "!=" or read[0] not in (*TIMES, "value"):
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
        self.made.rest[:] = narrowed(self.made.rest, self.given)
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
                if self.own[name].column not in _GROUPED:
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
        if found.kind == "op" and found.text == "-":
            left, right = (self.own.get(part.text) for part in found.of)
            if left and right and right.column == "start" and left.column in ("stop", "end"):
                length = "r.length" if left.column == "stop" else "coalesce(r.length, 0)"
                return Calendar(variable, found, (length,), left, LENGTH)
        for slot in self.own.values():
            if slot.column in TIMES and (sql := calendar(found, slot)) is not None:
                text = beginning(found)
                form = NUMBER if found.text in WHOLE_NUMBERS else cut(text) if text else None
                return Calendar(variable, found, tuple(sql), slot, form)
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
        if inner is not None and self.empty & set(in_expression(inner)):
            raise Unlike
        name = inner.text if inner is not None and inner.kind == "term" else ""
        if call.text == "COUNT":
            if call.distinct:
                return self._different(inner, name)
            if call.of and name not in self.sure:
                raise Unlike
            return term(COUNT)
        if call.text == "GROUP_CONCAT" and self.select.grouped:
            made = f"?__texts{len(self.made.texts)}"
            one = self.made.texts[made] = texts_of(call, self.own)
            self.made.values |= one.column == "value"
            return term(made)
        if call.text in ("MIN", "MAX", "SAMPLE") and name in self.own:
            column = self.own[name].column
            if column == "value":
                self.made.values = True
                return term(MOST if call.text == "MAX" else LEAST)
            if column in TIMES:
                self.made.ends[column] = None
                return term(end_of(column, "MAX" if call.text == "MAX" else "MIN"))
        if call.text not in ("SUM", "AVG") or call.distinct or inner is None or not self.value:
            raise Unlike
        others = set(in_expression(inner)) - {self.value}
        if not linear(inner, self.value) or not others <= self.seen:
            raise Unlike
        self.made.values = True
        total = put(inner, self.value, SUM)
        if call.text == "AVG":
            total = Expression("op", "/", [total, term(COUNT)])
        if self.select.grouped:
            return total
        none = Expression("op", "=", [term(COUNT), term("0")])
        return Expression("call", "IF", [none, term("0"), total])

    def _different(self, inner: Expression | None, name: str) -> Expression:
        """Count different times, or different values of a calendar function."""
        if inner is None:
            raise Unlike
        slot = self.own.get(name)
        if slot is not None and slot.column in ("start", "observation", "result"):
            sql = "r.starts" if slot.column == "start" else "(r.series, r.starts)"
        elif slot is not None and slot.column == "value":
            sql, self.made.values = SQL["value"], True
        elif name in self.made.constant:
            sql = "r.series" if self.made.constant[name] == "series" else ""
        else:
            found = self.bound.get(name) or self._calendar(inner, "")
            sql = f"({', '.join(found.sql)})" if found.sql else ""
        if not sql:
            raise Unlike
        number = f"?__different{len(self.made.distinct)}"
        self.made.distinct[number] = sql
        return term(number)
