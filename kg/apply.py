"""apply: what the journal holds -> the graph.

A payload that conforms becomes triples and readings; of one that was refused only the report is kept. The
outcome depends on the journal's rows and their order alone, not on how they are cut into batches: so a graph
that is rebuilt equals the one that grew, and a row that is applied again changes nothing.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

from kg.binding_graph import event_lines
from kg.binding_tables import load
from kg.errors import QueryError
from kg.fingerprint import fingerprint
from kg.graphs import Change, Facts, GraphStore, lexical, month_graph
from kg.layout import stamp
from kg.lift import Lifted
from kg.literals import date_time, integer, segment, string
from kg.namespaces import DCTERMS, FLEX, ID, PROV, RDF, SH, XSD
from kg.ordering import perform
from kg.readings import ReadingStore
from kg.readings.column_batch import Batch
from kg.readings.delivery import Source, deliver, part
from kg.readings.orders import Order
from kg.registrations import Registrations
from kg.self_described import described
from kg.series import SeriesBook
from kg.times import moment

_TYPE = f"<{RDF}type>"
_CURRENT = FLEX + "currentVersion"
_NUMBER = FLEX + "modificationNumber"
_CHANGED = FLEX + "modifiedAt"
#: What is described anew, as a whole, by each payload that speaks of it.
_REPLACED = frozenset(f"<{FLEX}{name}>" for name in ("EventVersion", "Opt", "ReportDescription"))
#: What opens a door stays in the encrypted journal: no query shows it.
_SECRET = f" <{FLEX}bearerToken> "
#: Readings from which on what was worked out is written, however few the rows.
_TOGETHER = 100_000
#: Findings of one refused payload that the graph shows; the journal keeps all.
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payload as the journal holds it.

    Args:
        seq: its row.
        received: UTC, as the row writes it.
        digest: SHA-256 of the payload, hexadecimal.
        sender: ID of the party that it is attributed to, empty where that is not known.
        lifted: its graph, when it was accepted.
        findings: what was found wrong, as the report writes it, when it was refused.
        signature: what became of its signature, N-Triples about the message.
        update: SPARQL update of an administrator, instead of a payload.
        order: what an operator ordered of the readings, instead of a payload.
    """

    seq: int
    received: str
    digest: str
    sender: str = ""
    lifted: Lifted | None = None
    findings: Sequence[dict[str, Any]] = ()
    signature: Sequence[str] = ()
    update: str = ""
    order: Order | None = None


