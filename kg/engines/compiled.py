"""The engine that compiles shapes to Python: the fastest on the messages that come all day.

What a shape with a target uses and is not compiled here (SPARQL, constraint components of one's own, regular
expressions that Python reads otherwise) goes to the ``shacl`` package, those shapes and no others, and only
where the graph holds what they look at.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import pyoxigraph as ox

from kg.engines import shapes as graph
from kg.engines.code import Judge, Source
from kg.engines.index import TYPE, Index
from kg.engines.parts import Shape, Uncovered
from kg.engines.reach import Reach
from kg.engines.reading import Reader
from kg.engines.result import Result, place
from kg.engines.shapes import Shapes
from kg.errors import UnreadablePayload
from kg.facts import Facts, lines_of
from kg.namespaces import RDFS, SH

_TARGETS: Final = tuple(SH + name for name in ("targetNode", "targetSubjectsOf", "targetObjectsOf"))
_CLASS: Final = SH + "targetClass"
_IMPLICIT: Final = f"<{RDFS}Class>"
_RDF_TYPE: Final = TYPE[1:-1]
#: Combinations of classes whose function is kept.
_LIMIT: Final = 4096


class Compiled:
    """Check graphs by functions made of the shapes.

    Args:
        shapes: what `kg.engines.read` gave.

    Raises:
        kg.errors.AssetError: a shape cannot be used.

    Source:
        SHACL, section 3.4 (validation).
    """

    name: Final = "compiled"

    def __init__(self, shapes: Shapes) -> None:
        self._lock = threading.RLock()
        self._source = Source()
        self._by_class: dict[str, list[Shape]] = {}
        self._elsewhere: list[tuple[Shape, dict[str, list[str]]]] = []
        self._judges: dict[str | tuple[str, ...], Judge | None] = {}
        #: shapes with targets that another engine takes, and the classes that call for it; None: any graph
        self.left: list[str] = []
        self._calls: set[str] | None = set()
        reader = Reader(shapes)
        for node, facts in reader.said.items():
            classes = _classes(node, facts)
            targets = {name: facts[name] for name in _TARGETS if name in facts}
            if not classes and not targets:
                continue
            try:
                shape = reader.shape(node)
            except Uncovered:
                self._leave(node, classes, targets)
                continue
            if targets:
                self._elsewhere.append((shape, {**targets, _CLASS: classes}))
            else:
                for name in classes:
                    self._by_class.setdefault(name, []).append(shape)
        self._alone = [self._source.judge([shape]) for shape, _ in self._elsewhere]
        self._other = self._for_the_rest(shapes, reader) if self.left or not self._covers(reader) else None

    def _leave(self, node: str, classes: list[str], targets: dict[str, list[str]]) -> None:
        self.left.append(node)
        if targets:
            self._calls = None
        elif self._calls is not None:
            self._calls.update(classes)

    def _covers(self, reader: Reader) -> bool:
        """Tell whether every shape can be used, those too that no target leads to."""
        try:
            for node, facts in reader.said.items():
                shaped = any(name.startswith(SH) for name in facts) and SH + "select" not in facts
                if shaped and node not in reader.seen:
                    reader.shape(node)
        except Uncovered:
            return False
        return True

    def _for_the_rest(self, shapes: Shapes, reader: Reader) -> Callable[[str], list[Result]]:
        """Make the other engine, with what is left to it and without the targets of what is compiled."""
        from kg.engines.fast import Fast

        kept = tuple(
            triple
            for triple in shapes.triples
            if str(triple.subject) in self.left
            or (
                (triple.predicate.value not in _TARGETS and triple.predicate.value != _CLASS)
                and not (triple.predicate.value == _RDF_TYPE and str(triple.object) == _IMPLICIT)
            )
        )
        text = graph.text(kept)
        return Fast(replace(shapes, triples=kept, ntriples=text)).validate

    def validate(self, ntriples: str) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate`."""
        facts: Facts = {}
        try:
            for quad in ox.parse(ntriples.encode(), format=ox.RdfFormat.N_TRIPLES):
                held = facts.setdefault(str(quad.subject), {})
                held.setdefault(str(quad.predicate), []).append(str(quad.object))
        except (SyntaxError, ValueError) as error:
            raise UnreadablePayload(
                f"the graph is no N-Triples: {error}", cure="give one triple a line"
            ) from error
        for held in facts.values():
            for predicate, values in held.items():
                if len(values) > 1:
                    held[predicate] = list(dict.fromkeys(values))
        return self._validated(Index(facts), lambda: ntriples)

    def validate_facts(self, facts: Facts, *, flat: bool = False) -> list[Result]:
        """Check one graph; see `kg.engines.Engine.validate_facts`."""
        return self._validated(Index(facts, flat=flat), lambda: "\n".join([*lines_of(facts), ""]))

    @property
    def divisible(self) -> bool:
        """Whether each node is judged by the shapes of its classes, and by these functions alone."""
        return not self._elsewhere and not self.left

    def judged(self, facts: Facts, nodes: Iterable[str]) -> list[Result]:
        """Judge some nodes of a graph, where it is ``divisible``.

        Args:
            facts: the graph, without a hierarchy of classes.
            nodes: the nodes.

        Returns:
            Their results, sorted.
        """
        index, out = Index(facts, flat=True), list[Result]()
        for node in nodes:
            held = facts[node]
            if TYPE in held:
                judge = self._for(held[TYPE])
                if judge is not None:
                    judge(node, held, index, out)
        out.sort(key=place)
        return out

    def reach(self, types: list[str]) -> Reach:
        """Tell what is read to judge a node of some classes."""
        judge = self._for(types)
        return Reach() if judge is None else self._source.reaches[judge]

    def _for(self, types: list[str]) -> Judge | None:
        key = types[0] if len(types) == 1 else tuple(types)
        return self._judges[key] if key in self._judges else self._judge(key)

    def _validated(self, index: Index, text: Callable[[], str]) -> list[Result]:
        out: list[Result] = []
        judges, flat = self._judges, index.flat
        seen: set[str] = set()
        for node, held in index.facts.items():
            types = held.get(TYPE)
            if types is None:
                continue
            key = types[0] if flat and len(types) == 1 else tuple(index.classes(types))
            try:
                judge = judges[key]
            except KeyError:
                judge = self._judge(key)
            if judge is not None:
                judge(node, held, index, out)
            if self.left and self._calls is not None:
                seen.update(index.classes(types))
        for (_, targets), judge in zip(self._elsewhere, self._alone, strict=True):
            for node in _focuses(targets, index):
                judge(node, index.facts.get(node, {}), index, out)
        if (
            self._other is not None
            and self.left
            and (self._calls is None or not self._calls.isdisjoint(seen))
        ):
            out += self._other(text())
        if len(out) > 1:
            out.sort(key=place)
        return out

    def _judge(self, key: str | tuple[str, ...]) -> Judge | None:
        """Make the function for nodes of some classes."""
        with self._lock:
            classes = (key,) if isinstance(key, str) else key
            shapes = {id(shape): shape for name in classes for shape in self._by_class.get(name, ())}
            judge = self._source.judge(list(shapes.values())) if shapes else None
            if len(self._judges) >= _LIMIT:
                self._judges.clear()
            self._judges[key] = judge
            return judge


def _classes(node: str, facts: dict[str, list[str]]) -> list[str]:
    """List the classes that a shape targets; a shape that is a class targets its instances."""
    own = [node] if _IMPLICIT in facts.get(_RDF_TYPE, ()) else []
    return list(dict.fromkeys([*facts.get(_CLASS, ()), *own]))


def _focuses(targets: dict[str, list[str]], index: Index) -> dict[str, None]:
    """List the nodes that a shape with targets of several kinds looks at."""
    found = dict.fromkeys(targets.get(SH + "targetNode", ()))
    for predicate in targets.get(SH + "targetSubjectsOf", ()):
        found |= {subject: None for subject, held in index.facts.items() if predicate in held}
    for predicate in targets.get(SH + "targetObjectsOf", ()):
        found |= dict.fromkeys(index.inverse(predicate))
    for name in targets[_CLASS]:
        found |= dict.fromkeys(index.instances(name))
    return found
