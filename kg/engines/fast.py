"""The engine for every day: the compiled ``shacl`` package.

It conforms to anything when it holds no shapes, so the number compiled is compared with the number written.
Where a graph conforms, nothing is done here beyond asking.
"""

from textwrap import shorten
from typing import Final

import shacl

from kg.engines.result import Result, bare, place
from kg.engines.shapes import Shapes
from kg.errors import AssetError, UnreadablePayload
from kg.facts import Facts, lines_of


class Fast:
    """Check graphs with the ``shacl`` package.

    Args:
        shapes: what `kg.engines.read` gave.

    Raises:
        kg.errors.AssetError: a shape cannot be compiled, or not all of them were.

    Source:
        SHACL, section 3.4 (validation).
    """

    name: Final = "shacl"

    def __init__(self, shapes: Shapes) -> None:
        try:
            self._compiled = shacl.Shapes.from_text(shapes.ntriples, "ntriples")
        except ValueError as error:
            what = shorten(str(error), 240)
            raise AssetError(
                f"a shape cannot be used: {what}", where=_culprit(shapes), cure="correct it"
            ) from error
        if len(self._compiled) != shapes.count:
            raise AssetError(
                f"{len(self._compiled)} of {shapes.count} shapes were compiled",
                cure="look for a shape that the engine does not take for one, and give it a type",
            )
        self._messages = shapes.messages

    def validate(self, ntriples: str) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate`."""
        try:
            report = self._compiled.validate_text(ntriples, "ntriples")
        except ValueError as error:
            raise UnreadablePayload(
                f"the graph is no N-Triples: {error}", cure="give one triple a line"
            ) from error
        if report.conforms and not len(report):
            return []
        return sorted(map(self._result, report.results), key=place)

    def validate_facts(self, facts: Facts, *, flat: bool = False) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate_facts`."""
        return self.validate("\n".join([*lines_of(facts), ""]))

    def _result(self, found: shacl.Result) -> Result:
        shape = _named(found.source_shape) or _named(found.root_shape)
        return Result(
            shape=shape,
            focus=bare(found.focus_node),
            path=None if found.path is None else bare(found.path),
            value="_:b" if found.value and found.value.startswith("_:") else found.value,
            component=found.component,
            severity=found.severity,
            message=found.message or self._messages.get(_named(found.source_shape), ""),
        )


def _named(shape: str | None) -> str:
    return shape[1:-1] if shape and shape.startswith("<") else ""


def _culprit(shapes: Shapes) -> str:
    """Name the first shape that does not compile alone."""
    for subject in shapes.named():
        try:
            shacl.Shapes.from_text(shapes.part(subject), "ntriples")
        except ValueError:
            return subject
    return ""
