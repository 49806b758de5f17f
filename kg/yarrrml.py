"""Reads a mapping file: YARRRML, the RML community's YAML, in the subset that FlexKG compiles.

What is accepted, and nothing else: ``prefixes``, ``mappings`` with ``sources`` (one ``[payload~xpath,
ITERATOR]`` or ``[payload~jsonpath, ITERATOR]``, see ``kg.jsonpath``; alternatives joined by ``|``), one
subject template ``s`` and ``po`` entries in the short form ``[p, o]``, ``[p, o, datatype]`` or the long form
``{p, o: {mapping: NAME}}``. External references, written as YARRRML writes them, stand for what the structure
of a message gives: ``$(_parent)``, the subject of the mapping that links here; ``$(_position)``, the place
among its siblings, from 0; ``$(_digest)``, the payload's SHA-256.
A link ``{mapping: NAME}`` means containment: the elements of NAME that lie inside this one.
The block ``flexkg`` names the profile, its schema and what is left out on purpose, each with a reason.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg import jsonpath
from kg.errors import AssetError
from kg.literals import CONVERTERS
from kg.mapping_files import read_raw
from kg.namespaces import RDF, XSD

_REFERENCE = re.compile(r"\$\(([^()]*(?:\(\)[^()]*)*)\)")
_STEP = re.compile(r"\.\.|\.|@?[A-Za-z_][\w.-]*:[A-Za-z_][\w.-]*|@?[A-Za-z_][\w.-]*")
RDF_TYPE = RDF + "type"


@dataclass(frozen=True, slots=True)
class Reference:
    """A relative path: ``up`` steps to ancestors, then element names, then perhaps an attribute.

    ``name_of`` marks ``local-name()``: the element's own local name in the place of its text.
    ``own_text`` marks ``text()``: the characters directly in the element, nothing where they are blank.
    """

    up: int
    steps: tuple[str, ...]
    attribute: str = ""
    name_of: bool = False
    external: str = ""
    own_text: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A template: literal parts and references in turn; ``parts[0], refs[0], parts[1], ...``."""

    parts: tuple[str, ...]
    refs: tuple[Reference, ...]

    @property
    def constant(self) -> bool:
        """Whether the template has no reference."""
        return not self.refs


@dataclass(frozen=True, slots=True)
class Rule:
    """One predicate and object; ``mapping`` is set where the object is another mapping's subject."""

    predicate: str
    term: Term | None = None
    kind: str = "literal"
    datatype: str = XSD + "string"
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping: the elements it applies to (paths of names), its subject, its rules."""

    name: str
    iterators: tuple[tuple[str, ...], ...]
    root: bool
    subject: Term
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping file as read: name, settings of the block ``flexkg``, prefixes, mappings by name."""

    path: Path
    settings: dict[str, Any]
    prefixes: dict[str, str]
    mappings: dict[str, Mapping] = field(default_factory=dict)


def load(path: Path) -> MappingFile:
    """Read and check one mapping file.

    Args:
        path: a YARRRML file.

    Returns:
        Its mappings with every name expanded: elements to ``{namespace}local``, properties to IRIs.

    Raises:
        AssetError: the file cannot be read, is no YAML, or leaves the subset; names file, mapping and cure.
    """
    raw = read_raw(path)
    homes = dict.fromkeys(raw["mappings"], path)
    settings: dict[str, Any] = raw.get("flexkg", {})
    for name in settings.get("include", ()):
        part = read_raw(path.parent / name)
        raw["prefixes"] = {**part.get("prefixes", {}), **raw.get("prefixes", {})}
        twice = set(raw["mappings"]) & set(part["mappings"])
        if twice:
            raise AssetError(
                f"mapping {sorted(twice)[0]!r} is in {name} too", where=str(path), cure="rename one"
            )
        raw["mappings"].update(part["mappings"])
        homes.update(dict.fromkeys(part["mappings"], path.parent / name))
    readers = {home: _Reader(home, raw.get("prefixes", {})) for home in {path, *homes.values()}}
    found = {name: readers[homes[name]].mapping(name, body) for name, body in raw["mappings"].items()}
    for mapping in found.values():
        for rule in mapping.rules:
            if rule.kind == "link" and rule.mapping not in found:
                what = f"links to the mapping {rule.mapping!r}, which does not exist"
                raise readers[homes[mapping.name]].error(mapping.name, what)
    readers[path].settings(settings)
    return MappingFile(path, settings, readers[path].prefixes, found)


