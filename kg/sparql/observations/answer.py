"""Fetches the groups of a query from the columns, each a row of an inline table, and fits the query to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from kg.namespaces import XSD
from kg.sparql.observations.calendar import WHOLE_NUMBERS
from kg.sparql.observations.columns import Cells
from kg.sparql.observations.fetch import Plan, source, too_many
from kg.sparql.observations.groups import COUNT, LEAST, MOST, SUM, Whole, end_of, put
from kg.sparql.observations.relation import Ask, Relation, Unlike, of_names, relation
from kg.sparql.observations.tree import Bind, Element, Expression, Filter, Raw, Select
from kg.sparql.observations.variables import in_expression
from kg.sparql.observations.vocabulary import SQL


def fetch_whole(plan: Plan, made: Whole, cells: Cells, ask: Ask) -> Raw:
    """Fetch the groups of a query.

    Args:
        plan: the star and what is known of it.
        made: how the query is answered.
        cells: the columns.
        ask: answers a query over the graph.

    Raises:
        Unlike: the graph says around the star what SQL cannot take.
        kg.errors.QueryError: there are too many groups.
    """
    micro = made.values and _finer(plan, cells)
    related = _related(made, plan, cells, ask)
    names, shown, inner, by = _columns(made, related, micro)
    conditions = [*plan.conditions, *made.conditions]
    if related is not None:  # where each row is about one series, those alone are left
        kept = [one for one in conditions if not (related.linked and one.series)]
        conditions = [*kept, related.limits()]
    text, values = source(conditions)
    outer, last = "", []
    if related is not None:
        joined, before = related.source()
        text = text.replace("FROM current r", f"FROM current r {joined}", 1)
        values = [*before, *values]
        if made.keys:
            outer = " JOIN (SELECT unnest(?::BIGINT[]) AS k, unnest(?::VARCHAR[]) AS terms) d ON d.k = g.k"
            last = [list(range(len(related.keys))), [" ".join(key) for key in related.keys]]
    sql = f"SELECT {', '.join(inner)} {text}" + (f" GROUP BY {', '.join(by)}" if by else "")
    row = " || ' ' || ".join(shown)
    found = cells.view.rows(
        f"SELECT count(*), string_agg('(' || {row} || ')', chr(10))"
        f" FROM (SELECT * FROM ({sql}) LIMIT {plan.most + 1}) g{outer}",
        [*values, *last],
    )
    number, rows = found[0]
    if number > plan.most:
        raise too_many(plan, cells)
    return Raw(f"{{ SELECT * {{ VALUES ({' '.join(names)}) {{\n{rows or ''}\n}} }} }}", names)


def fit(select: Select, made: Whole, table: Raw) -> None:
    """Let a query read its groups from a table, in place."""
    elements: list[Element] = [table]
    for n, one in enumerate(made.calendars):
        if one.function.text not in WHOLE_NUMBERS and not one.length:
            elements.append(Bind(put(one.function, one.slot.variable, f"?__time{n}"), one.variable))
    elements += [Filter(having) for having in made.having]
    select.where.elements[:] = elements
    select.items, select.ordered = made.items, made.ordered
    select.grouped, select.having = [], []


def _finer(plan: Plan, cells: Cells) -> bool:
    """Whether some values have more than three digits after the point.

    Raises:
        Unlike: some are kept as text, which SQL does not sum up.
    """
    text, values = source(plan.conditions)
    finer, texts = cells.view.rows(f"SELECT count(r.micro), count(r.exact) {text}", values)[0]
    if texts:
        raise Unlike
    return bool(finer)


def _related(made: Whole, plan: Plan, cells: Cells, ask: Ask) -> Relation | None:
    if made.asks:
        return relation(made.rest, made.constant, made.keys, made.bounds, plan.conditions, cells, ask)
    return of_names(made.constant, made.keys, plan.conditions, cells) if made.keys else None


def _columns(
    made: Whole, related: Relation | None, micro: bool
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Write the table's variables, the text of each of its columns, what SQL selects, and groups by."""
    weight = "" if related is None or related.single else " * w.m"
    table = _Table()
    if made.keys:
        table.names += made.keys
        table.shown.append("d.terms")
        table.inner.append("w.k AS k")
        table.by.append("w.k")
    for slot in made.slots:
        sql, write = _SLOTS.get(slot.column) or (SQL[slot.column], _moment)
        table.by.append(sql)
        table.add(slot.variable, sql, write)
    for n, one in enumerate(made.calendars):
        table.by += one.sql
        if one.function.text in WHOLE_NUMBERS:
            table.add(one.variable, one.sql[0], _number)
        elif one.length:
            table.add(one.variable, one.sql[0], _length)
        else:  # a time that stands for all of which the function is the same
            table.add(f"?__time{n}", f"min({SQL[one.slot.column]})", _moment)
    total = [f"coalesce(sum(r.{part}{weight}), 0)" for part in ("milli", "micro")]
    decimal = partial(_decimal, digits=6 if micro else 3)
    value = SQL["value"] if micro else "r.milli"
    sums: dict[str, tuple[str, Callable[[str], str]]] = {
        COUNT: ("count(*)" if not weight else "coalesce(sum(w.m), 0)", str),
        SUM: (f"{total[0]}::HUGEINT * 1000 + {total[1]}::HUGEINT" if micro else total[0], decimal),
        LEAST: (f"min({value})", decimal),
        MOST: (f"max({value})", decimal),
        **{end_of(c, word): (f"{word}({SQL[c]})", _moment) for c in made.ends for word in ("MIN", "MAX")},
        **{name: (f"count(DISTINCT {sql})", str) for name, sql in made.distinct.items()},
    }
    used = {name for e in _expressions(made) for name in in_expression(e)}
    for name, (sql, write) in sums.items():
        if name in used or not table.names:
            table.add(name, sql, write)
            used.add(name)
    return table.names, table.shown, table.inner, table.by


