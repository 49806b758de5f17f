"""Candidates: what the rest of a group says of a star's series and times, asked of the graph beforehand.

Only what every solution of the group must fulfil is asked, so a candidate too many is harmless and none is
missing. The columns are then read for the candidates alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from kg.graphs import lexical
from kg.readings.column_batch import micros
from kg.sparql.observations.columns import Cells
from kg.sparql.observations.conditions import comparison, instant, parts
from kg.sparql.observations.stars import Condition, Star
from kg.sparql.observations.tree import Block, Expression, Filter, Group, Part, Triple, Values
from kg.sparql.observations.variables import certain, in_expression, in_triple, shown
from kg.sparql.observations.vocabulary import CONSTANT, SQL, TIMES
from kg.sparql.observations.writer import element, expression, triple

Ask = Callable[[str], Iterable[tuple[str | None, ...]]]
#: Most windows of time that are handed to the columns.
_WINDOWS = 20_000


def candidates(
    star: Star, conditions: list[Condition], group: Group, given: Mapping[str, str], cells: Cells, ask: Ask
) -> tuple[list[Condition], set[int]]:
    """Ask the graph which series, and which times, can be of a star.

    Args:
        star: a star of the group.
        conditions: what is known of it already.
        group: the group, with its graph patterns as blocks.
        given: terms that variables are bound to from outside.
        cells: the columns.
        ask: answers a query over the graph.

    Returns:
        Conditions, and the elements of the group that they stand for wholly, by ``id``.
    """
    constant = {slot.variable: slot.column for slot in star.slots if slot.column in CONSTANT}
    windows = _windows(star, group, given)
    windows += [(slot.column, "=", slot.variable) for slot in star.slots if slot.column in TIMES]
    reached = set(constant) | {name for _, _, name in windows}
    triples, values = _connected(group, reached, star)
    bound = {name for one in triples for name in in_triple(one)}
    bound |= {name for table in values for name in certain(Group([table]))}
    told = bound | {name for table in values for name in shown(Group([table]))}
    windows = [window for window in windows if window[2] in told]
    if not bound & set(constant) and not windows:
        return [], set()
    covered: set[int] = set()
    text: list[str] = []
    linked = bool(bound & set(constant))
    if linked:
        inner = [condition for condition in conditions if condition.series]
        where = " AND ".join(condition.sql for condition in inner) or "true"
        found = cells.view.rows(
            f"SELECT n.id FROM names n WHERE {where}", [v for condition in inner for v in condition.values]
        )
        rows = "\n".join(
            f"({row[0]} {' '.join(cells.series(row[0], c) for c in constant.values())})" for row in found
        )
        text.append(f"{{ SELECT * {{ VALUES (?__s {' '.join(constant)}) {{ {rows} }} }} }}")
        bound |= set(constant)
    text += [triple(_given(one, given)) for one in triples] + [element(table) for table in values]
    for one in group.elements:
        if isinstance(one, Filter) and _plain(one.expression, bound | {"?" + name for name in given}):
            text.append(f"FILTER({expression(_told(one.expression, given))})")
            covered.add(id(one))
        elif (isinstance(one, Block) and all(t in triples for t in one.triples)) or (
            isinstance(one, Values | Part) and one in values
        ):
            covered.add(id(one))
    names = ["?__s"] * linked + list(dict.fromkeys(name for _, _, name in windows))
    found = list(ask(f"SELECT DISTINCT {' '.join(names)} WHERE {{ {' '.join(text)} }}"))
    return _conditions(found, names, windows, linked, cells.view.joins), covered


def _conditions(
    found: list[tuple[str | None, ...]],
    names: list[str],
    windows: list[tuple[str, str, str]],
    linked: bool,
    joins: bool,
) -> list[Condition]:
    numbers = [_number(row[0]) for row in found] if linked else []
    series = sorted({n for n in numbers if n is not None})
    made = [Condition("n.id IN (SELECT unnest(?::INTEGER[]))", (series,), series=True)] if linked else []
    rows: dict[tuple[int | None, ...], None] = {}
    for at, row in enumerate(found):
        times = [_micros(row[names.index(name)]) for _, _, name in windows]
        if None in times:
            return made
        rows[(numbers[at] if linked else None, *times)] = None
    if not windows or len(rows) > _WINDOWS:
        return made
    made += _limits(rows, windows)
    lists = [[row[n] for row in rows] for n in range(len(windows) + 1)]
    columns = ", ".join(f"unnest(?::BIGINT[]) AS c{n}" for n in range(len(windows) + 1))
    if joins and all(operator == "=" for _, operator, _ in windows):
        left = ["r.series"] * linked + [SQL[column] for column, _, _ in windows]
        right = ["c0"] * linked + [f"make_timestamp(c{n + 1})" for n in range(len(windows))]
        sql = f"({', '.join(left)}) IN (SELECT {', '.join(right)} FROM (SELECT {columns}))"
    else:
        where = [
            f"{SQL[column]} {operator} make_timestamp(w.c{n + 1})"
            for n, (column, operator, _) in enumerate(windows)
        ]
        where += ["w.c0 = r.series"] * linked
        sql = f"EXISTS (SELECT 1 FROM (SELECT {columns}) w WHERE {' AND '.join(where)})"
    made.append(Condition(sql, tuple(lists), exact=False))
    return made


def _limits(rows: Iterable[tuple[int | None, ...]], windows: list[tuple[str, str, str]]) -> list[Condition]:
    """Write between which times all windows lie: what is beyond is not read at all."""
    made = []
    for n, (column, operator, _) in enumerate(windows):
        times = [time for row in rows if (time := row[n + 1]) is not None]
        if column != "start" or not times:
            continue
        for sign, end, told in ((">=", min, ("=", ">=", ">")), ("<=", max, ("=", "<=", "<"))):
            if operator in told:
                made.append(Condition(f"r.starts {sign} make_timestamp(?)", (end(times),), exact=False))
    return made


def _windows(star: Star, group: Group, given: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Find comparisons of a star's time with another variable: column, operator, variable."""
    found = []
    for one in group.elements:
        if not isinstance(one, Filter):
            continue
        whole = list(parts(one.expression))
        for part in whole:
            read = comparison(part, star)
            if read and read[0] in TIMES and read[1] not in ("!=",):
                other = read[2]
                free = other.kind == "term" and other.text[0] == "?" and other.text[1:] not in given
                if free and star.column(other.text) is None:
                    found.append((read[0], read[1], other.text))
    return found


