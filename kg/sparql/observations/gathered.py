"""Gathers the groups of a query from columns whose engine gives values alone, and writes the terms itself."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kg.sparql.observations.answer import check, fitted, table_of
from kg.sparql.observations.calendar import beginning
from kg.sparql.observations.columns import Cells, fraction
from kg.sparql.observations.fetch import Plan, source
from kg.sparql.observations.forms import (
    DECIMAL,
    IRI,
    LENGTH,
    MICRO,
    MOMENT,
    NUMBER,
    QUALITY,
    STRING,
    TERM,
    Form,
)
from kg.sparql.observations.groups import Calendar, Whole
from kg.sparql.observations.hourly import hourly, over_hours
from kg.sparql.observations.relation import Ask, Relation, Unlike, relation
from kg.sparql.observations.table import Column, Table, Unsortable, plain
from kg.sparql.observations.tree import Raw, Select

Write = Callable[[Any], str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {
    "%Y-%m-%d": timedelta(days=1),
    "%Y-%m-%dT%H": timedelta(hours=1),
    "%Y-%m-%dT%H:%M": timedelta(minutes=1),
}


def gather(plan: Plan, made: Whole, cells: Cells, ask: Ask, select: Select | None = None) -> Raw | Table:
    """Fetch the groups of a query; see ``kg.sparql.observations.answer.fetch_whole``."""
    if made.texts:
        raise Unlike
    related = _related(made, plan, cells, ask)
    table = table_of(made, related, micro=True)
    conditions = [*plan.conditions, *made.conditions]
    rolled = cells.view.hours and hourly(made, conditions, related)
    if related is not None:
        conditions.append(related.limits())
    text, values = source(conditions)
    if related is not None:
        joined, before = related.source()
        text = text.replace("FROM current r", f"FROM current r {joined}", 1)
        values = [*before, *values]
    sql = f"SELECT {', '.join(table.inner)} {text}" + (f" GROUP BY {', '.join(table.by)}" if table.by else "")
    rows = cells.view.rows(f"{over_hours(sql) if rolled else sql} LIMIT {plan.most + 1}", values)
    columns: dict[str, Sequence[Any]] = {one.rpartition(" AS ")[2]: () for one in table.inner}
    columns.update(zip(columns, zip(*rows, strict=True), strict=False))
    check(len(rows), 0, sum(number or 0 for number in columns["odd"]), plan, cells, micro=True)
    keys = [related.keys[n] for n in columns["k"]] if made.keys and related is not None else []
    cuts = {one.variable: one for one in made.calendars}
    writers = [
        _writer(form, cuts.get(name), cells)
        for name, (_, form) in zip(table.names[len(made.keys) :], table.forms, strict=True)
    ]
    texts = [
        [None if value is None else write(value) for value in columns[at]]
        for write, (at, _) in zip(writers, table.forms, strict=True)
    ]
    if select is not None and all(one.form is not None for one in made.calendars):
        asked = fitted(select, made)
        if plain(asked, table.names):
            try:
                return _table(made, keys, table.names, [form for _, form in table.forms], texts).shown(asked)
            except Unsortable:
                pass
    parts: list[Sequence[str]] = [[" ".join(key) for key in keys]] if made.keys else []
    parts += [_terms(form, column) for (_, form), column in zip(table.forms, texts, strict=True)]
    lines = "\n".join(f"({' '.join(row)})" for row in zip(*parts, strict=True))
    return Raw(f"{{ SELECT * {{ VALUES ({' '.join(table.names)}) {{\n{lines}\n}} }} }}", table.names)


def _related(made: Whole, plan: Plan, cells: Cells, ask: Ask) -> Relation | None:
    if made.asks:
        return relation(made.rest, made.constant, made.keys, made.bounds, plan.conditions, cells, ask)
    if not made.keys:
        return None
    numbered: dict[tuple[str, ...], int] = {}
    terms = {n: tuple(cells.series(n, made.constant[name]) for name in made.keys) for n in cells.names}
    keys = [numbered.setdefault(key, len(numbered)) for key in terms.values()]
    return Relation(True, [list(terms), keys, [1] * len(keys)], [], list(numbered))


def _table(
    made: Whole,
    keys: list[tuple[str, ...]],
    names: list[str],
    forms: list[Form],
    texts: list[list[str | None]],
) -> Table:
    found = Table()
    for at, name in enumerate(made.keys):
        found.columns[name] = Column(TERM, [None if key[at] == "UNDEF" else key[at] for key in keys])
    for name, form, column in zip(names[len(made.keys) :], forms, texts, strict=True):
        found.columns[name] = Column(form.datatype, column)
    return found


def _terms(form: Form, texts: Sequence[str | None]) -> list[str]:
    """Write texts as terms for VALUES."""
    if form.bare is not None:
        whole = form.datatype != DECIMAL
        return ["UNDEF" if t is None else t if whole or "." in t else t + ".0" for t in texts]
    if form.datatype == IRI:
        return ["UNDEF" if t is None else f"<{t}>" for t in texts]
    end = '"' if form.datatype == STRING else f'"^^<{form.datatype}>'
    return ["UNDEF" if t is None else f'"{t}{end}' for t in texts]


def _writer(form: Form, cut: Calendar | None, cells: Cells) -> Write:
    """Give what writes a value as the text of a literal, spelt as the engine does."""
    if form is QUALITY:
        return lambda number: cells.quality(number)[1:-1]
    if form in _WRITERS:
        return _WRITERS[form]
    assert cut is not None
    return _cut(beginning(cut.function))


def _cut(form: str) -> Write:
    """Give what writes the beginning of a time from what keeps it apart, such as days from 1970."""
    if form == "%Y":
        return lambda year: f"{year:04}"
    if form == "%Y-%m":
        return lambda month: f"{month // 100:04}-{month % 100:02}"
    length = len({"%Y-%m-%d": "2026-01-01", "%Y-%m-%dT%H": "2026-01-01T00"}.get(form, "2026-01-01T00:00"))
    return lambda number: (_EPOCH + number * _UNITS[form]).isoformat()[:length]


def _moment(micros: int) -> str:
    """Write a time.

    >>> _moment(1_500_000), _moment(60_000_000)
    ('1970-01-01T00:00:01.5Z', '1970-01-01T00:01:00Z')
    """
    text = (_EPOCH + timedelta(microseconds=micros)).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def _decimal(micros: int) -> str:
    return fraction(micros, 6).rstrip("0").rstrip(".")


def _length(micros: int) -> str:
    """Write a length.

    >>> _length(0), _length(900_000_000), _length(90_061_500_000), _length(86_400_000_000)
    ('PT0S', 'PT15M', 'P1DT1H1M1.5S', 'P1D')
    """
    days, rest = divmod(micros, 86_400_000_000)
    hours, rest = divmod(rest, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    seconds = fraction(rest, 6).rstrip("0").rstrip(".")
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    clock += f"{seconds}S" if rest else ""
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "") if micros else "PT0S"


_WRITERS: dict[Form, Write] = {MOMENT: _moment, NUMBER: str, MICRO: _decimal, LENGTH: _length}
