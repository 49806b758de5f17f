"""Which triples an observation has, and from which column each comes."""

from dataclasses import dataclass

from kg.namespaces import FLEX, ID, PROV, RDF, SAREF, TIME

TYPE = f"<{RDF}type>"
OBSERVATION, RESULT, SPAN = "observation", "result", "span"
LINKS = {f"<{SAREF}hasResult>": RESULT, f"<{SAREF}hasPhenomenonTime>": SPAN}
#: Predicate -> column, by what it is said of.
COLUMNS: dict[str, dict[str, str]] = {
    OBSERVATION: {
        f"<{FLEX}series>": "series",
        f"<{FLEX}ofResource>": "resource",
        f"<{SAREF}observes>": "property",
        f"<{FLEX}startsAt>": "start",
        f"<{SAREF}hasResultTime>": "end",
        f"<{SAREF}hasResult>": "result",
        f"<{SAREF}hasPhenomenonTime>": "span",
        f"<{FLEX}dataQuality>": "quality",
        f"<{FLEX}confidence>": "confidence",
        f"<{FLEX}accuracy>": "accuracy",
        f"<{PROV}wasDerivedFrom>": "message",
    },
    RESULT: {
        f"<{SAREF}hasValue>": "value",
        f"<{SAREF}isMeasuredIn>": "unit",
        f"<{SAREF}isValueOfProperty>": "property",
    },
    SPAN: {f"<{FLEX}startsAt>": "start", f"<{FLEX}endsAt>": "stop"},
}
CLASSES = {
    f"<{SAREF}Observation>": OBSERVATION,
    f"<{FLEX}Reading>": OBSERVATION,
    f"<{SAREF}PropertyValue>": RESULT,
    f"<{TIME}Interval>": SPAN,
}
VIRTUAL = frozenset(predicate for columns in COLUMNS.values() for predicate in columns)
#: What the graph says of nothing while readings are in columns; looked up for each query that relies on it.
RESERVED = frozenset(
    f"<{SAREF}{name}>"
    for name in [
        "hasResult",
        "hasResultTime",
        "hasPhenomenonTime",
        "hasValue",
        "isValueOfProperty",
        "observes",
    ]
)
RESERVED_CLASSES = frozenset((f"<{SAREF}Observation>", f"<{SAREF}PropertyValue>"))
#: Columns that are the same for a whole series.
CONSTANT = frozenset(("series", "resource", "property", "unit"))
#: Columns that may be empty; a pattern that asks for one leaves out the rows without.
OPTIONAL = frozenset(("resource", "property", "unit", "span", "stop", "quality", "confidence", "accuracy"))
TIMES = frozenset(("start", "end", "stop"))
#: SQL of what is compared.
SQL = {
    "start": "r.starts",
    "end": "r.starts + to_microseconds(coalesce(r.length, 0))",
    "stop": "r.starts + to_microseconds(r.length)",
    "value": "coalesce(r.milli * 1000, r.micro)",
}
#: IRIs that exist as readings only.
_OWN = tuple(f"<{ID}{name}/" for name in ("observation", "span"))


def is_own(term: str) -> bool:
    """Whether a constant names an observation, its result or its span."""
    return term.startswith(_OWN)


@dataclass(frozen=True, slots=True)
class Slot:
    """A variable of a star and the column that it is from."""

    variable: str
    column: str
