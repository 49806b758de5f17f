"""What the shapes graph says by itself, before any engine sees it.

Engines differ in what they do with a graph that holds no shape, with a misspelt parameter and with a message
in several languages. That is settled here, once, so that they need not agree on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg.engines.slips import OF_SHAPES, Pairs, Subject, Term, refuse, sh
from kg.errors import AssetError
from kg.namespaces import DCTERMS, FLEX, RDF, RDFS, SH, SKOS

#: An object of one of these is a shape.
_TO_SHAPE: Final = sh("property", "node", "not", "qualifiedValueShape")
#: An object of one of these is a list of shapes.
_TO_SHAPES: Final = sh("and", "or", "xone")
_TYPES: Final = (NamedNode(SH + "NodeShape"), NamedNode(SH + "PropertyShape"))
_MESSAGE: Final = NamedNode(SH + "message")
#: Read by people only. Each validation copies the engine's terms, so these would cost time in every one.
_FOR_PEOPLE: Final = sh("name", "description", "order", "group", "defaultValue") | {
    RDFS + name for name in ("label", "comment", "isDefinedBy", "seeAlso")
}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Hold a shapes graph, ready for an engine.

    Source:
        SHACL, section 2 (shapes and constraints).
    """

    #: What engines need: no labels, comments or sources, and at most one ``sh:message`` for a subject.
    triples: tuple[Triple, ...]
    #: The same as N-Triples.
    ntriples: str
    #: How many shapes there are, nested and anonymous ones included.
    count: int
    #: The message of each named shape, by its IRI; these are not among the triples.
    messages: Mapping[str, str]

    def named(self) -> list[str]:
        """List the IRIs that the graph says something about, sorted."""
        return sorted({t.subject.value for t in self.triples if isinstance(t.subject, NamedNode)})

    def part(self, subject: str) -> str:
        """Cut out what the graph says about one IRI, with the blank nodes and prefixes that belong to it.

        Args:
            subject: IRI of a shape.

        Returns:
            Its triples as N-Triples.
        """
        found: list[Triple] = []
        seen: set[Term] = set()
        queue: list[Term] = [NamedNode(subject)]
        while queue:
            node = queue.pop()
            if node in seen:
                continue
            seen.add(node)
            for triple in self.triples:
                if triple.subject == node:
                    found.append(triple)
                    if isinstance(triple.object, BlankNode) or triple.predicate.value == SH + "prefixes":
                        queue.append(triple.object)
        return text(found)


def read(turtle: str, *, strict: bool = True) -> Shapes:
    """Read a shapes graph and settle what engines would see differently.

    Args:
        turtle: Turtle or N-Triples.
        strict: refuse what engines pass over in silence.

    Returns:
        The shapes, without what is written for people.

    Raises:
        kg.errors.AssetError: the text is no Turtle, holds no shape, or holds a slip.

    Source:
        SHACL, section 2.1 (what is a shape).
    """
    try:
        quads = list(parse(turtle.encode(), format=RdfFormat.TURTLE))
    except (SyntaxError, UnicodeError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        where = f"line {line}" if line else ""
        raise AssetError(f"the shapes are no Turtle: {error}", where=where, cure="mend it") from error
    by_predicate: dict[str, list[tuple[Subject, Term]]] = {}
    for quad in quads:
        by_predicate.setdefault(quad.predicate.value, []).append((quad.subject, quad.object))
    shapes = _shapes(by_predicate)
    if not shapes:
        raise AssetError("the text holds no shape", cure="give one with a sh:NodeShape or sh:PropertyShape")
    if strict:
        refuse(by_predicate, shapes)
    messages = _messages(by_predicate.pop(SH + "message", []))
    lean = [
        Triple(subject, NamedNode(predicate), value)
        for predicate, pairs in by_predicate.items()
        if predicate not in _FOR_PEOPLE and not predicate.startswith((DCTERMS, FLEX, SKOS))
        for subject, value in pairs
    ]
    named: dict[str, str] = {}
    for subject, message in messages.items():
        if isinstance(subject, NamedNode) and subject in shapes:
            named[subject.value] = message.value
        else:
            lean.append(Triple(subject, _MESSAGE, message))
    return Shapes(tuple(lean), text(lean), len(shapes), named)


def text(triples: Iterable[Triple]) -> str:
    """Write triples as N-Triples."""
    return "".join(f"{triple} .\n" for triple in triples)


def _shapes(pairs: Pairs) -> set[Term]:
    """Find every shape by SHACL's four conditions."""
    shapes: set[Term] = {subject for subject, kind in pairs.get(RDF + "type", ()) if kind in _TYPES}
    for predicate in OF_SHAPES:
        shapes.update(subject for subject, _ in pairs.get(predicate, ()))
    for predicate in _TO_SHAPE:
        shapes.update(value for _, value in pairs.get(predicate, ()))
    first: dict[Term, Term] = dict(pairs.get(RDF + "first", ()))
    rest: dict[Term, Term] = dict(pairs.get(RDF + "rest", ()))
    for predicate in _TO_SHAPES:
        for _, cell in pairs.get(predicate, ()):
            seen: set[Term] = set()
            while cell in first and cell not in seen:
                seen.add(cell)
                shapes.add(first[cell])
                cell = rest.get(cell, cell)
    return shapes


def _messages(pairs: Iterable[tuple[Subject, Term]]) -> dict[Subject, Literal]:
    """Choose one message for each subject: English before no language before any other, then by text."""
    chosen: dict[Subject, Literal] = {}
    for subject, message in pairs:
        if isinstance(message, Literal) and (
            subject not in chosen or _rank(message) < _rank(chosen[subject])
        ):
            chosen[subject] = message
    return chosen


def _rank(message: Literal) -> tuple[int, str, str]:
    language = message.language or ""
    return (0 if language.split("-")[0] == "en" else 1 if not language else 2, language, message.value)
