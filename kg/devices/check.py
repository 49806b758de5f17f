"""The check of mappings: form, then rules; each finding with rule, clause, JSON pointer and cure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from kg import assets
from kg.devices.documents import Document, read_document
from kg.devices.graph import graph, pointer_of
from kg.devices.structure import structure
from kg.devices.terms import expand
from kg.engines import Engine, Result
from kg.engines import engine as make_engine
from kg.errors import AssetError, UnreadablePayload
from kg.namespaces import FLEX, RDF, XSD
from kg.report import Report, Verdict, Violation
from kg.rules import Shapes

_ORDER: Final = {"Violation": 0, "Warning": 1, "Info": 2}
_KEYS: Final = {
    "http://schema.org/unitCode": "unit",
    "http://purl.org/dc/terms/source": "dct:source",
    FLEX + "unit": "unit",
    FLEX + "strategyKnown": "flex:strategy",
    FLEX + "unitFits": "unit",
    FLEX + "unitKnown": "unit",
    FLEX + "wordOrderKnown": "contentType",
    FLEX + "registersOfContent": "contentType",
    FLEX + "signFits": "contentType",
    FLEX + "registerAddress": "href",
    FLEX + "registerCount": "href",
    FLEX + "unitID": "href",
    FLEX + "lastRegister": "href",
}


#: Values of facts that are worked out: that they are true or false says nothing to a reader.
_DERIVED: Final = frozenset(f'"{word}"^^<{XSD}boolean>' for word in ("true", "false"))


@cache
def shapes() -> Shapes:
    """Give the rules on mappings: all shapes of ``shapes/devices``."""
    return Shapes(assets.files("shapes", "devices/*.ttl"))


@cache
def classes() -> tuple[str, ...]:
    """Give the classes that the rules speak of."""
    target = "http://www.w3.org/ns/shacl#targetClass"
    found = {
        str(value.value)  # type: ignore[union-attr]
        for facts in shapes().quads.values()
        for predicate, value in facts
        if predicate.value == target
    }
    return tuple(sorted(found))


@cache
def engine_for(name: str = "shacl", without: frozenset[str] = frozenset()) -> Engine:
    """Give the engine with the rules on mappings, compiled once.

    Args:
        name: SHACL engine.
        without: rule ids to leave out; the tests take rules away one by one.
    """
    made = shapes()
    try:
        return make_engine(name, made.for_classes(classes(), without))
    except AssetError as error:
        raise made.placed(error) from error


def check(data: bytes, name: str = "", *, engine: str = "shacl") -> Report:
    """Check one mapping by itself.

    Args:
        data: the bytes of a Thing Description or Thing Model.
        name: path, for messages.
        engine: ``"shacl"`` or ``"pyshacl"``.

    Returns:
        The verdict and every finding; bytes that cannot be read give the verdict ``"unreadable"``.

    Source:
        W3C WoT Thing Description 1.1; SHACL, section 3.4.

    >>> check(b"[]").verdict
    'unreadable'
    """
    try:
        document = read_document(data, name)
    except UnreadablePayload as error:
        return unreadable(data, error)
    return check_document(document, engine=engine)


def check_document(
    document: Document,
    extra: Iterable[str] | None = None,
    *,
    engine: str = "shacl",
    without: frozenset[str] = frozenset(),
    text: str = "",
    places: Mapping[str, str] | None = None,
) -> Report:
    """Check a document that is parsed.

    Args:
        document: a mapping, or a site file where ``text`` is given.
        extra: what is known of other mappings, as N-Triples lines; None: nothing to compare with.
        engine: SHACL engine.
        without: rule ids to leave out.
        text: graph of the document, where it is no mapping.
        places: JSON pointers of the nodes of a site file, by IRI.
    """
    if not text:
        wrong = structure(document)
        if wrong:
            return report_on(document, wrong)
        try:
            text = graph(document)
        except UnreadablePayload as error:
            return report_on(document, [_unreadable(error)])
        lines = _alone(document) if extra is None else extra
        text += "".join(f"{line}\n" for line in lines)
    results = engine_for(engine, without).validate(text)
    found = [_violation(document, result, places or {}) for result in results]
    return report_on(document, found, "site" if places is not None else "")


def _alone(document: Document) -> list[str]:
    """Take the resource that a mapping names for one that exists, where there is nothing to compare with."""
    said = expand(document.data.get("flex:ofResource"), document.data)
    return [f"<{said}> <{RDF}type> <{FLEX}Resource> ."] if said else []


def unreadable(data: bytes, error: UnreadablePayload) -> Report:
    """Make the report on bytes that are no mapping."""
    return Report("unreadable", "", (_unreadable(error),), hashlib.sha256(data).hexdigest())


def _unreadable(error: UnreadablePayload) -> Violation:
    return Violation(
        rule=f"READ-{error.code}",
        severity="Violation",
        message=error.what[0].upper() + error.what[1:] + ".",
        pointer=error.where,
        cure=error.cure,
        source="RFC 8259; W3C Web of Things Thing Description 1.1, section 6.1, mapping to JSON types",
    )


def report_on(document: Document, found: Sequence[Violation], kind: str = "") -> Report:
    """Make the report on a document from what was found, in any order."""
    ordered = sorted(found, key=lambda v: (_ORDER.get(v.severity, 0), v.pointer, v.rule, v.value or ""))
    verdict: Verdict = "violates" if any(v.severity == "Violation" for v in found) else "conforms"
    kind = kind or ("Thing Model" if document.is_model else "Thing Description")
    return Report(verdict, kind, tuple(dict.fromkeys(ordered)), document.digest)


def _violation(document: Document, result: Result, places: Mapping[str, str]) -> Violation:
    rule = shapes().rules.get(result.shape)
    at = places.get(result.focus) or pointer_of(result.focus)
    made = Violation(
        rule=rule.id if rule else result.shape,
        severity=result.severity,
        message=result.message or (rule.message if rule else result.component),
        focus=result.focus,
        value=None if result.value == f"<{result.focus}>" else result.value,
        source=rule.source if rule else "",
        pointer=_member(document, at, result.path or "") or "/",
        cure=rule.cure if rule else "",
        component=result.component,
        path=result.path if result.path and "<" not in result.path else "",
    )
    if result.value in _DERIVED:
        return replace(made, value=None)
    other = pointer_of(result.value[1:-1]) if result.value and result.value.startswith("<") else ""
    return replace(made, value=None if other == at else other) if other else made


def _member(document: Document, at: str, path: str) -> str:
    """Add the member that a finding speaks of, where the object has one that says so."""
    node: object = document.data
    for step in at.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return at
    name = _KEYS.get(path) or ("flex:" + path.removeprefix(FLEX) if path.startswith(FLEX) else "")
    return f"{at}/{name}" if name and isinstance(node, dict) and name in node else at