class _Reader:
    def __init__(self, path: Path, prefixes: dict[str, str]) -> None:
        self.path = path
        self.prefixes = {"rdf": RDF, "xsd": XSD, **prefixes}
        self.json = False

    def error(
        self, name: str, what: str, cure: str = "see docs/mappings.md for what is accepted"
    ) -> AssetError:
        return AssetError(f"mapping {name}: {what}", where=str(self.path), cure=cure)

    def settings(self, settings: dict[str, Any]) -> None:
        """Check the names in the block ``flexkg``."""
        for entry in settings.get("sequences", ()):
            if not {"of", "via"} <= set(entry):
                raise self.error("flexkg.sequences", "has an entry without of or via")
            for predicate in entry["via"]:
                self.iri("flexkg.sequences", predicate)
        for key in ("ignored", "unread"):
            for entry in settings.get(key, ()):
                if not {"path", "reason"} <= set(entry):
                    raise self.error(f"flexkg.{key}", "has an entry without path or reason")
                self.element(f"flexkg.{key}", entry["path"].removeprefix("@"))
        for name in settings.get("refused", ()):
            self.iri("flexkg.refused", name)

    def mapping(self, name: str, body: dict[str, Any]) -> Mapping:
        unknown = set(body) - {"sources", "s", "po"}
        if unknown:
            raise self.error(name, f"has the key {sorted(unknown)[0]!r}, which is not accepted")
        try:
            ((source, iterator),) = body["sources"]
            subject = str(body["s"])
        except (KeyError, ValueError, TypeError) as error:
            raise self.error(name, "needs one `sources: [[payload~xpath, ...]]` and one `s`") from error
        if not str(source).endswith(("~xpath", "~jsonpath")):
            raise self.error(name, f"has a source {source!r} that is neither ~xpath nor ~jsonpath")
        self.json = str(source).endswith("~jsonpath")
        iterators = tuple(self._iterator(name, part.strip()) for part in str(iterator).split("|"))
        root = not str(iterator).strip().startswith(("//", "$.."))
        rules = tuple(rule for entry in self._flat(body.get("po") or []) for rule in self._rule(name, entry))
        return Mapping(name, iterators, root, self._term(name, subject, iri=True), rules)

    def _flat(self, entries: list[Any]) -> Iterator[Any]:
        for entry in entries:
            if isinstance(entry, list) and entry and isinstance(entry[0], list | dict):
                yield from self._flat(entry)
            else:
                yield entry

    def _iterator(self, name: str, text: str) -> tuple[str, ...]:
        if self.json:
            found = jsonpath.iterator(text)
            if found is None:
                raise self.error(name, f"iterator {text!r} is outside the JSONPath subset")
            return found
        return tuple("*" if step == "*" else self.element(name, step) for step in text.lstrip("/").split("/"))

    def _rule(self, name: str, entry: Any) -> Iterator[Rule]:
        if isinstance(entry, dict) and set(entry) == {"p", "o"}:
            objects = entry["o"] if isinstance(entry["o"], list) else [entry["o"]]
            predicate = self.iri(name, str(entry["p"]))
            for target in objects:
                if not isinstance(target, dict) or set(target) != {"mapping"}:
                    raise self.error(name, f"object {target!r} is not of the form {{mapping: NAME}}")
                yield Rule(predicate, kind="link", mapping=str(target["mapping"]))
            return
        if not isinstance(entry, list) or len(entry) not in (2, 3):
            raise self.error(name, f"entry {entry!r} is not [p, o], [p, o, datatype] or {{p, o}}")
        predicate, text = str(entry[0]), str(entry[1])
        if predicate in ("a", "rdf:type"):
            yield Rule(RDF_TYPE, self._term(name, text, iri=True), "iri")
        elif text.endswith("~iri"):
            yield Rule(self.iri(name, predicate), self._term(name, text[:-4], iri=True), "iri")
        else:
            datatype = self.iri(name, str(entry[2])) if len(entry) == 3 else XSD + "string"
            if datatype not in CONVERTERS:
                raise self.error(name, f"datatype <{datatype}> is not one of {', '.join(sorted(CONVERTERS))}")
            yield Rule(self.iri(name, predicate), self._term(name, text, iri=False), "literal", datatype)

    def _term(self, name: str, text: str, *, iri: bool) -> Term:
        pieces = _REFERENCE.split(text)
        parts, refs = pieces[::2], pieces[1::2]
        if any("$(" in part for part in parts):
            raise self.error(name, f"{text!r} has a reference that is outside the XPath subset")
        if iri and not (refs and not parts[0]):
            head = parts[0]
            parts[0] = self.iri(name, head) if ":" in head else head
        return Term(tuple(parts), tuple(self.reference(name, ref.strip()) for ref in refs))

    def reference(self, name: str, text: str) -> Reference:
        """Read one reference: a path such as ``../a:b/c:d/@x`` or ``self::a:b``, or one of two functions."""
        if text in ("_parent", "_position", "_digest"):
            return Reference(0, (), external=text)
        if self.json:
            found = jsonpath.reference(text)
            if found is None:
                raise self.error(name, f"reference $({text}) is outside the JSONPath subset")
            return Reference(*found)
        if text == "local-name()":
            return Reference(0, (), name_of=True)
        if text == "text()":
            return Reference(0, (), own_text=True)
        selves = text.startswith("self::")
        up, attribute = 0, ""
        steps: list[str] = []
        for step in text.removeprefix("self::").split("/"):
            if not _STEP.fullmatch(step) or attribute:
                raise self.error(name, f"reference $({text}) is outside the XPath subset")
            if step == "..":
                if steps:
                    raise self.error(name, f"reference $({text}) goes up after it went down")
                up += 1
            elif step.startswith("@"):
                attribute = self.element(name, step[1:])
            elif step != ".":
                steps.append(self.element(name, step))
        if selves:
            steps.insert(0, "self::")
        return Reference(up, tuple(steps), attribute)

    def element(self, name: str, text: str) -> str:
        """Expand a prefixed element or attribute name to ``{namespace}local``."""
        prefix, colon, local = text.partition(":")
        if not colon:
            return text
        if prefix not in self.prefixes:
            raise self.error(name, f"prefix {prefix!r} is not declared", "add it under `prefixes`")
        return f"{{{self.prefixes[prefix]}}}{local}"

    def iri(self, name: str, text: str) -> str:
        """Expand a prefixed name to an IRI; full IRIs pass."""
        prefix, colon, local = text.partition(":")
        if local.startswith("//"):
            return text
        if not colon or prefix not in self.prefixes:
            raise self.error(name, f"prefix of {text!r} is not declared", "add it under `prefixes`")
        return self.prefixes[prefix] + local
