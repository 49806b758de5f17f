"""lower, for JSON: graph -> object. The mapping file of the lift read backwards; see ``kg.folding``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kg.errors import UsageError
from kg.folding import Folding, Object, State
from kg.json_tree import NumberText
from kg.lift import lifter_for
from kg.namespaces import FLEX
from kg.statements import Statements, name
from kg.unfold import classes
from kg.yarrrml import Mapping, MappingFile


@dataclass(frozen=True, slots=True)
class LoweredObject:
    """A JSON payload made from a graph, and node and property of what it has no place for."""

    data: bytes
    left: tuple[tuple[str, str], ...]


def lowered_json(statements: Statements, profile: str = "3.1") -> Iterator[LoweredObject]:
    """Make the JSON payloads of the messages of a graph, one for each object that they carry.

    Args:
        statements: the graph.
        profile: ``"3.1"`` or ``"3.0"``.

    Raises:
        UsageError: the graph has no message that OpenADR 3 knows.
        AssetError: no mapping file serves the profile.
    """
    source = lifter_for(profile).source
    roots = [mapping for mapping in source.mappings.values() if mapping.root]
    made = 0
    for subject in list(statements.subjects()):
        fitting = [m for m in roots if statements.types(subject) & classes(m)]
        if not fitting or any(
            subject in map(name, statements.objects(other, FLEX + "conveysObject"))
            for other in statements.subjects()
        ):
            continue
        made += 1
        made_of = (_whole(statements, source, m, subject) for m in fitting)
        best = max(made_of, key=lambda pair: len(_text(pair[0])))
        yield LoweredObject(_written(best[0]), tuple(best[1]))
    if not made:
        raise UsageError(
            f"the graph has no message that OpenADR {profile} knows",
            cure="give a graph with an event or a report",
            code="messages",
        )


def _whole(
    statements: Statements, source: MappingFile, mapping: Mapping, subject: str
) -> tuple[Object, list[tuple[str, str]]]:
    folding = Folding(statements, source)
    made: Object = {}
    folding.fill(mapping, subject, made, State())
    return made, folding.rest(subject)


def _written(value: Object) -> bytes:
    """Write JSON with every number's own digits."""
    return _text(value).encode()


def _text(value: Any) -> str:
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_text(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