@dataclass(slots=True)
class Applier:
    """Applies rows of the journal to a graph store and a reading store.

    Args:
        graphs: where the triples go.
        readings: where the values of reports go.
        tables: folder of a user's own binding tables.

    Raises:
        kg.errors.AssetError: a table is broken.
        kg.errors.StoreError: the graph store was filled by an older FlexKG, which parts its graphs otherwise.
    """

    graphs: GraphStore
    readings: ReadingStore
    tables: Path | None = None
    _current: dict[str, tuple[int, float]] = field(default_factory=dict)
    _registrations: Registrations = field(init=False)
    _series: SeriesBook = field(init=False)

    def __post_init__(self) -> None:
        load(self.tables)
        stamp(self.graphs)
        self._registrations = Registrations(self.graphs)
        self._series = SeriesBook(self.graphs, self.tables)

    def apply(self, rows: Iterable[Recorded]) -> None:
        """Apply rows, in their order; those that were applied before are passed over.

        Raises:
            kg.errors.StoreUnavailable: a store cannot be written; applying again takes up where it stopped.
        """
        done = self.graphs.applied()
        self._forget()
        changes: list[Change] = []
        readings = Batch()
        orders: list[tuple[Order, int, datetime]] = []
        for row in rows:
            if row.seq <= done:
                continue
            if row.order is not None:
                self._write(changes, readings)
                readings = Batch()
                orders.append((row.order, row.seq, datetime.fromisoformat(row.received)))
                changes = [Change(month_graph("prov", row.received), seq=row.seq)]
                continue
            perform(orders, self.readings)
            orders.clear()
            if row.update:
                self._write(changes, readings)
                changes, readings = [], Batch()
                with contextlib.suppress(QueryError):  # as it failed when it was sent: the whole or nothing
                    self.graphs.update(row.update, row.seq)
                self._forget()
            elif row.lifted is None:
                changes.append(_refusal(row))
            else:
                changes.append(self._accepted(row, row.lifted, readings))
                if len(readings.payload) >= _TOGETHER:
                    self._write(changes, readings)
                    changes, readings = [], Batch()
        perform(orders, self.readings)
        self._write(changes, readings)

    def _write(self, changes: Sequence[Change], readings: Batch) -> None:
        """Write what rows change."""
        if readings.payloads:
            self.readings.append_batch(readings)
        if self._series.changed:
            self.readings.describe(self._series.changed)
        if changes:
            self.graphs.write(changes)

    def _forget(self) -> None:
        """Forget what was remembered of the graph."""
        self._current.clear()
        self._series.clear()
        self._registrations.clear()

    def _accepted(self, row: Recorded, lifted: Lifted, readings: Batch) -> Change:
        """Work out what a payload that conforms changes; its readings are added to others."""
        facts, message = lifted.facts, f"<{lifted.message}>"
        source = Source(row.digest, row.seq, datetime.fromisoformat(row.received))
        own, named = described(lifted)
        told = Change("")
        for subject in own:
            self._describe(subject, own, told)
        facts = {**facts, **own} if own else facts
        lines, series = deliver(facts, lifted.message, source, self._series.constants, readings, named)
        kind = "event" if lifted.message_type.endswith(("Event", "event")) else "op"
        kind = "activation" if lifted.message_type == "activationEntry" else kind
        shown = [line for line in lines if _SECRET not in line] if lifted.profile[0] == "3" else lines
        graph = month_graph(kind, row.received)
        change = Change(graph, [*shown, *told.lines], [lifted.message, *told.roots], seq=row.seq)
        part(change, facts.get(message, {}).get(f"<{FLEX}report>", ()), month_graph("report", row.received))
        change.lines.append(f"{message} <{FLEX}receivedAt> {date_time(row.received)} .")
        change.lines.append(f"{message} <{FLEX}journalRow> {integer(str(row.seq))} .")
        change.lines.extend(row.signature)
        self._series.tell(series, change)
        best: dict[str, str] = {}
        for subject, node in facts.items():
            kinds = node.get(_TYPE, ())
            if _REPLACED.isdisjoint(kinds):
                continue
            change.roots.append(subject[1:-1])
            if f"<{FLEX}EventVersion>" in kinds:
                self._version(subject, node, best)
                change.lines.append(f'{subject} <{FLEX}eventDigest> "{fingerprint(facts, subject)}" .')
                change.lines.extend(event_lines(node, facts, self.tables))
            elif f"<{FLEX}ReportDescription>" in kinds and subject not in own:
                self._series.describe(subject, facts, change)
        if lifted.message_type.endswith("PartyRegistration"):
            self._registrations.note(facts, message, change)
        for event, version in best.items():
            change.unset.append((event[1:-1], _CURRENT))
            change.lines.append(f"{event} <{_CURRENT}> {version} .")
        return change

    def _describe(self, subject: str, own: Facts, told: Change) -> None:
        """Take in a data point that a report describes itself."""
        if f"<{FLEX}ReportDescription>" in own[subject][_TYPE]:
            self._series.describe(subject, own, told)

    def _version(self, version: str, node: dict[str, list[str]], best: dict[str, str]) -> None:
        """Note a version as its event's current one, unless one with a higher number is known."""
        rank = _rank(node.get(f"<{_NUMBER}>", ()), node.get(f"<{_CHANGED}>", ()))
        for event in node.get(f"<{FLEX}versionOf>", ()):
            if rank >= self._highest(event):
                self._current[event] = rank
                best[event] = version

    def _highest(self, event: str) -> tuple[int, float]:
        """Give the rank of an event's current version, the lowest where there is none."""
        if event not in self._current:
            said: dict[str, list[str]] = {_NUMBER: [], _CHANGED: []}
            for current in self.graphs.match(event, f"<{_CURRENT}>", None):
                for name, values in said.items():
                    found = self.graphs.match(current.object, f"<{name}>", None)
                    values += [statement.object for statement in found]
            self._current[event] = _rank(said[_NUMBER], said[_CHANGED])
        return self._current[event]


def _refusal(row: Recorded) -> Change:
    """Write what is kept of a refused payload: sender, digest, and rule and place of each finding."""
    report = f"{ID}refusal/{row.seq}"
    lines = [
        f"<{report}> {_TYPE} <{SH}ValidationReport> .",
        f'<{report}> <{SH}conforms> "false"^^<{XSD}boolean> .',
        f"<{report}> <{PROV}generatedAtTime> {date_time(row.received)} .",
        f"<{report}> <{PROV}wasDerivedFrom> <{ID}message/{row.digest}> .",
        f"<{report}> <{FLEX}journalRow> {integer(str(row.seq))} .",
    ]
    if row.sender:
        lines.append(f"<{report}> <{PROV}wasAttributedTo> <{ID}party/{segment(row.sender)}> .")
    for n, finding in enumerate(row.findings[:_SHOWN]):
        result = f"{report}/result/{n}"
        lines += [
            f"<{report}> <{SH}result> <{result}> .",
            f"<{result}> {_TYPE} <{SH}ValidationResult> .",
            f"<{result}> <{SH}resultSeverity> <{SH}{segment(finding['severity'])}> .",
            f"<{result}> <{DCTERMS}identifier> {string(finding['rule'])} .",
        ]
        if finding.get("pointer"):
            lines.append(f"<{result}> <{FLEX}pointer> {string(finding['pointer'])} .")
    return Change(month_graph("prov", row.received), lines, [report], seq=row.seq)


def _rank(numbers: Iterable[str], changes: Iterable[str]) -> tuple[int, float]:
    """Rank a version: by its number, which OpenADR 2 has, then by the time of change, which OpenADR 3 has."""
    times = (moment(lexical(change)) for change in changes if change.startswith('"'))
    stamps = (time.replace(tzinfo=time.tzinfo or UTC).timestamp() for time in times if time is not None)
    return max(map(_whole, numbers), default=-1), max(stamps, default=-inf)


def _whole(term: str) -> int:
    """Read a modification number; -1 for what is none."""
    text = lexical(term) if term.startswith('"') else ""
    return int(text) if text.isdecimal() else -1
