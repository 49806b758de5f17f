"""The provenance of an event's activations as triples: who asked, answered and did what, proved by what."""

from collections.abc import Sequence

from kg.graphs import GraphStore, lexical
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, PROV, RDF
from kg.registry_entry import INTERVENTIONS, STEPS

_TYPE = f"<{RDF}type>"


def prov_lines(graphs: GraphStore, versions: Sequence[str], rows: Sequence[dict[str, object]]) -> list[str]:
    """Write what a store knows of activations.

    Args:
        graphs: the store.
        versions: the versions of the event, IRIs in angle brackets.
        rows: the rows of the journal that are evidence, as the manifest lists them.

    Returns:
        N-Triples lines, each once.
    """
    lines: dict[str, None] = {}
    for version in versions:
        _below(graphs, version, lines)
        resources = _carriers(graphs, version)
        for activation in [s.subject for s in graphs.match(None, f"<{FLEX}activates>", version)] or resources:
            lines[f"{activation} {_TYPE} <{FLEX}Activation> ."] = None
            lines[f"{activation} {_TYPE} <{PROV}Activity> ."] = None
            lines[f"{activation} <{FLEX}activates> {version} ."] = None
            lines[f"{activation} <{PROV}used> {version} ."] = None
            _below(graphs, activation, lines)
            for entry in graphs.match(None, f"<{FLEX}entryOf>", activation):
                _below(graphs, entry.subject, lines)
                lines[f"{entry.subject} <{PROV}wasGeneratedBy> {activation} ."] = None
            for party in graphs.match(activation, f"<{PROV}wasAssociatedWith>", None):
                for above in graphs.match(party.object, f"<{PROV}actedOnBehalfOf>", None):
                    lines[f"{party.object} <{PROV}actedOnBehalfOf> {above.object} ."] = None
            for row in rows:
                evidence = f"<{ID}evidence/{segment(str(row['sha256']))}>"
                lines[f"{activation} <{FLEX}evidence> {evidence} ."] = None
        for event in graphs.match(version, f"<{FLEX}versionOf>", None):
            _below(graphs, event.object, lines, deep=False)
    held = {str(row["seq"]) for row in rows}
    for kind in INTERVENTIONS:
        for typed in graphs.match(None, _TYPE, f"<{FLEX}{STEPS[kind]}>"):
            numbers = {lexical(s.object) for s in graphs.match(typed.subject, f"<{FLEX}journalRow>", None)}
            if numbers & held:
                _below(graphs, typed.subject, lines)
                for of in graphs.match(typed.subject, f"<{PROV}wasGeneratedBy>", None):
                    _below(graphs, of.object, lines)
    for row in rows:
        evidence = f"<{ID}evidence/{segment(str(row['sha256']))}>"
        lines[f"{evidence} {_TYPE} <{FLEX}Evidence> ."] = None
        lines[f"{evidence} <{FLEX}digest> {string(str(row['sha256']))} ."] = None
        lines[f"{evidence} <{PROV}wasDerivedFrom> <{ID}message/{segment(str(row['sha256']))}> ."] = None
    return list(lines)


def _carriers(graphs: GraphStore, version: str) -> list[str]:
    """Name the activations of a version of which no entry was made: one for each VEN."""
    names = version[1:-1].removeprefix(f"{ID}event/")
    return [
        f"<{ID}activation/{names}/{ven.object[1:-1].rpartition('/')[2]}>"
        for target in graphs.match(version, f"<{FLEX}target>", None)
        for ven in graphs.match(target.object, f"<{FLEX}ven>", None)
    ]


def _below(graphs: GraphStore, subject: str, lines: dict[str, None], *, deep: bool = True) -> None:
    """Add what is said of a node and of what lies below it."""
    root = subject[1:-1] + "/"
    for statement in graphs.match(subject, None, None):
        line = f"{statement.subject} {statement.predicate} {statement.object} ."
        if line in lines:
            continue
        lines[line] = None
        if deep and statement.object.startswith(f"<{root}"):
            _below(graphs, statement.object, lines)
