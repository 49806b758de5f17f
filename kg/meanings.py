"""The meaning of one payload, from its bytes: its graph as text, and each of its values in words."""

from collections.abc import Iterator
from pathlib import Path

from kg.errors import UnreadablePayload
from kg.explain import explain
from kg.graphs import GraphStore, facts_of, lexical
from kg.graphs.formats import write_graph
from kg.lift import Lifted, lift
from kg.literals import segment
from kg.meaning import Meaning
from kg.namespaces import FLEX, ID
from kg.xml import MAX_BYTES, read

#: Data points of one payload whose registration is looked up.
_POINTS = 10_000


def lifted(data: bytes, max_bytes: int = MAX_BYTES) -> Lifted:
    """Read and lift a payload that fits the schema.

    Args:
        data: the payload.
        max_bytes: largest payload accepted.

    Raises:
        kg.errors.UnreadablePayload: it cannot be read, or does not fit the schema (code ``schema``).
    """
    document = read(data, max_bytes=max_bytes)
    if document.schema_errors:
        error = document.schema_errors[0]
        raise UnreadablePayload(
            error.message,
            where=f"line {error.line}, {error.pointer}",
            cure="check it: the report names every place",
            code="schema",
        )
    return lift(document)


def graph_text(data: bytes, form: str, max_bytes: int = MAX_BYTES) -> str:
    """Write the graph that a payload means.

    Args:
        data: the payload.
        form: ``"turtle"``, ``"nt"`` or ``"jsonld"``.
        max_bytes: largest payload accepted.

    Raises:
        kg.errors.UnreadablePayload: it cannot be read, or does not fit the schema.
    """
    return write_graph(lifted(data, max_bytes).ntriples, form)


def explained(
    data: bytes, graphs: GraphStore | None = None, tables: Path | None = None, max_bytes: int = MAX_BYTES
) -> list[Meaning]:
    """Explain every value of a payload.

    Args:
        data: the payload.
        graphs: a store that may know what the payload's data points were registered as.
        tables: folder of a user's own binding tables.
        max_bytes: largest payload accepted.

    Raises:
        kg.errors.UnreadablePayload: it cannot be read, or does not fit the schema.
        kg.errors.AssetError: a binding table is broken.
    """
    payload = lifted(data, max_bytes)
    lines = [] if graphs is None else [line for point in _points(payload) for line in _tree(graphs, point)]
    known = Lifted(payload.message, payload.message_type, payload.profile, lines)
    return list(explain(payload, [known] if lines else [], tables))


def _points(payload: Lifted) -> list[str]:
    """Name what a store may tell of: descriptions of data points, and programmes; IRIs without brackets."""
    facts = facts_of(payload.lines)

    def text(node: dict[str, list[str]], name: str) -> str:
        return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ()) if value[0] == '"'), "")

    ven = text(facts.get(f"<{payload.message}>", {}), "venID")
    found: dict[str, None] = {}
    for about in facts.values() if payload.profile[0] == "3" else ():
        for programme in about.get(f"<{FLEX}marketContext>", ()):
            found[f"{ID}program/{segment(lexical(programme))}"] = None
    for report in facts.get(f"<{payload.message}>", {}).get(f"<{FLEX}report>", ()):
        node = facts.get(report, {})
        base = f"{ID}report-description/{segment(ven)}/{segment(text(node, 'reportSpecifierID'))}/"
        for interval in node.get(f"<{FLEX}interval>", ()):
            for reading in facts.get(interval, {}).get(f"<{FLEX}reading>", ()):
                found[base + segment(text(facts.get(reading, {}), "rID"))] = None
    return list(found)[:_POINTS]


def _tree(graphs: GraphStore, root: str) -> Iterator[str]:
    """Give what a store says of a node and of those below it, as N-Triples lines."""
    open_, seen = [f"<{root}>"], set()
    while open_:
        subject = open_.pop()
        if subject in seen:
            continue
        seen.add(subject)
        for found in graphs.match(subject):
            yield f"{found.subject} {found.predicate} {found.object} ."
            if found.object.startswith(f"<{root}/"):
                open_.append(found.object)
