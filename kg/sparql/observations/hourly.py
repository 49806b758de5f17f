"""Tells whether groups can be told from the hourly roll-up, and writes their statement over it.

The roll-up has for each series and hour the number of its readings, their sum, least and most. It says the
same as the readings where a query tells readings of one hour not apart and takes in no part of an hour.
"""

import re
from collections.abc import Sequence

from kg.sparql.observations.groups import Whole
from kg.sparql.observations.relation import Relation
from kg.sparql.observations.stars import Condition

HOUR = 3_600_000_000
_CALENDAR = re.compile(r"(?:(?:year|month|day|hour)\(|date_trunc\('(?:year|month|day|hour)', )([^?]*)\)")
_SHIFT = re.compile(r"to_minutes\((\d+)\)")
_EDGE = re.compile(r"r\.starts (?:>=|<) make_timestamp\(\?\)")
_COMPARED = re.compile(r"(.*) (?:=|<>|<|>|<=|>=) \?")
_TIMES = re.compile(r"\bt\.starts (?=[<>=])")
#: What a statement over readings says, and what says the same over hours.
_SAME = (
    ("w.starts = r.starts", "w.starts = r.hour"),
    ("SELECT DISTINCT r.starts FROM", "SELECT DISTINCT r.hour AS starts FROM"),
    ("FROM current r", "FROM hours r"),
    ("count(*)", "coalesce(sum(r.number), 0)"),
    ("sum(w.m)", "sum(r.number * w.m)"),
    ("count(r.exact)", "sum(r.texts)"),
    ("min(coalesce(r.milli * 1000, r.micro))", "min(r.least)"),
    ("max(coalesce(r.milli * 1000, r.micro))", "max(r.most)"),
    ("r.starts", f"(r.hour * {HOUR})"),
)


def hourly(made: Whole, conditions: Sequence[Condition], related: Relation | None) -> bool:
    """Whether the hours say of a query's groups what the readings say.

    Args:
        made: how the query is answered.
        conditions: on its star.
        related: what it is joined with.
    """
    if made.slots or made.ends or any(bound.column == "value" for bound in made.bounds):
        return False
    if not all(_whole(sql) for one in made.calendars for sql in one.sql):
        return False
    if not all(sql == "r.series" or _whole(sql[1:-1]) for sql in made.distinct.values()):
        return False
    if not all(one.series or _taken(one) for one in conditions):
        return False
    return related is None or all(
        bound.column == "start" and bound.operator in (">=", "<") and not any(n % HOUR for n in held)
        for bound, held in zip(related.bounds, related.columns[3:], strict=True)
    )


def over_hours(sql: str) -> str:
    """Write a statement that groups readings as one that groups hours.

    >>> over_hours("SELECT count(*) FROM current r WHERE r.starts >= make_timestamp(?)")
    'SELECT coalesce(sum(r.number), 0) FROM hours r WHERE (r.hour * 3600000000) >= make_timestamp(?)'
    """
    sql = _TIMES.sub(f"(t.starts * {HOUR}) ", sql)
    for readings, hours in _SAME:
        sql = sql.replace(readings, hours)
    return sql


def _whole(sql: str) -> bool:
    """Whether the SQL of a calendar function is the same for all times of an hour.

    >>> _whole("hour((r.starts))"), _whole("minute((r.starts))"), _whole("day((r.starts + to_minutes(90)))")
    (True, False, False)
    """
    found = _CALENDAR.fullmatch(sql)
    if found is None or "r.starts" not in found[1] or "r.length" in found[1]:
        return False
    return all(int(minutes) % 60 == 0 for minutes in _SHIFT.findall(found[1]))


def _taken(condition: Condition) -> bool:
    """Whether a condition takes in whole hours."""
    if _EDGE.fullmatch(condition.sql):
        return int(condition.values[0]) % HOUR == 0
    found = _COMPARED.fullmatch(condition.sql)
    return found is not None and _whole(found[1])
