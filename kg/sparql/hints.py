"""What may help with a query that does not parse: found among its words; the parser tells a place only."""

import re
from collections import Counter
from itertools import pairwise

from kg.sparql.gate import TOKENS, place

#: Longest expectation of the parser that a person reads; beyond it are ranges of characters.
_READABLE = 80
_GROUPED = (
    "write GROUP BY (HOURS(?t) AS ?hour) and SELECT ?hour; every variable of SELECT is one of GROUP BY "
    "or within an aggregate, such as (SAMPLE(?x) AS ?one)"
)
#: What the parser says, what is told of it.
_LEFT_BEHIND = {
    "an expression with a variable that is unbound": "an expression over a variable that GROUP BY leaves out",
    "a variable that is unbound": "a variable that is not grouped by",
}
#: SELECT with an expression that has no brackets or no name.
_COMPUTED = re.compile(
    r"\bSELECT\b(?:\s+(?:DISTINCT|REDUCED))?(?:\s+[?$]\w+)*\s*"
    r"(?:(?:SUM|AVG|MIN|MAX|COUNT|SAMPLE|STR|HOURS|YEAR|MONTH|DAY)\s*\(|AS\b|\((?![^{]*\bAS\b)[^{]*\))",
    re.IGNORECASE,
)
#: Words before a bracket: the functions of SPARQL 1.1 and the keywords that take one.
_FUNCTIONS = """
    STR LANG LANGMATCHES DATATYPE BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT STRLEN UCASE
    LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES
    SECONDS TIMEZONE TZ NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRDT
    SAMETERM ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR REPLACE EXISTS COUNT SUM MIN MAX AVG
    SAMPLE GROUP_CONCAT FILTER BIND AS IN BY HAVING ASC DESC VALUES SELECT DISTINCT REDUCED NOT ADJUST
    TRIPLE SUBJECT PREDICATE OBJECT ISTRIPLE A
"""
_CALLED = frozenset(_FUNCTIONS.split())
#: Characters beyond which looking would take too long.
_LONG = 4_000
_Word = tuple[str, str, int]


def hint(expected: str, text: str, line: int, column: int) -> tuple[str, str]:
    """Say what may help.

    Args:
        expected: what the parser says.
        text: the query; empty where it is not known.
        line: from 1; where the parser stopped.
        column: from 1.

    Returns:
        What is wrong, empty where nobody could read it, and what to do.
    """
    if "The SELECT contains" in expected:
        what = next((told for said, told in _LEFT_BEHIND.items() if said in expected), "")
        return f"SELECT has {what}" if what else "", _GROUPED
    known = "" if "[" in expected or "one of" in expected or len(expected) > _READABLE else expected
    words = [(str(m.lastgroup), m.group(), m.start()) for m in TOKENS.finditer(text) if m.lastgroup != "skip"]
    found = _structure(text, words)
    if found:
        return "", found
    if len(text) < _LONG and _COMPUTED.search(text):
        return "", "put what SELECT computes in brackets, with a name: (SUM(?value) AS ?sum)"
    at = sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1
    after = next((word for _, word, begins in words if begins >= at), "")
    return known, f"correct it there, at {after[:40]!r}" if after else "correct it there or before"


def _structure(text: str, words: list[_Word]) -> str:
    """Look for what is often left out."""
    quote = next((word for kind, word, at in words if kind == "other" and word in "\"'"), None)
    if quote is not None:
        return f"close the string that {quote} begins"
    opened = sum((kind == "open") - (kind == "close") for kind, _, _ in words)
    if opened:
        which, many = "close" if opened > 0 else "take away", abs(opened)
        return f"{which} {many} bracket{'s' if many > 1 else ''}: the query has {_counts(words)}"
    for (kind, word, at), (_, after, _) in pairwise(words):
        upper = word.upper()
        if kind != "word":
            continue
        if upper in ("ORDER", "GROUP") and after.upper() != "BY":
            return f"write {upper} BY ({place(text, at)})"
        if upper in ("ASC", "DESC") and after != "(":
            return f"write {upper}(?variable) ({place(text, at)})"
        if upper == "FILTER" and after[:1] in "?$\"'0123456789":
            return f"put what FILTER tests in brackets: FILTER(?value > 3) ({place(text, at)})"
        if after == "(" and upper not in _CALLED:
            return f"{word[:40]} is no function of SPARQL ({place(text, at)})"
    return _short_pattern(text, words)


def _short_pattern(text: str, words: list[_Word]) -> str:
    """Find a pattern of two parts."""
    begins, ends = ("{", "."), ("}", ".")
    for n in range(len(words) - 3):
        first, (one, _, at), (two, _, _), last = words[n : n + 4]
        terms = {"var", "name", "iri"}
        if first[1] in begins and one in terms and two in terms and last[1] in ends:
            return f"a pattern has three parts: subject, predicate and object ({place(text, at)})"
    return ""


def _counts(words: list[_Word]) -> str:
    """Count brackets, those that do not match."""
    many = Counter(word for kind, word, _ in words if kind in ("open", "close"))
    pairs = (("{", "}"), ("(", ")"), ("[", "]"))
    return ", ".join(f"{many[a]} {a} and {many[b]} {b}" for a, b in pairs if many[a] != many[b])
