"""N-Triples written as Turtle, JSON-LD or N-Triples, with the project's prefixes."""

import pyoxigraph as ox

from kg.errors import QueryError
from kg.namespaces import PREFIXES

_FORMATS = {"turtle": ox.RdfFormat.TURTLE, "nt": ox.RdfFormat.N_TRIPLES, "jsonld": ox.RdfFormat.JSON_LD}


def write_graph(ntriples: str, name: str) -> str:
    """Write a graph in another form.

    Args:
        ntriples: the graph.
        name: ``"turtle"``, ``"nt"`` or ``"jsonld"``.

    Returns:
        The text; Turtle groups by subject in the order of the input.
    """
    triples = [quad.triple for quad in ox.parse(ntriples, format=ox.RdfFormat.N_TRIPLES)]
    prefixes = {k: v for k, v in PREFIXES.items() if f"<{v}" in ntriples} if name != "nt" else None
    out = ox.serialize(_grouped(triples), format=_FORMATS[name], prefixes=prefixes)
    return (out or b"").decode()


def _grouped(triples: list[ox.Triple]) -> list[ox.Triple]:
    """Bring the triples of a subject together, subjects in order of first mention."""
    order: dict[str, int] = {}
    for triple in triples:
        order.setdefault(str(triple.subject), len(order))
    return sorted(triples, key=lambda triple: order[str(triple.subject)])


#: Media types in which a graph may come in.
READABLE = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")


def read_graph(data: bytes, media_type: str, base: str) -> list[str]:
    """Read a graph that somebody sent, as lines of N-Triples; blank nodes are allowed.

    Nothing is fetched: JSON-LD has its context in itself, RDF/XML no DOCTYPE.

    Args:
        data: the bytes, UTF-8.
        media_type: one of ``READABLE``.
        base: IRI against which relative ones are read.

    Raises:
        QueryError: it cannot be read; says where (code ``unreadable-graph``).
    """
    try:
        text = data.decode("utf-8-sig")
        if media_type == "application/rdf+xml" and "<!DOCTYPE" in text:
            raise QueryError("the graph has a DOCTYPE", cure="leave it out", code="unreadable-graph")
        quads = list(
            ox.parse(text, ox.RdfFormat.from_media_type(media_type), base_iri=base, rename_blank_nodes=True)
        )
    except UnicodeDecodeError as error:
        raise QueryError(
            "the graph is not UTF-8",
            where=f"byte {error.start}",
            cure="send UTF-8",
            code="unreadable-graph",
        ) from error
    except (SyntaxError, ValueError) as error:
        where = ""
        if isinstance(error, SyntaxError) and error.lineno:
            where = f"line {error.lineno}, column {error.offset}"
        raise QueryError(
            f"the graph cannot be read: {' '.join(str(error.args[0]).split())[:300]}",
            where=where,
            cure="correct it there",
            code="unreadable-graph",
        ) from error
    if any(not isinstance(quad.graph_name, ox.DefaultGraph) for quad in quads):
        raise QueryError(
            "the data name graphs of their own", cure="send one graph a request", code="unreadable-graph"
        )
    return [f"{quad.triple} ." for quad in quads]


def convert_graph(turtle: str, media_type: str) -> bytes:
    """Write a Turtle graph in another media type.

    Args:
        turtle: the graph.
        media_type: ``text/turtle``, ``application/n-triples`` or ``application/ld+json``.
    """
    if media_type == "text/turtle":
        return turtle.encode()
    triples = [quad.triple for quad in ox.parse(turtle, format=ox.RdfFormat.TURTLE)]
    form = ox.RdfFormat.from_media_type(media_type) or ox.RdfFormat.N_TRIPLES
    return ox.serialize(triples, format=form) or b""
