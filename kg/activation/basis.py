"""What a settlement rests on, as a store knows it: version, span, data points, days with events."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from kg.activation.baseline import DAY, Asked, Point, Span, asked_of, similar
from kg.activation.registry import versions
from kg.graphs import GraphStore, lexical
from kg.lift import Lifted
from kg.literals import segment
from kg.namespaces import FLEX, ID
from kg.openadr.told import Message
from kg.times import moment

_POWER: Final = "<http://qudt.org/vocab/quantitykind/ActivePower>"
_BASELINE: Final = "<https://w3id.org/flexkg/vocab/reportType/baseline>"
_LABEL: Final = "<http://www.w3.org/2000/01/rdf-schema#label>"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a settlement rests on.

    Attributes:
        version: the last version of the event, its IRI in angle brackets.
        vtn: vtnID of who asked.
        number: its modificationNumber.
        start: its start.
        end: its end; None for an open one.
        cancelled: whether it calls the event off.
        test: whether the event is a test, for which nothing is delivered.
        asked: what power it asks for.
        points: the data points behind its targets.
        busy: of the similar days before, those on which an event ran: how many days back.
    """

    version: str
    vtn: str
    number: int
    start: datetime | None
    end: datetime | None
    cancelled: bool
    test: bool
    asked: Asked | None
    points: tuple[Point, ...]
    busy: tuple[int, ...]

    @property
    def span(self) -> Span | None:
        """From when to when the event lasts; None for an open one."""
        return (self.start, self.end) if self.start is not None and self.end is not None else None


def basis_of(graphs: GraphStore, event_id: str, vtn: str = "") -> Basis:
    """Look up what a settlement of an event rests on.

    Raises:
        UsageError: there is no such event, or several VTNs have one.
    """
    version = max(versions(graphs, event_id, vtn), key=lambda one: int(one[1:-1].rpartition("/")[2]))
    start, end = (time_of(graphs, version, term) for term in ("startsAt", "endsAt"))
    issuer = next(s.object for s in graphs.match(version, f"<{FLEX}versionOf>", None))
    party = next((s.object for s in graphs.match(issuer, f"<{FLEX}vtn>", None)), "")
    lines = list(_lines(graphs, version))
    message = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines))
    status = message.text(version, "eventStatus")
    busy = _busy(graphs, (start, end)) if start is not None and end is not None else ()
    return Basis(
        version,
        (unquote(party[1:-1].rpartition("/")[2]) if party else "") or vtn,
        int(version[1:-1].rpartition("/")[2]),
        start,
        end,
        status == "cancelled",
        message.text(version, "testEvent") not in ("", "false"),
        asked_of(message, version),
        tuple(_points(graphs, version)),
        busy,
    )


def time_of(graphs: GraphStore, node: str, term: str) -> datetime | None:
    """Give a time that is said of a node; None where there is none with a zone."""
    found = next((moment(lexical(s.object)) for s in graphs.match(node, f"<{FLEX}{term}>", None)), None)
    return found if found is not None and found.tzinfo is not None else None


def _lines(graphs: GraphStore, subject: str) -> "dict[str, None]":
    """Collect what is said of a node and of what lies below it."""
    found: dict[str, None] = {}
    root, open_ = subject[1:-1] + "/", [subject]
    while open_:
        for said in graphs.match(open_.pop(), None, None):
            line = f"{said.subject} {said.predicate} {said.object} ."
            if line not in found and said.object.startswith(f"<{root}"):
                open_.append(said.object)
            found[line] = None
    return found


def _busy(graphs: GraphStore, span: Span) -> tuple[int, ...]:
    """List the similar days on whose same hours an event ran."""
    ran = []
    for current in graphs.match(None, f"<{FLEX}currentVersion>", None):
        begins, ends = time_of(graphs, current.object, "startsAt"), time_of(graphs, current.object, "endsAt")
        if begins is not None and ends is not None:
            ran.append((begins, ends))
    start, end = span[0].astimezone(UTC), span[1].astimezone(UTC)
    return tuple(
        back
        for back in similar(start)
        if any(begins < end - back * DAY and ends > start - back * DAY for begins, ends in ran)
    )


def _points(graphs: GraphStore, version: str) -> list[Point]:
    """List the data points of powers that lie behind the targets of an event."""
    vens, resources = set(), set()
    for target in graphs.match(version, f"<{FLEX}target>", None):
        vens |= {lexical(s.object) for s in graphs.match(target.object, f"<{FLEX}venID>", None)}
        resources |= {lexical(s.object) for s in graphs.match(target.object, f"<{FLEX}resourceID>", None)}
    measured: dict[str, tuple[str, str]] = {}
    declared: dict[tuple[str, str], str] = {}
    for ven in sorted(vens):
        for named in graphs.match(None, f"<{FLEX}ven>", f"<{ID}party/{segment(ven)}>"):
            for stated in graphs.match(named.subject, f"<{FLEX}series>", None):
                series, label = stated.object, _label(graphs, stated.object)
                if not _is_power(graphs, series) or (resources and label not in resources):
                    continue
                kinds = {s.object for s in graphs.match(named.subject, f"<{FLEX}reportType>", None)}
                if _BASELINE in kinds:
                    declared[ven, label] = series[1:-1]
                else:
                    measured[series[1:-1]] = (ven, label)
    return [Point(series, *key, declared.get(key, "")) for series, key in sorted(measured.items())]


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
