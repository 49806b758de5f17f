"""Golden cases of the rules: a base payload, edits on it, and exactly what the rules then find.

``tests/shapes/<RULE>.yml`` holds the cases of one rule. Edits on the payload keep it schema-valid:
``set`` (XPath: text), ``attribute`` (XPath: name and text), ``delete`` (XPaths), ``replace``, ``append``,
``prepend`` and ``after`` (XPath: element), ``copy`` (XPath of an element that is then there twice: edits
as in ``set``). What no schema-valid payload can show is edited in the lifted graph: ``drop`` (subject,
property) and ``add`` (subject, property, object in Turtle). A base in JSON is edited by ``members`` (JSON
pointer: value) and ``without`` (JSON pointers). Subjects are written without the base of
identifiers, a message as ``message``.

``context`` lists what was sent before: base payloads, with edits of their own where they differ; ``complete``
the classes of which they hold everything; ``now`` is the time to compare with.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import yaml
from lxml import etree

from kg.check import Checker
from kg.context import Kind, StoreContext, compared
from kg.context_files import remember
from kg.graphs.embedded import EmbeddedGraphs
from kg.lift import Lifted, lift
from kg.namespaces import FLEX, ID, PREFIXES
from kg.profiles import load_profile
from kg.rules import Shapes
from kg.xml import Document, read
from tests.paths import ROOT

FOLDER = ROOT / "tests" / "shapes"
#: The shape files of level core but those for 2.0a, which has cases of its own.
FILES = [path for path in load_profile("core").files if path.name != "openadr-2.0a.ttl"]
NAMESPACES = {
    "oadr": "http://openadr.org/oadr-2.0b/2012/07",
    "ei": "http://docs.oasis-open.org/ns/energyinterop/201110",
    "pyld": "http://docs.oasis-open.org/ns/energyinterop/201110/payloads",
    "emix": "http://docs.oasis-open.org/ns/emix/2011/06",
    "power": "http://docs.oasis-open.org/ns/emix/2011/06/power",
    "scale": "http://docs.oasis-open.org/ns/emix/2011/06/siscale",
    "xcal": "urn:ietf:params:xml:ns:icalendar-2.0",
    "atom": "http://www.w3.org/2005/Atom",
    "strm": "urn:ietf:params:xml:ns:icalendar-2.0:stream",
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{iri}"' for prefix, iri in NAMESPACES.items())
_TURTLE = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())

#: Rule, focus without the base of identifiers, severity at core.
Finding = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """One golden case."""

    rule: str
    says: str
    base: str
    edits: dict[str, Any] = field(hash=False)
    finds: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Name of the case in a test report."""
        return f"{self.rule}: {self.says}"

    def document(self) -> Document:
        """Read the base payload with the edits made in it."""
        if (FOLDER / "_base" / f"{self.base}.json").is_file():
            return self._object()
        root = etree.fromstring((FOLDER / "_base" / f"{self.base}.xml").read_bytes())
        for path, edits in self.edits.get("copy", {}).items():
            for element in _found(root, path):
                element.addnext(copy.deepcopy(element))
            _set(root, edits)
        _set(root, self.edits.get("set", {}))
        for path, (name, text) in self.edits.get("attribute", {}).items():
            prefix, _, local = name.partition(":")
            for element in _found(root, path):
                element.set(f"{{{NAMESPACES[prefix]}}}{local}", _text(text))
        for kind in ("replace", "append", "prepend", "after"):
            for path, text in self.edits.get(kind, {}).items():
                for element in _found(root, path):
                    _put(kind, element, text)
        for path in self.edits.get("delete", ()):
            for element in _found(root, path):
                element.getparent().remove(element)
        return read(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def _object(self) -> Document:
        """Read the base object with the edits made in it."""
        made = json.loads((FOLDER / "_base" / f"{self.base}.json").read_text(encoding="utf-8"))
        for path, value in self.edits.get("members", {}).items():
            at, last = _member(made, path)
            at[last] = value
        for path in self.edits.get("without", ()):
            at, last = _member(made, path)
            del at[last]
        return read(json.dumps(made).encode(), standard="3.1")

    def graph(self) -> tuple[Lifted, str]:
        """Give the lifted payload and its N-Triples with the edits made in them."""
        lifted = lift(self.document())
        lines = list(lifted.lines)
        for subject, prop in self.edits.get("drop", ()):
            start = f"<{self._iri(lifted, subject)}> <{FLEX}{prop}> "
            kept = [line for line in lines if not line.startswith(start)]
            assert len(kept) < len(lines), f"{self.name}: nothing to drop at {subject} {prop}"
            lines = kept
        for subject, prop, value in self.edits.get("add", ()):
            turtle = f"{_TURTLE}<{self._iri(lifted, subject)}> <{FLEX}{prop}> {value} ."
            for quad in ox.parse(turtle, format=ox.RdfFormat.TURTLE):
                lines.append(f"{quad.triple} .")
                if isinstance(quad.object, ox.NamedNode):
                    lifted.concepts.add(str(quad.object))
        lifted.lines = lines
        return lifted, "\n".join([*lines, *lifted.vocabulary(), ""])

    def context(self) -> StoreContext | None:
        """Give what the case says was sent before, where it says so."""
        if "context" not in self.edits:
            return None
        graphs = EmbeddedGraphs()
        for entry in self.edits["context"]:
            edits = {"base": entry} if isinstance(entry, str) else dict(entry)
            remember(graphs, [lift(Case(self.rule, self.says, edits.pop("base"), edits, ()).document())])
        return StoreContext(graphs, complete=map(Kind, self.edits.get("complete", ())), enforced=True)

    def facts(self, lifted: Lifted) -> list[str]:
        """Give what the case compares its payload with."""
        now = self.edits.get("now")
        return compared(lifted, self.context(), datetime.fromisoformat(now) if now else None)

    @staticmethod
    def _iri(lifted: Lifted, subject: str) -> str:
        head, _, rest = subject.partition("/")
        return f"{lifted.message}/{rest}".rstrip("/") if head == "message" else ID + subject


def _member(made: Any, path: str) -> tuple[Any, Any]:
    """Find what holds the member at a JSON pointer, and its name or place there."""
    *way, last = path.strip("/").split("/")
    for step in way:
        made = made[int(step)] if isinstance(made, list) else made[step]
    return made, int(last) if isinstance(made, list) else last


def _found(root: Any, path: str) -> list[Any]:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert found, f"nothing at {path}"
    return list(found)


def _set(root: Any, edits: dict[str, Any]) -> None:
    for path, value in edits.items():
        for element in _found(root, path):
            element.text = _text(value)


def _text(value: Any) -> str:
    """Spell what YAML reads as a number or a truth value as the schema does; a time has to be quoted."""
    assert isinstance(value, str | int | float), f"put {value} in quotes"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _put(kind: str, element: Any, text: str) -> None:
    made = list(etree.fromstring(f"<x {_DECLARATIONS}>{text}</x>"))
    if kind == "append":
        element.extend(made)
    elif kind == "prepend":
        for index, child in enumerate(made):
            element.insert(index, child)
    elif kind == "after":
        for child in reversed(made):
            element.addnext(child)
    else:
        for child in made:
            element.addprevious(child)
        element.getparent().remove(element)


def load(path: Path) -> Iterator[Case]:
    """Read the cases of one rule."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry in found["cases"]:
        edits = {key: entry[key] for key in entry if key not in ("says", "base", "finds")}
        finds = tuple(sorted((a, b, c) for a, b, c in entry.get("finds", ())))
        yield Case(path.stem, entry["says"], entry.get("base", found["base"]), edits, finds)


@cache
def cases() -> tuple[Case, ...]:
    """All golden cases."""
    return tuple(case for path in sorted(FOLDER.glob("*.yml")) for case in load(path))


@cache
def shapes() -> Shapes:
    """All shapes on payloads."""
    return Shapes(FILES)


@cache
def checker(engine: str, *without: str) -> Checker:
    """Make the checker with all shapes but some."""
    return Checker(shapes(), {}, engine, frozenset(without))


def findings(case: Case, engine: str, *without: str) -> tuple[Finding, ...]:
    """Run the rules over a case: each rule once for each node that breaks it."""
    lifted, graph = case.graph()
    checks = checker(engine, *without)
    made = checks.engine_for(lifted.profile, lifted.message_type)
    assert made is not None
    rules = shapes().rules
    found = {
        (v.rule, v.focus.replace(lifted.message, "message").removeprefix(ID), v.severity)
        for v in checks.against(lifted, case.facts(lifted))
    }
    for result in made.validate(graph):
        focus = result.focus.replace(lifted.message, "message").removeprefix(ID)
        rule = rules.get(result.shape)
        found.add((rule.id if rule else result.shape, focus, result.severity))
    return tuple(sorted(found))
