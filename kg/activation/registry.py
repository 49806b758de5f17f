"""The registry of activations: entries are judged by shapes, recorded, and never changed."""

from functools import cache
from typing import Any

from kg import assets
from kg.engines import Engine
from kg.engines import engine as make_engine
from kg.errors import FlexKGError, UsageError
from kg.graphs import GraphStore, lexical
from kg.ingest import Ingest
from kg.literals import boolean, segment, string
from kg.namespaces import FLEX, ID, RDF
from kg.receipt import Receipt
from kg.registry_entry import MESSAGE_TYPE, STEPS, RegistryEntry, read_entry
from kg.report import Report, Violation
from kg.rules import Shapes
from kg.successors import contents
from kg.verdict import judge

_TYPE = f"<{RDF}type>"
_CLASSES = tuple(f"{FLEX}{name}" for name in ("RegistryEntry", *STEPS.values()))


class EntryRefused(FlexKGError):
    """An entry that does not follow from what the registry holds; ``report`` says why."""

    code = "violates"

    def __init__(self, report: Report) -> None:
        first = report.violations[0]
        super().__init__(f"{first.rule}: {first.message}", cure=first.cure)
        self.report = report


@cache
def rules(name: str = "compiled", *without: str) -> tuple[Shapes, Engine]:
    """Load the rules, and an engine for them; ``without`` some, which tests take away one by one."""
    shapes = Shapes(sorted(assets.files("shapes", "registry/*.ttl")))
    return shapes, make_engine(name, shapes.for_classes(_CLASSES, frozenset(without)))


class Registry:
    """The registry over one store.

    Args:
        ingest: takes in and records; its graph has to be up to date.
    """

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    def record(self, entry: RegistryEntry) -> Receipt:
        """Judge and record an entry; it is on disk when this returns.

        Raises:
            EntryRefused: it does not follow from what is known: a command after an opt-out, say.
            UsageError: it has no time or no step.
            kg.errors.StoreUnavailable: it could not be recorded.
        """
        report = self.judge(entry)
        if not report.conforms:
            raise EntryRefused(report)
        return self._ingest.take_entry(entry, report)

    def judge(self, entry: RegistryEntry, engine: str = "compiled") -> Report:
        """Judge an entry by the state of its activation."""
        shapes, made = rules(engine)
        graph = "\n".join([*entry.lines(), *facts(entry, self._ingest.graphs), ""])
        found = []
        for result in made.validate(graph):
            rule = shapes.rules[result.shape]
            found.append(
                Violation(
                    rule.id,
                    rule.severity,
                    rule.message,
                    result.focus,
                    source=rule.source,
                    cure=rule.cure,
                    response_code=rule.response_code,
                )
            )
        return judge(MESSAGE_TYPE, entry.digest, found)

    def entries(self, event_id: str, vtn: str = "") -> list[dict[str, Any]]:
        """List the entries of an event's activations in the order of the journal, as plain data.

        Args:
            event_id: its eventID.
            vtn: vtnID, where several VTNs have such an event.
        """
        found: dict[int, dict[str, Any]] = {}
        for row in rows_of_entries(self._ingest.graphs, event_id, vtn):
            kept = next(self._ingest.journal.rows(row - 1), None)
            opened = contents(self._ingest.journal, kept) if kept is not None and kept.seq == row else None
            if opened is not None:
                entry = read_entry(opened[0])
                stated = {name: getattr(entry, name) for name in RegistryEntry.__dataclass_fields__}
                found[row] = {**stated, "sequence": row, "digest": entry.digest}
        return [found[row] for row in sorted(found)]


def rows_of_entries(graphs: GraphStore, event_id: str, vtn: str = "") -> list[int]:
    """Give the journal rows of the entries of an event's activations."""
    rows = []
    for version in versions(graphs, event_id, vtn):
        for activation in graphs.match(None, f"<{FLEX}activates>", version):
            for entry in graphs.match(None, f"<{FLEX}entryOf>", activation.subject):
                rows += [
                    int(lexical(s.object)) for s in graphs.match(entry.subject, f"<{FLEX}journalRow>", None)
                ]
    return sorted(set(rows))


