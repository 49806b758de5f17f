"""convert: payload -> payload of another standard, by lift and lower, and what could not be carried over.

``mappings/conversions/openadr.csv`` lists what a standard asks for and the other does not say (``assumed``),
and what it says in another way (``carried``). Everything else that has no place in the new payload is told.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from kg import assets
from kg.completion import programme, supply
from kg.errors import UsageError
from kg.facts import Facts, facts_of, of_class, plain
from kg.implied import load, values
from kg.lift import lift, lifter_for
from kg.literals import CONVERTERS, string
from kg.lower import lowered
from kg.lower_json import lowered_json
from kg.namespaces import FLEX, PREFIXES, RDF, VOCAB, XSD
from kg.statements import Statements
from kg.xml import MAX_BYTES, read

TARGETS = ("2.0b", "3.1", "3.0")
_TYPE = f"<{RDF}type>"
_DATATYPES = {"modificationNumber": XSD + "integer", "duration": XSD + "duration"}


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion gives.

    Attributes:
        payloads: one payload or more: an OpenADR 3 object holds one event.
        assumed: what had to be added, a sentence each.
        lost: what has no place in the new payload, a sentence each.
    """

    payloads: tuple[bytes, ...]
    assumed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    """A graph on its way, with what is to be told."""

    lines: list[str]
    to: str
    given: dict[str, str]
    assumed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        return facts_of(self.lines)


def convert(
    data: bytes,
    to: str,
    *,
    vtn: str = "",
    program: str = "",
    hertz: str = "",
    voltage: str = "",
    max_bytes: int = MAX_BYTES,
) -> Converted:
    """Convert an event or a report between OpenADR 2.0b and OpenADR 3.

    Args:
        data: the payload.
        to: ``"2.0b"``, ``"3.1"`` or ``"3.0"``.
        vtn: vtnID to write where a 2.0b message needs one and the payload has none.
        program: id of the programme in OpenADR 3.
        hertz: frequency of the supply, which 2.0b states beside power.
        voltage: its voltage in volt, likewise.
        max_bytes: largest payload accepted.

    Returns:
        The payloads, and in words what was assumed and what was lost.

    Raises:
        UnreadablePayload: the bytes are no OpenADR message.
        UsageError: no such standard, a malformed payload, or one that lacks what the new standard needs.
    """
    if to not in TARGETS:
        raise UsageError(f"no standard is called {to!r}", cure=f"use one of {', '.join(TARGETS)}")
    document = read(data, max_bytes=max_bytes)
    if document.schema_errors:
        error = document.schema_errors[0]
        raise UsageError(error.message, where=error.pointer, cure="flexkg check says more")
    if document.profile[0] == to[0]:
        raise UsageError(
            f"the payload is OpenADR {document.profile} already", cure="ask for another standard with --to"
        )
    lifted = lift(document)
    facts = facts_of(lifted.lines)
    given = {
        **{"vtn": vtn, "program": program, "hertz": hertz, "voltage": voltage},
        "digest": document.digest[:32],
        "event": _first(facts, "reportedEventID"),
        "specifier": _first(facts, "reportSpecifierID"),
    }
    work = _Work(lifted.lines, to, given)
    work.lost += [
        f"{getattr(e, 'json_pointer', e.tag)} has no meaning in the mapping" for e in lifted.unmapped
    ]
    return _to_xml(work, lifted.message) if to == "2.0b" else _to_json(work, lifted.message)


