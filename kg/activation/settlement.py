"""What an event delivered, worked out from the readings and entered into the registry.

The rules are those of the stored query ``performance``: the baseline is what the VEN declared in a report of
type ``baseline``, else the mean of the same hours of the last ten similar days of the three weeks before
(weekdays for a weekday) in which no event ran; delivered is baseline less actual, positive where less was
drawn. Sums are the reading store's, so that columns are not gone through reading by reading.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from kg.activation.registry import Registry, versions
from kg.errors import UsageError
from kg.graphs import GraphStore, lexical
from kg.ingest import Ingest
from kg.literals import segment
from kg.namespaces import FLEX, ID
from kg.readings.selecting import Selection, select
from kg.registry_entry import RegistryEntry, Step
from kg.times import moment

_POWER: Final = "<http://qudt.org/vocab/quantitykind/ActivePower>"
_BASELINE: Final = "<https://w3id.org/flexkg/vocab/reportType/baseline>"
_LABEL: Final = "<http://www.w3.org/2000/01/rdf-schema#label>"
_DAYS, _SIMILAR = 21, 10
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over a span: its value, unit and number of readings."""

    value: Decimal
    unit: str
    number: int


@dataclass(frozen=True, slots=True)
class _Point:
    """A data point of a power: its series, VEN, resource, and whether it is a baseline."""

    series: str
    ven: str
    resource: str
    baseline: bool


def settle(
    ingest: Ingest, event_id: str, vtn: str = "", *, now: datetime | None = None
) -> list[RegistryEntry]:
    """Work out baseline and delivery of each data point of an event, and record them.

    Args:
        ingest: the open store.
        event_id: its eventID.
        vtn: vtnID, where several VTNs have such an event.
        now: the time; the clock's without it.

    Returns:
        The entries that were made. One that would say the same as the last is not made again; one that says
        something else, since late readings came, corrects it.

    Raises:
        UsageError: there is no such event, it is not over, or was cancelled.
        kg.activation.registry.EntryRefused: the rules of the registry refuse an entry.
        kg.errors.StoreUnavailable: it could not be recorded.

    Source:
        FlexKG; decision 35 (what an event delivered).
    """
    now = now or datetime.now(UTC)
    graphs = ingest.graphs
    version = max(versions(graphs, event_id, vtn), key=lambda one: int(one[1:-1].rpartition("/")[2]))
    start, end = (_time(graphs, version, term) for term in ("startsAt", "endsAt"))
    if start is None or end is None or end > now:
        raise UsageError(
            "the event is not over", where=event_id, cure="settle it after its end", code="event-runs"
        )
    if any(s.object.endswith("/cancelled>") for s in graphs.match(version, f"<{FLEX}eventStatus>", None)):
        raise UsageError("the event was cancelled", where=event_id, cure="there is nothing to settle")
    registry = Registry(ingest)
    known = registry.entries(event_id, vtn)
    names = version[1:-1].removeprefix(f"{ID}event/").split("/")
    issuer, number = next(s.object for s in graphs.match(version, f"<{FLEX}versionOf>", None)), int(names[-1])
    from_vtn = next((s.object for s in graphs.match(issuer, f"<{FLEX}vtn>", None)), "")
    vtn_id = _name(graphs, from_vtn) or vtn
    made = []
    points = _points(graphs, version)
    declared = [point for point in points if point.baseline]
    for point in points:
        actual = None if point.baseline else mean(ingest, point.series, [(start, end)])
        if actual is None:
            continue
        base, how = _baseline(ingest, point, declared, (start, end))
        stated = {"ven": point.ven, "resource": point.resource, "point": point.series.rpartition("/")[2]}
        steps: list[tuple[Step, Decimal, str]] = []
        if base is not None and base.unit == actual.unit:
            steps.append(("baseline", base.value, how))
            steps.append(
                ("delivery", base.value - actual.value, f"baseline less the mean of {actual.number} readings")
            )
        for step, value, words in steps:
            entry = RegistryEntry.made(
                vtn=vtn_id,
                event=event_id,
                number=number,
                step=step,
                at=now.isoformat(),
                agent=vtn_id,
                value=f"{value.quantize(Decimal('0.001')).normalize() + 0:f}",
                unit=actual.unit.rpartition("/")[2],
                answer=words,
                corrects="",
                **stated,
            )
            last = _last(known, entry)
            if last is None or (last["value"], last["unit"], last["answer"]) != (
                entry.value,
                entry.unit,
                entry.answer,
            ):
                if last is not None:
                    entry = RegistryEntry.made(**{**_stated(entry), "entry": "", "corrects": last["entry"]})
                registry.record(entry)
                made.append(entry)
    return made


