"""convert: payload -> payload of another standard, by lift and lower, and what could not be carried over.

``mappings/conversions/openadr.csv`` lists what a standard asks for and the other does not say (``assumed``),
and what it says in another way (``carried``). Everything else that has no place in the new payload is told.
"""

import csv
from collections.abc import Iterable, Iterator
from functools import lru_cache

from kg import assets, refit, retarget
from kg.check import check
from kg.completion import programme, supply
from kg.conversion import ConversionRefused, Converted, Work, drop, first, last
from kg.counterparts import backwards, split
from kg.errors import UsageError
from kg.facts import Facts, facts_of, of_class, plain
from kg.implied import values
from kg.lift import lift
from kg.literals import CONVERTERS, string
from kg.lower import lowered
from kg.lower_json import lowered_json
from kg.namespaces import FLEX, PREFIXES, RDF, XSD
from kg.statements import Statements
from kg.xml import MAX_BYTES, read

TARGETS = ("2.0b", "3.1", "3.0")
_TYPE = f"<{RDF}type>"
_DATATYPES = {"modificationNumber": XSD + "integer", "duration": XSD + "duration"}


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
        The payloads, and in words what was assumed, what was lost and what a check warns of.

    Raises:
        UnreadablePayload: the bytes are no OpenADR message.
        ConversionRefused: the payload violates a rule at level core, or what is made of it would.
        UsageError: no such standard, or the payload lacks what the new standard needs.
    """
    if to not in TARGETS:
        raise UsageError(f"no standard is called {to!r}", cure=f"use one of {', '.join(TARGETS)}")
    document = read(data, max_bytes=max_bytes)
    if document.profile[0] == to[0]:
        raise UsageError(
            f"the payload is OpenADR {document.profile} already", cure="ask for another standard with --to"
        )
    report = check(data, max_bytes=max_bytes)
    if not report.conforms:
        raise ConversionRefused("the payload is not converted", report, data)
    lifted = lift(document)
    facts = facts_of(lifted.lines)
    given = {
        **{"vtn": vtn, "program": program, "hertz": hertz, "voltage": voltage},
        "digest": document.digest[:32],
        "from": document.profile,
        "event": first(facts, "reportedEventID"),
        "specifier": first(facts, "reportSpecifierID"),
    }
    work = Work(lifted.lines, to, given)
    work.lost += [
        f"{getattr(e, 'json_pointer', e.tag)} has no meaning in the mapping" for e in lifted.unmapped
    ]
    if not of_class(facts, "DistributeEvent") and not of_class(facts, "UpdateReport"):
        raise UsageError(
            f"an {document.message_type} has no counterpart in OpenADR {to}",
            cure="give an event or a report",
            code="messages",
        )
    payloads = _to_xml(work, lifted.message) if to == "2.0b" else _to_json(work, lifted.message)
    return _checked(work, payloads)


def _checked(work: Work, payloads: list[bytes]) -> Converted:
    """Check what was made before it is given away."""
    advice: dict[str, None] = {}
    for payload in payloads:
        report = check(payload, max_bytes=max(MAX_BYTES, len(payload)), standard=work.to)
        if not report.conforms:
            raise ConversionRefused(f"as OpenADR {work.to} the payload would break rules", report, payload)
        advice |= {
            f"{v.rule} {v.message} {v.cure}": None for v in report.violations if v.severity == "Warning"
        }
    assumed, lost = (tuple(dict.fromkeys(told)) for told in (work.assumed, work.lost))
    return Converted(tuple(payloads), assumed, lost, tuple(advice))


def _to_xml(work: Work, message: str) -> list[bytes]:
    facts = work.facts
    for node in of_class(facts, "Signal"):
        if not values(facts, node, (f"<{FLEX}signalName>",)):
            work.lost.append(
                f"the signal {last(facts, node, 'payloadType')} has no counterpart in OpenADR 2.0b"
            )
            drop(work, node)
    for node in [*of_class(facts, "SignalInterval"), *of_class(facts, "Reading")]:
        if not values(facts, node, (f"<{FLEX}value>",)) and any(node in line for line in work.lines):
            work.lost.append(f"{node} has no single number, which is all that OpenADR 2.0b carries")
            if "/reading/" in node:
                drop(work, node)
    refit.emptied(work)
    if not work.given["vtn"] and of_class(facts, "DistributeEvent"):
        raise UsageError(
            "OpenADR 2.0b asks for a vtnID, which the payload does not have",
            cure="give it with --vtn",
            code="vtn",
        )
    refit.starts(work)
    refit.endless(work)
    refit.numbers(work)
    retarget.to_xml(work)
    work.lines += supply(facts_of(work.lines), work.given["hertz"], work.given["voltage"])
    _assume(work)
    made = lowered("\n".join(work.lines) + "\n", message, profile="2.0b")
    _tell(work, made.left)
    return [made.data]


def _to_json(work: Work, message: str) -> list[bytes]:
    work.lines = programme(work.lines, work.given["program"])
    retarget.to_json(work)
    _assume(work)
    backwards(work)
    split(work)
    refit.emptied(work)
    conveys = f"<{message}> <{FLEX}conveys> "
    parts = [line for line in work.lines if line.startswith(conveys)]
    payloads = []
    for part in parts or [""]:
        lines = [line for line in work.lines if not line.startswith(conveys) or line == part]
        for made in lowered_json(Statements.of("\n".join(lines) + "\n"), work.to):
            payloads.append(made.data)
            _tell(work, made.left)
    return payloads


def _assume(work: Work) -> None:
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


def _made(work: Work, facts: Facts, node: str, prop: str, value: str) -> str:
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


def _tell(work: Work, left: Iterable[tuple[str, str]]) -> None:
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


def notes(converted: Converted) -> Iterator[str]:
    """Write what is to be told, a line each."""
    yield from (f"assumed: {text}" for text in converted.assumed)
    yield from (f"not carried over: {text}" for text in converted.lost)
    yield from (f"to be looked at: {text}" for text in converted.advice)