def _to_xml(work: _Work, message: str) -> Converted:
    facts = work.facts
    for node in of_class(facts, "Signal"):
        if not values(facts, node, (f"<{FLEX}signalName>",)):
            work.lost.append(
                f"the signal {_last(facts, node, 'payloadType')} has no counterpart in OpenADR 2.0b"
            )
            _drop(work, node)
    for node in [*of_class(facts, "SignalInterval"), *of_class(facts, "Reading")]:
        if not values(facts, node, (f"<{FLEX}value>",)) and any(node in line for line in work.lines):
            work.lost.append(f"{node} has no single number, which is all that OpenADR 2.0b carries")
            if "/reading/" in node:
                _drop(work, node)
    if not work.given["vtn"] and of_class(facts, "DistributeEvent"):
        raise UsageError(
            "OpenADR 2.0b asks for a vtnID, which the payload does not have",
            cure="give it with --vtn",
            code="vtn",
        )
    work.lines += supply(facts_of(work.lines), work.given["hertz"], work.given["voltage"])
    _assume(work)
    made = lowered("\n".join(work.lines) + "\n", message, profile="2.0b")
    _tell(work, made.left)
    return Converted((made.data,), tuple(dict.fromkeys(work.assumed)), tuple(dict.fromkeys(work.lost)))


def _to_json(work: _Work, message: str) -> Converted:
    work.lines, told = programme(work.lines, work.given["program"])
    work.lost += told
    _assume(work)
    _backwards(work)
    _split(work)
    conveys = f"<{message}> <{FLEX}conveys> "
    parts = [line for line in work.lines if line.startswith(conveys)]
    payloads = []
    for part in parts or [""]:
        lines = [line for line in work.lines if not line.startswith(conveys) or line == part]
        for made in lowered_json(Statements.of("\n".join(lines) + "\n"), work.to):
            payloads.append(made.data)
            _tell(work, made.left)
    return Converted(tuple(payloads), tuple(dict.fromkeys(work.assumed)), tuple(dict.fromkeys(work.lost)))


def _backwards(work: _Work) -> None:
    """Find the payload type and descriptor of each signal, by the tables of the lift read backwards."""
    source = lifter_for(work.to).source
    facts = work.facts
    tables = [load(source.path.parent / name) for name in source.settings.get("implied", ())]
    owner = {signal: event for event in facts for signal in values(facts, event, (f"<{FLEX}signal>",))}
    for number, signal in enumerate(owner):
        for table in tables:
            row = next((row for row in table.rows if _fits(facts, signal, table.results, row[1])), None)
            if row is None:
                name = _last(facts, signal, "signalName"), _last(facts, signal, "signalType")
                work.lost.append(f"the signal {' of type '.join(name)} has no counterpart in OpenADR 3")
                _drop(work, signal)
                continue
            kind, *more = row[0]
            descriptor = f"{owner[signal][:-1]}/descriptor/{number}>"
            cells = {
                cell[1:]: path for path, cell in zip(table.results, row[1], strict=True) if cell[:1] == "="
            }
            work.lines.append(f"{signal} {table.conditions[0][0]} {kind} .")
            found = []
            for path, cell in zip(table.conditions[1:], more, strict=True):
                short = "/".join(f"flex:{step[1:-1].rpartition('#')[2]}" for step in path)
                copied = values(facts, signal, cells[short]) if short in cells else []
                found += [
                    f"{descriptor} {path[-1]} {value} ."
                    for value in copied or [cell]
                    if value not in ("", "*")
                ]
            if found:
                event = f'"{number}"^^<{XSD}integer>'
                work.lines += [
                    f"{owner[signal]} <{FLEX}payloadDescriptor> {descriptor} .",
                    f"{descriptor} {_TYPE} <{FLEX}PayloadDescriptor> .",
                    f"{descriptor} <{FLEX}position> {event} .",
                    f"{descriptor} <{FLEX}objectKind> <{VOCAB}objectKind/EVENT_PAYLOAD_DESCRIPTOR> .",
                    f"{descriptor} {table.conditions[0][0]} {kind} .",
                    *found,
                ]


def _fits(facts: Facts, node: str, paths: Iterable[tuple[str, ...]], cells: Iterable[str]) -> bool:
    for path, cell in zip(paths, cells, strict=True):
        found = values(facts, node, path)
        if cell[:1] == "=":
            if not found:
                return False
        elif found != ([cell] if cell else []):
            return False
    return True


