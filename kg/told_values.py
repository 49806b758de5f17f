"""The values that nodes of a payload's graph have: numbers, texts, points, lists of them, and states."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from kg.binding_draft import Binding, text
from kg.binding_tables import load
from kg.bindings import named_binding
from kg.graphs import Facts, lexical
from kg.items import notation
from kg.namespaces import FLEX

#: A number, or None and the text that stands in its place.
Value = tuple[Decimal | None, str]
_STATES = {
    "online": "whether the resource is online",
    "manualOverride": "whether somebody overrides the control",
}
_BOUNDS = {
    "minimum": "least",
    "maximum": "greatest",
    "current": "present",
    "normal": "normal",
}


def values(node: dict[str, list[str]], facts: Facts, name: str = "value") -> Iterator[Value]:
    """Give each value of an interval, a reading or a signal.

    Args:
        node: what the graph says of it.
        facts: the graph.
        name: local name of the property that has a number.

    Yields:
        The number and an empty text; None and the text of what is no number. None and an empty text where a
        payload of OpenADR 3 has no value at all.
    """
    found = False
    for value in _plain(node, facts, name):
        found = True
        yield value
    for item in node.get(f"<{FLEX}valueItem>", ()):
        found = True
        yield from _plain(facts.get(item, {}), facts, "numberValue")
    if not found and name == "value" and f"<{FLEX}describedBy>" in node:
        yield None, ""


def _plain(node: dict[str, list[str]], facts: Facts, name: str) -> Iterator[Value]:
    for term in node.get(f"<{FLEX}{name}>", ()):
        yield (Decimal(lexical(term)), "") if term.endswith("#decimal>") else (None, lexical(term))
    for other in ("textValue", "truthValue"):
        for term in node.get(f"<{FLEX}{other}>", ()):
            yield None, lexical(term)
    for pair in node.get(f"<{FLEX}pairValue>", ()):
        said = facts.get(pair, {})
        yield None, f"x {text(said, 'x') or 'nothing'}, y {text(said, 'y') or 'nothing'}"


def quality(node: dict[str, list[str]]) -> str:
    """Say the quality, confidence and accuracy that a message states of a reading; empty for none."""
    said = [notation(node, "dataQuality")]
    for name, words in (("confidence", "confidence {} %"), ("accuracy", "accuracy {}")):
        known = text(node, name)
        said.append(words.format(known) if known else "")
    return ", ".join(part for part in said if part)


def status_values(
    status: str, facts: Facts, tables: Path | None
) -> Iterator[tuple[str, Decimal | None, str, Binding]]:
    """Give each value of a resource's status: what it is, its number or text, and what it means.

    Args:
        status: subject of the status, in angle brackets.
        facts: the payload's graph.
        tables: folder of a user's own tables.

    Raises:
        AssetError: a table is broken.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrPayloadResourceStatusType and oadrLoadControlStateTypeType.
    """
    node = facts.get(status, {})
    for name, says in _STATES.items():
        for term in node.get(f"<{FLEX}{name}>", ()):
            yield name, None, lexical(term), Binding(says=says, direction="none", aggregation="instantaneous")
    kinds = [kind for owner, kind, _ in load(tables).signals if owner == "LOAD_CONTROL"]
    for state in node.get(f"<{FLEX}loadControlState>", ()):
        said = facts.get(state, {})
        name = notation(said, "loadControlKind").removeprefix("oadr")
        kind = next((kind for kind in kinds if kind.lower() == f"x-loadcontrol{name}".lower()), "")
        binding = named_binding("LOAD_CONTROL", kind, tables)
        for bound, word in _BOUNDS.items():
            for number, shown in _plain(said, facts, bound):
                yield f"{bound} {name}", number, shown, replace(binding, says=f"{word} {binding.says}")
