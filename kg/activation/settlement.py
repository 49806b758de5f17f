"""What an event delivered, worked out from the readings and entered into the registry.

The rules are those of the stored query ``performance``; ``kg.activation.baseline`` has them. Sums are the
reading store's, so that columns are not gone through reading by reading.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from kg.activation.baseline import DAY, Mean, Span, work_out
from kg.activation.basis import basis_of
from kg.activation.registry import Registry
from kg.activation.standing import took_part
from kg.errors import UsageError
from kg.ingest import Ingest
from kg.readings.selecting import Selection, select
from kg.registry_entry import RegistryEntry


@dataclass(slots=True)
class Settlement:
    """What became of a settlement.

    Attributes:
        made: the entries that were made; one that corrects an earlier one names it.
        unchanged: entries of before that say what would be said again.
        without_readings: data points (VEN and rID) that have no readings of the event.
        without_baseline: data points that have readings of the event, and nothing to compare them with.
        opted_out: VENs that only ever opted out: they deliver nothing.
    """

    made: list[RegistryEntry] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    without_readings: list[str] = field(default_factory=list)
    without_baseline: list[str] = field(default_factory=list)
    opted_out: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Literal["settled", "unchanged", "nothing"]:
        """In a word: entries were made, all were there before, or there is nothing to settle."""
        return "settled" if self.made else "unchanged" if self.unchanged else "nothing"

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "outcome": self.outcome,
            "made": [asdict(entry) for entry in self.made],
            "unchanged": self.unchanged,
            "without_readings": self.without_readings,
            "without_baseline": self.without_baseline,
            "opted_out": self.opted_out,
        }


def settle(ingest: Ingest, event_id: str, vtn: str = "", *, now: datetime | None = None) -> Settlement:
    """Work out baseline, delivery and deviation of an event, and record them.

    Args:
        ingest: the open store.
        event_id: its eventID.
        vtn: vtnID, where several VTNs have such an event.
        now: the time; the clock's without it.

    Returns:
        The entries that were made, and why there are no others. One that would say the same as the last is
        not made again; one that says something else, since late readings came, corrects it.

    Raises:
        UsageError: there is no such event, it is not over, was cancelled, or is a test.
        kg.activation.registry.EntryRefused: the rules of the registry refuse an entry.
        kg.errors.StoreUnavailable: it could not be recorded.

    Source:
        FlexKG; decisions 35 (what an event delivered) and 86 (readings in the pack).
    """
    with ingest.judging:  # two at once would enter everything twice
        return _settled(ingest, event_id, vtn, now or datetime.now(UTC))


def _settled(ingest: Ingest, event_id: str, vtn: str, now: datetime) -> Settlement:
    ingest.follower.settle()
    basis = basis_of(ingest.graphs, event_id, vtn)
    span = basis.span
    if span is None or span[1] > now:
        raise UsageError(
            "the event is not over", where=event_id, cure="settle it after its end", code="event-runs"
        )
    if basis.cancelled:
        raise UsageError("the event was cancelled", where=event_id, cure="there is nothing to settle")
    if basis.test:  # a baseline would be entered, and the delivery be refused
        raise UsageError("the event was a test", where=event_id, cure="there is nothing to settle")
    registry, found = Registry(ingest), Settlement()
    known = registry.entries(event_id, vtn)
    vens = sorted({point.ven for point in basis.points})
    found.opted_out = [v for v in vens if not took_part(ingest.graphs, basis.vtn, event_id, basis.number, v)]
    points = [point for point in basis.points if point.ven not in found.opted_out]
    result = work_out(points, span, basis.busy, basis.asked, partial(mean, ingest))
    found.without_readings = [f"{point.ven} {point.name}" for point in result.without_readings]
    found.without_baseline = [f"{point.ven} {point.name}" for point in result.without_baseline]
    for (ven, resource, point), figure in result.figures:
        entry = RegistryEntry.made(
            vtn=basis.vtn,
            event=event_id,
            number=basis.number,
            step=figure.step,
            at=now.isoformat(),
            agent=basis.vtn,
            value=figure.value,
            unit=figure.unit,
            answer=figure.words,
            method=figure.method,
            corrects="",
            ven=ven,
            resource=resource,
            point=point,
        )
        last = _last(known, entry)
        if last is not None and all(
            last[name] == getattr(entry, name) for name in ("value", "unit", "answer")
        ):
            found.unchanged.append(str(last["entry"]))
            continue
        if last is not None:
            entry = RegistryEntry.made(**{**asdict(entry), "entry": "", "corrects": last["entry"]})
        registry.record(entry)
        found.made.append(entry)
    return found


def mean(ingest: Ingest, series: str, span: Span) -> Mean | None:
    """Give the mean of a series' readings that start within a span; None where there is none."""
    total, number, unit = Decimal(0), 0, ""
    for row in select(ingest.readings, Selection(*span, (series,), bucket=DAY)):
        total, number, unit = total + row.total, number + row.number, row.unit or ""
    return Mean(total, unit, number) if number else None


def _last(known: list[dict[str, Any]], entry: RegistryEntry) -> dict[str, Any] | None:
    """Find the entry that one more of its kind would take the place of; none that somebody else stated."""
    names = ("number", "ven", "step", "resource", "point", "agent")
    same = [
        one
        for one in known
        if all(one[name] == getattr(entry, name) for name in names)
        and (one["method"] or entry.step != "deviation")
    ]
    return same[-1] if same else None
