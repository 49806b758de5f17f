"""The project's prefixes before a query that uses them, and errors that count from where the user began."""

import re

from kg.errors import QueryError
from kg.namespaces import PREFIXES
from kg.sparql.gate import TOKENS, place
from kg.sparql.hints import hint

_AT = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


def declare(query: str) -> tuple[str, int]:
    """Declare the project's prefixes that a query uses and does not declare, on its first line.

    Args:
        query: SPARQL as the user wrote it.

    Returns:
        The query, and how many characters its first line has become longer.

    Raises:
        QueryError: a prefix is neither declared nor one of the project's.

    >>> declare("ASK { ?s a flex:Event }")
    ('PREFIX flex: <https://w3id.org/flexkg/def#> ASK { ?s a flex:Event }', 44)
    """
    declared: set[str] = set()
    used: dict[str, int] = {}
    after_prefix = False
    for match in TOKENS.finditer(query):
        if match.lastgroup == "skip":
            continue
        if match.lastgroup == "name":
            name = match.group().partition(":")[0]
            if after_prefix:
                declared.add(name)
            elif name != "_":
                used.setdefault(name, match.start())
        after_prefix = match.lastgroup == "word" and match.group().upper() == "PREFIX"
    missing = [name for name in used if name not in declared]
    unknown = next((name for name in missing if name not in PREFIXES), None)
    if unknown is not None:
        raise QueryError(
            f"the prefix {unknown}: is not declared",
            where=place(query, used[unknown]),
            cure=f"begin with PREFIX {unknown}: <...>; known without are {', '.join(PREFIXES)}",
            code="prefix",
        )
    before = "".join(f"PREFIX {name}: <{PREFIXES[name]}> " for name in missing)
    return before + query, len(before)


def explain(error: QueryError, shift: int, text: str = "") -> QueryError:
    """Say in the user's own lines and columns where a query does not parse, and what may help.

    Args:
        error: what the store said.
        shift: characters that were put before the first line.
        text: the query as the store got it.
    """
    found = _AT.search(error.what)
    if found is None:
        return QueryError(" ".join(error.what.split()), where=error.where, cure=error.cure, code=error.code)
    line, column = int(found[1]), int(found[2])
    column = max(1, column - shift) if line == 1 else column
    expected, cure = hint(" ".join(found[3].split()), text[shift:], line, column)
    return QueryError(
        "the query does not parse" + (f": {expected}" if expected else ""),
        where=f"line {line}, column {column}",
        cure=cure,
        code="syntax",
    )
