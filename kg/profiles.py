"""Levels of strictness and standards, as profiles declare them: files that apply, severities that differ.

``shapes/profiles.ttl`` declares the shipped ones in the W3C Profiles Vocabulary, on two axes: a profile with
``flex:inProfile`` is a standard, any other a level. A user's own level is a file of the same kind, with
``prof:isProfileOf`` one of ours and shape files beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from kg import assets
from kg.errors import AssetError, UsageError
from kg.namespaces import FLEX, MODULE, RDF

PROF = "http://www.w3.org/ns/dx/prof/"
_BASE = MODULE + "shapes/"
_MAPPINGS = MODULE + "mappings/"
_SEVERITIES = ("Violation", "Warning", "Info")
_Node = ox.NamedNode | ox.BlankNode


@dataclass(frozen=True, slots=True)
class Level:
    """A level of strictness.

    Attributes:
        name: for example ``"core"``.
        files: shape files in force, those of all standards among them.
        severities: rule id -> severity where it differs from the shape's own.
        standards: shape file -> the standards on whose messages alone it is tried; others are tried on all.
    """

    name: str
    files: tuple[Path, ...]
    severities: tuple[tuple[str, str], ...] = ()
    standards: Mapping[Path, frozenset[str]] = field(default_factory=dict)


class _Graph:
    """Profiles as triples, the shipped ones and perhaps a user's."""

    def __init__(self) -> None:
        self.facts: dict[_Node, list[tuple[str, ox.NamedNode | ox.BlankNode | ox.Literal]]] = {}
        self.home: dict[_Node, Path] = {}

    def read(self, path: Path, base: str) -> None:
        try:
            quads = list(
                ox.parse(assets.text(path), ox.RdfFormat.TURTLE, base_iri=base, rename_blank_nodes=True)
            )
        except SyntaxError as error:
            place = f"{path}:{error.lineno}:{error.offset}"
            raise AssetError(
                f"broken Turtle: {error.msg}", where=place, cure="mend the syntax there"
            ) from error
        for quad in quads:
            if isinstance(quad.subject, _Node) and not isinstance(quad.object, ox.Triple):
                self.facts.setdefault(quad.subject, []).append((quad.predicate.value, quad.object))
                self.home.setdefault(quad.subject, path)

    def objects(self, subject: _Node, predicate: str) -> Iterator[ox.NamedNode | ox.BlankNode | ox.Literal]:
        return (value for name, value in self.facts.get(subject, ()) if name == predicate)

    def nodes(self, subject: _Node, predicate: str) -> list[_Node]:
        return [value for value in self.objects(subject, predicate) if not isinstance(value, ox.Literal)]

    def text(self, subject: _Node, predicate: str) -> str:
        return next((value.value for value in self.objects(subject, predicate)), "")

    def profiles(self, standards: bool = False) -> list[_Node]:
        """List the levels, or the standards."""
        kind = PROF + "Profile"
        found = [s for s in self.facts if any(o.value == kind for o in self.objects(s, RDF + "type"))]
        return [s for s in found if bool(self.nodes(s, FLEX + "inProfile")) == standards]


def load_profile(name: str) -> Level:
    """Read a level.

    Args:
        name: token of a shipped profile (``"core"``, ``"strict"``, ...), or the path of a profile file.

    Returns:
        Its shape files and severities, with those of the profiles that it is a profile of; its own win.

    Raises:
        UsageError: no profile has that name.
        AssetError: a profile file is broken; names file and cure.

    >>> load_profile("strict").name
    'strict'
    """
    graph = _shipped()
    shipped = {graph.text(profile, PROF + "hasToken"): profile for profile in graph.profiles()}
    profile = shipped[name] if name in shipped else _own(graph, name, shipped)
    files: dict[Path, None] = {}
    severities: dict[str, str] = {}
    for level in _chain(graph, profile):
        files |= dict.fromkeys(_artifacts(graph, level, "validation"))
        severities.update(_overrides(graph, level))
    alone: dict[Path, frozenset[str]] = {}
    for standard in graph.profiles(standards=True):
        for path in _artifacts(graph, standard, "validation"):
            alone[path] = alone.get(path, frozenset()) | {graph.text(standard, PROF + "hasToken")}
    return Level(
        name, (*files, *(p for p in alone if p not in files)), tuple(sorted(severities.items())), alone
    )


