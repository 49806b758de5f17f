"""From the graph of a payload: the readings that it delivers, and what is left of the graph without them.

Only a reading that is a number of a known series at a known time goes to the reading store. Everything else
that a report says (states of resources, Green Button data, readings without a time, numbers that are not in a
unit of the series) stays in the graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from kg.graphs import Change, Facts, lexical
from kg.literals import segment
from kg.namespaces import FLEX, ID, RDF, XSD
from kg.readings import Constants
from kg.readings.column_batch import Batch, Payload, micros
from kg.times import moment
from kg.units import plain, product

_TYPE = f"<{RDF}type>"
_DECIMAL, _INTEGER, _TIME = (f"^^<{XSD}{name}>" for name in ("decimal", "integer", "dateTime"))


def _terms(names: str) -> frozenset[str]:
    return frozenset({_TYPE, *(f"<{FLEX}{name}>" for name in names.split())})


#: What the reading store keeps of a reading, and what else of an interval it can do without.
_READING = _terms("position rID value dataQuality confidence accuracy payloadType describedBy")
_INTERVAL = _terms("position uid startsAt endsAt duration durationText seconds reading")
_NODES, _START, _END, _RID, _VALUE, _CONFIDENCE, _ACCURACY, _QUALITY, _VEN, _SPECIFIER = (
    f"<{FLEX}{name}>"
    for name in (
        *("reading", "startsAt", "endsAt", "rID", "value", "confidence"),
        *("accuracy", "dataQuality", "venID", "reportSpecifierID"),
    )
)


_NONE = ("",)


class _Point(NamedTuple):
    """A series that readings of a report belong to.

    Args:
        iri: of the series.
        factor: what values are multiplied with to be in its unit; None where they are no values of it.
    """

    iri: str
    factor: Decimal | None


_UNREAD: Final = _Point("", None)


@dataclass(frozen=True, slots=True)
class Source:
    """Where readings come from: digest and journal row of the payload, time of receipt, and its VEN's ID."""

    digest: str
    seq: int
    received: datetime


def deliver(
    facts: Facts,
    message: str,
    source: Source,
    constants_of: Callable[[str], Constants],
    into: Batch,
    named: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], list[str]]:
    """Part a payload's graph into what stays in it and its readings.

    Args:
        facts: the payload's triples.
        message: IRI of the message.
        source: the payload.
        constants_of: gives what is constant of a series, by its IRI.
        into: the readings are added to it.
        named: series of the readings that a report describes itself, by the reading's subject.

    Returns:
        The lines that stay, and the series that readings came for.
    """
    ven = _text(facts.get(f"<{message}>", {}), _VEN)
    gone: set[str] = set()
    series: dict[str, None] = {}
    digests = [payload.digest for payload in into.payloads]
    number = digests.index(source.digest) if source.digest in digests else len(digests)
    for report in facts.get(f"<{message}>", {}).get(f"<{FLEX}report>", ()):
        specifier = _text(facts.get(report, {}), _SPECIFIER)
        if not named and (not ven or not specifier):
            continue
        above = f"{ID}series/{segment(ven)}/{segment(specifier)}/"
        points: dict[str, _Point | None] = {}
        for interval in facts.get(report, {}).get(f"<{FLEX}interval>", ()):
            span = facts.get(interval, {})
            nodes = span.get(_NODES, [])
            start, end = _instant(span, _START), _instant(span, _END)
            if start is None or (end is not None and end < start):
                continue
            length = None if end is None else end - start
            for node in nodes:
                said = facts.get(node, {})
                key = named.get(node, "") if named else said.get(_RID, _NONE)[0]
                point = points.get(key, _UNREAD)
                if point is _UNREAD:
                    point = points[key] = _point(
                        key if named else above + segment(_text(said, _RID)), constants_of, into
                    )
                if point is not None and _take(said, number, start, length, point, into):
                    series[point.iri] = None
                    gone.add(node)
            if nodes and gone.issuperset(nodes) and span.keys() <= _INTERVAL:
                gone.add(interval)
    if gone and number == len(digests):
        into.payloads.append(Payload(source.digest, source.seq, micros(source.received)))
    return [
        f"{subject} {predicate} {value} ."
        for subject, node in facts.items()
        if subject not in gone
        for predicate, values in node.items()
        for value in values
        if value not in gone
    ], list(series)


def part(change: Change, reports: Iterable[str], graph: str) -> None:
    """Let what stands below reports go to a graph of its own: it is shown by mandate, as readings are.

    Args:
        change: what a message changes; the lines about its reports' values are moved.
        reports: the reports, in angle brackets.
        graph: IRI of the graph for what they say.
    """
    roots = {report[1:-1] for report in reports}
    told = []
    for line in change.lines if roots else ():
        subject, _, rest = line.partition(" ")
        value = rest.partition(" ")[2]
        if _below(subject, roots) or (value[0] == "<" and _below(value.removesuffix(" ."), roots)):
            told.append(line)
    if told:
        gone = set(told)
        change.lines[:] = [line for line in change.lines if line not in gone]
        change.apart[graph] = told


def _below(term: str, roots: set[str]) -> bool:
    """Whether an IRI in angle brackets lies below one of some."""
    at = term.rfind("/")
    while at > 0:
        if term[1:at] in roots:
            return True
        at = term.rfind("/", 0, at)
    return False


def _point(iri: str, constants_of: Callable[[str], Constants], into: Batch) -> _Point | None:
    """Look a series up; None where there is none."""
    if not iri or iri.endswith("/"):
        return None
    constants = constants_of(iri)
    into.constants[iri] = (constants.resource, constants.property, constants.unit)
    return _Point(iri, constants.conversion)


def _take(
    node: dict[str, list[str]], number: int, start: int, length: int | None, point: _Point, into: Batch
) -> bool:
    """Add one reading; False where it is not a number of a known series."""
    if point.factor is None or not node.keys() <= _READING or any(len(held) > 1 for held in node.values()):
        return False
    value = _typed(node, _VALUE, _DECIMAL)
    confidence, accuracy = _typed(node, _CONFIDENCE, _INTEGER), _typed(node, _ACCURACY, _DECIMAL)
    unread = (confidence is None and _CONFIDENCE in node) or (accuracy is None and _ACCURACY in node)
    if value is None or unread or not _text(node, _RID):
        return False
    quality = node.get(_QUALITY)
    into.add(
        number,
        point.iri,
        start,
        length,
        product(Decimal(value), point.factor),
        quality[0][1:-1] if quality else None,
        None if confidence is None else int(confidence),
        None if accuracy is None else plain(product(Decimal(accuracy), point.factor)),
    )
    return True


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


def _instant(node: dict[str, list[str]], name: str) -> int | None:
    """Give a time in microseconds from 1970; None where there is none, or one without a zone."""
    text = _typed(node, name, _TIME)
    return _micros(text) if text else None


@lru_cache(maxsize=65_536)
def _micros(text: str) -> int | None:
    time = moment(text)
    if time is None or time.tzinfo is None:
        return None
    try:
        return micros(time.astimezone(UTC))
    except OverflowError:
        return None
