"""Targets of one standard as those of another, by ``mappings/conversions/targets.csv``.

OpenADR 2.0b names the kind of a target by its element, OpenADR 3.0 by a type, and OpenADR 3.1 not at all: its
targets are plain words, which a VTN gives to VENs and resources.
"""

import csv
from functools import lru_cache

from kg import assets
from kg.conversion import Work, drop
from kg.facts import Facts, of_class, plain
from kg.implied import values
from kg.literals import string
from kg.namespaces import FLEX, RDF, VOCAB, XSD

_TYPE, _TARGET, _CRITERION = f"<{RDF}type>", f"<{FLEX}target>", f"<{FLEX}targetCriterion>"
_KIND, _POSITION = f"<{FLEX}targetKind>", f"<{FLEX}position>"


def to_json(work: Work) -> None:
    """Write the targets of the events of 2.0b as OpenADR 3 has them."""
    for event, target, about in _targets(work.facts, _TARGET):
        named = [(prop, name) for prop in _types() for name in about.get(f"<{FLEX}{prop}>", ())]
        if len(named) != 1:
            continue  # of another kind: told with all that has no place
        prop, name = named[0]
        position = about.get(_POSITION, [f'"0"^^<{XSD}integer>'])[0]
        if work.to == "3.0":
            drop(work, target)
            node = f"{event[:-1]}/criterion/{plain(position)}>"
            work.lines += [
                f"{event} {_CRITERION} {node} .",
                f"{node} {_TYPE} <{FLEX}TargetCriterion> .",
                f"{node} {_POSITION} {position} .",
                f"{node} <{FLEX}attributeName> {string(_types()[prop])} .",
                f"{node} <{FLEX}textValue> {name} .",
            ]
        elif prop != "groupID":
            drop(work, target)
            work.lines += _group(event, target, position, name)
            work.assumed.append(
                f"target {plain(name)}: it stands for the {prop}, and the VTN has to give it to that one as a"
                " target; OpenADR 3.1 does not say what a target names"
            )


def to_xml(work: Work) -> None:
    """Write the targets of the events of OpenADR 3 as 2.0b has them."""
    kinds = {kind: prop for prop, kind in reversed(_types().items())}
    for event, node, about in _targets(work.facts, _CRITERION):
        prop = kinds.get(plain(next(iter(about.get(f"<{FLEX}attributeName>", ())), '""')), "")
        items = [plain(item) for item in _texts(work.facts, node)]
        if not prop or not items:
            continue
        drop(work, node)
        for number, name in enumerate(items):
            target = f"{event[:-1]}/target/{node[1:-1].rpartition('/')[2]}-{number}>"
            position = f'"{number}"^^<{XSD}integer>'
            work.lines += _group(event, target, position, string(name), prop)
    for _, _, about in _targets(work.facts, _TARGET) if work.given["from"] == "3.1" else ():
        for name in about.get(f"<{FLEX}groupID>", ()):
            work.assumed.append(f"groupID {plain(name)}: OpenADR 3.1 does not say what a target names")


def _group(event: str, target: str, position: str, name: str, prop: str = "groupID") -> list[str]:
    return [
        f"{event} {_TARGET} {target} .",
        f"{target} {_TYPE} <{FLEX}Target> .",
        f"{target} {_POSITION} {position} .",
        f"{target} {_KIND} <{VOCAB}targetKind/{prop}> .",
        f"{target} <{FLEX}{prop}> {name} .",
    ]


def _targets(facts: Facts, link: str) -> list[tuple[str, str, dict[str, list[str]]]]:
    """List event, target and what is said of it."""
    return [
        (event, target, facts.get(target, {}))
        for event in of_class(facts, "EventVersion")
        for target in values(facts, event, (link,))
    ]


def _texts(facts: Facts, node: str) -> list[str]:
    return [
        *values(facts, node, (f"<{FLEX}textValue>",)),
        *values(facts, node, (f"<{FLEX}valueItem>", f"<{FLEX}textValue>")),
    ]


@lru_cache(maxsize=1)
def _types() -> dict[str, str]:
    """Give the type of each property of a target that has one."""
    path = assets.folder("mappings") / "conversions" / "targets.csv"
    return {prop: kind for prop, kind, _ in list(csv.reader(assets.text(path).splitlines()))[1:]}
