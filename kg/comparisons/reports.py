"""Reports and what was registered for them: the data points, their units and kinds."""

from collections.abc import Iterator

from kg.comparisons import Comparison, Kind
from kg.known import Node
from kg.literals import segment, string
from kg.namespaces import ID

#: Property of a description or of its item -> the term for its registered value.
_OWN = {"readingType": "knownReadingType", "reportType": "knownReportType"}
_ITEM = {"itemBase": "knownItemBase", "itemUnits": "knownItemUnits", "siScaleCode": "knownScaleCode"}
#: A request for the descriptions themselves names no data point that was registered.
_METADATA = "METADATA"
#: Reading types and report types of what is over when it is reported; percent-encoded as in IRIs.
_MEASURED = frozenset({"Direct%20Read", "Net", "Mean", "Peak", "Summed", "Allocated", "x-RMS"})
_OF_THE_PAST = frozenset(
    {
        *("reading", "usage", "demand", "avgUsage", "avgDemand", "deltaUsage", "deltaDemand"),
        *("percentUsage", "percentDemand", "powerFactor", "storedEnergy", "operatingState"),
    }
)


def compare(c: Comparison) -> None:
    """State what is known of each data point that the message delivers or asks for."""
    ven = c.text(c.message, "venID")
    if c.message_type == "UpdateReport":
        for report in c.values(c.message, "report"):
            specifier = c.text(report, "reportSpecifierID")
            _points(c, ven, specifier, _readings(c, report))
            for description in c.values(report, "reportDescription"):
                _agreement(c, description, described(c, ven, specifier, c.text(description, "rID")), _OWN)
    for request in c.values(c.message, "reportRequest"):
        specifier = c.text(request, "reportSpecifierID")
        if specifier == _METADATA or not specifier:
            continue
        points = c.values(request, "requestedPoint")
        _points(c, ven, specifier, ((c.text(point, "rID"), point) for point in points))
        own = {"readingType": _OWN["readingType"]}
        for point in points:
            _agreement(c, point, described(c, ven, specifier, c.text(point, "rID")), own)


def _points(c: Comparison, ven: str, specifier: str, points: Iterator[tuple[str, str]]) -> None:
    """State which data points are not registered, each once."""
    seen: set[str] = set()
    for name, node in points:
        if not name or name in seen:
            continue
        seen.add(name)
        if not (ven and specifier and described(c, ven, specifier, name)):
            c.focus(node, "PointInContext", "rID")
            if ven and specifier:
                c.missing(node, Kind.SERIES, "unknownRID", name)
            else:
                c.say(node, "untoldSeries", string(name))


def _readings(c: Comparison, report: str) -> Iterator[tuple[str, str]]:
    for interval in c.values(report, "interval"):
        for reading in c.values(interval, "reading"):
            yield c.text(reading, "rID"), reading


def described(c: Comparison, ven: str, specifier: str, name: str) -> Node:
    """Give the registered description of a data point, empty where there is none."""
    if not (ven and specifier and name):
        return {}
    point = "/".join(map(segment, (ven, specifier, name)))
    return c.known.thing(f"<{ID}report-description/{point}>")


def _agreement(c: Comparison, node: str, registered: Node, own: dict[str, str]) -> None:
    """State what was registered of a data point that the payload describes again."""
    if not registered:
        return
    c.focus(node, "PointInContext", *own)
    for name, term in own.items():
        for value in registered.get(name, ()):
            c.say(node, term, value)
    items = c.values(node, "item")
    for item in items:
        c.say(node, "item", item)
        for name in _ITEM:
            for value in c.values(item, name):
                c.say(item, name, value)
    for item in registered.get("item", ()) if items else ():
        for name, term in _ITEM.items():
            for value in c.known.node(item).get(name, ()):
                c.say(node, term, value)


def measured(c: Comparison, ven: str, specifier: str, name: str) -> bool:
    """Whether a data point was registered as one that is measured, so that it has no values of the future."""
    point = described(c, ven, specifier, name)
    reading = {value.rpartition("/")[2][:-1] for value in point.get("readingType", ())}
    report = {value.rpartition("/")[2][:-1] for value in point.get("reportType", ())}
    return not reading.isdisjoint(_MEASURED) and not report.isdisjoint(_OF_THE_PAST)
