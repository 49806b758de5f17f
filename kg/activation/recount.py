"""Works baseline, delivery and deviation out again from what an evidence pack holds, and compares.

Nothing is taken on trust that the pack can show: when the event lasts and what it asks for is read from the
message that told it, readings are compared with the reports that state them, the days by their rule.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.activation.baseline import Asked, Mean, Point, Span, asked_of, mean_of, similar, work_out
from kg.activation.grounds import Kept, mean_over, read_lines, read_settlement
from kg.activation.wire import REPORTS, Key, stated
from kg.errors import FlexKGError, UsageError
from kg.lift import lift
from kg.openadr.told import Message
from kg.redaction import ERASED
from kg.registry_entry import RegistryEntry, is_entry, read_entry
from kg.units import product
from kg.xml import read


@dataclass(slots=True)
class Recount:
    """What was found.

    Attributes:
        faults: what is wrong.
        notes: what was seen and is no fault.
        figures: how many entries were worked out again, and agree.
    """

    faults: list[str]
    notes: list[str]
    figures: int = 0


def recount(folder: Path, rows: list[dict[str, Any]]) -> Recount:
    """Work out the figures of a pack again.

    Args:
        folder: the pack.
        rows: the rows of its manifest; the files are compared with their digests elsewhere.
    """
    found = Recount([], [])
    entries, events, reports = _contents(folder, rows)
    live = _live(entries)
    worked = [entry for entry in live if entry.method]
    try:
        said = "settlement.json"
        version, span, busy, points, withheld = read_settlement((folder / said).read_text("utf-8"))
        said = "readings.jsonl"
        kept = read_lines((folder / said).read_text("utf-8"))
    except (OSError, ValueError) as error:
        found.faults.append(f"{said}: cannot be read: {error}")
        return found
    asked: Asked | None = None
    for message in events:
        if f"<{version}>" in message.facts:
            try:
                event = message.event(f"<{version}>")
                asked = asked_of(message, f"<{version}>")
            except (FlexKGError, ArithmeticError, ValueError) as error:
                found.faults.append(f"the message that tells the event cannot be read: {error}")
                return found
            if span is not None and (event.starts_at, event.ends_at) != span:
                found.faults.append("settlement.json: the event lasts as its message does not tell")
            break
    else:
        if points:
            found.notes.append(
                "the message that tells the event is not in the pack: its hours are not proved"
            )
    if span is None:
        _unworked(worked, found)
        return found
    _days(span, busy, found)
    _readings(kept, reports, points, span, found)
    _compare(worked, live, _figures(points, span, busy, asked, kept), withheld, found)
    return found


def _contents(
    folder: Path, rows: list[dict[str, Any]]
) -> tuple[list[tuple[int, RegistryEntry]], list[Message], dict[int, tuple[str, dict[Key, Any]]]]:
    """Read the entries, the messages that tell of events, and what the reports state, by row."""
    entries: list[tuple[int, RegistryEntry]] = []
    events: list[Message] = []
    reports: dict[int, tuple[str, dict[Key, Any]]] = {}
    for row in rows:
        try:
            data = (folder / row["file"]).read_bytes()
        except OSError:
            continue  # told of by the digests
        if is_entry(data):
            try:
                entries.append((row["seq"], read_entry(data)))
            except UsageError:
                continue
        elif row["message_type"] == "oadrDistributeEvent" and row["verdict"] == "conforms":
            try:
                events.append(Message(lift(read(data, max_bytes=max(len(data), 1)))))
            except FlexKGError:
                continue
        elif row["message_type"] in REPORTS and row["verdict"] == "conforms":
            reports[row["seq"]] = row["sha256"], stated(data)
    return entries, events, reports


def _live(entries: list[tuple[int, RegistryEntry]]) -> list[RegistryEntry]:
    """Give the entries that no later one takes the place of."""
    corrected = {entry.corrects for _, entry in entries if entry.corrects}
    return [entry for _, entry in sorted(entries, key=lambda one: one[0]) if entry.entry not in corrected]


def _days(span: Span, busy: list[int], found: Recount) -> None:
    """See that no day is left out but similar ones on which an event is said to have run."""
    strange = set(busy) - set(similar(span[0]))
    if strange:
        found.faults.append(f"settlement.json: {min(strange)} days back is no similar day")
    if busy:
        found.notes.append(f"{len(busy)} similar days are left out, since events ran: the signer says so")


def _readings(
    kept: dict[Key, Kept],
    reports: dict[int, tuple[str, dict[Key, Any]]],
    points: list[Point],
    span: Span,
    found: Recount,
) -> None:
    """Compare the readings with the reports that are in the pack, both ways."""
    shown = 0
    for (series, start), one in kept.items():
        if one.row not in reports:
            continue
        digest, said = reports[one.row]
        wire = said.get((series, start))
        shown += 1
        if digest != one.digest or wire is None or product(wire, one.factor) != one.value:
            found.faults.append(f"readings.jsonl: {_place(series, start)} is not what row {one.row} states")
    wanted = {series for point in points for series in (point.series, point.declared) if series}
    wanted &= {series for series, start in kept if span[0] <= start < span[1]}
    for row, (_, said) in reports.items():
        for series, start in said:
            if series not in wanted or not span[0] <= start < span[1]:
                continue
            there = kept.get((series, start.astimezone(UTC)))
            if there is None or there.row < row:
                found.faults.append(
                    f"readings.jsonl: {_place(series, start)}, stated by row {row}, is not there: "
                    "withdrawn since, or left out"
                )
    if kept:
        found.notes.append(
            f"{shown} of {len(kept)} readings were compared with reports in the pack"
            + (": for the others the signer stands" if shown < len(kept) else "")
        )


def _figures(
    points: list[Point], span: Span, busy: list[int], asked: Asked | None, kept: dict[Key, Kept]
) -> dict[tuple[str, str, str, str], tuple[str, str, str]]:
    """Work out all figures: VEN, resource, point and step -> value, unit and words."""
    held: dict[str, dict[Key, Kept]] = {}
    for (series, start), one in kept.items():
        held.setdefault(series, {})[series, start] = one

    def mean(series: str, window: Span) -> Mean | None:
        return mean_of(mean_over(held.get(series, {}), series, window))

    result = work_out(points, span, busy, asked, mean)
    return {(*where, one.step): (one.value, one.unit, one.words) for where, one in result.figures}


def _compare(
    worked: list[RegistryEntry],
    live: list[RegistryEntry],
    again: dict[tuple[str, str, str, str], tuple[str, str, str]],
    withheld: set[str],
    found: Recount,
) -> None:
    """Compare entries with the figures."""
    for entry in worked:
        where = f"{entry.step} of {' '.join(filter(None, (entry.ven, entry.resource, entry.point)))}"
        figure = again.pop((entry.ven, entry.resource, entry.point, entry.step), None)
        if entry.ven in withheld or entry.ven == ERASED:
            found.notes.append(f"{where}: not worked out again, the readings are withheld or erased")
        elif figure is None:
            found.faults.append(f"{where}: the pack has no readings from which {entry.value} follows")
        elif figure[:2] != (entry.value, entry.unit):
            found.faults.append(
                f"{where}: entered is {entry.value} {entry.unit}, the readings give {figure[0]} {figure[1]} "
                f"({figure[2]})"
            )
        else:
            found.figures += 1
    for entry in live:
        if not entry.method and entry.step in ("baseline", "delivery"):
            found.notes.append(
                f"{entry.step} {entry.value} {entry.unit}: stated by {entry.agent or entry.ven}"
            )
    if again and worked:
        found.notes.append(f"{len(again)} figures follow from the readings and are not entered: settle again")
    elif again:
        found.notes.append("the event is not settled: baseline and delivery follow from the readings")


def _unworked(worked: list[RegistryEntry], found: Recount) -> None:
    found.faults += [
        f"{entry.step} of {entry.ven}: the event has no end, nothing follows from readings"
        for entry in worked
    ]


def _place(series: str, start: datetime) -> str:
    return f"{'/'.join(series.rsplit('/', 3)[1:])} at {start:%Y-%m-%dT%H:%M:%SZ}"
