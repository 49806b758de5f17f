"""lower: graph -> payload. The mapping file of the lift read backwards, the element order from the schema."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from kg.branch import Branch
from kg.errors import UsageError
from kg.lift import Lifter, lifter_for
from kg.schema import in_20b, schema_errors, schema_for
from kg.schema_model import model_of
from kg.statements import Statement, Statements, name
from kg.unfold import Unfolding, classes
from kg.xpath import prefixed
from kg.yarrrml import Mapping


@dataclass(frozen=True, slots=True)
class Lowered:
    """A payload made from a graph.

    Attributes:
        data: the payload.
        left: node and property of each statement about the message that the payload has no place for.
    """

    data: bytes
    left: tuple[tuple[str, str], ...]


def lower(graph: str | Iterable[Statement], message: str | None = None, *, profile: str = "2.0b") -> bytes:
    """Make the payload that a message's graph was lifted from, or could have been.

    What was worked out by the lift (ends, seconds, starts that follow from others) is left out again. Leaves
    have the same value as in the payload that was lifted; spellings that the graph does not keep may differ.

    Args:
        graph: N-Triples, or triples as pyoxigraph gives them, of one message or more.
        message: IRI of the message; may be left out where the graph holds one only.
        profile: OpenADR profile to write, for example ``"2.0b"``.

    Returns:
        The payload, UTF-8 with an XML declaration; for 2.0b it is valid against the schema.

    Raises:
        UsageError: the graph has no message or several, lacks a property that the schema asks for, holds two
            values where one is possible, or is no N-Triples.
        AssetError: no mapping file serves the profile.
    """
    return lowered(graph, message, profile=profile).data


def lowered(
    graph: str | Iterable[Statement], message: str | None = None, *, profile: str = "2.0b"
) -> Lowered:
    """Make the payload of a message, and say what of the graph it has no place for; see ``lower``."""
    statements = Statements.of(graph)
    lifter = lifter_for(profile)
    found = messages(statements, lifter)
    if message is None and len(found) == 1:
        (message,) = found
    if message is None:
        raise UsageError(
            f"the graph has {len(found) or 'no'} message{'s' if len(found) > 1 else ''}",
            where=", ".join(sorted(found)[:2]),
            cure="say which is meant" if found else "give a graph with a node of a class such as flex:Poll",
            code="messages",
        )
    if message not in found:
        raise UsageError(
            "the graph has no such message", where=message, cure="give the IRI of a message in the graph"
        )
    unfolding = Unfolding(statements, lifter.source)
    root = _begin(found[message], profile)
    unfolding.fill(found[message], message, root, stated=True)
    root = _enclosed(unfolding, lifter, message, root)
    root.complete(unfolding.missing)
    return Lowered(_written(root, lifter), tuple(unfolding.left))


def messages(statements: Statements, lifter: Lifter) -> dict[str, Mapping]:
    """List the messages of a graph with their mappings; a message inside another is none."""
    by_class = {kind: plan.mapping for plan in lifter.roots.values() for kind in classes(plan.mapping)}
    by_class = {kind: mapping for kind, mapping in by_class.items() if not _encloses(mapping)}
    links = {rule.predicate for plan in lifter.plans.values() for rule in plan.mapping.rules if rule.mapping}
    found: dict[str, Mapping] = {}
    inner: set[str] = set()
    for subject in statements.subjects():
        for kind in statements.types(subject) & by_class.keys():
            found[subject] = by_class[kind]
        for link in links.intersection(statements.properties(subject)):
            inner.update(name(node) for node in statements.objects(subject, link))
    return {subject: mapping for subject, mapping in found.items() if subject not in inner}


def _encloses(mapping: Mapping) -> list[str]:
    """List the properties of an envelope's mapping that lead to the message in it."""
    return [
        rule.predicate
        for rule in mapping.rules
        if rule.term is not None and any(ref.external == "_digest" for ref in rule.term.refs)
    ]


def _begin(mapping: Mapping, profile: str) -> Branch:
    """Begin a payload, or an envelope, with its root element."""
    tag = mapping.iterators[0][-1]
    element = model_of(profile).element(tag)
    if element is None:
        raise UsageError(f"the schema has no element {prefixed(tag)}", where=mapping.name)
    return Branch(element)


def _enclosed(unfolding: Unfolding, lifter: Lifter, message: str, branch: Branch) -> Branch:
    """Put a message's element into its envelope, where the graph has one."""
    path = unfolding.names(str(lifter.source.settings.get("envelope", "")))
    if not path:
        return branch
    mapping = lifter.roots[path[0]].mapping
    statements = unfolding.statements
    for node in statements.subjects():
        held = {name(item) for link in _encloses(mapping) for item in statements.objects(node, link)}
        if message in held and statements.types(node) & classes(mapping):
            outer = _begin(mapping, lifter.profile)
            unfolding.fill(mapping, node, outer, stated=True)
            outer.ensure(path[1:]).adopt(branch)
            return outer
    return branch


def _written(root: Branch, lifter: Lifter) -> bytes:
    """Write the finished tree, and let the schema judge it."""
    used = root.spaces()
    prefixes = lifter.source.prefixes.items()
    tree = root.write(None, {prefix: iri for prefix, iri in prefixes if iri in used and prefix != "xml"})
    data: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
    judged = in_20b(tree) if lifter.profile == "2.0a" else tree
    if not schema_for("2.0b").validate(judged):
        first = next(schema_errors(judged))
        raise UsageError(
            f"the graph makes no valid payload: {first.message}",
            where=first.pointer,
            cure="see docs/elements.md for the property that each element is made from",
            code="graph-invalid",
        )
    return data
