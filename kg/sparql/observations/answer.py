"""Fetches the groups of a query from the columns, each a row of an inline table, and fits the query to it."""

from dataclasses import dataclass, field, replace
from typing import Any

from kg.sparql.observations.columns import Cells
from kg.sparql.observations.fetch import Plan, source, too_many
from kg.sparql.observations.forms import MICRO, MILLI, MOMENT, NUMBER, QUALITY, TERM, TEXT, Form, texts
from kg.sparql.observations.groups import COUNT, LEAST, MOST, SUM, Texts, Whole, end_of, put
from kg.sparql.observations.relation import PLACE, Ask, Relation, Unlike, relation
from kg.sparql.observations.same_names import Crossed, SameNames, same_names
from kg.sparql.observations.stars import Condition
from kg.sparql.observations.table import Column, Table, Unsortable, plain
from kg.sparql.observations.tree import Bind, Element, Expression, Filter, Raw, Select
from kg.sparql.observations.variables import in_element, in_expression
from kg.sparql.observations.vocabulary import SQL

#: What groups are joined with that are told apart by more than times.
Related = Relation | SameNames | Crossed
#: How many groups, and values that need millionths, or are kept as text.
_CHECKED = "count(*), sum(g.fine), sum(g.odd)"


def fetch_whole(plan: Plan, made: Whole, cells: Cells, ask: Ask, select: Select | None = None) -> Raw | Table:
    """Fetch the groups of a query.

    Args:
        plan: the star and what is known of it.
        made: how the query is answered.
        cells: the columns.
        ask: answers a query over the graph.
        select: the query, where its rows are wanted themselves if the groups are all that it asks for.

    Returns:
        An inline table of the groups; or the rows of the query.

    Raises:
        Unlike: the graph says around the star what SQL cannot take.
        kg.errors.QueryError: there are too many groups.
    """
    related = _related(made, plan, cells, ask)
    try:
        return _fetch(plan, made, cells, related, select, micro=False)
    except _Finer:
        return _fetch(plan, made, cells, related, select, micro=True)


class _Finer(Exception):
    """Some values have more than three digits after the point."""


def _fetch(
    plan: Plan, made: Whole, cells: Cells, related: Related | None, select: Select | None, *, micro: bool
) -> Raw | Table:
    """Fetch the groups, with sums in thousandths or millionths."""
    table = table_of(made, related, micro)
    conditions = [*plan.conditions, *made.conditions]
    if related is not None:  # where each row is about one series, those alone are left
        kept = [one for one in conditions if not (related.linked and one.series)]
        conditions = [*kept, related.limits()]
    text, values = source(conditions)
    if made.texts and _number(cells, [*plan.conditions, *made.conditions]) > plan.most:
        raise Unlike
    if related is not None:
        joined, before = related.source()
        text = text.replace("FROM current r", f"FROM current r {joined}", 1)
        values = [*before, *values]
    sql = f"SELECT {', '.join(table.inner)} {text}" + (f" GROUP BY {', '.join(table.by)}" if table.by else "")
    groups = f"FROM (SELECT * FROM ({sql}) LIMIT {plan.most + 1}) g"
    direct = select is not None and all(one.form is not None for one in made.calendars)
    if direct and select is not None and plain(fitted(select, made), table.names):
        forms = [*[("k", NUMBER)] * bool(made.keys), *table.forms]
        told = ", ".join(form.column(f"g.{at}") for at, form in forms)
        number, fine, odd, *texts = cells.view.rows(f"SELECT {_CHECKED}, {told} {groups}", values)[0]
        check(number, fine, odd, plan, cells, micro)
        columns = [form.cells(text) for (_, form), text in zip(forms, texts, strict=True)]
        try:
            return _rows(made, related, table, columns, cells).shown(fitted(select, made))
        except Unsortable:
            pass
    outer, terms, last = "", "", list[Any]()
    if made.keys and related is not None:
        outer, terms, last = related.spelt()
    row = " || ' ' || ".join([terms] * bool(made.keys) + [form.term(f"g.{at}") for at, form in table.forms])
    number, fine, odd, rows = cells.view.rows(
        f"SELECT {_CHECKED}, string_agg('(' || {row} || ')', chr(10)) {groups}{outer}", [*values, *last]
    )[0]
    check(number, fine, odd, plan, cells, micro)
    return Raw(f"{{ SELECT * {{ VALUES ({' '.join(table.names)}) {{\n{rows or ''}\n}} }} }}", table.names)


def fit(select: Select, made: Whole, table: Raw) -> None:
    """Let a query read its groups from a table, in place."""
    elements: list[Element] = [table]
    for n, one in enumerate(made.calendars):
        if one.form is None:
            elements.append(Bind(put(one.function, one.slot.variable, f"?__time{n}"), one.variable))
    elements += [Filter(having) for having in made.having]
    select.where.elements[:] = elements
    select.items, select.ordered = made.items, made.ordered
    select.grouped, select.having = [], []


def fitted(select: Select, made: Whole) -> Select:
    """Give a query as it reads its groups, without its pattern."""
    return replace(select, items=made.items, ordered=made.ordered, having=made.having, grouped=[])


