"""The one kind of SPARQL constraint that is compiled: nothing of a focus node occurs twice.

``SELECT DISTINCT $this WHERE { { SELECT $this ?key (COUNT(?x) AS ?n) WHERE { ... } GROUP BY $this ?key }
FILTER(?n > 1) }``, where the triple patterns lead from ``$this`` to variable after variable.
"""

import re
from typing import Final

from kg.engines.parts import Shape, Uncovered, Whole, Writer
from kg.engines.values import spelling
from kg.namespaces import SH

_FORM: Final = re.compile(
    r"SELECT DISTINCT [$?]this WHERE \{ \{ SELECT [$?]this ((?:\?\w+ )+)"
    r"\( ?COUNT ?\( ?(\?\w+) ?\) AS (\?\w+) ?\) "
    r"WHERE \{ ([^{}]*) \} GROUP BY [$?]this ((?:\?\w+ )+)\} FILTER ?\( ?(\?\w+) > 1 ?\) \}"
)
_TOKEN: Final = re.compile(r"\s*([$?]\w+|<[^<>\s]*>|[.;])\s*")


def counted(facts: dict[str, list[str]], shape: Shape) -> Whole:
    """Compile a SPARQL constraint of a node shape.

    Args:
        facts: what the shapes graph says of it.
        shape: the shape.

    Raises:
        Uncovered: it has another form, or a message of its own.
    """
    text = " ".join((spelling(facts.get(SH + "select", ['""'])[0]) or "").split())
    match = _FORM.fullmatch(text)
    if match is None or shape.path is not None or SH + "message" in facts or SH + "deactivated" in facts:
        raise Uncovered("the query is not compiled")
    shown, what, times, patterns, keys, tested = match.groups()
    steps = _steps(patterns)
    known = {end for _, _, end in steps}
    if times != tested or set(shown.split()) != set(keys.split()) or not {what, *keys.split()} <= known:
        raise Uncovered("the query is not compiled")
    names = {"$this": "s", **{end: f"w{n}" for n, (_, _, end) in enumerate(steps)}}

    def every(writer: Writer, focus: str, _: str) -> str:
        loops = "".join(
            f" for {names[end]} in N.get({focus if start == '$this' else names[start]}, D)"
            f".get({writer.const(predicate)}, E)"
            for start, predicate, end in steps
        )
        for _, predicate, _ in steps:
            writer.reads(predicate)
        of = [names[key] for key in keys.split()]
        key = of[0] if len(of) == 1 else f"({', '.join(of)})"
        return f"len(k := [{key}{loops}]) == len(set(k))"

    return Whole("SPARQL", every, lambda focus, *_: [(focus, None)])


def _steps(patterns: str) -> list[tuple[str, str, str]]:
    """Read triple patterns that lead from variable to new variable."""
    tokens = [token.replace("?this", "$this") for token in _TOKEN.findall(patterns)]
    if "".join(tokens) != "".join(patterns.split()).replace("?this", "$this"):
        raise Uncovered("the query is not compiled")
    steps: list[tuple[str, str, str]] = []
    known, subject, place = {"$this"}, "", 0
    while place < len(tokens):
        if not subject:
            subject, place = tokens[place], place + 1
        predicate, end, *mark = tokens[place : place + 3]
        if subject not in known or predicate[0] != "<" or end[0] != "?" or end in known:
            raise Uncovered("the query is not compiled")
        if mark and mark[0] not in (".", ";"):
            raise Uncovered("the query is not compiled")
        known.add(end)
        steps.append((subject, predicate, end))
        subject, place = subject if mark == [";"] else "", place + 3
    return steps
