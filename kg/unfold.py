"""One node of a graph written into one element: the rules of a mapping read backwards."""

from collections.abc import Iterable
from datetime import UTC
from urllib.parse import unquote

import pyoxigraph as ox

from kg.branch import Branch
from kg.containment import relative
from kg.errors import UsageError
from kg.namespaces import FLEX, PREFIXES, XSD
from kg.plan import source_iri
from kg.statements import Object, Statements, name
from kg.times import moment
from kg.xpath import prefixed
from kg.yarrrml import RDF_TYPE, Mapping, MappingFile, Reference, Rule

_STARTS = FLEX + "startsAt"
#: What the lift adds to what a payload says.
AROUND = {RDF_TYPE} | {
    FLEX + name
    for name in (
        "durationStated",
        "emptyElement",
        "endsAt",
        "gapSeconds",
        "intervalStartsStated",
        "sameIdAs",
        "sameTypeAs",
        "seconds",
        "startStated",
        "totalSeconds",
    )
}
_TABLE = "see docs/elements.md for the property that each element is made from"


class Unfolding:
    """Writes nodes of a graph into elements of a payload.

    Args:
        statements: the graph.
        source: the mapping file.
    """

    def __init__(self, statements: Statements, source: MappingFile) -> None:
        self.statements, self.source = statements, source
        self._sequenced = {
            source_iri(source, predicate)
            for entry in source.settings.get("sequences", ())
            for predicate in entry["via"]
        }
        self._refused = {source_iri(source, name) for name in source.settings.get("refused", ())}
        #: the rules of each mapping, names before the IRIs made of them
        self._ordered = {
            mapping.name: sorted(mapping.rules, key=lambda rule: rule.kind != "literal")
            for mapping in source.mappings.values()
        }
        self._classes = {mapping.name: classes(mapping) for mapping in source.mappings.values()}
        self._paths: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        #: node and property of what a payload of this profile has no place for
        self.left: list[tuple[str, str]] = []

    def fill(self, mapping: Mapping, node: str, branch: Branch, *, stated: bool) -> None:
        """Write everything that a mapping says of a node into its element.

        Args:
            mapping: the mapping.
            node: the node.
            branch: the element that the mapping's subject stands for.
            stated: whether a start of the node was in the message, and not worked out.
        """
        branch.node, branch.mapping = branch.node or node, branch.mapping or mapping
        left = dict.fromkeys(self.statements.properties(node))
        for rule in self._ordered[mapping.name]:
            if rule.predicate not in left and not self.statements.objects(node, rule.predicate):
                continue
            worked_out = rule.predicate == _STARTS and not stated
            if worked_out or (self.link if rule.mapping else self.value)(mapping, rule, node, branch):
                left.pop(rule.predicate, None)
        self.left += [(node, prop) for prop in left if prop not in AROUND and not prop.endswith("Text")]
        for path in self.statements.objects(node, FLEX + "emptyElement"):
            branch.ensure(self.names(name(path)))

    def value(self, _mapping: Mapping, rule: Rule, node: str, branch: Branch) -> bool:
        """Write one property of a node; tells whether it is written, or follows from others that are."""
        if rule.term is None or len(rule.term.refs) != 1:
            return True
        (ref,) = rule.term.refs
        if ref.external or ref.name_of or ref.up:
            return True
        steps = None if rule.predicate in self._refused else _steps(ref, branch)
        element = None if steps is None else branch.reach(steps)
        if steps is None or element is None:
            return False
        objects = self.statements.objects(node, rule.predicate)
        many = bool(steps) and not ref.attribute and _many(branch, steps)
        if len(objects) > 1 and not many:
            raise UsageError(
                f"there are {len(objects)} values of {_short(rule.predicate)}, of which the message has one",
                where=node,
                cure="keep one of them",
            )
        texts = sorted(text_of(self.statements, rule, node, item) for item in objects)
        for text in texts:
            if rule.datatype == XSD + "dateTime" and not element.fits(text):
                text = _in_utc(text)
            if ref.attribute:
                branch.ensure(steps).attributes.setdefault(ref.attribute, text)
            elif many:
                branch.ensure(steps[:-1]).add(steps[-1]).text = text
            else:
                place = branch.ensure(steps)
                place.text = text if place.text is None else place.text
        return True

    def link(self, mapping: Mapping, rule: Rule, node: str, branch: Branch) -> bool:
        """Write the nodes that a node contains; tells whether any is of this mapping."""
        target = self.source.mappings[rule.mapping]
        kinds = self._classes[target.name]
        whole = self.statements.flag(node, FLEX + "intervalStartsStated")
        found = [n for n in self.statements.nodes(node, rule.predicate) if self.statements.types(n) & kinds]
        for inner in found:
            steps = self._place(mapping, target, inner, branch)
            stated = rule.predicate not in self._sequenced or whole
            stated = stated or self.statements.flag(inner, FLEX + "startStated")
            place = branch.ensure(steps[:-1]).add(steps[-1]) if steps else branch
            self.fill(target, inner, place, stated=stated)
        return bool(found)

    def _place(self, mapping: Mapping, target: Mapping, node: str, branch: Branch) -> tuple[str, ...]:
        """Find the path at which a contained node stands, from its kind of element and from the schema."""
        key = mapping.name, target.name
        paths = self._paths.get(key)
        if paths is None:
            paths = self._paths[key] = relative(mapping, target)
        if () in paths:
            return ()
        named = {
            text_of(self.statements, rule, node, item)
            for rule in target.rules
            if len(paths) > 1 and rule.term is not None and any(ref.name_of for ref in rule.term.refs)
            for item in self.statements.objects(node, rule.predicate)
        }
        fitting = [p for p in paths if branch.reach(p) is not None]
        if named:
            fitting = [p for p in fitting if p[-1].rpartition("}")[2] in named]
        if not fitting:
            what = " or ".join(sorted(named)) or target.name
            raise UsageError(
                f"{prefixed(branch.element.name)} has no place for {what}", where=node, cure=_TABLE
            )
        return fitting[0]

    def missing(self, branch: Branch, names: tuple[str, ...], attribute: str) -> UsageError:
        """Say what a payload lacks in the words of the graph: node and property."""
        owner, steps = branch.owner()
        wanted = dict.fromkeys(_short(iri) for iri in self._makers(owner.mapping, steps, names, attribute))
        what = " or ".join(prefixed(tag) for tag in names) or f"@{prefixed(attribute)}"
        return UsageError(
            f"the node has no {' or '.join(wanted) or what}, without which "
            f"{prefixed(branch.element.name)} lacks its {what}",
            where=owner.node or branch.pointer(),
            cure="add the property",
            code="graph-incomplete",
        )

    def _makers(
        self, mapping: Mapping | None, steps: tuple[str, ...], names: tuple[str, ...], attribute: str
    ) -> Iterable[str]:
        """List the properties from which a mapping makes something at a path below its element."""
        for rule in mapping.rules if mapping else ():
            paths = relative(mapping, self.source.mappings[rule.mapping]) if mapping and rule.mapping else []
            refs = rule.term.refs if rule.term is not None else ()
            if attribute:
                refs = tuple(ref for ref in refs if ref.attribute == attribute)
            paths += [_own(ref) for ref in refs if not ref.up and not ref.external]
            for path in paths:
                rest = path[len(steps) :]
                if path[: len(steps)] == steps and (attribute or (rest and rest[0] in names)):
                    yield rule.predicate

    def names(self, path: str) -> tuple[str, ...]:
        """Expand a path of prefixed names."""
        pairs = (step.partition(":") for step in path.split("/") if step)
        return tuple(f"{{{self.source.prefixes.get(prefix, '')}}}{local}" for prefix, _, local in pairs)


