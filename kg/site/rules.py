"""Named shapes as the site shows them: what a rule says, and which terms and concepts it speaks of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from kg import assets
from kg.namespaces import DCTERMS, FLEX, SH, SHAPE, VOCAB
from kg.site.facts import Facts, Value

_KINDS: Final = frozenset({SH + "NodeShape", SH + "PropertyShape"})
#: What a rule says of itself with own terms, which makes it no rule about these.
_ABOUT: Final = frozenset({FLEX + "cure", FLEX + "responseCode"})
_QUERIED: Final = re.compile(r"\bflex:([A-Za-z][A-Za-z0-9]*)|<(" + re.escape(FLEX) + r"[A-Za-z0-9]+)>")


#: Where the first sentence of a comment ends.
_SENTENCE: Final = re.compile(r"[.;]\s")


@dataclass(frozen=True, slots=True)
class Rule:
    """A named shape.

    Attributes:
        iri: of the shape.
        name: local part of the IRI.
        id: stable rule id; empty where the shape only brings others together.
        title: what it is called.
        description: what it asks for.
        message: what is wrong when it fails.
        severity: ``Violation``, ``Warning`` or ``Info``, at level core.
        levels: title of another level of strictness and the severity there, where it differs.
        sources: clauses.
        cure: what to do.
        response_code: IRI of the concept that a refusal answers with, or empty.
        targets: IRIs of the classes whose instances it is about.
        mentions: IRIs of own terms and concepts that it speaks of, targets included.
        groups: IRIs of the shapes that refer to it.
        file: name of its file below ``shapes``.
    """

    iri: str
    name: str
    id: str
    title: str
    description: str
    message: str
    severity: str
    levels: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    cure: str
    response_code: str
    targets: tuple[str, ...]
    mentions: tuple[str, ...]
    groups: tuple[str, ...]
    file: str


def read(facts: Facts) -> list[Rule]:
    """List the named shapes among files that were read, in the order of the files.

    Args:
        facts: what the files state.
    """
    parents: dict[str, list[str]] = {}
    homes: dict[str, str] = {}
    for path, subjects in facts.files.items():
        for iri in subjects:
            if iri.startswith(SHAPE) and _KINDS & set(facts.kinds(iri)):
                homes.setdefault(iri, _below_shapes(path))
    for iri in homes:
        for _, value in facts.mentioned(NamedNode(iri)):
            if isinstance(value, NamedNode) and value.value in homes and value.value != iri:
                parents.setdefault(value.value, []).append(iri)
    levels = _levels(facts)
    return [_rule(facts, iri, file, parents, levels) for iri, file in homes.items()]


def title(file: str) -> str:
    """Give the first sentence of the comment in a file of shapes, which says what its rules are about.

    Args:
        file: its name below ``shapes``.
    """
    lines = assets.text(assets.folder("shapes") / file).splitlines()
    comment = " ".join(line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), lines))
    return _SENTENCE.split(comment, 1)[0].rstrip(".") or file


def heading(file: str) -> str:
    """Name a file of shapes in a word or two.

    >>> heading("ontology/active-period.ttl")
    'Ontology active period'
    """
    words = file.removesuffix(".ttl").replace("/", " ").replace("-", " ")
    return words.capitalize().replace("Openadr", "OpenADR")


def _below_shapes(path: Path) -> str:
    base = assets.folder("shapes")
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _levels(facts: Facts) -> dict[str, list[tuple[str, str]]]:
    """Rule id -> title of each level that overrides its severity, and the severity there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for subject in facts.by_subject:
        for override in facts.values(subject, FLEX + "overridesSeverity"):
            if isinstance(override, BlankNode):
                severity = next(iter(facts.iris(override, FLEX + "toSeverity")), "").removeprefix(SH)
                level = (facts.text(subject, DCTERMS + "title"), severity)
                found.setdefault(facts.text(override, FLEX + "ofRule"), []).append(level)
    return found


def _rule(
    facts: Facts,
    iri: str,
    file: str,
    parents: dict[str, list[str]],
    levels: dict[str, list[tuple[str, str]]],
) -> Rule:
    identifier = facts.text(iri, DCTERMS + "identifier")
    targets = tuple(dict.fromkeys(_targets(facts, iri, parents, set())))
    mentions = dict.fromkeys([*targets, *_mentions(facts, iri)])
    return Rule(
        iri,
        iri.removeprefix(SHAPE),
        identifier,
        facts.text(iri, SH + "name"),
        facts.text(iri, SH + "description"),
        facts.text(iri, SH + "message"),
        next(iter(facts.iris(iri, SH + "severity")), SH + "Violation").removeprefix(SH),
        tuple(levels.get(identifier, ())),
        facts.texts(iri, DCTERMS + "source"),
        facts.text(iri, FLEX + "cure"),
        next(iter(facts.iris(iri, FLEX + "responseCode")), ""),
        targets,
        tuple(name for name in mentions if name.startswith((FLEX, VOCAB))),
        tuple(dict.fromkeys(parents.get(iri, ()))),
        file,
    )


def _targets(facts: Facts, iri: str, parents: dict[str, list[str]], seen: set[str]) -> Iterator[str]:
    """Target classes of a shape and of those that refer to it."""
    seen.add(iri)
    yield from facts.iris(iri, SH + "targetClass")
    for parent in parents.get(iri, ()):
        if parent not in seen:
            yield from _targets(facts, parent, parents, seen)


def _mentions(facts: Facts, iri: str) -> Iterator[str]:
    for predicate, value in facts.mentioned(NamedNode(iri)):
        if predicate not in _ABOUT:
            yield from _named(value)


def _named(value: Value) -> Iterator[str]:
    if isinstance(value, NamedNode):
        yield value.value
    elif isinstance(value, Literal):
        for short, full in _QUERIED.findall(value.value):
            yield full or FLEX + short