@dataclass(slots=True)
class _Table:
    """Variables of a table, the text of its columns over ``g``, what SQL selects for ``g``, and groups by."""

    names: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    by: list[str] = field(default_factory=list)

    def add(self, name: str, sql: str, write: Callable[[str], str]) -> None:
        """Add a column."""
        at = f"c{len(self.inner)}"
        self.names.append(name)
        self.inner.append(f"{sql} AS {at}")
        self.shown.append(write(f"g.{at}"))


def _expressions(made: Whole) -> list[Expression]:
    return [*made.having, *(item.expression for item in (*made.items, *made.ordered))]


def _moment(time: str) -> str:
    """Write a timestamp in SQL as a term; nothing where there is none."""
    form = "'%Y-%m-%dT%H:%M:%S'"
    part = f"CASE WHEN epoch_us({time}) % 1000000 = 0 THEN '' ELSE strftime({time}, '.%f') END"
    return f"coalesce('\"' || strftime({time}, {form}) || {part} || 'Z\"^^<{XSD}dateTime>', 'UNDEF')"


def _number(number: str) -> str:
    """Write a whole number in SQL; nothing where there is none."""
    return f"coalesce({number}::VARCHAR, 'UNDEF')"


def _quality(number: str) -> str:
    """Write a quality by its number in SQL; nothing where there is none."""
    return f"coalesce('<' || (SELECT q.iri FROM qualities q WHERE q.id = {number}) || '>', 'UNDEF')"


def _length(micros: str) -> str:
    """Write microseconds in SQL as a duration, spelt as the engine does; nothing where there are none."""
    day, second = 86_400_000_000, 1_000_000
    units = ((day, day * 10**6, "D"), (3_600 * second, day, "H"), (60 * second, 3_600 * second, "M"))
    days, hours, minutes = (
        f"CASE WHEN {micros} % {above} >= {unit} THEN ({micros} % {above}) // {unit} || '{name}' ELSE '' END"
        for unit, above, name in units
    )
    rest = f"{micros} % {60 * second}"
    seconds = (
        f"CASE WHEN {rest} = 0 THEN '' WHEN {rest} % {second} = 0 THEN {rest} // {second} || 'S'"
        f" ELSE rtrim(format('{{}}.{{:06d}}', {rest} // {second}, {rest} % {second}), '0') || 'S' END"
    )
    clock = f"CASE WHEN {micros} % {day} = 0 THEN '' ELSE 'T' || {hours} || {minutes} || {seconds} END"
    text = f"CASE WHEN {micros} = 0 THEN 'PT0S' ELSE 'P' || {days} || {clock} END"
    return f"CASE WHEN {micros} IS NULL THEN 'UNDEF' ELSE '\"' || {text} || '\"^^<{XSD}dayTimeDuration>' END"


def _decimal(number: str, digits: int) -> str:
    """Write thousandths or millionths in SQL as a decimal."""
    return f"coalesce(({number}::DECIMAL(32, 0) * {Decimal(1).scaleb(-digits):f})::VARCHAR, 'UNDEF')"


#: SQL of further columns that can be grouped by, and what writes them.
_SLOTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "quality": ("r.quality", _quality),
    "confidence": ("r.confidence", _number),
}
