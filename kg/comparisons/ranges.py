"""Reported values beside the range that the binding of their data point states."""

from decimal import Decimal, InvalidOperation

from kg.comparisons import Comparison
from kg.comparisons.reports import described
from kg.graphs import lexical

_ENDS = ("leastValue", "mostValue")


def compare(c: Comparison) -> None:
    """State of each data point of a report the first value that is beyond its range, and the range."""
    if c.message_type != "UpdateReport":
        return
    ven = c.text(c.message, "venID")
    for report in c.values(c.message, "report"):
        specifier = c.text(report, "reportSpecifierID")
        ranges: dict[str, dict[str, str]] = {}
        for interval in c.values(report, "interval"):
            for reading in c.values(interval, "reading"):
                name = c.text(reading, "rID")
                if name not in ranges:
                    ranges[name] = _range(c, ven, specifier, name)
                if ranges[name] and _beyond(c.values(reading, "value"), ranges[name]):
                    c.focus(reading, "PointInContext", "value")
                    for end, value in ranges[name].items():
                        c.say(reading, end, value)
                    ranges[name] = {}


def _range(c: Comparison, ven: str, specifier: str, name: str) -> dict[str, str]:
    """Give the ends that the binding of a registered data point states, by their terms."""
    bindings = described(c, ven, specifier, name).get("binding", ())
    nodes = [c.known.node(binding) for binding in bindings]
    return {end: value for node in nodes for end in _ENDS for value in node.get(end, ())}


def _beyond(values: list[str], ends: dict[str, str]) -> bool:
    found = [number for value in values if (number := _number(value)) is not None]
    least, most = (_number(ends.get(end, "")) for end in _ENDS)
    return any((least is not None and n < least) or (most is not None and n > most) for n in found)


def _number(term: str) -> Decimal | None:
    try:
        return Decimal(lexical(term.partition("^^")[0])) if term else None
    except InvalidOperation:
        return None
