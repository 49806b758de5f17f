"""Golden cases of the rules on mappings: a base mapping, edits on it, and exactly what the rules then find.

``tests/devices/shapes/<RULE>.yml`` holds the cases of one rule. ``set`` gives members by JSON pointer,
``delete`` lists pointers; ``beside`` are further documents that are checked together with it, with edits.
``rows`` are those of a strategy: by itself with the base ``strategy``, else of that of the base mapping.
"""

import copy
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kg.devices.check import check_document
from kg.devices.documents import Document, read_document
from kg.devices.sites import check_documents
from kg.devices.strategies import rows_of
from kg.devices.strategy_check import check_table
from kg.devices.strategy_uses import misfits
from kg.report import Report
from tests.paths import ROOT

FOLDER = ROOT / "tests" / "devices" / "shapes"
_SUFFIX = {"site": ".site.jsonld"}


@dataclass(frozen=True)
class Case:
    """One golden case."""

    rule: str
    says: str
    base: str
    edits: dict[str, Any] = field(hash=False)
    finds: tuple[tuple[str, str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.rule}: {self.says}"

    def document(self) -> Document:
        return made(self.base, self.edits, f"{self.base}.td.jsonld")

    def report(self, engine: str = "shacl", *without: str) -> Report:
        if "rows" in self.edits:
            return self._strategy(engine, frozenset(without))
        document = self.document()
        beside = [
            made(one["base"], one, f"beside-{n}.td.jsonld")
            for n, one in enumerate(self.edits.get("beside", ()))
        ]
        if not beside and "resources" not in document.data:
            return check_document(document, engine=engine, without=frozenset(without))
        reports = check_documents([document, *beside], engine=engine, without=frozenset(without))
        return next(report for name, report in reports if name == document.name)

    def _strategy(self, engine: str, without: frozenset[str]) -> Report:
        table = "signal,type,from,until,command,do,number,base,note\n" + self.edits["rows"]
        if self.base == "strategy":
            return check_table(table, engine=engine, without=without)
        thing = self.document()
        rows = rows_of(table)
        found = misfits({thing.iri: thing}, {}, lambda _: rows, engine=engine, without=without)
        return Report("conforms", "strategy", tuple(one for _, one in found))

    def findings(self, engine: str = "shacl", *without: str) -> tuple[tuple[str, str, str], ...]:
        found = {(v.rule, v.pointer, v.severity) for v in self.report(engine, *without).violations}
        return tuple(sorted(found))


def made(base: str, edits: dict[str, Any], name: str) -> Document:
    """Make a document from a base and edits."""
    data = copy.deepcopy(bases()[base])
    for at, value in edits.get("set", {}).items():
        _put(data, at, value)
    for at in edits.get("delete", ()):
        owner, last = _owner(data, at)
        del owner[int(last) if isinstance(owner, list) else last]
    return read_document(json.dumps(data).encode(), name)


def _owner(data: Any, at: str) -> tuple[Any, str]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:]]
    for step in steps[:-1]:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data, steps[-1]


def _put(data: Any, at: str, value: Any) -> None:
    owner, last = _owner(data, at)
    if isinstance(owner, list):
        owner[int(last) :] = [*owner[int(last) + 1 :], value] if int(last) < len(owner) else [value]
    else:
        owner[last] = value


@cache
def bases() -> dict[str, Any]:
    """Base documents by name."""
    return {
        p.name.partition(".")[0]: json.loads(p.read_text("utf-8"))
        for p in (FOLDER / "_base").glob("*.jsonld")
    }


@cache
def cases() -> tuple[Case, ...]:
    """All golden cases."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text("utf-8")):
            edits = {key: entry[key] for key in entry if key in ("set", "delete", "beside", "rows")}
            finds = tuple(sorted((a, b, c) for a, b, c in entry.get("finds", ())))
            found.append(Case(path.stem, entry["says"], entry["base"], edits, finds))
    return tuple(found)


def load(path: Path) -> Document:
    """Read a mapping file."""
    return read_document(path.read_bytes(), str(path))
