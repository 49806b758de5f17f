"""Property paths: read from a shapes graph, written as SPARQL has them, and walked over facts."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from kg.engines.index import Index
from kg.namespaces import RDF, SH

#: A path: ``("p", "<iri>")``, or ``("^" | "*" | "+" | "?", path)``, or ``("/" | "|", path, ...)``.
Path = tuple[Any, ...]
Walk = Callable[[str, Index], Sequence[str]]
#: What a shapes graph says, subject -> predicate IRI -> objects as N-Triples text.
Said = dict[str, dict[str, list[str]]]

_MARKS: Final = {
    SH + "inversePath": "^",
    SH + "zeroOrMorePath": "*",
    SH + "oneOrMorePath": "+",
    SH + "zeroOrOnePath": "?",
}
_NONE: Final[dict[str, list[str]]] = {}


class Unclear(ValueError):
    """A path or a list in the shapes graph that is none."""


def items(said: Said, head: str) -> list[str]:
    """List the items of an RDF list.

    Raises:
        Unclear: the list does not end, or forks.
    """
    found: list[str] = []
    seen: set[str] = set()
    while head != f"<{RDF}nil>":
        first, rest = (said.get(head, {}).get(RDF + name, []) for name in ("first", "rest"))
        if len(first) != 1 or len(rest) != 1 or head in seen:
            raise Unclear(f"{head} is no list")
        seen.add(head)
        found.append(first[0])
        head = rest[0]
    return found


def path_of(said: Said, node: str, around: tuple[str, ...] = ()) -> Path:
    """Read a path.

    Raises:
        Unclear: it is none, or part of itself.

    Source:
        SHACL, section 2.3.1 (property paths).
    """
    if node in around:
        raise Unclear(f"{node} is a path within itself")
    if node[0] == "<" and node != f"<{RDF}nil>":
        return ("p", node)
    facts, deeper = said.get(node, {}), (*around, node)
    if RDF + "first" in facts:
        return ("/", *(path_of(said, step, deeper) for step in items(said, node)))
    for name, mark in _MARKS.items():
        if name in facts:
            return (mark, path_of(said, facts[name][0], deeper))
    if SH + "alternativePath" in facts:
        return (
            "|",
            *(path_of(said, step, deeper) for step in items(said, facts[SH + "alternativePath"][0])),
        )
    raise Unclear(f"{node} is no path")


def written(path: Path) -> str:
    """Write a path as SPARQL does.

    >>> written(("/", ("p", "<a:p>"), ("*", ("^", ("p", "<a:q>")))))
    '(<a:p>/(^<a:q>)*)'
    """
    mark, *parts = path
    if mark == "p":
        return str(parts[0])
    if mark in "/|":
        return f"({mark.join(written(part) for part in parts)})"
    return f"^{written(parts[0])}" if mark == "^" else f"({written(parts[0])}){mark}"


def forward(path: Path) -> Path:
    """Push inverse marks down to the properties that they stand for."""
    mark, *parts = path
    if mark == "^":
        return _turned(parts[0])
    return path if mark == "p" else (mark, *(forward(part) for part in parts))


def _turned(path: Path) -> Path:
    mark, *parts = path
    if mark == "p":
        return ("^", path)
    if mark == "^":
        return forward(parts[0])
    turned = [_turned(part) for part in parts]
    return (mark, *(turned[::-1] if mark == "/" else turned))


def walk(path: Path) -> Walk:
    """Make the function that gives the nodes at the end of a path, each once.

    Args:
        path: as ``forward`` gives it.
    """
    mark, *parts = path
    if mark == "p":
        predicate = parts[0]
        return lambda node, index: index.facts.get(node, _NONE).get(predicate, ())
    if mark == "^":
        turned = parts[0][1]
        return lambda node, index: index.inverse(turned).get(node, ())
    walks = [walk(part) for part in parts]
    if mark == "/":
        whole = walks[0]
        for step in walks[1:]:
            whole = _joined(whole, step)
        return whole
    if mark == "|" and all(part[0] == "p" for part in parts):
        return _either(tuple(part[1] for part in parts))
    if mark == "|":
        return lambda node, index: list(dict.fromkeys(end for way in walks for end in way(node, index)))
    return _repeated(walks[0], itself=mark != "+", once=mark == "?")


def _either(predicates: tuple[str, ...]) -> Walk:
    """Make the walk to the values of some properties, of which a node mostly has one."""
    among = frozenset(predicates)

    def either(node: str, index: Index) -> Sequence[str]:
        held = index.facts.get(node, _NONE)
        found = among & held.keys()
        if len(found) > 1:
            return list(dict.fromkeys(end for one in predicates for end in held.get(one, ())))
        return held[next(iter(found))] if found else ()

    return either


def _joined(first: Walk, then: Walk) -> Walk:
    def both(node: str, index: Index) -> Sequence[str]:
        between = first(node, index)
        if len(between) == 1:
            return then(between[0], index)
        return list(dict.fromkeys(end for middle in between for end in then(middle, index)))

    return both


def _repeated(step: Walk, *, itself: bool, once: bool) -> Walk:
    def any_number(node: str, index: Index) -> Sequence[str]:
        found = {node: None} if itself else {}
        ahead = [node]
        while ahead:
            near = [end for middle in ahead for end in step(middle, index)]
            ahead = [end for end in dict.fromkeys(near) if end not in found]
            found |= dict.fromkeys(ahead)
            if once:
                break
        return list(found)

    return any_number