def mean(ingest: Ingest, series: str, spans: list[tuple[datetime, datetime]]) -> Mean | None:
    """Give the mean of a series' readings that start within some spans; None where there is none."""
    total, number, unit = Decimal(0), 0, ""
    for start, end in spans:
        for row in select(ingest.readings, Selection(start, end, (series,), bucket=_DAY)):
            total, number, unit = total + row.total, number + row.number, row.unit or ""
    return Mean(total / number, unit, number) if number else None


def _baseline(
    ingest: Ingest, point: _Point, declared: list[_Point], span: tuple[datetime, datetime]
) -> tuple[Mean | None, str]:
    """Give the baseline of a data point, and how it came about."""
    for one in declared:
        if (one.ven, one.resource) == (point.ven, point.resource):
            found = mean(ingest, one.series, [span])
            if found is not None:
                return found, f"declared by the VEN, {found.number} readings"
    days = _similar(ingest.graphs, *span)
    means = [(day, mean(ingest, point.series, [day])) for day in days]
    held = [day for day, found in means if found is not None]
    return mean(ingest, point.series, held), f"mean of the same hours of {len(held)} similar days"


def _similar(graphs: GraphStore, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """List the spans of the last similar days in which no event ran, the nearest first."""
    busy = []
    for current in graphs.match(None, f"<{FLEX}currentVersion>", None):
        begins, ends = _time(graphs, current.object, "startsAt"), _time(graphs, current.object, "endsAt")
        if begins is not None and ends is not None:
            busy.append((begins, ends))
    found = []
    weekend = start.astimezone(UTC).weekday() >= 5
    for back in range(1, _DAYS + 1):
        first, last = start - back * _DAY, end - back * _DAY
        if (first.astimezone(UTC).weekday() >= 5) == weekend and not any(
            a < last and b > first for a, b in busy
        ):
            found.append((first, last))
    return found[:_SIMILAR]


def _points(graphs: GraphStore, version: str) -> list[_Point]:
    """List the data points of powers that lie behind the targets of an event."""
    vens, resources = set(), set()
    for target in graphs.match(version, f"<{FLEX}target>", None):
        vens |= {lexical(s.object) for s in graphs.match(target.object, f"<{FLEX}venID>", None)}
        resources |= {lexical(s.object) for s in graphs.match(target.object, f"<{FLEX}resourceID>", None)}
    found: dict[str, _Point] = {}
    for ven in sorted(vens):
        for named in graphs.match(None, f"<{FLEX}ven>", f"<{ID}party/{segment(ven)}>"):
            for stated in graphs.match(named.subject, f"<{FLEX}series>", None):
                series = stated.object
                label = _label(graphs, series)
                if _is_power(graphs, series) and (not resources or label in resources):
                    kind = next(
                        (s.object for s in graphs.match(named.subject, f"<{FLEX}reportType>", None)), ""
                    )
                    found[series] = _Point(series[1:-1], ven, label, kind == _BASELINE)
    return [found[series] for series in sorted(found)]


def _is_power(graphs: GraphStore, series: str) -> bool:
    return any(
        s.object == _POWER
        for binding in graphs.match(series, f"<{FLEX}binding>", None)
        for s in graphs.match(binding.object, f"<{FLEX}quantityKind>", None)
    )


def _label(graphs: GraphStore, series: str) -> str:
    for resource in graphs.match(series, f"<{FLEX}ofResource>", None):
        for label in graphs.match(resource.object, _LABEL, None):
            return lexical(label.object)
    return ""


def _name(graphs: GraphStore, party: str) -> str:
    from urllib.parse import unquote

    return unquote(party[1:-1].rpartition("/")[2]) if party else ""


def _last(known: list[dict[str, object]], entry: RegistryEntry) -> dict[str, object] | None:
    """Find the entry that one more of its kind would take the place of."""
    names = ("number", "ven", "step", "resource", "point")
    same = [one for one in known if all(one[name] == getattr(entry, name) for name in names)]
    return same[-1] if same else None


def _stated(entry: RegistryEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in RegistryEntry.__dataclass_fields__}


def _time(graphs: GraphStore, node: str, term: str) -> datetime | None:
    found = next((moment(lexical(s.object)) for s in graphs.match(node, f"<{FLEX}{term}>", None)), None)
    return found if found is not None and found.tzinfo is not None else None