def _split(work: _Work) -> None:
    """Read from each rID of the form ``resource/TYPE`` the two that an OpenADR 3 report states apart."""
    facts = work.facts
    for report in of_class(facts, "Report"):
        names: dict[str, None] = {}
        for interval in values(facts, report, (f"<{FLEX}interval>",)):
            for reading in values(facts, interval, (f"<{FLEX}reading>",)):
                resource, slash, kind = _last(facts, reading, "rID").rpartition("/")
                if slash and kind.isupper() and (not names or resource in names):
                    names[resource] = None
                    work.lines.append(f"{reading} <{FLEX}payloadType> <{VOCAB}payloadType/{kind}> .")
                else:
                    rid = _last(facts, reading, "rID")
                    work.lost.append(
                        f"the rID {rid} does not say resource and type of payload, as in R-1/USAGE"
                    )
                    _drop(work, reading)
        work.lines += [f"{report} <{FLEX}resourceName> {string(name)} ." for name in names]


def _assume(work: _Work) -> None:
    facts = work.facts
    for to, kind, cls, prop, value, why in _rows():
        if kind != "assumed" or not work.to.startswith(to):
            continue
        predicate = f"<{FLEX}{prop}>"
        for node in of_class(facts, cls):
            if values(facts, node, (predicate,)):
                continue
            made = _made(work, facts, node, prop, value)
            if made:
                work.lines.append(f"{node} {predicate} {made} .")
                work.assumed.append(f"{prop} {plain(made)}: {why}")


def _made(work: _Work, facts: Facts, node: str, prop: str, value: str) -> str:
    if value.startswith("="):
        found = values(facts, node, (f"<{FLEX}{value[6:]}>",))
        return "" if not found else found[0] if prop.endswith("At") else string(plain(found[0]))
    if value.startswith("{"):
        text = work.given[value[1:-1]]
        return string(text) if text else ""
    if value.startswith("vocab:"):
        return f"<{PREFIXES['vocab']}{value[6:]}>"
    return CONVERTERS[_DATATYPES.get(prop, XSD + "string")](value)


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple[str, ...], ...]:
    path = assets.folder("mappings") / "conversions" / "openadr.csv"
    rows = list(csv.reader(assets.text(path).splitlines()))[1:]
    return tuple((to, kind, cls[5:], prop[5:], value, why) for to, kind, cls, prop, value, why in rows)


def _tell(work: _Work, left: Iterable[tuple[str, str]]) -> None:
    """Say what has no place in the new payload."""
    facts = work.facts
    carried = {
        (cls, prop) for to, kind, cls, prop, _, _ in _rows() if kind == "carried" and work.to.startswith(to)
    }
    for node, prop in left:
        kinds = [k[1:-1].rpartition("#")[2] for k in values(facts, f"<{node}>", (_TYPE,))]
        local = prop.rpartition("#")[2]
        if any((kind, local) in carried for kind in kinds):
            continue
        found = values(facts, f"<{node}>", (f"<{prop}>",))
        said = ", ".join(plain(value) for value in found[:3])
        work.lost.append(f"{local} {said} of {' '.join(kinds) or node}")


def _first(facts: Facts, prop: str) -> str:
    return next((plain(o) for about in facts.values() for o in about.get(f"<{FLEX}{prop}>", ())), "")


def _last(facts: Facts, node: str, prop: str) -> str:
    found = values(facts, node, (f"<{FLEX}{prop}>",))
    return plain(found[0]) if found else ""


def _drop(work: _Work, node: str) -> None:
    """Take a node out of the graph, with those below it."""
    inside = node[:-1] + "/"
    work.lines = [
        line
        for line in work.lines
        if not line.startswith((node, inside)) and f" {node} ." not in line and f" {inside}" not in line
    ]


def notes(converted: Converted) -> Iterator[str]:
    """Write what is to be told, a line each."""
    yield from (f"assumed: {text}" for text in converted.assumed)
    yield from (f"not carried over: {text}" for text in converted.lost)
