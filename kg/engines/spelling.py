"""Terms and paths between N-Triples and rdflib, with the spelling that they have.

rdflib reads values and writes its own spelling of them, and ``Literal.n3`` writes Turtle. Here
``"1.50"^^xsd:decimal`` stays as it is, and text is canonical N-Triples, as the other engine writes it.
"""

from typing import Final

import pyoxigraph
import rdflib
from rdflib import BNode, Graph, URIRef
from rdflib.namespace import RDF, SH, XSD
from rdflib.term import Identifier, Node

#: How a path is written that is neither a property nor a list.
_STEPS: Final = (
    (SH.inversePath, "^{}"),
    (SH.zeroOrMorePath, "({})*"),
    (SH.oneOrMorePath, "({})+"),
    (SH.zeroOrOnePath, "({})?"),
)


def graph(ntriples: str) -> Graph:
    """Parse N-Triples without rdflib's reading of values.

    Args:
        ntriples: any N-Triples text.

    Returns:
        A graph whose literals keep their spelling; plain strings have no datatype.

    Raises:
        SyntaxError: the text is no N-Triples.
        ValueError: the text holds what is no Unicode, or a quoted triple.

    >>> [str(o) for o in graph('<a:s> <a:p> "1.50"^^<http://www.w3.org/2001/XMLSchema#decimal> .').objects()]
    ['1.50']
    """
    parsed = Graph()
    for quad in pyoxigraph.parse(ntriples.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES):
        parsed.add((_term(quad.subject), URIRef(quad.predicate.value), _term(quad.object)))
    return parsed


def text(term: Node) -> str:
    """Write a term as canonical N-Triples.

    Args:
        term: a term of rdflib.

    Returns:
        N-Triples text; ``_:b`` for every blank node.

    >>> text(rdflib.Literal("PT60M")), text(BNode())
    ('"PT60M"', '_:b')
    """
    if isinstance(term, URIRef):
        return f"<{term}>"
    if not isinstance(term, rdflib.Literal):
        return "_:b"
    if term.language:
        return str(pyoxigraph.Literal(str(term), language=term.language))
    return str(pyoxigraph.Literal(str(term), datatype=pyoxigraph.NamedNode(term.datatype or XSD.string)))


def path(where: Graph, node: Node) -> str:
    """Write a SHACL property path as SPARQL does.

    Args:
        where: the graph that describes the path.
        node: the path: a property, or the node that describes it.

    Returns:
        A SPARQL property path, for example ``(<http://a.example/p>/^<http://a.example/q>)``; ``<...>`` for a
        single property.

    Source:
        SHACL, section 2.3.1 (property paths).
    """
    if isinstance(node, URIRef):
        return f"<{node}>"
    if where.value(node, RDF.first) is not None:
        return f"({'/'.join(path(where, step) for step in where.items(node))})"
    choices = where.value(node, SH.alternativePath)
    if choices is not None:
        return f"({'|'.join(path(where, step) for step in where.items(choices))})"
    for predicate, form in _STEPS:
        step = where.value(node, predicate)
        if step is not None:
            return form.format(path(where, step))
    return "_:b"


def _term(term: object) -> Identifier:
    match term:
        case pyoxigraph.NamedNode(value=iri):
            return URIRef(iri)
        case pyoxigraph.BlankNode(value=label):
            return BNode(label)
        case pyoxigraph.Literal(value=characters, language=str(language)):
            return rdflib.Literal(characters, lang=language)
        case pyoxigraph.Literal(value=characters, datatype=datatype):
            kind = None if datatype.value == str(XSD.string) else URIRef(datatype.value)
            return rdflib.Literal(characters, datatype=kind, normalize=False)
    raise ValueError(f"{term} is no term of RDF 1.1")
