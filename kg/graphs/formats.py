"""N-Triples written as Turtle, JSON-LD or N-Triples, with the project's prefixes."""

import pyoxigraph as ox

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
