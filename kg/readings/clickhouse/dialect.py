"""One SQL text for DuckDB and ClickHouse: what the two call by different names, and values in their places.

In ClickHouse times are whole microseconds, so the functions that turn one into the other fall away.
Subqueries that look outwards, which ClickHouse does not send to other shards, are written otherwise.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kg.errors import UsageError
from kg.readings.clickhouse.joins import condition, equalities, lists
from kg.readings.column_rows import KNOWN

_COLUMNS = "series, starts, length, milli, micro, exact, quality, confidence, accuracy, batch, seq, received"
#: What was known at a time: of all versions that had come, the last of each series and start.
_KNOWN = f"""(SELECT {_COLUMNS} FROM (SELECT {_COLUMNS}, gone, row_number() OVER
 (PARTITION BY series, starts ORDER BY seq DESC, gone DESC, batch DESC) AS place FROM
 (SELECT {_COLUMNS}, gone FROM stored FINAL UNION ALL SELECT {_COLUMNS}, gone FROM former FINAL) v
 WHERE received <= ? AND ? IS NOT NULL) WHERE place = 1 AND gone = 0)"""
_DAY, _HOUR, _MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000
#: Most windows of time that each row is compared with; of more, their hull is asked.
_WINDOWS = 400
#: Microseconds that give every time eighteen digits: with them, series and start are one number.
_FAR = 200_000_000_000_000_000
#: The calendar comes again every 400 years, and most servers know the years 1900 to 2299 alone.
_CYCLE, _FIRST = 12_622_780_800_000_000, -2_208_988_800_000_000
_IN = f"({{0}} - toInt64({_FIRST}))"
_PLACE = f"positiveModulo({_IN}, toInt64({_CYCLE}))"
_MOMENT = f"fromUnixTimestamp64Micro(toInt64({_PLACE} + {_FIRST}), 'UTC')"
_CYCLES = f" + {{years}} * intDiv({_IN} - {_PLACE}, toInt64({_CYCLE}))".replace("{0}", "{{0}}")
_LISTS = re.compile(
    r"EXISTS \(SELECT 1 FROM \(SELECT ((?:unnest\(\?::BIGINT\[\]\) AS c\d+(?:, )?)+)\) w WHERE "
)
_SERIES_LIST = re.compile(r"IN \(SELECT unnest\(\?::\w+\[\]\)\)")
_DIVIDED = re.compile(r"\) // (\d+)")
_TABLES = re.compile(r"\b(FROM|JOIN) (current|stored|former|hours|names)\b( FINAL)?")


def translate(
    sql: str,
    values: Sequence[Any],
    qualities: Mapping[str, int],
    *,
    old: bool = False,
    seen: Sequence[int] | None = None,
) -> str:
    """Write a statement of the columns as ClickHouse has it, its values in their places.

    Args:
        sql: as DuckDB takes it, with ``?`` for each value.
        values: whole numbers, texts, None, and lists of whole numbers.
        qualities: numbers of the qualities, by IRI; put in where the statement reads their table.
        old: for a server before times of a microsecond (2020).
        seen: numbers of the series that it sees; None: all.

    Raises:
        kg.errors.UsageError: a value is of no known kind.

    >>> translate("SELECT 1 FROM current r WHERE r.starts >= make_timestamp(?)", [5], {})
    'SELECT r.series FROM current r WHERE r.starts >= (5)'
    """
    sql = sql.replace(KNOWN, _KNOWN)
    sql, values = _windows(sql, list(values))
    sql = _SERIES_LIST.sub("IN ?", sql)
    if not old:
        sql = equalities(lists(sql)).replace("::HUGEINT", "")
    sql = sql.replace("(SELECT b.received FROM batches b WHERE b.id = r.batch)", "r.received")
    if "b.digest" not in sql:
        sql = sql.replace(" JOIN batches b ON b.id = r.batch", "").replace("b.seq", "r.seq")
        sql = sql.replace("b.received", "r.received")
    sql = sql.replace("list(r.exact) FILTER (r.exact IS NOT NULL)", "groupArray(r.exact)")
    wide = "toDecimal128({0}, 0)" if old else "toInt128({0})"
    sql = sql.replace("r.rowid", f"concat(toString(r.series), toString(r.starts + {_FAR}))")
    sql = sql.replace("SELECT 1 FROM current", "SELECT r.series FROM current")
    moment = "toDateTime(intDiv({0}, 1000000), 'UTC')" if old else _MOMENT
    cycles = "" if old else _CYCLES
    for name, template in {
        "make_timestamp": "({0})",
        "epoch_us": "({0})",
        "to_microseconds": "({0})",
        "to_minutes": f"({{0}} * {_MINUTE})",
        "year": f"(toYear({moment}){cycles.format(years=400)})",
        "month": f"toMonth({moment})",
        "day": f"toDayOfMonth({moment})",
        "hour": f"toHour({moment})",
        "minute": f"toMinute({moment})",
        "lead": "lead(toNullable({0}))",
        "min": "min({0})" if old else "minOrNull({0})",
        "max": "max({0})" if old else "maxOrNull({0})",
        "MIN": "min({0})" if old else "minOrNull({0})",
        "MAX": "max({0})" if old else "maxOrNull({0})",
    }.items():
        sql = _calls(sql, name, template.format)
    sql = _calls(sql, "sum", lambda inner: _sum(inner, wide))
    sql = _calls(sql, "date_trunc", lambda inner: _cut(inner, moment, cycles))
    sql = _divided(sql)
    sql = re.sub(r"\btrue\b", "1", re.sub(r"\bfalse\b", "0", sql))
    if seen is not None:
        sql = masked(sql, seen, old=old)
    elif old:
        sql = apart(sql)
    sql = re.sub(r"\bFROM qualities\b", f"FROM {_table(qualities)}", sql)
    if old and " JOIN " not in sql:  # those know no alias in a subquery
        sql = re.sub(r"\b[nrbqwv]\.(?=[a-z])", "", sql)
    return filled(sql, values)


def masked(sql: str, series: Sequence[int], *, old: bool = False) -> str:
    """Let a statement see some series alone, by their numbers.

    Each table is put in as a subquery. What one over several shards gives is brought together before it is
    grouped; so readings that are asked under a condition stay a table, and get a further condition.

    Args:
        sql: a statement without values.
        series: the numbers.
        old: put in subqueries alone.

    >>> masked("SELECT count() FROM current r WHERE a = ?", [3])
    'SELECT count() FROM current r WHERE r.series IN (3) AND a = ?'
    >>> masked("SELECT count() FROM current r", [3])
    'SELECT count() FROM (SELECT * FROM current WHERE series IN (3)) r'
    """
    seen, made, done = _set(series), "", 0
    places: dict[int, str] = {}
    for found in _TABLES.finditer(sql):
        if not old and found[2] in ("current", "hours") and sql.startswith(" r ", found.end()):
            where = condition(sql, found.end())
            if where is not None:
                places[where] = f"r.series IN {seen} AND "
                continue
        key = "id" if found[2] == "names" else "series"
        places[found.start()] = f"{found[1]} (SELECT * FROM {found[2]}{found[3] or ''} WHERE {key} IN {seen})"
    ends = {found.start(): found.end() for found in _TABLES.finditer(sql)}
    for at in sorted(places):
        made += sql[done:at] + places[at]
        done = ends.get(at, at)
    return made + sql[done:]


def apart(sql: str) -> str:
    """Let a statement join tables as subqueries: servers of before 2020 lose the alias of a distributed one.

    >>> apart("SELECT r.starts FROM current r JOIN names n ON n.id = r.series")
    'SELECT r.starts FROM (SELECT * FROM current) r JOIN (SELECT * FROM names) n ON n.id = r.series'
    """
    return _TABLES.sub(r"\1 (SELECT * FROM \2\3)", sql) if " JOIN " in sql else sql


def filled(sql: str, values: Sequence[Any]) -> str:
    r"""Put values in the places of ``?``.

    >>> filled("a = ? AND b IN ? AND c = ?", ["it's", [1, 2], None])
    "a = 'it\\'s' AND b IN (1, 2) AND c = NULL"
    """
    parts = sql.split("?")
    if len(parts) != len(values) + 1:
        raise UsageError(f"{len(parts) - 1} places for {len(values)} values", where=sql[:200])
    made = [parts[0]]
    for value, part in zip(values, parts[1:], strict=True):
        made.append(_set(value) if made[-1].endswith(" IN ") else quoted(value))
        made.append(part)
    return "".join(made)


def quoted(value: Any) -> str:
    """Write a value as a literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0") + "'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(quoted, value)) + "]" if value else "emptyArrayInt64()"
    raise UsageError(f"{type(value).__name__} is no value of a statement")