def tokens() -> list[str]:
    """List the names of the shipped levels.

    >>> "core" in tokens()
    True
    """
    graph = _shipped()
    return sorted(graph.text(profile, PROF + "hasToken") for profile in graph.profiles())


def standards() -> dict[str, Path]:
    """List the standards: the token of each, and the mapping file that reads its messages.

    >>> standards()["2.0b"].name
    'openadr-2.0b.yml'
    """
    graph = _shipped()
    return {
        graph.text(standard, PROF + "hasToken"): path
        for standard in graph.profiles(standards=True)
        for path in _artifacts(graph, standard, "mapping")
    }


def _shipped() -> _Graph:
    graph = _Graph()
    graph.read(assets.folder("shapes") / "profiles.ttl", _BASE + "profiles.ttl")
    for path in assets.files("shapes", "profiles.ttl")[1:]:
        graph.read(path, path.as_uri())
    return graph


def _artifacts(graph: _Graph, profile: _Node, role: str) -> Iterator[Path]:
    """Find the files of a profile that have a role; one whose role is not told is for validation."""
    for resource in graph.nodes(profile, PROF + "hasResource"):
        told = [node.value for node in graph.nodes(resource, PROF + "hasRole")] or [PROF + "role/validation"]
        if PROF + f"role/{role}" in told:
            for artifact in graph.nodes(resource, PROF + "hasArtifact"):
                yield _file(graph, resource, artifact.value)


def _own(graph: _Graph, name: str, shipped: Iterable[str]) -> _Node:
    """Read a user's profile file; gives its profile."""
    path = Path(name)
    if not path.is_file():
        known = ", ".join(sorted(shipped))
        raise UsageError(f"no profile is called {name!r}", cure=f"use one of {known}, or name a profile file")
    before = set(graph.profiles())
    graph.read(path, path.resolve().as_uri())
    found = [profile for profile in graph.profiles() if profile not in before]
    below = {base for profile in found for base in graph.nodes(profile, PROF + "isProfileOf")}
    found = [profile for profile in found if profile not in below]
    if len(found) != 1:
        raise AssetError(
            f"the file declares {len(found)} profiles that none is built on",
            where=name,
            cure="declare one prof:Profile, with prof:isProfileOf for what it builds on",
        )
    return found[0]


def _chain(graph: _Graph, profile: _Node) -> list[_Node]:
    """List the profiles that a profile builds on, the most general first, itself last."""
    order: list[_Node] = []

    def visit(node: _Node, path: tuple[_Node, ...]) -> None:
        where = str(graph.home.get(node, graph.home.get(profile, "")))
        if node in path:
            raise AssetError(f"the profile {node} builds on itself", where=where, cure="break the circle")
        if node not in graph.facts:
            raise AssetError(
                f"the profile {node} does not exist",
                where=str(graph.home.get(path[-1], where)) if path else where,
                cure="build on a shipped one",
            )
        for base in graph.nodes(node, PROF + "isProfileOf"):
            visit(base, (*path, node))
        if node not in order:
            order.append(node)

    visit(profile, ())
    return order


def _file(graph: _Graph, resource: _Node, iri: str) -> Path:
    """Find the file of an artifact: one of ours by its name, one of a user's by its place."""
    parts = urlsplit(iri)
    if iri.startswith(_BASE):
        path = assets.folder("shapes") / iri.removeprefix(_BASE)
    elif iri.startswith(_MAPPINGS):
        path = assets.folder("mappings") / iri.removeprefix(_MAPPINGS)
    elif parts.scheme == "file":
        path = Path(unquote(parts.path))
    else:
        raise AssetError(
            f"the shapes {iri} are no local file",
            where=str(graph.home[resource]),
            cure="name a file beside it",
        )
    if not path.is_file():
        raise AssetError(f"the file {path.name} is missing", where=str(graph.home[resource]), cure="add it")
    return path


def _overrides(graph: _Graph, profile: _Node) -> Iterator[tuple[str, str]]:
    """Severities that a profile changes: rule id and severity."""
    for node in graph.nodes(profile, FLEX + "overridesSeverity"):
        rule = graph.text(node, FLEX + "ofRule")
        severity = graph.text(node, FLEX + "toSeverity").rpartition("#")[2]
        if not rule or severity not in _SEVERITIES:
            raise AssetError(
                f"an override names the rule {rule!r} and the severity {severity!r}",
                where=str(graph.home[profile]),
                cure=f"name a rule id and one of {', '.join('sh:' + s for s in _SEVERITIES)}",
            )
        yield rule, severity
