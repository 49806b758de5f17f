"""Writes descriptions as JSON-LD: a context of prefixes, blank nodes in what they belong to, always alike."""

import json
from collections.abc import Iterable
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode

from kg.namespaces import RDF, XSD
from kg.site.facts import TYPE, Facts, Subject, Value, short


def write(facts: Facts, subjects: Iterable[str]) -> str:
    """Write what is stated of some subjects.

    Args:
        facts: where to look.
        subjects: IRIs; unknown ones are passed over.

    Returns:
        JSON-LD 1.1, the same text for the same facts.
    """
    nodes = [_node(facts, NamedNode(iri), ()) for iri in subjects if NamedNode(iri) in facts.by_subject]
    return json.dumps({"@context": facts.prefixes, "@graph": nodes}, ensure_ascii=False, indent=1) + "\n"


def _node(facts: Facts, subject: Subject, above: tuple[Subject, ...]) -> dict[str, Any]:
    out: dict[str, Any] = {"@id": subject.value} if isinstance(subject, NamedNode) else {}
    for predicate, value in facts.by_subject.get(subject, ()):
        if predicate == TYPE and isinstance(value, NamedNode):
            out.setdefault("@type", []).append(short(value.value, facts.prefixes))
        else:
            out.setdefault(short(predicate, facts.prefixes), []).append(
                _value(facts, value, (*above, subject))
            )
    return out


def _value(facts: Facts, value: Value, above: tuple[Subject, ...]) -> dict[str, Any]:
    if isinstance(value, NamedNode):
        return {"@list": []} if value.value == RDF + "nil" else {"@id": value.value}
    if isinstance(value, Literal):
        if value.language is not None:
            return {"@value": value.value, "@language": value.language}
        kind = value.datatype.value
        return {"@value": value.value} | ({} if kind == XSD + "string" else {"@type": kind})
    if not isinstance(value, BlankNode) or value in above:
        return {}
    if facts.values(value, RDF + "first"):
        return {"@list": [_value(facts, item, (*above, value)) for item in facts.items(value)]}
    return _node(facts, value, above)
