"""Reads property paths, and inline tables."""

from kg.sparql.observations.tokens import Tokens
from kg.sparql.observations.tree import Path, Values


def verb(tokens: Tokens) -> str | Path:
    """Read what stands between subject and object: a variable, an IRI or a path."""
    return tokens.term() or "" if tokens.now.kind == "var" else _alternatives(tokens)


def _alternatives(tokens: Tokens) -> str | Path:
    parts = [_sequence(tokens)]
    while tokens.accept("|"):
        parts.append(_sequence(tokens))
    return parts[0] if len(parts) == 1 else Path("alt", parts)


def _sequence(tokens: Tokens) -> str | Path:
    parts = [_step(tokens)]
    while tokens.accept("/"):
        parts.append(_step(tokens))
    return parts[0] if len(parts) == 1 else Path("seq", parts)


def _step(tokens: Tokens) -> str | Path:
    if tokens.accept("^"):
        return Path("inv", [_step(tokens)])
    made: str | Path
    if tokens.accept("!"):
        made = Path("neg", [_step(tokens)])
    elif tokens.accept("("):
        made = _alternatives(tokens)
        tokens.expect(")")
    else:
        made = tokens.verb() or tokens.iri(tokens.take())
    if tokens.now.text in ("*", "+", "?"):
        return Path("mod", [made], tokens.take().text)
    return made


def values(tokens: Tokens) -> Values:
    """Read an inline table, behind the word VALUES."""
    single = tokens.now.kind == "var"
    names: list[str] = []
    if single:
        names.append(tokens.term() or "")
    else:
        tokens.expect("(")
        while not tokens.accept(")"):
            names.append(tokens.term() or "")
    rows: list[list[str]] = []
    tokens.expect("{")
    while not tokens.accept("}"):
        if single:
            rows.append([_value(tokens)])
            continue
        tokens.expect("(")
        row: list[str] = []
        while not tokens.accept(")"):
            row.append(_value(tokens))
        rows.append(row)
    return Values(names, rows)


def _value(tokens: Tokens) -> str:
    return "UNDEF" if tokens.accept("UNDEF") else tokens.term() or ""
