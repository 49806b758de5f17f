"""Puts inline tables in the places of a query's stars: each the smallest that answers it."""

from collections import Counter
from collections.abc import Iterable, Mapping

from kg.errors import QueryError
from kg.readings import View
from kg.sparql.observations import fetch, summary
from kg.sparql.observations.aggregates import aggregates, grouping, rewrite
from kg.sparql.observations.answer import fetch_whole, fit
from kg.sparql.observations.candidates import Ask, candidates
from kg.sparql.observations.columns import Cells
from kg.sparql.observations.conditions import condition, parts, settled
from kg.sparql.observations.fetch import Plan
from kg.sparql.observations.finding import Found
from kg.sparql.observations.gathered import gather
from kg.sparql.observations.relation import Unlike
from kg.sparql.observations.scope import Scope
from kg.sparql.observations.slices import enough
from kg.sparql.observations.stars import Star
from kg.sparql.observations.table import Table
from kg.sparql.observations.tree import (
    Bind,
    Element,
    Expression,
    Filter,
    Group,
    Part,
    Raw,
    Select,
    Union,
)
from kg.sparql.observations.variables import counted, in_select, inside
from kg.sparql.observations.vocabulary import CONSTANT, OBSERVATION, RESULT, SPAN, Slot
from kg.sparql.observations.whole import whole