def _set(value: Sequence[Any]) -> str:
    if not value:
        return "(SELECT toUInt64(0) WHERE 0)"
    return "(" + ", ".join(_pair(one) if isinstance(one, tuple) else quoted(one) for one in value) + ")"


def _pair(value: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(quoted, value)) + ")"


def _calls(sql: str, name: str, write: Callable[[str], str]) -> str:
    """Write each call of a function anew, the inner ones too."""
    made, at = "", 0
    while (found := _next(sql, name, at)) is not None:
        begin, inner, end = found
        made += sql[at:begin] + write(_calls(sql[inner:end], name, write))
        at = end + 1
    return made + sql[at:]


def _divided(sql: str) -> str:
    """Write whole divisions of what stands in brackets.

    >>> _divided("a, (b + (c)) // 5 - 1")
    'a, intDiv((b + (c)), 5) - 1'
    """
    while (found := _DIVIDED.search(sql)) is not None:
        depth, first = 1, found.start()
        while depth:
            first -= 1
            depth += {")": 1, "(": -1}.get(sql[first], 0)
        over = sql[first : found.start() + 1]
        sql = f"{sql[:first]}intDiv({over}, {found[1]}){sql[found.end() :]}"
    return sql


def _next(sql: str, name: str, at: int) -> tuple[int, int, int] | None:
    found = re.compile(rf"(?<![\w.]){name}\(").search(sql, at)
    if found is None:
        return None
    depth, end = 1, found.end()
    while depth:
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    return found.start(), found.end(), end - 1


