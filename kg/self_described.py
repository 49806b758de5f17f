"""Data points that a report describes itself, as OpenADR 3 does: no registration comes before it.

A resource of such a report has values of payload types, and the report's payload descriptors tell unit and
kind of reading of each type. From these come the report descriptions that OpenADR 2.0 has registered: so
bindings, series and queries are the same for both.
"""

from collections.abc import Iterator
from functools import lru_cache

from kg.facts import Facts, plain
from kg.graphs import lexical
from kg.implied import load
from kg.lift import Lifted, lifter_for
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, RDF, VOCAB
from kg.payload_units import items

_TYPE = f"<{RDF}type>"
_KIND, _DESCRIBED = f"<{FLEX}payloadType>", f"<{FLEX}describedBy>"
#: Stands in the IRI of a series for the kind of reading where the report tells none.
UNTOLD = "-"
#: The name of a resource that means all of a VEN's together.
_ALL = "AGGREGATED_REPORT"


def described(lifted: Lifted) -> tuple[Facts, dict[str, str]]:
    """Tell which data points a report describes itself, and how good their readings are.

    Args:
        lifted: a payload's graph.

    Returns:
        Facts about the report descriptions, each with its series, and all that is known of readings whose
        quality, accuracy or confidence the message states apart from them; and the series' IRI by the subject
        of each reading. Both empty for a message that does not describe its own data points.

    Raises:
        kg.errors.AssetError: the table of units is broken.

    Source:
        OpenADR 3.1.0, openadr3.yaml, reportPayloadDescriptor; report-payloads.schema.yaml, DATA_QUALITY.
    """
    named: dict[str, str] = {}
    points: Facts = {}
    if lifted.profile[0] != "3":
        return points, named
    facts, message = lifted.facts, lifted.facts.get(f"<{lifted.message}>", {})
    ven = next(_texts(message, "venID"), "")
    if not ven:
        return points, named
    judges, table = _judges()
    for report in message.get(f"<{FLEX}report>", ()):
        resource = next(_texts(facts.get(report, {}), "resourceName"), "")
        for interval in facts.get(report, {}).get(f"<{FLEX}interval>", ()):
            readings = facts.get(interval, {}).get(f"<{FLEX}reading>", ())
            nodes = {reading: facts.get(reading, {}) for reading in readings}
            judged = [
                table.get(said, "")
                for node in nodes.values()
                if node.get(_KIND) == [judges]
                for said in _texts(node, "textValue")
            ]
            for reading, node in nodes.items():
                kind = next(iter(node.get(_KIND, ())), "")
                point = next(_texts(node, "rID"), "")
                if not kind or not point or kind == judges:
                    continue
                descriptor = next((facts[d] for d in node.get(_DESCRIBED, ()) if d in facts), {})
                how = next(iter(descriptor.get(f"<{FLEX}payloadReadingType>", ())), "")
                key = f"{segment(ven)}/{plain(how) if how else UNTOLD}/{segment(point)}"
                if key not in points:
                    points[key] = {}
                    points.update(_description(key, ven, point, resource, kind, how, descriptor))
                named[reading] = f"{ID}series/{key}"
                more = _quality(judged, descriptor)
                if more:
                    points[reading] = {**node, **more}
    return {subject: about for subject, about in points.items() if about}, named


def _quality(judged: list[str], descriptor: dict[str, list[str]]) -> dict[str, list[str]]:
    """Say of a reading what its interval and the descriptor of its type say of its quality."""
    more = {
        f"<{FLEX}{name}>": descriptor[f"<{FLEX}{told}>"][:1]
        for name, told in (("confidence", "payloadConfidence"), ("accuracy", "payloadAccuracy"))
        if f"<{FLEX}{told}>" in descriptor
    }
    if judged and judged[0]:
        more[f"<{FLEX}dataQuality>"] = judged[:1]
    return more


@lru_cache(maxsize=1)
def _judges() -> tuple[str, dict[str, str]]:
    """Give the payload type that speaks of others, and the quality of 2.0 that each of its words means."""
    source = lifter_for("3.1").source
    said = source.settings["qualities"]
    table = load(source.path.parent / str(said["table"]))
    return f"<{VOCAB}payloadType/{said['type']}>", {plain(c[0]): r[0] for c, r in table.rows}


def _description(
    key: str, ven: str, point: str, resource: str, kind: str, how: str, descriptor: dict[str, list[str]]
) -> Facts:
    """Write the description of one data point, its item and its resource."""
    subject = f"<{ID}report-description/{key}>"
    about: dict[str, list[str]] = {
        _TYPE: [f"<{FLEX}ReportDescription>"],
        f"<{FLEX}rID>": [string(point)],
        f"<{FLEX}ven>": [f"<{ID}party/{segment(ven)}>"],
        f"<{FLEX}series>": [f"<{ID}series/{key}>"],
        f"<{FLEX}reportType>": [kind],
    }
    if how:
        about[f"<{FLEX}readingType>"] = [how]
    made: Facts = {subject: about}
    if resource and resource != _ALL:
        target = f"{subject[:-1]}/reportSubject/0>"
        about[f"<{FLEX}reportSubject>"] = [target]
        made[target] = {_TYPE: [f"<{FLEX}Target>"], f"<{FLEX}resourceID>": [string(resource)]}
    unit = next(_texts(descriptor, "payloadUnits"), "")
    for name in ("payloadUnits", "payloadCurrency"):
        if f"<{FLEX}{name}>" in descriptor:
            about[f"<{FLEX}{name}>"] = descriptor[f"<{FLEX}{name}>"]
    item = items().get(unit)
    if item:
        node = f"{subject[:-1]}/item/0>"
        about[f"<{FLEX}item>"] = [node]
        made[node] = {_TYPE: [f"<{FLEX}Item>"], **{p: [value] for p, value in item}}
    return made


def _texts(node: dict[str, list[str]], name: str) -> Iterator[str]:
    return (lexical(value) for value in node.get(f"<{FLEX}{name}>", ()) if value.startswith('"'))


__all__ = ["UNTOLD", "described"]
