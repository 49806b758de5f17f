"""From the graph of a payload: the readings that it delivers, and what is left of the graph without them.

Only a reading that is a number of a known series at a known time goes to the reading store. Everything else
that a report says (states of resources, Green Button data, readings without a time, numbers that are not in a
unit of the series) stays in the graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from kg.graphs import Change, Facts, lexical
from kg.literals import segment
from kg.namespaces import FLEX, ID, RDF, XSD
from kg.readings import Constants, Reading
from kg.times import moment
from kg.units import product

_TYPE = f"<{RDF}type>"
_DECIMAL, _INTEGER, _TIME = (f"^^<{XSD}{name}>" for name in ("decimal", "integer", "dateTime"))


def _terms(names: str) -> frozenset[str]:
    return frozenset({_TYPE, *(f"<{FLEX}{name}>" for name in names.split())})


#: What the reading store keeps of a reading, and what else of an interval it can do without.
_READING = _terms("position rID value dataQuality confidence accuracy payloadType")
_INTERVAL = _terms("position uid startsAt endsAt duration durationText seconds reading")
_NODES, _START, _END, _RID, _VALUE, _CONFIDENCE, _ACCURACY, _QUALITY, _VEN, _SPECIFIER = (
    f"<{FLEX}{name}>"
    for name in (
        *("reading", "startsAt", "endsAt", "rID", "value", "confidence"),
        *("accuracy", "dataQuality", "venID", "reportSpecifierID"),
    )
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where readings come from: digest and journal row of the payload, time of receipt, and its VEN's ID."""

    digest: str
    seq: int
    received: datetime


def deliver(
    lines: list[str],
    facts: Facts,
    message: str,
    source: Source,
    constants_of: Callable[[str], Constants],
    named: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], list[Reading]]:
    """Part a payload's graph into what stays in it and its readings.

    Args:
        lines: the payload's triples, each one line of N-Triples.
        facts: the same, as ``kg.graphs.facts_of`` gives them.
        message: IRI of the message.
        source: the payload.
        constants_of: gives what is constant of a series, by its IRI.
        named: series of the readings that a report describes itself, by the reading's subject.

    Returns:
        The lines that stay, and the readings.
    """
    ven = _text(facts.get(f"<{message}>", {}), _VEN)
    gone: set[str] = set()
    readings: list[Reading] = []
    for report in facts.get(f"<{message}>", {}).get(f"<{FLEX}report>", ()):
        specifier = _text(facts.get(report, {}), _SPECIFIER)
        if not named and (not ven or not specifier):
            continue
        point = f"{ID}series/{segment(ven)}/{segment(specifier)}/"
        for interval in facts.get(report, {}).get(f"<{FLEX}interval>", ()):
            span = facts.get(interval, {})
            nodes = span.get(_NODES, [])
            start, end = _instant(span, _START), _instant(span, _END)
            if start is None or (end is not None and end < start):
                continue
            for node in nodes:
                said = facts.get(node, {})
                series = named.get(node) if named else point + segment(_text(said, _RID))
                reading = _reading(said, start, end, series, source, constants_of) if series else None
                if reading is not None:
                    gone.add(node)
                    readings.append(reading)
            if nodes and gone.issuperset(nodes) and span.keys() <= _INTERVAL:
                gone.add(interval)
    if not gone:
        return lines, []
    return [
        f"{subject} {predicate} {value} ."
        for subject, node in facts.items()
        if subject not in gone
        for predicate, values in node.items()
        for value in values
        if value not in gone
    ], readings


def part(change: Change, reports: Iterable[str], graph: str) -> None:
    """Let what stands below reports go to a graph of its own: it is shown by mandate, as readings are.

    Args:
        change: what a message changes; the lines about its reports' values are moved.
        reports: the reports, in angle brackets.
        graph: IRI of the graph for what they say.
    """
    below = tuple(f"{report[:-1]}/" for report in reports)
    told = [line for line in change.lines if any(mark in line for mark in below)]
    if told:
        gone = set(told)
        change.lines[:] = [line for line in change.lines if line not in gone]
        change.apart[graph] = told


def _reading(
    node: dict[str, list[str]],
    start: datetime,
    end: datetime | None,
    series: str,
    source: Source,
    constants_of: Callable[[str], Constants],
) -> Reading | None:
    """Read one reading; None where it is not a number of a known series."""
    if not node.keys() <= _READING or max(map(len, node.values()), default=0) > 1:
        return None
    value = _typed(node, _VALUE, _DECIMAL)
    confidence, accuracy = _typed(node, _CONFIDENCE, _INTEGER), _typed(node, _ACCURACY, _DECIMAL)
    unread = (confidence is None and _CONFIDENCE in node) or (accuracy is None and _ACCURACY in node)
    if not _text(node, _RID) or value is None or unread:
        return None
    constants = constants_of(series)
    if constants.conversion is None:
        return None
    quality = node.get(_QUALITY)
    return Reading(
        series=series,
        starts_at=start,
        ends_at=end,
        value=product(Decimal(value), constants.conversion),
        digest=source.digest,
        seq=source.seq,
        received=source.received,
        resource=constants.resource,
        property=constants.property,
        unit=constants.unit,
        quality=quality[0][1:-1] if quality else None,
        confidence=None if confidence is None else int(confidence),
        accuracy=None if accuracy is None else product(Decimal(accuracy), constants.conversion),
    )


def _typed(node: dict[str, list[str]], name: str, datatype: str) -> str | None:
    """Give the text of a literal of this datatype; None where there is none."""
    held = node.get(name)
    term = held[0] if held else ""
    return term[1 : -len(datatype) - 1] if term.endswith(datatype) else None


def _text(node: dict[str, list[str]], name: str) -> str:
    """Give the text of a plain literal, empty where there is none."""
    held = node.get(name)
    term = held[0] if held else ""
    return lexical(term) if term.endswith('"') else ""


def _instant(node: dict[str, list[str]], name: str) -> datetime | None:
    text = _typed(node, name, _TIME)
    time = moment(text) if text else None
    if time is None or time.tzinfo is None:
        return None
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None
