"""Shapes read from a shapes graph, with what is not compiled here told apart."""

from collections.abc import Callable
from typing import Final

from kg.engines import parameters as p
from kg.engines.counted import counted
from kg.engines.index import TYPE, Index
from kg.engines.parts import Each, Shape, Uncovered, Whole, Writer, combined, member, negated
from kg.engines.paths import Said, Unclear, items, path_of
from kg.engines.result import local
from kg.engines.shapes import Shapes
from kg.engines.values import spelling
from kg.namespaces import SH

#: Parameters with one constraint for each of their values.
_SIMPLE: Final[dict[str, Callable[[str, str], Each | Whole]]] = {
    **dict.fromkeys(("minCount", "maxCount"), p.count),
    **dict.fromkeys(("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"), p.bound),
    **dict.fromkeys(("minLength", "maxLength"), p.length),
    **dict.fromkeys(("lessThan", "lessThanOrEquals"), p.less),
    "datatype": lambda _, term: p.datatype(term),
    "nodeKind": lambda _, term: p.node_kind(term),
    "hasValue": lambda _, term: p.has_value(term),
    "equals": lambda _, term: p.equals(term),
    "disjoint": lambda _, term: p.disjoint(term),
}
#: What says nothing about values, or is read beside something else.
_ASIDE: Final = frozenset(
    {
        *("path", "property", "severity", "message", "deactivated", "flags", "ignoredProperties"),
        *("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "resultAnnotation"),
        *("qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint", "suggestedShapesGraph"),
    }
)
_SELF_MADE: Final = frozenset(
    {SH + name for name in ("parameter", "validator", "nodeValidator", "shapesGraph")}
)


class Reader:
    """Reads the shapes of a shapes graph.

    Args:
        shapes: what `kg.engines.read` gave.
    """

    def __init__(self, shapes: Shapes) -> None:
        self.said: Said = {}
        for triple in shapes.triples:
            facts = self.said.setdefault(str(triple.subject), {})
            facts.setdefault(triple.predicate.value, []).append(str(triple.object))
        self._messages = shapes.messages
        #: nodes of the shapes that were read
        self.seen: set[str] = set()
        self._parents: dict[str, list[str]] = {}
        for node, facts in self.said.items():
            for child in facts.get(SH + "property", ()):
                self._parents.setdefault(child, []).append(node)
        self._own = any(name in facts for facts in self.said.values() for name in _SELF_MADE)

    def shape(self, node: str, around: tuple[str, ...] = ()) -> Shape:
        """Read a shape with all shapes that it refers to.

        Raises:
            Uncovered: it, or one of those, holds what is not compiled here.
        """
        if self._own or node in around:
            raise Uncovered(
                "the shapes declare constraint components" if self._own else f"{node} is recursive"
            )
        facts, deeper = self.said.get(node, {}), (*around, node)
        self.seen.add(node)
        try:
            path = path_of(self.said, facts[SH + "path"][0]) if SH + "path" in facts else None
            shape = Shape(node, self._named(node), path, self._severity(node), self._message(node))
            shape.active = not any(p.flag(term) for term in facts.get(SH + "deactivated", ()))
            if not shape.active:
                return shape
            for predicate, terms in facts.items():
                if predicate.startswith(SH) and (name := predicate.removeprefix(SH)) not in _ASIDE:
                    shape.constraints += self._constraints(shape, name, terms, deeper)
            shape.properties = [self.shape(child, deeper) for child in facts.get(SH + "property", ())]
        except Unclear as error:
            raise Uncovered(str(error)) from error
        return shape

    def _constraints(
        self, shape: Shape, name: str, terms: list[str], deeper: tuple[str, ...]
    ) -> list[Each | Whole]:
        facts = self.said[shape.node]
        if name in _SIMPLE:
            return [_SIMPLE[name](name, term) for term in terms]
        match name:
            case "in":
                return [member(frozenset(items(self.said, terms[0])))]
            case "class":
                return [_class(term) for term in terms]
            case "pattern":
                return [p.pattern(terms[0], next(iter(facts.get(SH + "flags", ())), ""))]
            case "languageIn":
                return [p.language_in(items(self.said, terms[0]))]
            case "uniqueLang":
                return [p.unique_language()] if p.flag(terms[0]) else []
            case "not":
                return [negated(self.shape(term, deeper)) for term in terms]
            case "node":
                return [_node(self.shape(term, deeper)) for term in terms]
            case "and" | "or" | "xone":
                lists = [[self.shape(item, deeper) for item in items(self.said, term)] for term in terms]
                return [combined(name.capitalize(), shapes) for shapes in lists]
            case "qualifiedValueShape":
                return self._qualified(shape, terms[0], deeper)
            case "closed":
                return [self._closed(shape)] if p.flag(terms[0]) else []
            case "sparql":
                return [counted(self.said.get(term, {}), shape) for term in terms]
        raise Uncovered(f"sh:{name} is not compiled")

    def _qualified(self, shape: Shape, term: str, deeper: tuple[str, ...]) -> list[Each | Whole]:
        facts = self.said[shape.node]
        wanted, others = self.shape(term, deeper), []
        if any(p.flag(value) for value in facts.get(SH + "qualifiedValueShapesDisjoint", ())):
            siblings = {
                value
                for parent in self._parents.get(shape.node, ())
                for child in self.said[parent][SH + "property"]
                for value in self.said.get(child, {}).get(SH + "qualifiedValueShape", ())
            }
            others = [self.shape(sibling, deeper) for sibling in sorted(siblings - {term})]
        return [
            _counting(name, sign, p.number(limit), wanted, others)
            for name, sign in (("qualifiedMinCount", ">="), ("qualifiedMaxCount", "<="))
            for limit in facts.get(SH + name, ())
        ]

    def _closed(self, shape: Shape) -> Each | Whole:
        facts = self.said[shape.node]
        children = (self.said.get(child, {}) for child in facts.get(SH + "property", ()))
        known = {path for child in children for path in child.get(SH + "path", ()) if path[0] == "<"}
        known.update(*(items(self.said, head) for head in facts.get(SH + "ignoredProperties", ())))
        allowed = frozenset(known)

        def offending(_: str, values: object, index: Index) -> list[tuple[str | None, str | None]]:
            assert isinstance(values, tuple | list)
            return [
                (value, predicate[1:-1])
                for node in values
                for predicate, found in index.facts.get(node, {}).items()
                if predicate not in allowed
                for value in found
            ]

        def every(writer: Writer, _: str, values: str) -> str:
            writer.reads("")
            return f"not {writer.const(offending)}('', {values}, X)"

        return Whole("Closed", every, offending)

    def _severity(self, node: str) -> str:
        return local(next(iter(self.said.get(node, {}).get(SH + "severity", ())), "<Violation>")[1:-1])

    def _message(self, node: str) -> str:
        own = self.said.get(node, {}).get(SH + "message", ())
        return spelling(own[0]) or "" if own else self._messages.get(node[1:-1], "")

    def _named(self, node: str) -> str:
        """Give the IRI of a shape, or of the nearest shape around it that has one."""
        around, seen = {node}, set[str]()
        while around:
            named = sorted(name for name in around if name[0] == "<")
            if named:
                return named[0][1:-1]
            seen |= around
            around = {parent for name in around for parent in self._parents.get(name, ())} - seen
        return ""


def _class(term: str) -> Each:
    def one(writer: Writer, value: str) -> str:
        writer.reads(TYPE)
        return f"X.isa({value}, {writer.const(term)})"

    return Each("Class", one)


def _node(shape: Shape) -> Each:
    return Each("Node", lambda writer, one: writer.fits(shape, one))


def _counting(name: str, sign: str, limit: int, wanted: Shape, others: list[Shape]) -> Whole:
    def every(writer: Writer, _: str, values: str) -> str:
        value = writer.variable()
        fits = [f"({writer.fits(wanted, value)})", *(f"not ({writer.fits(o, value)})" for o in others)]
        return f"sum([bool({' and '.join(fits)}) for {value} in {values}]) {sign} {limit}"

    return Whole(name[0].upper() + name[1:], every, lambda *_: [(None, None)])
