"""The gate before a user's query: what is refused by looking at the text alone.

An embedded engine dials out for SERVICE, and a few thousand nested braces end the process. A worker would
survive neither; the gate says so before, and better. It reads tokens, not grammar: it refuses too much rather
than too little.
"""

import re
from dataclasses import dataclass

from kg.errors import QueryError

#: SPARQL cut into words, names, IRIs, strings and brackets.
TOKENS = re.compile(
    r"""(?P<skip>\#[^\n\r]*|\s+)
    |(?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    |(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    |(?P<var>[?$]\w+)
    |(?P<name>(?:[^\W\d][\w.-]*)?:(?:[\w.:%-]|\\.)*|_:[\w.-]+)
    |(?P<word>[^\W\d]\w*)
    |(?P<open>[({\[])|(?P<close>[)}\]])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_UPDATES = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH"),
)
_FORMS = frozenset(("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a query may be.

    Attributes:
        characters: length of the text.
        depth: brackets of any kind inside one another.
        tokens: words, names, operators and brackets.
    """

    characters: int = 20_000
    depth: int = 60
    tokens: int = 6_000


def refuse(text: str, limits: Limits | None = None) -> None:
    """Let a query pass or refuse it.

    Args:
        text: the SPARQL query as the user wrote it.
        limits: how large it may be; the default limits where None.

    Raises:
        QueryError: it is empty, an update, has SERVICE, or is too long or deep; says where.

    >>> refuse("SELECT * { ?s ?p ?o }")
    >>> refuse("SELECT * { SERVICE <http://a.example/> { ?s ?p ?o } }")
    Traceback (most recent call last):
    kg.errors.QueryError: SERVICE is not served (at line 1, column 12); ask that endpoint yourself
    """
    limits = limits or Limits()
    if len(text) > limits.characters:
        raise QueryError(
            f"the query has {len(text):,} characters, more than the {limits.characters:,} allowed",
            cure="shorten it, or ask for a stored query",
            code="query-too-large",
        )
    depth = tokens = 0
    form = ""
    for match in TOKENS.finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        tokens += 1
        if kind == "open":
            depth += 1
            if depth > limits.depth:
                raise QueryError(
                    f"the query nests brackets more than {limits.depth} deep",
                    where=place(text, match.start()),
                    cure="flatten it",
                    code="query-too-large",
                )
        elif kind == "close":
            depth -= 1
        elif kind == "word":
            word = match.group().upper()
            if word == "SERVICE":
                raise QueryError(
                    "SERVICE is not served",
                    where=place(text, match.start()),
                    cure="ask that endpoint yourself",
                    code="service",
                )
            if not form and word in _UPDATES:
                raise QueryError(
                    f"{word} is an update, not a query",
                    where=place(text, match.start()),
                    cure="send SELECT, ASK, CONSTRUCT or DESCRIBE; data enter as payloads",
                    code="update",
                )
            if not form and word in _FORMS:
                form = word
    if tokens > limits.tokens:
        raise QueryError(
            f"the query has {tokens:,} tokens, more than the {limits.tokens:,} allowed",
            cure="shorten it",
            code="query-too-large",
        )
    if not form:
        raise QueryError(
            "this is no query, no file and no stored query",
            where=text[:60].strip(),
            cure="send SELECT, ASK, CONSTRUCT or DESCRIBE",
            code="no-query",
        )


def place(text: str, at: int) -> str:
    """Name a place in a text by line and column, both from 1."""
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
