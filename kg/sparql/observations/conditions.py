"""Filters as conditions in SQL: what certainly leaves out readings, and whether it says just the same."""

import math
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from kg.graphs import lexical
from kg.namespaces import XSD
from kg.readings.column_batch import micros
from kg.sparql.observations.calendar import WHOLE_NUMBERS, calendar
from kg.sparql.observations.doubles import double, span
from kg.sparql.observations.stars import Condition, Star
from kg.sparql.observations.tree import Expression, Filter, Group
from kg.sparql.observations.variables import in_expression
from kg.sparql.observations.vocabulary import SQL, TIMES
from kg.times import moment

_OPERATORS = {"=": "=", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_TIME, _DECIMALS = f"^^<{XSD}dateTime>", (f"^^<{XSD}decimal>", f"^^<{XSD}integer>")
_MOST = 10**30


def parts(expression: Expression) -> Iterator[Expression]:
    """Give the conditions that all must hold for an expression to hold."""
    if expression.kind == "op" and expression.text == "&&":
        for part in expression.of:
            yield from parts(part)
    else:
        yield expression


def condition(part: Expression, star: Star, given: Mapping[str, str]) -> Condition | None:
    """Write a condition of a filter in SQL; None where it is not one over a star's column and constants.

    Args:
        part: a condition.
        star: the star.
        given: terms that variables are bound to from outside.
    """
    if part.kind == "op" and part.text == "||":
        return _either(part, star, given)
    if part.kind == "in" and not part.text and part.of[0].kind == "term":
        column = star.column(part.of[0].text)
        terms = [constant(item, given) for item in part.of[1:]]
        if (
            column in ("series", "resource", "property", "unit")
            and terms
            and all(t and t[0] == "<" for t in terms)
        ):
            marks = ", ".join("?" * len(terms))
            name = "iri" if column == "series" else column
            values = tuple(term[1:-1] for term in terms if term)
            return Condition(f"n.{name} IN ({marks})", values, series=True)
        return None
    if part.kind == "call" and part.text == "SAMETERM" and len(part.of) == 2:
        part = Expression("op", "=", part.of)
        if not any((constant(side, given) or "").startswith("<") for side in part.of):
            return None
    found = comparison(part, star)
    if found is None:
        return _of_calendar(part, star, given)
    column, operator, other = found
    term = constant(other, given)
    if term is None:
        return None
    if column in ("series", "resource", "property", "unit"):
        if term[0] != "<" or operator not in ("=", "!="):
            return None
        name = "iri" if column == "series" else column
        return Condition(f"n.{name} {_OPERATORS[operator]} ?", (term[1:-1],), series=True)
    if column in TIMES:
        return _of_time(column, operator, term)
    return _of_value(operator, term) if column == "value" else None


def settled(star: Star, group: Group, exact: Container[int], given: Mapping[str, str]) -> list[str]:
    """Take filters on times out of a group that SQL fulfils: no row of distinct ones needs its time then.

    Args:
        star: the star, of which nothing is in the graph.
        group: its group; changed in place.
        exact: expressions that the star's conditions fulfil wholly, by ``id``.
        given: terms that variables are bound to from outside.

    Returns:
        The variables of the filters, each as often as it stood there.
    """
    gone: list[str] = []
    for element in list(group.elements):
        if isinstance(element, Filter) and id(element.expression) in exact:
            names = list(in_expression(element.expression))
            if {star.column(name) for name in names if name[1:] not in given} <= TIMES:
                group.elements.remove(element)
                gone += names
    return gone


def comparison(part: Expression, star: Star) -> tuple[str, str, Expression] | None:
    """Read ``?x op something``, either way round, ``?x`` being a star's: column, operator, the other side."""
    if part.kind != "op" or part.text not in _OPERATORS:
        return None
    left, right = part.of
    for side, other, operator in ((left, right, part.text), (right, left, _TURNED[part.text])):
        column = star.column(side.text) if side.kind == "term" else None
        if column is not None:
            return column, operator, other
    return None


def constant(expression: Expression, given: Mapping[str, str]) -> str | None:
    """Give the term that an expression is, whatever the solution; None where it depends on one."""
    if expression.kind == "term":
        return given.get(expression.text[1:]) if expression.text[0] == "?" else expression.text
    if expression.kind == "call" and expression.text == f"<{XSD}dateTime>" and len(expression.of) == 1:
        term = constant(expression.of[0], given)
        if term and term[0] == '"' and "^^" not in term and not term.startswith('"""'):
            return f"{term}{_TIME}"
    return None


def instant(term: str) -> datetime | None:
    """Read a literal as a time with zone, exactly; None where it is none."""
    if term[0] != '"' or not term.endswith(_TIME):
        return None
    text = lexical(term[: -len(_TIME)])
    fraction = text.partition(".")[2]
    digits = fraction[: next((n for n, c in enumerate(fraction) if not c.isdigit()), len(fraction))]
    time = moment(text) if len(digits) <= 6 else None
    if time is None or time.tzinfo is None:
        return None
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def _either(part: Expression, star: Star, given: Mapping[str, str]) -> Condition | None:
    """Write that one of two conditions holds, each of them exact, or several that all must hold."""
    written: list[str] = []
    values: list[Any] = []
    series: set[bool] = set()
    for side in part.of:
        read = [condition(one, star, given) for one in parts(side)]
        both = [one for one in read if one is not None and one.exact]
        if len(both) < len(read):
            return None
        series.update(one.series for one in both)
        written.append(" AND ".join(one.sql for one in both))
        values += [value for one in both for value in one.values]
    if len(series) > 1:
        return None
    return Condition(f"(({written[0]}) OR ({written[1]}))", tuple(values), series=series == {True})


def _of_calendar(part: Expression, star: Star, given: Mapping[str, str]) -> Condition | None:
    """Write the comparison of a calendar function that is a whole number with another whole number."""
    if part.kind != "op" or part.text not in _OPERATORS:
        return None
    left, right = part.of
    for side, other, operator in ((left, right, part.text), (right, left, _TURNED[part.text])):
        term = constant(other, given) or ""
        number = lexical(term[: -len(_DECIMALS[1])]) if term.endswith(_DECIMALS[1]) else term
        if side.kind != "call" or side.text not in WHOLE_NUMBERS or not number.lstrip("+-").isdecimal():
            continue
        for slot in star.slots:
            keys = calendar(side, slot) if slot.column in TIMES and len(number) < 10 else None
            if keys:
                return Condition(f"{keys[0]} {_OPERATORS[operator]} ?", (int(number),))
    return None


def _of_time(column: str, operator: str, term: str) -> Condition | None:
    time = instant(term)
    if time is None:
        return None
    return Condition(f"{SQL[column]} {_OPERATORS[operator]} make_timestamp(?)", (micros(time),))


def _of_value(operator: str, term: str) -> Condition | None:
    number = double(term)
    if number is not None:
        first, after = span(number)
        value = SQL["value"]
        sql, values = {
            ">": (f"{value} >= ?", (after,)),
            ">=": (f"{value} >= ?", (first,)),
            "<": (f"{value} < ?", (first,)),
            "<=": (f"{value} < ?", (after,)),
            "=": (f"{value} >= ? AND {value} < ?", (first, after)),
            "!=": (f"{value} < ? OR {value} >= ?", (first, after)),
        }[operator]
        return Condition(f"(({sql}) OR r.exact IS NOT NULL)", values)
    text = next(
        (lexical(term[: -len(end)]) for end in _DECIMALS if term[0] == '"' and term.endswith(end)), term
    )
    if text[0] in "\"'<" or text.lower() in ("true", "false") or "e" in text.lower():
        return None
    try:
        bound = Decimal(text) * 1_000_000
    except InvalidOperation:
        return None
    if not bound.is_finite() or abs(bound) > _MOST:
        return None
    low, high = math.floor(bound), math.ceil(bound)
    value = SQL["value"]
    match operator:
        case "=":
            sql, number = (f"{value} = ?", low) if low == high else ("false AND ? IS NULL", low)
        case "!=":
            sql, number = (
                (f"{value} <> ?", low) if low == high else (f"{value} IS NOT NULL AND ? IS NOT NULL", low)
            )
        case ">" | "<=":
            sql, number = f"{value} {operator} ?", low
        case _:
            sql, number = f"{value} {operator} ?", high
    return Condition(f"(({sql}) OR r.exact IS NOT NULL)", (number,))
