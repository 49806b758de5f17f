"""Mutants of OpenADR 3 messages, and what a check says of them."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from kg.check import Checker, checker
from kg.report import Violation
from tests.mutation import kinds_openadr3, kinds_openadr3_values
from tests.mutation.kinds_openadr3 import GONE, Kind
from tests.openadr3 import FOLDER, VERSIONS, example, sent

KINDS = [*kinds_openadr3.KINDS, *kinds_openadr3_values.KINDS]
_STEP = re.compile(r"\*(?:\[(\w+)=(\w+)\])?")


@dataclass(frozen=True)
class Mutant:
    """A message damaged in one way: its bytes, and where."""

    kind: Kind
    payload: str
    data: bytes
    pointer: str

    def blamed(self, finding: Violation) -> bool:
        """Whether a finding is about the damage: at the member, or at what holds or lies in it."""
        around = self.pointer.rpartition("/")[0]
        if self.kind.within:
            around = self.kind.within
            there = f"{finding.pointer}/".startswith(f"{around}/")
            return there and bool(re.search(self.kind.speaks, finding.message, re.IGNORECASE))
        there = finding.pointer == around or f"{finding.pointer}/".startswith(f"{self.pointer}/")
        return there and bool(re.search(self.kind.speaks, finding.message, re.IGNORECASE))


@cache
def messages(published: bool) -> dict[str, tuple[str, dict[str, Any]]]:
    """Undamaged messages by name, each with its kind; those of the OpenAPI documents where they are there."""
    event, report = (json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in ("event", "report"))
    event["reportDescriptors"] = [{"payloadType": "USAGE", "numIntervals": -1}]
    operation = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": "https://c.example/n"}
    time = "2026-12-01T08:00:00Z"
    made = {
        "event": ("event", event),
        "report": ("report", report),
        "program": (
            "program",
            {
                **{"id": "p-1", "objectType": "PROGRAM", "programName": "Evening"},
                **{"createdDateTime": time, "modificationDateTime": time},
            },
        ),
        "VEN": ("ven", {"objectType": "VEN_VEN_REQUEST", "venName": "VEN-HARBOUR"}),
        "subscription": ("subscription", {"clientName": "VEN-HARBOUR", "objectOperations": [operation]}),
        "notification": ("notification", {"objectType": "EVENT", "operation": "UPDATE", "object": event}),
    }
    if published:
        for version in VERSIONS:
            for name in ("event", "report", "program", "ven", "subscription", "notification"):
                made[f"{name} of {version}"] = (name, example(version, name))
    return made


def mutants(kind: Kind, published: bool) -> Iterator[Mutant]:
    """Damage the messages that a kind fits, at the first place and at the last."""
    for name, (what, value) in messages(published).items():
        older = kind.since > name.rpartition(" of ")[2][:3] if " of 3" in name else False
        if what not in kind.messages or older or not _conforms(name, kind.level, published):
            continue
        made = set()
        for place in (0, -1):
            damaged = copy.deepcopy(value)
            pointer = _damage(damaged, kind, place)
            if pointer and pointer not in made and damaged != value:
                made.add(pointer)
                yield Mutant(kind, name, sent(damaged), pointer)


@cache
def _conforms(name: str, level: str, published: bool) -> bool:
    return checker(level).check(sent(messages(published)[name][1])).conforms


def _damage(value: Any, kind: Kind, place: int) -> str:
    """Damage a message in place; gives the JSON pointer of the member, empty where it has none."""
    *way, last = kind.path.strip("/").split("/")
    at, pointer = value, ""
    for step in way:
        step = _chosen(at, step, place)
        if not step:
            return ""
        at = at[int(step)] if isinstance(at, list) else at.get(step)
        pointer += f"/{step}"
        if not at:
            return ""
    last = _chosen(at, last, place)
    if not last:
        return ""
    key: Any = int(last) if isinstance(at, list) else last
    if isinstance(at, dict) and at.get(key) is None and not kind.new:
        return ""
    if kind.to is GONE:
        del at[key]
    else:
        at[key] = kind.to
    return f"{pointer}/{last}"


def _chosen(at: Any, step: str, place: int) -> str:
    """The first or last fitting item of a list for ``*``, empty where none fits; other steps as they are."""
    star = _STEP.fullmatch(step)
    if star is None:
        return step
    items = enumerate(at or ())
    fitting = [
        n for n, item in items if not star[1] or (isinstance(item, dict) and item.get(star[1]) == star[2])
    ]
    return str(fitting[place]) if fitting else ""


@cache
def judged(published: bool) -> dict[str, list[tuple[Mutant, bool, frozenset[str]]]]:
    """By kind: each mutant, whether it is refused for its cause, and the rules that refuse it."""
    return {kind.name: [_judged(one) for one in mutants(kind, published)] for kind in KINDS}


def _judged(mutant: Mutant) -> tuple[Mutant, bool, frozenset[str]]:
    found = refusals(mutant)
    return mutant, any(mutant.blamed(v) for v in found), frozenset(v.rule for v in found)


def refusals(mutant: Mutant, made: Checker | None = None) -> list[Violation]:
    """The findings that refuse a mutant at the level of its kind."""
    report = (made or checker(mutant.kind.level)).check(mutant.data)
    return [v for v in report.violations if v.severity == "Violation"]
