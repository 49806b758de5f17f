"""rebuild: the graph anew from the journal, with today's mappings, in the place of the old one."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.apply import Applier, Recorded
from kg.binding_tables import load
from kg.chain import Row
from kg.check import checker
from kg.directory import StoreDirectory, open_directory
from kg.entry import UPDATE
from kg.errors import AssetError, StoreError, StoreUnavailable, UnreadablePayload, UsageError
from kg.graphs import check_lines
from kg.graphs.embedded import EmbeddedGraphs
from kg.journal import Journal
from kg.lift import Lifted, lift
from kg.mandates import MANDATE
from kg.readings.backends import kind_in, kind_of, open_readings
from kg.readings.orders import MESSAGE_TYPE, Order
from kg.registry_entry import is_entry, read_entry
from kg.settings import load_settings
from kg.successors import REDACTED, contents
from kg.views import beside, swap, tidy
from kg.xml import read

_BATCH = 256
#: What a row of a journal says, as ``kg.successors.contents`` gives it.
Says = Callable[[Journal, Row], tuple[bytes, str] | None]


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        accepted: rows whose payload is in the graph.
        refused: rows whose report is in it.
        updates: rows that are administrators' updates, performed again in their order.
        orders: rows that say what was ordered of the readings, done again in their order.
        erased: rows whose key was destroyed.
        unreadable: rows that were accepted once and that today's mappings cannot read; they are left out.
        would_refuse: rows that were accepted once and are applied, but that today's shapes would refuse, with
            the rules that say so.
    """

    accepted: int = 0
    refused: int = 0
    updates: int = 0
    orders: int = 0
    erased: int = 0
    unreadable: list[int] = field(default_factory=list)
    would_refuse: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{self.accepted} accepted payloads applied, reports on {self.refused} refused ones kept"
        if self.updates:
            text += f", {self.updates} updates performed"
        if self.orders:
            text += f", {self.orders} orders about readings done"
        if self.erased:
            text += f", {self.erased} erased ones left out"
        if self.unreadable:
            text += f"; rows that can no longer be read: {_listed(self.unreadable)}"
        if self.would_refuse:
            text += f"; rows that would be refused today: {_listed(list(self.would_refuse))}"
        return text


def rebuild(
    store: str | os.PathLike[str],
    *,
    profile: str = "core",
    engine: str = "compiled",
    bindings: Path | None = None,
    readings: str = "",
) -> Rebuilt:
    """Make a store's graph anew from its journal.

    What was accepted is applied, what was refused stays refused: a verdict is part of the record. The old
    graph is used until the new one is complete.

    Args:
        store: the store's directory; no other process may use it.
        profile: level of strictness by which rows are listed that would be refused today; empty: none are.
        engine: SHACL engine for that.
        bindings: folder of a user's own tables of what values mean.
        readings: back end that the readings go to, one of ``kg.readings.backends.KINDS``; empty: where
            they are, else as the settings say.

    Raises:
        kg.errors.AssetError: a table of bindings is broken; nothing is changed.
        kg.errors.JournalCorrupt: the journal does not verify; nothing is changed.
        kg.errors.StoreUnavailable: there is no store, it is in use, or the disk is full; nothing is changed.
    """
    load(bindings)
    journal = Journal(open_directory(store, create=False))
    try:
        journal.verify()
        directory = journal.directory
        tidy(directory)
        kind = readings or _kept(directory) or load_settings().readings
        with contextlib.ExitStack() as undo:
            graphs = EmbeddedGraphs(beside(directory.graph, "new"), fresh=True)
            undo.callback(graphs.close)
            store_of = open_readings(graphs, beside(directory.readings, "new"), kind)
            undo.callback(store_of.close)
            rebuilt = replay(journal, Applier(graphs, store_of, bindings), profile, engine)
        swap(directory)
        return rebuilt
    finally:
        journal.close()


