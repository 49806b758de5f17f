"""Grouping in the columns: one row for each group that a query tells apart: count, sum, least, most.

SUM, COUNT, AVG, MIN and MAX in the query's text are rewritten over these; calendar functions, joins with the
graph, HAVING and ORDER BY stay the engine's, on a time that stands for its group.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from kg.namespaces import XSD
from kg.sparql.observations.calendar import calendar
from kg.sparql.observations.conditions import condition, parts
from kg.sparql.observations.stars import Star
from kg.sparql.observations.tree import AGGREGATES, Bind, Expression, Filter, Select
from kg.sparql.observations.variables import in_expression
from kg.sparql.observations.vocabulary import TIMES, Slot

COUNT, SUM, LEAST, MOST = "?__n", "?__sum", "?__least", "?__most"


@dataclass(slots=True)
class Grouping:
    """How a star is grouped.

    Args:
        keys: slots whose values keep rows apart.
        calendars: SQL of what else keeps rows apart.
        times: slots of times that stand for their group.
        value: the slot of the value, where it is summed up.
        shown: whether the least value stands for the group, for a filter on it.
    """

    keys: list[Slot] = field(default_factory=list)
    calendars: dict[str, None] = field(default_factory=dict)
    times: list[Slot] = field(default_factory=list)
    value: Slot | None = None
    shown: bool = False


def grouping(
    select: Select,
    star: Star,
    used: list[Slot],
    mentions: Mapping[str, int],
    kept: Container[str],
    given: Mapping[str, str],
) -> Grouping | None:
    """Find out how a star of a grouping query can be grouped in the columns; None where it cannot.

    Args:
        select: the query or sub-select, with the star at the top of its pattern.
        star: the star.
        used: its slots that the query mentions elsewhere.
        mentions: how often the query mentions each variable elsewhere.
        kept: variables that stay what they are: other stars have them, or they are bound from outside.
        given: terms that variables are bound to from outside.
    """
    if not star.sure or star.same or star.outer or not select.aggregates:
        return None
    if not all(_weighable(call) for call in aggregates(select)):
        return None
    made = Grouping()
    for slot in used:
        name = slot.variable
        if name in kept:
            made.keys.append(slot)
            continue
        if slot.column in TIMES:
            calendars: dict[str, None] = {}
            number = _filters(select, star, slot, given)
            for expression in _expressions(select):
                number += _calendar_uses(expression, slot, calendars)
            number += sum(1 for call in aggregates(select) if call.text in ("MIN", "MAX") and _is(call, name))
            if number == mentions[name]:
                made.times.append(slot)
                made.calendars.update(calendars)
                continue
        if slot.column == "value":
            filtered = _filters(select, star, slot, given)
            number = filtered + sum(1 for call in aggregates(select) if _takes(call, name))
            if number == mentions[name]:
                made.value, made.shown = slot, filtered > 0
                continue
        if slot.column in ("observation", "result") and mentions[name] == sum(
            1 for call in aggregates(select) if call.text == "COUNT" and not call.distinct and _is(call, name)
        ):
            continue
        made.keys.append(slot)
    if len({slot.column for slot in made.times}) < len(made.times):
        return None
    if any(slot.column in ("observation", "result", "rowid") for slot in made.keys):
        return None
    return made


def rewrite(select: Select, star: Star, made: Grouping) -> None:
    """Let the aggregates of a query count and sum up groups; in place."""
    for call in aggregates(select):
        name = made.value.variable if made.value else ""
        slot = next((s for s in made.times if _is(call, s.variable)), None)
        if slot is not None and call.text in ("MIN", "MAX"):
            call.of = [_term(f"?__{'first' if call.text == 'MIN' else 'last'}_{slot.column}")]
        elif call.text in ("MIN", "MAX") and name and _is(call, name):
            call.of = [_term(LEAST if call.text == "MIN" else MOST)]
        elif call.distinct or call.text in ("MIN", "MAX", "SAMPLE"):
            continue
        elif call.text == "COUNT":
            counted = call.of[0].text if call.of else ""
            if not counted or counted in star.variables:
                weight = _term(COUNT)
            else:
                bound = Expression("call", "BOUND", [_term(counted)])
                weight = Expression("call", "IF", [bound, _term(COUNT), _term("0")])
            call.text, call.of, call.rest = "SUM", [weight], ""
        else:
            whole = _weighted(call.of[0], name)
            total = Expression("call", "SUM", [whole])
            if call.text == "SUM":
                call.of = [whole]
                continue
            number = Expression("call", "SUM", [_term(COUNT)])
            none = Expression("op", "=", [number, _term("0")])
            call.text, call.of = "IF", [none, _term("0"), Expression("op", "/", [total, number])]


def aggregates(select: Select) -> list[Expression]:
    """Give the aggregates of a query, without those of its sub-selects."""
    return [
        part
        for expression in (*(i.expression for i in (*select.items, *select.ordered)), *select.having)
        for part in expression.walk()
        if part.kind == "call" and part.text in AGGREGATES
    ]


def _expressions(select: Select) -> Iterator[Expression]:
    """Give the expressions in which a calendar function of a time may stand."""
    for item in (*select.items, *select.grouped, *select.ordered):
        yield item.expression
    yield from select.having
    for element in select.where.elements:
        if isinstance(element, Filter | Bind):
            yield element.expression


def _calendar_uses(expression: Expression, slot: Slot, calendars: dict[str, None]) -> int:
    """Count how often a time stands in a calendar function, and note what keeps its groups apart."""
    keys = calendar(expression, slot)
    if keys is not None:
        calendars.update(dict.fromkeys(keys))
        return sum(1 for name in in_expression(expression) if name == slot.variable)
    return sum(_calendar_uses(part, slot, calendars) for part in expression.of)


def _filters(select: Select, star: Star, slot: Slot, given: Mapping[str, str]) -> int:
    """Count the conditions on a slot itself, no calendar function of it, that the columns fulfil exactly."""
    number, name = 0, slot.variable
    for element in select.where.elements:
        if isinstance(element, Filter):
            for part in parts(element.expression):
                names = list(in_expression(part))
                if names.count(name) != 1 or _calendar_uses(part, slot, {}):
                    continue
                if (found := condition(part, star, given)) and found.exact:
                    number += 1
    return number


def _weighable(call: Expression) -> bool:
    """Whether an aggregate can be told of groups what it would be told of rows."""
    if call.text in ("MIN", "MAX", "SAMPLE") or call.distinct:
        return True
    if call.text == "COUNT":
        return not call.of or (call.of[0].kind == "term" and call.of[0].text[0] == "?")
    return call.text in ("SUM", "AVG")


def _takes(call: Expression, name: str) -> bool:
    """Whether an aggregate takes a value in a way that a sum, least or most of its group can stand for."""
    if call.text in ("MIN", "MAX"):
        return _is(call, name)
    if call.distinct or call.text not in ("SUM", "AVG", "COUNT"):
        return False
    return _is(call, name) or (call.text != "COUNT" and bool(call.of) and linear(call.of[0], name))


def linear(found: Expression, name: str) -> bool:
    """Whether an expression is a multiple of a variable, exactly."""
    if found.kind == "term":
        return found.text == name
    if found.kind == "sign":
        return linear(found.of[0], name)
    if found.kind != "op" or list(in_expression(found)).count(name) != 1:
        return False
    left, right = found.of
    if found.text == "*":
        mine, other = (left, right) if name in in_expression(left) else (right, left)
        return linear(mine, name) and not any(_rounds(part) for part in other.walk())
    return found.text == "/" and linear(left, name) and right.kind == "term" and _divides(right.text)


def _rounds(found: Expression) -> bool:
    """Whether an expression is a number that is not exact: a double or float."""
    text = found.text
    exponent = text[0] not in "\"'<?" and "e" in text.lower() if found.kind == "term" else False
    return exponent or (found.kind == "term" and text.endswith((f"^^<{XSD}double>", f"^^<{XSD}float>")))


def _divides(text: str) -> bool:
    """Whether dividing by a number leaves few enough digits to be exact."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return (
        number != 0 and "e" not in text.lower() and (1_000_000 / number) % 1 == 0 and abs(number) < 1_000_000
    )


def _weighted(found: Expression, name: str) -> Expression:
    """Give what to sum up over groups in the place of an expression."""
    if name and name in in_expression(found):
        return _replaced(found, name)
    return Expression("op", "*", [found, _term(COUNT)])


def _replaced(found: Expression, name: str) -> Expression:
    if found.kind == "term":
        return _term(SUM) if found.text == name else found
    found.of = [_replaced(part, name) for part in found.of]
    return found


def _is(call: Expression, name: str) -> bool:
    return len(call.of) == 1 and call.of[0].kind == "term" and call.of[0].text == name


def _term(text: str) -> Expression:
    return Expression("term", text)