def _sum(inner: str, wide: str) -> str:
    """Write a sum so that it has room, of numbers or of their multiples."""
    number, times, factor = inner.partition(" * ")
    return f"sum({wide.format(number)}{times}{factor})"


def _cut(inner: str, moment: str, cycles: str) -> str:
    unit, _, time = inner.partition(", ")
    length = {"'day'": _DAY, "'hour'": _HOUR, "'minute'": _MINUTE}.get(unit)
    if length is None:
        name, years = {"'year'": ("toYear", 400), "'month'": ("toYYYYMM", 40_000)}[unit]
        return f"({name}({moment}){cycles.format(years=years)})".replace("{0}", time)
    return f"(intDiv({time}, toInt64({length})) - (({time}) % toInt64({length}) < 0))"


def _windows(sql: str, values: list[Any]) -> tuple[str, list[Any]]:
    """Write windows of time, which come as lists, as comparisons of a row with each; many as their hull."""
    while (found := _LISTS.search(sql)) is not None:
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        inside = sql[found.end() : end - 1]
        first, number = sql.count("?", 0, found.start()), found[1].count("?")
        lists = values[first : first + number]
        inside = inside.replace("make_timestamp(", "(")
        put: list[Any] = []
        if not lists[-1]:
            written = "false"
        elif len(lists[-1]) > _WINDOWS:
            written = "true"
        else:
            used = [n for n in range(number) if f"w.c{n}" in inside]
            names = ", ".join(f"c{n}" for n in used)
            written = f"arrayExists(({names}) -> {inside.replace('w.c', 'c')}, {', '.join('?' * len(used))})"
            put = [lists[n] for n in used]
        sql = sql[: found.start()] + written + sql[end:]
        values = values[:first] + put + values[first + number :]
    return sql, values


def _table(qualities: Mapping[str, int]) -> str:
    if not qualities:
        return "(SELECT toInt64(0) AS id, '' AS iri WHERE 0)"
    pairs = ", ".join(f"({number}, {quoted(iri)})" for iri, number in qualities.items())
    return (
        "(SELECT toInt32(tupleElement(p, 1)) AS id, tupleElement(p, 2) AS iri FROM (SELECT arrayJoin"
        f"([{pairs}]) AS p))"
    )
