"""The registry of activations: entries are judged by shapes, recorded, and never changed."""

from functools import cache
from typing import Any

from kg import assets
from kg.activation.standing import facts
from kg.engines import Engine
from kg.engines import engine as make_engine
from kg.errors import FlexKGError, UsageError
from kg.graphs import GraphStore, lexical
from kg.ingest import Ingest
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, PROV, RDF
from kg.receipt import Receipt
from kg.registry_entry import INTERVENTIONS, MESSAGE_TYPE, STEPS, RegistryEntry, read_entry
from kg.report import Report, Violation
from kg.rules import Shapes
from kg.successors import contents
from kg.verdict import judge

_TYPE = f"<{RDF}type>"
__all__ = ["EntryRefused", "Registry", "facts", "interventions", "rows_of_entries", "rules", "versions"]
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
            UsageError: it has no time or no step, or is not sound; another entry has its identifier
                (code ``entry-exists``).
            kg.errors.StoreUnavailable: it could not be recorded.
        """
        entry.require_sound()
        with self._ingest.judging:
            if any(
                found["digest"] != entry.digest for found in self._read(_rows(self._ingest.graphs, entry.iri))
            ):
                raise UsageError(
                    f"there is another entry {entry.entry!r}",
                    where="entry",
                    cure="leave the identifier out; to correct that entry, name it in corrects",
                    code="entry-exists",
                )
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
        return self._read(rows_of_entries(self._ingest.graphs, event_id, vtn))

    def interventions(self, ven: str = "") -> list[dict[str, Any]]:
        """List the entries of no event, emergencies and limits, as plain data.

        Args:
            ven: venID; empty for those of all.
        """
        self._ingest.follower.settle()
        found = interventions(self._ingest.graphs, ven)
        return self._read(sorted(row for _, row in found))

    def _read(self, rows: list[int]) -> list[dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for row in rows:
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
                rows += _rows(graphs, entry.subject[1:-1])
    return sorted(set(rows))


def _rows(graphs: GraphStore, entry: str) -> list[int]:
    return [int(lexical(s.object)) for s in graphs.match(f"<{entry}>", f"<{FLEX}journalRow>", None)]


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


def interventions(graphs: GraphStore, ven: str = "") -> list[tuple[str, int]]:
    """Give the entries of interventions, subjects in angle brackets, with their journal rows.

    Args:
        graphs: the store.
        ven: venID; empty for those of all.
    """
    party = f"<{ID}party/{segment(ven)}>" if ven else None
    found = []
    for kind in INTERVENTIONS:
        for typed in graphs.match(None, _TYPE, f"<{FLEX}{STEPS[kind]}>"):
            of = next(iter(graphs.match(typed.subject, f"<{PROV}wasGeneratedBy>", None)), None)
            if of is None or (party and not any(graphs.match(of.object, f"<{FLEX}ven>", party))):
                continue
            rows = graphs.match(typed.subject, f"<{FLEX}journalRow>", None)
            found += [(typed.subject, int(lexical(row.object))) for row in rows]
    return found