def classes(mapping: Mapping) -> set[str]:
    """List the classes that a mapping gives its nodes."""
    return {
        rule.term.parts[0]
        for rule in mapping.rules
        if rule.predicate == RDF_TYPE and rule.term is not None and rule.term.constant
    }


def text_of(statements: Statements, rule: Rule, node: str, item: Object) -> str:
    """Give the text of the wire for an object."""
    if rule.kind != "iri":
        kept = statements.objects(node, rule.predicate + "Text")
        return name(kept[0] if kept else item)
    assert rule.term is not None
    head, tail = rule.term.parts
    iri = name(item)
    if isinstance(item, ox.Literal) or not (iri.startswith(head) and iri.endswith(tail)):
        raise UsageError(
            f"{_short(rule.predicate)} is {iri!r}, which is no IRI of the form {head}...{tail}",
            where=node,
            cure="use a concept of that scheme",
        )
    return unquote(iri[len(head) : len(iri) - len(tail)])


def _own(ref: Reference) -> tuple[str, ...]:
    return ref.steps[2:] if ref.steps[:1] == ("self::",) else ref.steps


def _steps(ref: Reference, branch: Branch) -> tuple[str, ...] | None:
    """Give the path of a reference below an element; None where it says nothing of that element."""
    if ref.steps[:1] == ("self::",) and ref.steps[1] != branch.element.name:
        return None
    return _own(ref)


def _many(branch: Branch, steps: tuple[str, ...]) -> bool:
    """Tell whether the schema allows the last element of a path more than once."""
    above = branch.reach(steps[:-1])
    found = above.child(steps[-1]) if above is not None else None
    return found is not None and found[0].many


def _in_utc(text: str) -> str:
    """Write a date-time with an offset in UTC, the one zone that OpenADR's pattern admits."""
    when = moment(text)
    if when is None or when.tzinfo is None:
        return text
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _short(iri: str) -> str:
    return next((f"{p}:{iri.removeprefix(n)}" for p, n in PREFIXES.items() if iri.startswith(n)), iri)
