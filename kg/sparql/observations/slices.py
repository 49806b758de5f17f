"""LIMIT: how many rows of a star are enough, where the rest of its group leaves none of them out."""

from kg.sparql.observations.columns import Cells
from kg.sparql.observations.fetch import Plan, source
from kg.sparql.observations.stars import Condition
from kg.sparql.observations.tree import Element, Filter, Group, Part, Select
from kg.sparql.observations.vocabulary import SQL, TIMES


def enough(plan: Plan, select: Select, group: Group, place: Element, covered: set[int], cells: Cells) -> Plan:
    """Bound the rows of a star by its query's LIMIT, where each row gives at least one solution.

    Args:
        plan: how the star is fetched.
        select: its query.
        group: the whole pattern of that.
        place: the element that the star stands for.
        covered: elements, and expressions of filters, that leave out none of the rows that are fetched.
        cells: the columns.
    """
    limit = select.slices.get("LIMIT")
    if (
        limit is None
        or select.modifier
        or select.aggregates
        or select.values is not None
        or not plan.star.sure
    ):
        return plan
    for element in group.elements:
        if (
            element is place
            or id(element) in covered
            or (isinstance(element, Part) and element.kind == "optional")
        ):
            continue
        if isinstance(element, Filter) and id(element.expression) in covered:
            continue
        return plan
    if plan.star.same or any(not condition.exact for condition in plan.conditions):
        return plan
    number = limit + select.slices.get("OFFSET", 0)
    if not select.ordered:
        plan.limit = number
        return plan
    first = select.ordered[0]
    column = plan.star.column(first.expression.text) if first.expression.kind == "term" else None
    if column not in TIMES or number == 0:
        return plan
    text, values = source(plan.conditions)
    way, sign = ("DESC", ">=") if first.word == "DESC" else ("ASC", "<=")
    sql = f"SELECT epoch_us({SQL[column]}) {text} ORDER BY {SQL[column]} {way} LIMIT 1 OFFSET {number - 1}"
    last = cells.view.rows(sql, values)
    if last:
        plan.conditions.append(Condition(f"{SQL[column]} {sign} make_timestamp(?)", (last[0][0],)))
    return plan