def _rows(
    made: Whole, related: Related | None, table: "_Table", columns: list[list[Any]], cells: Cells
) -> Table:
    """Put the groups together as rows."""
    found = Table()
    if made.keys and related is not None:
        numbers = columns.pop(0)
        places = {text: n for n, text in enumerate(dict.fromkeys(numbers))}
        keys = [int(text or 0) for text in places]
        terms = related.terms(keys, cells)
        rows = [places[text] for text in numbers]
        for at, name in enumerate(made.keys):
            shown = [terms[key][at] for key in keys]
            found.columns[name] = Column(TERM, [None if term == "UNDEF" else term for term in shown], rows)
    names = table.names[len(made.keys) :]
    for name, (_, form), column in zip(names, table.forms, columns, strict=True):
        found.columns[name] = Column(form.datatype, column)
    return found


def check(number: int, fine: int | None, odd: int | None, plan: Plan, cells: Cells, micro: bool) -> None:
    """Look at how many groups there are, and at their values.

    Raises:
        Unlike: some are kept as text, which SQL does not sum up.
    """
    if number > plan.most:
        raise too_many(plan, cells)
    if odd:
        raise Unlike
    if fine and not micro:
        raise _Finer


def _related(made: Whole, plan: Plan, cells: Cells, ask: Ask) -> Related | None:
    if not made.asks:
        return same_names(made.constant, made.keys, plan.conditions) if made.keys else None
    told = {name for one in made.rest if one is not PLACE for name in in_element(one)}
    own = [name for name in made.keys if name in made.constant and name not in told]
    if not own or told & made.constant.keys():
        return relation(made.rest, made.constant, made.keys, made.bounds, plan.conditions, cells, ask)
    made.keys = [*(name for name in made.keys if name not in own), *own]
    said = made.keys[: -len(own)]
    return Crossed(
        relation(made.rest, {}, said, made.bounds, plan.conditions, cells, ask),
        same_names(made.constant, own, plan.conditions),
    )


def table_of(made: Whole, related: Related | None, micro: bool) -> "_Table":
    """Write the table's variables, the form of each of its columns, what SQL selects, and groups by."""
    weight = "" if related is None or related.single else " * w.m"
    table = _Table()
    if made.keys:
        table.names += made.keys
        key = "w.k" if related is None else related.key
        table.inner.append(f"{key} AS k")
        table.by.append(key)
    for slot in made.slots:
        sql, form = _SLOTS.get(slot.column) or (SQL[slot.column], MOMENT)
        table.by.append(sql)
        table.add(slot.variable, sql, form)
    for n, one in enumerate(made.calendars):
        table.by += one.sql
        if one.form is not None:
            table.add(one.variable, one.sql[0], one.form)
        else:  # a time that stands for all of which the function is the same
            table.add(f"?__time{n}", f"min({SQL[one.slot.column]})", MOMENT)
    total = [f"coalesce(sum(r.{part}{weight}), 0)" for part in ("milli", "micro")]
    decimal = MICRO if micro else MILLI
    value = SQL["value"] if micro else "r.milli"
    sums: dict[str, tuple[str, Form]] = {
        COUNT: ("count(*)" if not weight else "coalesce(sum(w.m), 0)", NUMBER),
        SUM: (f"{total[0]}::HUGEINT * 1000 + {total[1]}::HUGEINT" if micro else total[0], decimal),
        LEAST: (f"min({value})", decimal),
        MOST: (f"max({value})", decimal),
        **{end_of(c, word): (f"{word}({SQL[c]})", MOMENT) for c in made.ends for word in ("MIN", "MAX")},
        **{name: (f"count(DISTINCT {sql})", NUMBER) for name, sql in made.distinct.items()},
        **{name: (_together(one, weight), TEXT) for name, one in made.texts.items()},
    }
    counted = ("count(r.micro)", "count(r.exact)") if made.values else ("0", "0")
    table.inner += [f"{counted[0]} AS fine", f"{counted[1]} AS odd"]
    used = {name for e in _expressions(made) for name in in_expression(e)}
    for name, (sql, form) in sums.items():
        if name in used or not table.names:
            table.add(name, sql, form)
            used.add(name)
    return table


def _number(cells: Cells, conditions: list[Condition]) -> int:
    """Count the readings that fulfil conditions."""
    text, values = source(conditions)
    return int(cells.view.rows(f"SELECT count(*) {text}", values)[0][0])


def _together(one: Texts, weight: str) -> str:
    """Write what puts texts together; where rows count more than once only SPARQL knows how."""
    if weight and not one.distinct:
        raise Unlike
    form = MICRO if one.column == "value" else MOMENT
    return texts(form, SQL[one.column], one.separator, distinct=one.distinct)


@dataclass(slots=True)
class _Table:
    """Variables of a table, name and form of its columns but the keys', what SQL selects, and groups by."""

    names: list[str] = field(default_factory=list)
    forms: list[tuple[str, Form]] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    by: list[str] = field(default_factory=list)

    def add(self, name: str, sql: str, form: Form) -> None:
        """Add a column."""
        at = f"c{len(self.inner)}"
        self.names.append(name)
        self.inner.append(f"{sql} AS {at}")
        self.forms.append((at, form))


def _expressions(made: Whole) -> list[Expression]:
    return [*made.having, *(item.expression for item in (*made.items, *made.ordered))]


#: SQL of further columns that can be grouped by, and what writes them.
_SLOTS: dict[str, tuple[str, Form]] = {
    "quality": ("r.quality", QUALITY),
    "confidence": ("r.confidence", NUMBER),
}