def recorded(journal: Journal, row: Row, says: Says = contents) -> Recorded | None:
    """Read a row of the journal as it is applied; None where its key was destroyed or it cannot be read.

    Args:
        journal: the journal.
        row: one of its rows.
        says: what rows say.
    """
    opened = says(journal, row) if row.message_type != MANDATE else None
    if opened is None:
        return None
    entry = {"received": row.received, "verdict": row.verdict, "report": json.loads(opened[1])}
    return applied_of(opened[0], entry, row.seq)


def applied_of(payload: bytes, entry: Mapping[str, Any], seq: int) -> Recorded | None:
    """Give a payload as it is applied; None where today's mappings cannot read it.

    Args:
        payload: the bytes.
        entry: when it was ``received``, its ``verdict``, and the ``report`` on it.
        seq: the number of its row.
    """
    report = entry["report"]
    if entry["verdict"] == "violates":
        return Recorded(
            seq, entry["received"], report["digest"], report["sender"], findings=report["violations"]
        )
    if report.get("message_type") == UPDATE:
        text = payload.decode()
        return Recorded(seq, entry["received"], report["digest"], report["sender"], update=text)
    if report.get("message_type") == MESSAGE_TYPE:
        order = Order.read(payload)
        return Recorded(seq, entry["received"], report["digest"], report["sender"], order=order)
    lifted = _lifted(payload)
    if lifted is None:
        return None
    signature = report.get("signature", ())
    return Recorded(seq, entry["received"], report["digest"], report["sender"], lifted, signature=signature)


def replay(
    journal: Journal,
    applier: Applier,
    profile: str,
    engine: str,
    rows: Iterable[Row] | None = None,
    says: Says = contents,
) -> Rebuilt:
    """Apply a journal's rows in their order.

    Args:
        journal: a journal that verifies.
        applier: into what they are applied.
        profile: level of strictness by which rows are listed that would be refused today; empty: none are.
        engine: SHACL engine for that.
        rows: those that are applied, in their order; all where they are left out.
        says: what rows say; None for one that is erased.
    """
    made, rebuilt = checker(profile, engine) if profile else None, Rebuilt()
    batch: list[Recorded] = []
    for row in journal.rows() if rows is None else rows:
        if row.direction == REDACTED or row.message_type == MANDATE:
            continue
        opened = says(journal, row)
        if opened is None:
            rebuilt.erased += 1
            continue
        record = recorded(journal, row, says)
        if record is None:
            rebuilt.unreadable.append(row.seq)
            continue
        batch.append(record)
        if record.update:
            rebuilt.updates += 1
        elif record.order is not None:
            rebuilt.orders += 1
        elif record.lifted is None:
            rebuilt.refused += 1
        else:
            rebuilt.accepted += 1
            again = made if made is not None and not is_entry(opened[0]) else None
            today = again.check(opened[0], max_bytes=len(opened[0])) if again is not None else None
            if today is not None and not today.conforms:
                rules = dict.fromkeys(v.rule for v in today.violations if v.severity == "Violation")
                rebuilt.would_refuse[row.seq] = tuple(rules)
        if len(batch) >= _BATCH:
            applier.apply(batch)
            batch = []
    applier.apply(batch)
    return rebuilt


def _lifted(payload: bytes) -> Lifted | None:
    """Lift a payload with today's mappings, whatever today's schema says of it."""
    try:
        lifted = (
            read_entry(payload).lifted() if is_entry(payload) else lift(read(payload, max_bytes=len(payload)))
        )
        check_lines(lifted.lines)
    except (UnreadablePayload, AssetError, StoreError, UsageError):
        return None
    return lifted


def _kept(directory: StoreDirectory) -> str:
    """Name the back end that the readings are in now; the graph says so, where it can be read."""
    if not directory.graph.exists():
        return kind_in(directory.readings)
    try:
        graphs = EmbeddedGraphs(directory.graph)
    except StoreUnavailable:
        return kind_in(directory.readings)
    try:
        return kind_of(graphs)
    finally:
        graphs.close()


def _listed(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:20]))
    return f"{shown} and {len(rows) - 20} more" if len(rows) > 20 else shown
