"""From a query over graph and readings to one over the graph alone, with the readings as inline tables."""

from collections.abc import Mapping

from kg.errors import QueryError
from kg.readings import View
from kg.sparql.observations.candidates import Ask
from kg.sparql.observations.finding import find
from kg.sparql.observations.monotone import graph_gives_enough
from kg.sparql.observations.overview import survey
from kg.sparql.observations.parser import parse
from kg.sparql.observations.paths import take_apart
from kg.sparql.observations.renaming import apart
from kg.sparql.observations.replacing import Rewriting
from kg.sparql.observations.table import Table
from kg.sparql.observations.variables import spread
from kg.sparql.observations.writer import query


def over_columns(
    text: str,
    view: View,
    ask: Ask,
    *,
    given: Mapping[str, str] | None = None,
    most: int = 250_000,
    restricted: bool = False,
) -> str:
    """Rewrite a query so that the graph alone answers it.

    Args:
        text: SPARQL that the engine takes, with all prefixes declared.
        view: the columns, as they are at one moment.
        ask: answers a SELECT over the graph, at the same moment.
        given: terms that variables are bound to from outside.
        most: rows that one pattern may take in.
        restricted: whether the query is to read chosen graphs only.

    Returns:
        The query; the same text where it does not ask of readings.

    Raises:
        kg.errors.QueryError: it asks in a way that columns cannot answer, or of too much; says what to add.
    """
    made = in_columns(text, view, ask, given=given, most=most, restricted=restricted, direct=False)
    assert isinstance(made, str)
    return made


def in_columns(
    text: str,
    view: View,
    ask: Ask,
    *,
    given: Mapping[str, str] | None = None,
    most: int = 250_000,
    restricted: bool = False,
    direct: bool = True,
) -> str | Table:
    """Answer a query where the columns have all of the answer; else rewrite it, see ``over_columns``.

    Args:
        text: as of ``over_columns``, and so are the others.
        view: as there.
        ask: as there.
        given: as there.
        most: as there.
        restricted: as there.
        direct: False: the query in any case.
    """
    try:
        return _rewritten(text, view, ask, given or {}, most, restricted, direct)
    except QueryError as error:
        told = error.code in ("readings-query", "readings-too-many") and not restricted and not given
        surveyed = survey(text, view) if told else None
        if surveyed is not None:
            return surveyed
        if told and graph_gives_enough(text, ask):
            return text
        raise


def _rewritten(
    text: str, view: View, ask: Ask, given: Mapping[str, str], most: int, restricted: bool, direct: bool
) -> str | Table:
    select, tokens = parse(text)
    take_apart(select, tokens)
    spread(select)
    apart(select)
    named = restricted or bool(select.dataset)
    try:
        found = find(select, ask)
    except QueryError as error:
        if named:
            raise _in_no_graph() from error
        raise
    if not found.stars:
        return text
    if named:
        raise _in_no_graph()
    if select.form == "DESCRIBE":
        raise QueryError(
            "readings cannot be described", cure="ask with SELECT or CONSTRUCT", code="readings-query"
        )
    rewriting = Rewriting(found, view, ask, given, most, select)
    rewriting.direct = direct
    made = rewriting.done()
    return rewriting.table or query(made)


def _in_no_graph() -> QueryError:
    return QueryError(
        "readings in columns are in no named graph",
        where="FROM, or default-graph-uri",
        cure="ask for readings without naming graphs, for others without naming graphs of reports",
        code="readings-query",
    )