def versions(graphs: GraphStore, event_id: str, vtn: str = "") -> list[str]:
    """Give the versions of an event, their IRIs in angle brackets.

    Raises:
        UsageError: there is no such event, or several VTNs have one.
    """
    base = f"<{ID}event/{segment(vtn)}/" if vtn else f"<{ID}event/"
    events = [
        s.subject
        for s in graphs.match(None, f"<{FLEX}eventID>", string(event_id))
        if s.subject.startswith(base) and any(graphs.match(s.subject, f"<{FLEX}currentVersion>", None))
    ]
    if len(events) != 1:
        raise UsageError(
            f"{'several VTNs have an' if events else 'there is no'} event {event_id!r}",
            where=event_id,
            cure="name the VTN" if events else "see flexkg query events",
            code="unknown-event",
        )
    return sorted(s.subject for s in graphs.match(None, f"<{FLEX}versionOf>", events[0]))


def facts(entry: RegistryEntry, graphs: GraphStore) -> list[str]:
    """Say of an entry what its rules compare it with, N-Triples lines."""
    me = f"<{entry.iri}>"
    version = f"<{ID}event/{'/'.join(map(segment, (entry.vtn, entry.event, str(entry.number))))}>"
    node = {s.predicate: s.object for s in graphs.match(version, None, None)}
    answers = _answers(entry, graphs)
    commanded = any(graphs.match(f"<{entry.activation}>", f"<{FLEX}command>", None))
    test = lexical(node[f"<{FLEX}testEvent>"]) if f"<{FLEX}testEvent>" in node else "false"
    cancelled = node.get(f"<{FLEX}eventStatus>", "").endswith("/cancelled>")
    lines = [
        f"{me} <{FLEX}wasRequested> {boolean(str(bool(node)).lower())} .",
        f"{me} <{FLEX}wasOptedOut> {boolean(str(answers[-1:] == ['optOut']).lower())} .",
        f"{me} <{FLEX}wasCommanded> {boolean(str(commanded).lower())} .",
        f"{me} <{FLEX}wasCancelled> {boolean(str(cancelled).lower())} .",
        f"{me} <{FLEX}ofTestEvent> {boolean(str(test not in ('', 'false')).lower())} .",
    ]
    if entry.corrects:
        corrected = f"<{ID}registry-entry/{segment(entry.corrects)}>"
        same = any(graphs.match(corrected, f"<{FLEX}entryOf>", f"<{entry.activation}>"))
        lines.append(f"{me} <{FLEX}correctsKnownEntry> {boolean(str(same).lower())} .")
    return lines


def _answers(entry: RegistryEntry, graphs: GraphStore) -> list[str]:
    """Give the VEN's answers to a version of an event, by the order of the journal."""
    party = f"<{ID}party/{segment(entry.ven)}>"
    found = []
    for statement in graphs.match(None, f"<{FLEX}eventID>", string(entry.event)):
        node = {s.predicate: s.object for s in graphs.match(statement.subject, None, None)}
        number = node.get(f"<{FLEX}modificationNumber>", '""')
        opt = node.get(f"<{FLEX}optType>")
        if opt is None or lexical(number) != str(entry.number):
            continue
        message = statement.subject.partition("/event-response/")[0].rstrip(">") + ">"
        if node.get(_TYPE) == f"<{FLEX}Opt>":
            message = next((s.subject for s in graphs.match(None, f"<{FLEX}conveys>", statement.subject)), "")
        said = {s.predicate: s.object for s in graphs.match(message, None, None)} if message else {}
        if said.get(f"<{FLEX}ven>") == party and f"<{FLEX}journalRow>" in said:
            row = int(lexical(said[f"<{FLEX}journalRow>"]))
            found.append((row, opt[1:-1].rpartition("/")[2]))
    return [opt for _, opt in sorted(found)]
