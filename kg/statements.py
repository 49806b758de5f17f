"""A graph as statements by subject, for walking from node to node; read from N-Triples or from triples."""

from collections.abc import Iterable
from typing import Self

import pyoxigraph as ox

from kg.errors import UsageError
from kg.namespaces import FLEX
from kg.yarrrml import RDF_TYPE

Object = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Statement = ox.Triple | ox.Quad
_POSITION = FLEX + "position"


class Statements:
    """The statements of a graph by subject and predicate; names are plain IRIs, blank nodes ``_:name``."""

    def __init__(self) -> None:
        self._by_subject: dict[str, dict[str, dict[Object, None]]] = {}

    @classmethod
    def of(cls, graph: str | Iterable[Statement]) -> Self:
        """Read a graph.

        Args:
            graph: N-Triples, or triples or quads as pyoxigraph gives them.

        Raises:
            UsageError: the text is no N-Triples.

        >>> Statements.of("<urn:a> <urn:b> <urn:c> .").objects("urn:a", "urn:b")
        [<NamedNode value=urn:c>]
        """
        if isinstance(graph, str):
            graph = _parse(graph)
        made = cls()
        for statement in graph:
            of_subject = made._by_subject.setdefault(name(statement.subject), {})
            of_subject.setdefault(statement.predicate.value, {})[statement.object] = None
        return made

    def subjects(self) -> Iterable[str]:
        """List the subjects."""
        return self._by_subject.keys()

    def objects(self, subject: str, predicate: str) -> list[Object]:
        """List the objects of a subject's property, in no order."""
        return list(self._by_subject.get(subject, {}).get(predicate, ()))

    def properties(self, subject: str) -> Iterable[str]:
        """List the properties of a subject."""
        return self._by_subject.get(subject, {}).keys()

    def types(self, subject: str) -> set[str]:
        """List a subject's classes."""
        return {name(kind) for kind in self.objects(subject, RDF_TYPE)}

    def nodes(self, subject: str, predicate: str) -> list[str]:
        """List the nodes that a property leads to, in the order of their ``flex:position``.

        Raises:
            UsageError: a node has two positions: the message held it twice, and the graph one time.
        """
        found = [name(node) for node in self.objects(subject, predicate) if not isinstance(node, ox.Literal)]
        return sorted(found, key=lambda node: (self._position(node), node))

    def flag(self, subject: str, predicate: str) -> bool:
        """Tell whether a property is stated as true."""
        return any(isinstance(o, ox.Literal) and o.value == "true" for o in self.objects(subject, predicate))

    def _position(self, node: str) -> int:
        found = self.objects(node, _POSITION)
        if len(found) > 1:
            raise UsageError(
                "a node has more than one flex:position, so its place in the message is not known",
                where=node,
                cure="lower the graph of one message, in which the node occurs once",
            )
        value = found[0] if found else None
        return int(value.value) if isinstance(value, ox.Literal) and value.value.isdecimal() else 0


def _parse(text: str) -> Iterable[Statement]:
    try:
        yield from ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES)
    except SyntaxError as error:
        raise UsageError(
            f"the graph is no N-Triples: {error.msg or error}",
            where=f"line {error.lineno}" if error.lineno else "",
            cure="give the graph as N-Triples",
        ) from error


def name(term: Object) -> str:
    """Write a node as the plain text of its IRI, a blank node with ``_:`` before it."""
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(getattr(term, "value", term))
