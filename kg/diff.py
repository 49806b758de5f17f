"""Compares two versions of an ontology: what differs, and what version number that asks for.

Numbers follow semantic versioning. Breaking: a term is gone, or what it is, where it applies or what it takes
has changed. New: a term is added or deprecated, a scheme has more top concepts, or more is imported.
Otherwise only words changed. While the first number is 0, what would raise it raises the second, and
everything else the third.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, Triple

from kg.namespaces import DCTERMS, FLEX, OWL, RDF, RDFS, SH, SKOS
from kg.rdf import ontology_files, read_all

#: Predicates whose objects are words for people: a change of them breaks nothing.
WORDS: Final = frozenset(
    (
        *(RDFS + name for name in ("label", "comment", "seeAlso", "isDefinedBy")),
        *(SKOS + name for name in ("prefLabel", "altLabel", "definition", "example")),
        *(SKOS + name for name in ("scopeNote", "note", "editorialNote")),
        *(DCTERMS + name for name in ("source", "title", "description", "creator", "license")),
        *(DCTERMS + name for name in ("modified", "created")),
        *(SH + name for name in ("name", "description", "message", "order")),
        FLEX + "cure",
        OWL + "versionInfo",
        OWL + "versionIRI",
        OWL + "priorVersion",
    )
)
#: Predicates of which one more fact breaks nothing.
MORE: Final = frozenset((*(SKOS + name for name in ("hasTopConcept", "topConceptOf")), OWL + "imports"))
_NUMBER: Final = re.compile(r"\s*[vV]?([0-9]{1,9})[.]([0-9]{1,9})[.]([0-9]{1,9})\s*")
_TYPE = NamedNode(RDF + "type")
_DEPRECATED = NamedNode(OWL + "deprecated")
_ONTOLOGY = NamedNode(OWL + "Ontology")
_VERSION = NamedNode(OWL + "versionInfo")


@dataclass(frozen=True, slots=True)
class Change:
    """One term that differs.

    Attributes:
        term: its IRI.
        kind: ``added``, ``removed``, ``deprecated``, ``changed``, ``extended`` or ``reworded``.
        lost: facts of the old version that the new one lacks, as N-Triples text without the subject.
        gained: facts of the new version that the old one lacks.
    """

    term: str
    kind: str
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions.

    Attributes:
        old: version number of the old one, empty where it states none.
        new: version number of the new one.
        needed: the least number that the new one must have; empty where the old one's cannot be told.
        changes: terms that differ, sorted by kind and IRI.
    """

    old: str
    new: str
    needed: str
    changes: tuple[Change, ...]

    @property
    def unread(self) -> tuple[str, ...]:
        """Version numbers that are stated and are not three numbers, so that nothing can be said of them."""
        return tuple(dict.fromkeys(v for v in (self.old, self.new) if v and not _number(v)))

    @property
    def numbered(self) -> bool:
        """Whether the new version's number is high enough; not where one of the two cannot be read."""
        if not self.changes:
            return True
        return not self.unread and (not self.needed or _number(self.new) >= _number(self.needed))

    def as_dict(self) -> dict[str, Any]:
        """Give the difference as plain data."""
        return {**asdict(self), "unread": self.unread, "numbered": self.numbered}


def diff(old: Path, new: Path) -> Difference:
    """Compare two versions of an ontology, a vocabulary or a set of shapes.

    Args:
        old: a file or a folder of files.
        new: likewise.

    Raises:
        kg.errors.UsageError: a path names no ontology.
        kg.errors.AssetError: a file cannot be parsed.
    """
    before, after = read_all(ontology_files(old)), read_all(ontology_files(new))
    facts, facts_now = _facts(before), _facts(after)
    changes = []
    for term in sorted({*facts, *facts_now}):
        change = _compare(term, facts.get(term, set()), facts_now.get(term, set()))
        if change is not None:
            changes.append(change)
    order = ("removed", "changed", "deprecated", "extended", "added", "reworded")
    changes.sort(key=lambda change: (order.index(change.kind), change.term))
    version = _version(before)
    return Difference(version, _version(after), _needed(version, {c.kind for c in changes}), tuple(changes))


def _compare(term: str, old: set[str], new: set[str]) -> Change | None:
    lost, gained = tuple(sorted(old - new)), tuple(sorted(new - old))
    if not lost and not gained:
        return None
    if not old:
        return Change(term, "added", (), gained)
    if not new:
        return Change(term, "removed", lost, ())
    deprecation = f"<{_DEPRECATED.value}> "
    if any(fact.startswith(deprecation) and '"true"' in fact for fact in gained):
        return Change(term, "deprecated", lost, gained)
    shed, got = ({fact[1 : fact.index(">")] for fact in facts} - WORDS for facts in (lost, gained))
    if shed or got - MORE:
        return Change(term, "changed", lost, gained)
    return Change(term, "extended" if got else "reworded", lost, gained)


def _facts(triples: Iterable[Triple]) -> dict[str, set[str]]:
    """Facts of each named term as text; blank nodes by their canonical names, with what they hold."""
    data = Dataset([Quad(t.subject, t.predicate, t.object) for t in triples])
    data.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    inner: dict[BlankNode, list[tuple[NamedNode, Any]]] = defaultdict(list)
    for quad in data:
        if isinstance(quad.subject, BlankNode):
            inner[quad.subject].append((quad.predicate, quad.object))

    def text(value: Any, depth: int = 0) -> str:
        if isinstance(value, BlankNode) and depth < 20:
            held = sorted(f"{p} {text(o, depth + 1)}" for p, o in inner[value])
            return f"[ {' ; '.join(held)} ]"
        return str(value)

    found: dict[str, set[str]] = defaultdict(set)
    for quad in data:
        if isinstance(quad.subject, NamedNode):
            found[quad.subject.value].add(f"{quad.predicate} {text(quad.object)}")
    return found


def _version(triples: Iterable[Triple]) -> str:
    """Highest version number that the ontologies among some triples state."""
    triples = list(triples)
    ontologies = {t.subject for t in triples if t.predicate == _TYPE and t.object == _ONTOLOGY}
    numbers = [
        t.object.value
        for t in triples
        if t.predicate == _VERSION and t.subject in ontologies and isinstance(t.object, Literal)
    ]
    return max(numbers, key=_number, default="")


def _number(version: str) -> tuple[int, ...]:
    """Give the three numbers of a version such as ``1.2.3`` or ``v1.2.3``; none where they cannot be read."""
    match = _NUMBER.fullmatch(version)
    return tuple(int(part) for part in match.groups()) if match else ()


def _needed(old: str, kinds: set[str]) -> str:
    """Give the least version number that the changes ask for; empty where the old one has none to read."""
    parts = _number(old)
    if not parts:
        return ""
    major, minor, patch = parts
    breaking, new = bool(kinds & {"removed", "changed"}), bool(kinds & {"added", "deprecated", "extended"})
    if not kinds:
        return f"{major}.{minor}.{patch}"
    if major == 0:
        return f"0.{minor + 1}.0" if breaking else f"0.{minor}.{patch + 1}"
    if breaking:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if new else f"{major}.{minor}.{patch + 1}"
