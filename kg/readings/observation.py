"""A reading as triples: an observation with its result and its span."""

from datetime import datetime

from kg.literals import date_time, decimal, integer, segment
from kg.namespaces import FLEX, ID, PROV, RDF, SAREF, TIME
from kg.readings import Reading

_TYPE = RDF + "type"
_MESSAGE = ID + "message/"
_SERIES = ID + "series/"
#: What is said once of the readings of a payload.
ROW, RECEIVED = f"<{FLEX}journalRow>", f"<{FLEX}receivedAt>"


def observation(reading: Reading) -> str:
    """Give the IRI of the observation that shows a reading: one for each series and start."""
    rest = reading.series.removeprefix(_SERIES)
    if rest == reading.series:
        rest = segment(rest)
    return f"{ID}observation/{rest}/{_compact(reading.starts_at)}"


def lines(iri: str, reading: Reading) -> list[str]:
    """Write a reading as N-Triples; see ``kg.readings.graph``."""
    result, started = f"{iri}/result", written(reading.starts_at)
    ended = started if reading.ends_at is None else written(reading.ends_at)
    start, end = date_time(started), date_time(ended)
    facts: list[tuple[str, str, str | None]] = [
        *constant(iri, reading.resource, reading.property, reading.unit),
        (iri, _TYPE, f"<{SAREF}Observation>"),
        (iri, _TYPE, f"<{FLEX}Reading>"),
        (iri, f"{FLEX}series", f"<{reading.series}>"),
        (iri, f"{FLEX}startsAt", start),
        (iri, f"{SAREF}hasResultTime", end),
        (iri, f"{SAREF}hasResult", f"<{result}>"),
        (result, _TYPE, f"<{SAREF}PropertyValue>"),
        (result, f"{SAREF}hasValue", decimal(format(reading.value, "f"))),
        (iri, f"{FLEX}dataQuality", _bracketed(reading.quality)),
        (iri, f"{FLEX}confidence", None if reading.confidence is None else integer(str(reading.confidence))),
        (
            iri,
            f"{FLEX}accuracy",
            None if reading.accuracy is None else decimal(format(reading.accuracy, "f")),
        ),
        (iri, f"{PROV}wasDerivedFrom", f"<{_MESSAGE}{reading.digest}>"),
    ]
    if reading.ends_at is not None:
        span = f"{ID}span/{_squeezed(started)}/{_squeezed(ended)}"
        facts += [
            (iri, f"{SAREF}hasPhenomenonTime", f"<{span}>"),
            (span, _TYPE, f"<{TIME}Interval>"),
            (span, f"{FLEX}startsAt", start),
            (span, f"{FLEX}endsAt", end),
        ]
    return [f"<{subject}> <{predicate}> {value} ." for subject, predicate, value in facts if value]


def constant(
    iri: str, resource: str | None, prop: str | None, unit: str | None
) -> list[tuple[str, str, str | None]]:
    """Write what an observation shows that is the same for all of its series."""
    return [
        (iri, f"{FLEX}ofResource", _bracketed(resource)),
        (iri, f"{SAREF}observes", _bracketed(prop)),
        (f"{iri}/result", f"{SAREF}isMeasuredIn", _bracketed(unit)),
        (f"{iri}/result", f"{SAREF}isValueOfProperty", _bracketed(prop)),
    ]


def payload(reading: Reading) -> list[str]:
    """Write what is the same for all readings of a payload."""
    subject = f"<{ID}readings/{reading.digest}>"
    return [
        f"{subject} <{PROV}wasDerivedFrom> <{_MESSAGE}{reading.digest}> .",
        f"{subject} {ROW} {integer(str(reading.seq))} .",
        f"{subject} {RECEIVED} {date_time(written(reading.received))} .",
    ]


def written(time: datetime) -> str:
    """Write a time as RDF does, with ``Z`` for UTC."""
    return time.isoformat().replace("+00:00", "Z")


def _compact(time: datetime) -> str:
    return _squeezed(written(time))


def _squeezed(time: str) -> str:
    return time.replace("-", "").replace(":", "")


def _bracketed(iri: str | None) -> str | None:
    return f"<{iri}>" if iri else None
