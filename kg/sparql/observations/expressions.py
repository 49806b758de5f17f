"""Reads SPARQL expressions; patterns of EXISTS are read by who calls."""

from collections.abc import Callable

from kg.sparql.observations.tokens import Tokens
from kg.sparql.observations.tree import Expression, Group

_LEVELS = (("||",), ("&&",), ("=", "!=", "<", ">", "<=", ">=", "IN", "NOT"), ("+", "-"), ("*", "/"))


def expression(tokens: Tokens, group: Callable[[], Group], level: int = 0) -> Expression:
    """Read an expression.

    Args:
        tokens: where to read.
        group: reads the pattern of an EXISTS.
        level: of the operators that may come.

    Raises:
        kg.errors.QueryError: this is no expression.
    """
    if level == len(_LEVELS):
        return _unary(tokens, group)
    left = expression(tokens, group, level + 1)
    while True:
        text = tokens.now.text.upper()
        if text not in _LEVELS[level] or tokens.now.kind not in ("op", "word"):
            return left
        tokens.take()
        if text in ("IN", "NOT"):
            if text == "NOT":
                tokens.expect("IN")
            return Expression("in", "NOT" if text == "NOT" else "", [left, *_list(tokens, group)])
        left = Expression("op", text, [left, expression(tokens, group, level + 1)])
        if level == 2:
            return left


def bracketted(tokens: Tokens, group: Callable[[], Group]) -> Expression:
    """Read an expression in brackets."""
    tokens.expect("(")
    found = expression(tokens, group)
    tokens.expect(")")
    return found


def constraint(tokens: Tokens, group: Callable[[], Group]) -> Expression:
    """Read what FILTER and HAVING take: an expression in brackets, a function, or EXISTS."""
    return bracketted(tokens, group) if tokens.now.text == "(" else _primary(tokens, group)


def _unary(tokens: Tokens, group: Callable[[], Group]) -> Expression:
    if tokens.now.text == "!" and tokens.now.kind == "op":
        tokens.take()
        return Expression("not", "!", [_unary(tokens, group)])
    if tokens.now.text in ("+", "-") and tokens.now.kind == "op":
        sign = tokens.take().text
        if tokens.now.kind == "number":
            return Expression("term", sign + tokens.take().text)
        return Expression("sign", sign, [_unary(tokens, group)])
    return _primary(tokens, group)


def _primary(tokens: Tokens, group: Callable[[], Group]) -> Expression:
    now = tokens.now
    if now.text == "(":
        return bracketted(tokens, group)
    if now.kind == "word" and now.text.lower() not in ("true", "false"):
        word = tokens.take().text.upper()
        if word == "NOT":
            tokens.expect("EXISTS")
            return Expression("exists", "NOT", group=group())
        if word == "EXISTS":
            return Expression("exists", group=group())
        return _call(word, tokens, group)
    if now.kind in ("iri", "name") and tokens.ahead(1).text == "(":
        return _call(tokens.iri(tokens.take()), tokens, group)
    term = tokens.term()
    if term is None:
        raise tokens.unread("expected an expression")
    return Expression("term", term)


def _call(name: str, tokens: Tokens, group: Callable[[], Group]) -> Expression:
    tokens.expect("(")
    made = Expression("call", name)
    made.distinct = tokens.accept("DISTINCT")
    if tokens.accept("*"):
        made.rest = "*"
    elif tokens.now.text != ")":
        made.of.append(expression(tokens, group))
        while tokens.accept(","):
            made.of.append(expression(tokens, group))
        if tokens.accept(";"):
            tokens.expect("SEPARATOR")
            tokens.expect("=")
            made.rest = f"; SEPARATOR={tokens.take().text}"
    tokens.expect(")")
    return made


def _list(tokens: Tokens, group: Callable[[], Group]) -> list[Expression]:
    tokens.expect("(")
    found: list[Expression] = []
    while tokens.now.text != ")":
        found.append(expression(tokens, group))
        tokens.accept(",")
    tokens.expect(")")
    return found
