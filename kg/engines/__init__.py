"""One interface over the SHACL engines.

``engine("compiled", text)`` makes Python functions of the shapes and leaves to ``shacl``, a compiled package,
what it does not cover; ``engine("pyshacl", text)`` is the reference that both are compared with: slower by
one or two orders of magnitude, one validation at a time. Only the engine asked for is imported.
"""

from typing import Final, Protocol

from kg.engines.result import Result
from kg.engines.shapes import Shapes, read
from kg.errors import UsageError
from kg.facts import Facts

__all__ = ["NAMES", "Engine", "Result", "Shapes", "engine", "read"]

#: Names that `engine` takes.
NAMES: Final = ("compiled", "shacl", "pyshacl")


class Engine(Protocol):
    """Check graphs against the shapes that the engine was made with; safe to share between threads."""

    @property
    def name(self) -> str:
        """Say which of `NAMES` this is."""

    def validate(self, ntriples: str) -> list[Result]:
        """Check one graph.

        Args:
            ntriples: the data graph as N-Triples text; the classes' hierarchy counts where it is in there.

        Returns:
            All results of every severity, sorted by focus, shape, path, value and component; empty where the
            graph conforms.

        Raises:
            kg.errors.UnreadablePayload: the text is no N-Triples.
            kg.errors.AssetError: the engine finds only now that a shape cannot be used.
            kg.errors.FlexKGError: the engine itself failed on this graph (code ``engine``).

        Source:
            SHACL, section 3.4 (validation).
        """

    def validate_facts(self, facts: Facts, *, flat: bool = False) -> list[Result]:
        """Check one graph that is at hand as facts.

        Args:
            facts: the data graph; its terms are canonical N-Triples.
            flat: whether it is known to hold no ``rdfs:subClassOf``.

        Returns:
            The same as ``validate`` gives for its N-Triples.

        Raises:
            kg.errors.UnreadablePayload: as ``validate``, where the engine reads the terms again.
            kg.errors.AssetError: as ``validate``.
            kg.errors.FlexKGError: as ``validate``.
        """


def engine(name: str, shapes: str, *, strict: bool = True) -> Engine:
    """Compile shapes for one engine.

    Args:
        name: one of `NAMES`.
        shapes: the shapes graph as Turtle (N-Triples is Turtle too).
        strict: refuse what engines pass over in silence (see `kg.engines.slips`), such as a misspelling.

    Returns:
        An engine that holds these shapes; make it once and use it for every graph.

    Raises:
        kg.errors.UsageError: no engine has that name.
        kg.errors.AssetError: the text is no Turtle, holds no shape, one that cannot be used, or a slip.

    Source:
        SHACL, sections 2 (shapes) and 3.4 (validation).

    >>> shapes = '''
    ... @prefix sh: <http://www.w3.org/ns/shacl#> .
    ... <http://a.example/S> a sh:PropertyShape ; sh:targetClass <http://a.example/Event> ;
    ...     sh:path <http://a.example/id> ; sh:minCount 1 ; sh:message "An event has an id."@en .'''
    >>> rdf_type = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    >>> event = f"<http://a.example/e> {rdf_type} <http://a.example/Event> ."
    >>> [(result.focus, result.message) for result in engine("shacl", shapes).validate(event)]
    [('http://a.example/e', 'An event has an id.')]
    """
    if name == "compiled":
        from kg.engines.compiled import Compiled

        return Compiled(read(shapes, strict=strict))
    if name == "shacl":
        from kg.engines.fast import Fast

        return Fast(read(shapes, strict=strict))
    if name == "pyshacl":
        from kg.engines.reference import Reference

        return Reference(read(shapes, strict=strict))
    raise UsageError(f"no SHACL engine is called {name!r}", cure=f"use one of {', '.join(NAMES)}")