class Rewriting:
    """Rewrites one query whose stars were found, in place.

    Args:
        found: its stars.
        view: the columns.
        ask: answers a query over the graph.
        given: terms that variables are bound to from outside.
        most: rows that one pattern may take in.
        select: the query.

    Attributes:
        direct: whether its rows themselves are wanted where the columns have all of the answer.
        table: these rows, then.
    """

    def __init__(
        self, found: Found, view: View, ask: Ask, given: Mapping[str, str], most: int, select: Select
    ) -> None:
        self.found, self.ask, self.given, self.most, self.select = found, ask, given, most, select
        self.cells = Cells(view)
        self.direct = False
        self.table: Table | None = None
        stars = list(found.stars.values())
        self.inside = Counter(name for star in stars for name in star.variables)
        self.outside = counted(select)
        self.outside.subtract(self.inside)
        self.holders: dict[str, list[Star]] = {}
        for star in stars:
            for name in star.nodes():
                self.holders.setdefault(name, []).append(star)

    def done(self) -> Select:
        """Rewrite the query; gives it."""
        self.query(self.select, loose=self.select.form in ("ASK", "CONSTRUCT") and not self.select.slices)
        return self.select

    def query(self, select: Select, *, loose: bool) -> None:
        """Rewrite a query or sub-select."""
        if select.slices and select.modifier != "DISTINCT":
            loose = False
        if select.modifier == "DISTINCT" and not select.aggregates:
            loose = True
        if select.aggregates:
            loose = False
        self._countable(select)
        scope = Scope(select, True, loose)
        for item in (*select.items, *select.grouped, *select.ordered):
            self.expression(item.expression, scope)
        for having in select.having:
            self.expression(having, scope)
        self.group(select.where, scope)

    def _countable(self, select: Select) -> None:
        """Refuse to count different solutions: what tells readings apart may not be among the variables."""
        if not any(call.distinct and call.rest == "*" for call in aggregates(select)):
            return
        if any(id(one) in self.found.stars for one in inside(Part("group", select.where))):
            raise QueryError(
                "different solutions cannot be counted over readings in columns",
                where="COUNT(DISTINCT *)",
                cure="name what is to be different, for example COUNT(DISTINCT ?reading)",
                code="readings-query",
            )

    def group(self, group: Group, scope: Scope) -> None:
        """Rewrite a group."""
        if group.select is not None:
            self.query(group.select, loose=scope.loose)
            return
        filters = [*scope.filters, *(e.expression for e in group.elements if isinstance(e, Filter))]
        made: list[Element] = []
        number = sum(1 for element in group.elements if id(element) in self.found.stars)
        for element in group.elements:
            if isinstance(element, Part) and element.kind == "group" and element.group.select is not None:
                self.query(element.group.select, loose=scope.loose)
        for element in list(group.elements):
            star = self.found.stars.get(id(element))
            if star is not None:
                element = self.star(star, element, group, scope, filters, number == 1)
                for at, old in enumerate(group.elements):
                    if self.found.stars.get(id(old)) is star:
                        group.elements[at] = element
        for element in group.elements:
            match element:
                case Filter() | Bind():
                    self.expression(element.expression, scope)
                case Part(kind="minus"):
                    self.group(element.group, scope.inner(True))
                case Part(kind="optional"):
                    self.group(element.group, scope.inner(scope.loose))
                case Part() if element.group.select is None:
                    self.group(element.group, scope.inner(scope.loose, filters))
                case Union():
                    for one in element.groups:
                        self.group(one, scope.inner(scope.loose, filters))
            made.append(element)
        group.elements = made

    def expression(self, expression: Expression, scope: Scope) -> None:
        """Rewrite the patterns of an expression."""
        for part in expression.walk():
            if part.group is not None:
                self.group(part.group, scope.inner(True))

    def star(
        self,
        star: Star,
        place: Element,
        group: Group,
        scope: Scope,
        filters: Iterable[Expression],
        alone: bool,
    ) -> Raw:
        """Fetch what a star matches."""
        conditions = list(star.conditions)
        whole = set()
        for expression in filters:
            read = [condition(part, star, self.given) for part in parts(expression)]
            conditions += [one for one in read if one is not None]
            if all(one is not None and one.exact for one in read):
                whole.add(id(expression))
        for slot in star.slots:
            term = self.given.get(slot.variable[1:])
            if term is not None:
                told = Expression("op", "=", [Expression("term", slot.variable), Expression("term", term)])
                if (one := condition(told, star, {})) is not None:
                    conditions.append(one)
        if star.outer:
            for name in star.nodes():
                conditions += scope.bound.get(name, [])
        if scope.loose and star.sure:
            self.outside.subtract(settled(star, group, whole, self.given))
        slots = [self._slot(slot, star) for slot in star.slots if self._used(slot, star)]
        plan = Plan(star, slots, conditions, scope.loose or star.role == SPAN, self.most, alone=alone)
        if (
            star.outer
            and all(slot.column in (*CONSTANT, "number") for slot in slots)
            and any(slot.column == "number" for slot in slots)
        ):
            plan.names_only = True
            return fetch.fetch(plan, self.cells)
        if alone and scope.top and scope.select.where is group and scope.select.form == "SELECT":
            table = self.whole(star, place, group, scope, plan)
            if table is not None:
                return table
        more, covered = candidates(star, conditions, group, self.given, self.cells, self.ask)
        plan.conditions = conditions = [*conditions, *more]
        for name in star.nodes():
            scope.bound.setdefault(name, conditions if star.sure else [])
        if scope.top and scope.select.where is group:
            if alone and scope.select.form == "SELECT":
                mentions = self.outside
                kept = {slot.variable for slot in slots if self.inside[slot.variable] > 1}
                kept |= {"?" + name for name in self.given}
                made = grouping(scope.select, star, slots, mentions, kept, self.given)
                if made is not None and made.value is not None and summary.has_text(plan, self.cells):
                    made = None
                if made is not None:
                    rewrite(scope.select, star, made)
                    mentioned = Counter(in_select(scope.select))
                    mentioned.subtract(star.variables)
                    return summary.fetch(plan, made, self.cells, set(+mentioned))
            plan = enough(plan, scope.select, group, place, covered | whole, self.cells)
        return fetch.fetch(plan, self.cells)

    def whole(self, star: Star, place: Element, group: Group, scope: Scope, plan: Plan) -> Raw | None:
        """Answer a grouping query wholly in the columns; None where that is not possible."""
        if not self.cells.view.joins:
            return None
        try:
            made = whole(scope.select, star, place, self.given, lambda one: self.found.stars.get(id(one)))
            top = scope.select if self.direct and scope.select is self.select else None
            fetched = fetch_whole if self.cells.view.writes else gather
            table = fetched(plan, made, self.cells, self.ask, top)
        except Unlike:
            return None
        if isinstance(table, Table):
            self.table = table
            return Raw("", [])
        fit(scope.select, made, table)
        return table

    def _used(self, slot: Slot, star: Star) -> bool:
        name = slot.variable
        return (
            self.outside[name] > 0
            or self.inside[name] > 1
            or name[1:] in self.given
            or any(name in pair for pair in star.same)
        )

    def _slot(self, slot: Slot, star: Star) -> Slot:
        """Let a number stand for an observation or result that the query only joins by."""
        name = slot.variable
        if slot.column not in (OBSERVATION, RESULT) or self.outside[name] or name[1:] in self.given:
            return slot
        holders = self.holders[name]
        if any(one.column(name) not in (OBSERVATION, RESULT) for one in holders):
            return slot
        inner = [one for one in holders if one.outer]
        if len(holders) - len(inner) == 1 and all(self._of_series(one) for one in inner):
            return Slot(name, "number")
        return Slot(name, "rowid")

    def _of_series(self, star: Star) -> bool:
        """Whether a star asks nothing but what is constant of a series."""
        return all(one.series for one in star.conditions) and all(
            slot.column in CONSTANT
            or (slot.column in (OBSERVATION, RESULT) and not self.outside[slot.variable])
            for slot in star.slots
        )