def _connected(group: Group, reached: set[str], star: Star) -> tuple[list[Triple], list[Values | Part]]:
    """Give what of a group hangs together with variables: graph patterns, inline tables, sub-selects."""
    own = {slot.variable for slot in star.slots if slot.column not in CONSTANT | TIMES}
    triples = [t for one in group.elements if isinstance(one, Block) for t in one.triples]
    tables = [
        one
        for one in group.elements
        if isinstance(one, Values) or (isinstance(one, Part) and one.group.select is not None)
    ]
    names: dict[int, set[str]] = {id(t): set(in_triple(t)) for t in triples}
    names |= {id(t): set(shown(Group([t]))) for t in tables}
    parts_ = [one for one in (*triples, *tables) if own.isdisjoint(names[id(one)])]
    reached = set(reached)
    while True:
        before = len(reached)
        for one in parts_:
            if names[id(one)] & reached:
                reached |= names[id(one)]
        if len(reached) == before:
            break
    kept = [one for one in parts_ if names[id(one)] & reached]
    return [one for one in kept if isinstance(one, Triple)], [
        one for one in kept if not isinstance(one, Triple)
    ]


def _plain(found: Expression, bound: set[str]) -> bool:
    """Whether a filter can be asked beforehand: over these variables alone, with no pattern in it."""
    return not any(part.kind == "exists" for part in found.walk()) and set(in_expression(found)) <= bound


def _told(found: Expression, given: Mapping[str, str]) -> Expression:
    """Put the terms that variables are bound to from outside in their places."""
    if found.kind == "term":
        return Expression("term", given.get(found.text[1:], found.text)) if found.text[0] == "?" else found
    return replace(found, of=[_told(part, given) for part in found.of])


def _given(found: Triple, given: Mapping[str, str]) -> Triple:
    def told(term: str) -> str:
        return given.get(term[1:], term) if term[0] == "?" else term

    predicate = told(found.predicate) if isinstance(found.predicate, str) else found.predicate
    return Triple(told(found.subject), predicate, told(found.object))


def _number(term: str | None) -> int | None:
    return int(lexical(term)) if term else None


def _micros(term: str | None) -> int | None:
    time = instant(term) if term else None
    return None if time is None else micros(time)
