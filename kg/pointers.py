"""From a node and a property of the graph back to the place in the payload that they were lifted from."""

from dataclasses import dataclass
from typing import Any

from kg.json_tree import PRESENTED, Node
from kg.lift import Lifted
from kg.plan import Plan
from kg.references import getter
from kg.xpath import Siblings, pointer, prefixed
from kg.yarrrml import Reference

#: Derived properties and the property of the payload that they were worked out from, by local name.
_DERIVED = {
    "asKnown": "modificationNumber",
    "earliestCreatedAt": "createdAt",
    "endsAt": "duration",
    "eventID": "reportedEventID",
    "gapSeconds": "startsAt",
    "knownCreatedAt": "createdAt",
    "knownEventStatus": "eventStatus",
    "knownModificationNumber": "modificationNumber",
    "knownModifiedAt": "modifiedAt",
    "modificationNumber": "modifiedAt",
    "sameIdAs": "uid",
    "seconds": "duration",
    "totalSeconds": "interval",
    "untoldEvent": "eventID",
    "untoldOpt": "optID",
    "untoldRegistration": "venID",
    "untoldRequest": "answersRequestID",
    "untoldResource": "resourceID",
    "untoldSeries": "rID",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a payload: XPath with the usual prefixes, and the line, from 1 (0 where unknown)."""

    pointer: str
    line: int


def place(lifted: Lifted, focus: str, path: str | None, value: str | None = None) -> Place | None:
    """Find where a statement about a node comes from.

    Args:
        lifted: the payload's graph with its ties to the tree.
        focus: subject in angle brackets.
        path: IRI of the property in angle brackets, or a path of several; None for the node itself.
        value: the object as N-Triples, to tell siblings apart.

    Returns:
        The element of the property where the payload has it; the place where it would be where it is missing;
        the node's own element otherwise; None for a node that the payload does not have.
    """
    made = lifted.nodes.get(focus)
    if made is None:
        return None
    element, plan = made
    for predicate in _candidates(path):
        for rule in plan.mapping.rules:
            if rule.predicate != predicate:
                continue
            if rule.mapping:
                child = _below(lifted, rule.mapping, element)
                if child is not None:
                    return Place(pointer(child, lifted.siblings), child.sourceline)
            elif rule.term is not None:
                found = _find(element, rule.term.refs, value, lifted.siblings)
                if found is not None:
                    return found
    at = pointer(element, lifted.siblings)
    return _expected(element, plan, path, at) or Place(at, element.sourceline)


def _candidates(path: str | None) -> list[str]:
    """IRIs of the properties that a rendered path names, the derived ones led back to what they come from."""
    if not path:
        return []
    found = [part.partition(">")[0] for part in path.split("<")[1:]]
    out = []
    for iri in found:
        head, _, local = iri.rpartition("#")
        out.append(iri)
        while local in _DERIVED:
            local = _DERIVED[local]
            out.append(f"{head}#{local}")
    return out


def _below(lifted: Lifted, mapping: str, element: Any) -> Any:
    """Give the first element that a mapping made a node of, at or below an element; None: there is none."""
    known = lifted.firsts.get((mapping, element.tag))
    if known is None:
        known = lifted.firsts[mapping, element.tag] = {}
        for found, plan in lifted.nodes.values():
            around = found if plan.name == mapping else None
            while around is not None:
                if around.tag == element.tag:
                    known.setdefault(around, found)
                around = around.getparent()
    return known.get(element)


def _steps(ref: Reference) -> tuple[str, ...]:
    return ref.steps[2:] if ref.steps[:1] == ("self::",) else ref.steps


def _find(element: Any, refs: tuple[Reference, ...], value: str | None, siblings: Siblings) -> Place | None:
    """Find the element or attribute that a reference names, where the payload has it."""
    for ref in refs:
        if ref.external or ref.name_of or getter(ref)(element) is None:
            continue
        at = element
        for _ in range(ref.up):
            at = at.getparent()
        places = [at]
        for step in _steps(ref):
            places = [child for parent in places for child in parent.iterchildren(step)]
        if not places:
            continue
        chosen = next((p for p in places if value and p.text and f'"{p.text.strip()}"' in value), places[0])
        text = pointer(chosen, siblings)
        return Place(f"{text}/@{prefixed(ref.attribute)}" if ref.attribute else text, chosen.sourceline)
    return None


def _expected(element: Any, plan: Plan, path: str | None, at: str) -> Place | None:
    """Find the place of a property that the payload lacks, from the mapping and the place of its node."""
    for predicate in _candidates(path):
        for rule in plan.mapping.rules:
            if rule.predicate == predicate and rule.term is not None:
                for ref in rule.term.refs:
                    if ref.external or not ref.steps or ref.steps[0] == "self::":
                        continue
                    if isinstance(element, Node):
                        return _member(element, ref)
                    if ref.up:
                        continue
                    missing = "".join(f"/{prefixed(step)}" for step in ref.steps)
                    return Place(at + missing, element.sourceline)
    return None


def _member(node: Node, ref: Reference) -> Place:
    """Find the member of a JSON document that should have been of another kind, or where it should stand."""
    for _ in range(ref.up):
        node = node.getparent() or node
    for place, step in enumerate(ref.steps):
        found = next((n for name in (step, f"{step}[]") for n in node.iterchildren(name)), None)
        if found is None:
            lacking = "".join(f"/{name}" for name in ref.steps[place:] if name not in PRESENTED)
            return Place(node.json_pointer + lacking, node.sourceline)
        node = found
    return Place(node.json_pointer, node.sourceline)
