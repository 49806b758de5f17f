"""Joins as ClickHouse has them: lists that are handed over are tables, what is no equality is a condition.

A list stands in the statement's own text, so that each shard has it and joins what it holds by itself.
"""

import re
from collections.abc import Iterator

_LISTS = re.compile(r"SELECT ((?:unnest\(\?::\w+\[\]\) AS \w+(?:, )?)+)")
_NAME = re.compile(r"AS (\w+)")
_EQUAL = re.compile(r"[\w.]+ = [\w.]+")
_WHERE = " WHERE "
_BEHIND = (_WHERE, " GROUP BY ", " ORDER BY ", " LIMIT ")
#: Names of lists that hold numbers of series.
_SERIES = ("s", "c0")


def lists(sql: str) -> str:
    """Write lists that are handed over as tables.

    >>> lists("SELECT unnest(?::BIGINT[]) AS s, unnest(?::BIGINT[]) AS k")
    'SELECT toUInt64(tupleElement(p, 1)) AS s, toInt64(tupleElement(p, 2)) AS k FROM (SELECT arrayJoin(arrayZip(?, ?)) AS p)'
    """  # noqa: E501 - as it is

    def written(found: re.Match[str]) -> str:
        names = _NAME.findall(found[1])
        cells = ", ".join(
            f"{'toUInt64' if name in _SERIES else 'toInt64'}(tupleElement(p, {n})) AS {name}"
            for n, name in enumerate(names, start=1)
        )
        zipped = f"arrayZip({', '.join('?' * len(names))})"
        return f"SELECT {cells} FROM (SELECT arrayJoin({zipped}) AS p)"

    return _LISTS.sub(written, sql)


def equalities(sql: str) -> str:
    """Let inner joins be by equality alone; what else they ask for is a condition.

    >>> equalities("FROM a r JOIN (SELECT 1) w ON w.s = r.s AND r.t >= w.b WHERE r.x")
    'FROM a r JOIN (SELECT 1) w ON w.s = r.s WHERE r.t >= w.b AND r.x'
    >>> equalities("FROM (SELECT 1 FROM t JOIN v ON t.a < v.b) WHERE 1")
    'FROM (SELECT 1 FROM t CROSS JOIN v WHERE t.a < v.b) WHERE 1'
    """
    at = len(sql)
    while (at := sql.rfind(" ON ", 0, at)) >= 0:
        end = next(_ends(sql, at + 4, (*_BEHIND, " JOIN ")))
        asked = [part for part in _parts(sql[at + 4 : end]) if part != "true"]
        same = [part for part in asked if _EQUAL.fullmatch(part)]
        others = [part for part in asked if not _EQUAL.fullmatch(part)]
        if same and not others:
            continue
        before, behind = sql[:at], sql[end:]
        if same:
            before += " ON " + " AND ".join(same)
        else:
            place = _join(before)
            before = before[:place] + "CROSS " + before[place:]
        if others:
            more = " AND ".join(others)
            told = behind.removeprefix(" WHERE ")
            behind = f" WHERE {more} AND {told}" if told != behind else f" WHERE {more}{behind}"
        sql = before + behind
    return sql


def condition(sql: str, at: int) -> int | None:
    """Give where the condition begins that belongs to the FROM at a place; None where it has none."""
    end = next(_ends(sql, at, _BEHIND))
    return end + len(_WHERE) if sql.startswith(_WHERE, end) else None


def _ends(sql: str, at: int, words: tuple[str, ...]) -> Iterator[int]:
    """Give where the clause that starts at a place ends."""
    depth = 0
    for n in range(at, len(sql)):
        if sql[n] == ")" and not depth:
            yield n
        depth += {"(": 1, ")": -1}.get(sql[n], 0)
        if not depth and sql.startswith(words, n):
            yield n
    yield len(sql)


def _join(before: str) -> int:
    """Give where the last word JOIN of the text's own depth stands."""
    depth = 0
    for n in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[n], 0)
        if not depth and before.startswith("JOIN ", n):
            return n
    raise AssertionError(before)


def _parts(text: str) -> Iterator[str]:
    """Part a condition at the ANDs of its own depth."""
    depth = first = 0
    for n, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if not depth and text.startswith(" AND ", n):
            yield text[first:n]
            first = n + 5
    yield text[first:]
