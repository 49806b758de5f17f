"""The reference engine: pySHACL over rdflib.

Slow, and one validation at a time; it is here to be compared with. Spellings are kept: rdflib would read
``"PT60M"^^xsd:duration`` as one hour and write it so. Both libraries keep settings for the whole process;
what is touched is put back.
"""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

import rdflib
from pyshacl import ShapesGraph, Validator
from pyshacl.graph_abstraction import DataGraph
from pyshacl.monkey import rdflib_bool_patch, rdflib_bool_unpatch
from rdflib import Graph, URIRef
from rdflib.namespace import SH
from rdflib.term import Node

from kg.engines.result import Result, bare, local, place
from kg.engines.shapes import Shapes
from kg.engines.spelling import graph, path, text
from kg.errors import AssetError, FlexKGError, UnreadablePayload
from kg.facts import Facts, lines_of

#: rdflib's settings belong to the process, and pySHACL's shapes remember what they met.
_LOCK: Final = threading.RLock()
#: For pySHACL, which logs what it raises.
_LOGGER: Final = logging.getLogger(__name__)
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False


class Reference:
    """Check graphs with pySHACL: no inference, no SHACL advanced features, no imports.

    Args:
        shapes: what `kg.engines.read` gave.

    Raises:
        kg.errors.AssetError: a shape cannot be used.

    Source:
        SHACL, section 3.4 (validation).
    """

    name: Final = "pyshacl"

    def __init__(self, shapes: Shapes) -> None:
        self._messages = shapes.messages
        with _LOCK, _quiet(), _strict_booleans():
            try:
                self._graph = graph(shapes.ntriples)
                self._shapes = ShapesGraph(self._graph, False, _LOGGER)
                self._run(Graph())
            except Exception as error:
                raise AssetError(f"a shape cannot be used: {_cause(error)}", cure="correct it") from error

    def validate(self, ntriples: str) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate`."""
        with _LOCK, _quiet():
            try:
                data = graph(ntriples)
            except (SyntaxError, ValueError) as error:
                raise UnreadablePayload(
                    f"the graph is no N-Triples: {error}", cure="give one triple a line"
                ) from error
            try:
                report = self._run(data)
            except Exception as error:
                raise FlexKGError(
                    f"pyshacl failed on this graph: {_cause(error)}",
                    cure="check it with the engine shacl",
                    code="engine",
                ) from error
            results = [self._result(report, found) for found in report.objects(None, SH.result)]
        return sorted(results, key=place)

    def validate_facts(self, facts: Facts, *, flat: bool = False) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate_facts`."""
        return self.validate("\n".join([*lines_of(facts), ""]))

    def _run(self, data: Graph) -> Graph:
        options = {"inplace": True, "logger": _LOGGER}
        validator = Validator(DataGraph.from_rdflib(data), shacl_graph=self._graph, options=options)
        validator.shacl_graph = self._shapes
        _, report, _ = cast(tuple[bool, Graph, str], validator.run())  # type: ignore[no-untyped-call]
        return report

    def _result(self, report: Graph, found: Node) -> Result:
        source = report.value(found, SH.sourceShape)
        focus = report.value(found, SH.focusNode)
        steps = report.value(found, SH.resultPath)
        value = report.value(found, SH.value)
        return Result(
            shape=self._named(source),
            focus="" if focus is None else bare(text(focus)),
            path=None if steps is None else bare(path(report, steps)),
            value=None if value is None else text(value),
            component=local(str(report.value(found, SH.sourceConstraintComponent))),
            severity=local(str(report.value(found, SH.resultSeverity))),
            message=self._message(report, found, source),
        )

    def _named(self, shape: Node | None) -> str:
        """Give the IRI of a shape, or of the nearest shape around it that has one."""
        around = set() if shape is None else {shape}
        seen: set[Node] = set()
        while around:
            named = sorted(str(node) for node in around if isinstance(node, URIRef))
            if named:
                return named[0]
            seen |= around
            around = {up for node in around for up in self._graph.subjects(SH.property, node)} - seen
        return ""

    def _message(self, report: Graph, found: Node, source: Node | None) -> str:
        """Take what the shapes say; pySHACL makes up a message where they say nothing."""
        constraint = report.value(found, SH.sourceConstraint)
        own = self._graph.value(source, SH.message)
        messages = sorted(map(str, report.objects(found, SH.resultMessage)))
        if constraint is not None and self._graph.value(constraint, SH.message) is not None:
            return next((message for message in messages if message != str(own)), str(own))
        return str(own) if own is not None else self._messages.get(str(source), "")


def _cause(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep rdflib from writing a traceback for each ill-typed literal: that is for the shapes to find."""
    logger = logging.getLogger("rdflib.term")
    logger.addFilter(_never)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeFilter(_never)


def _never(record: logging.LogRecord) -> bool:
    return False


@contextmanager
def _strict_booleans() -> Iterator[None]:
    """Read ``"1"^^xsd:boolean`` in shapes as pySHACL wants it, which is not as true."""
    before = rdflib.NORMALIZE_LITERALS
    rdflib_bool_patch()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        rdflib_bool_unpatch()  # type: ignore[no-untyped-call]
        rdflib.NORMALIZE_LITERALS = before
