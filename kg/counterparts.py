"""What has a counterpart in OpenADR 3: signals, by the tables of the lift read backwards, and rIDs."""

from collections.abc import Iterable

from kg.conversion import Work, drop, last
from kg.facts import Facts, of_class
from kg.implied import load, values
from kg.lift import lifter_for
from kg.literals import string
from kg.namespaces import FLEX, RDF, VOCAB, XSD

_TYPE = f"<{RDF}type>"


def backwards(work: Work) -> None:
    """Find the payload type and descriptor of each signal, by the tables of the lift read backwards."""
    source = lifter_for(work.to).source
    facts = work.facts
    tables = [load(source.path.parent / name) for name in source.settings.get("implied", ())]
    owner = {signal: event for event in facts for signal in values(facts, event, (f"<{FLEX}signal>",))}
    for number, signal in enumerate(owner):
        for table in tables:
            row = next((row for row in table.rows if _fits(facts, signal, table.results, row[1])), None)
            if row is None:
                name = last(facts, signal, "signalName"), last(facts, signal, "signalType")
                work.lost.append(f"the signal {' of type '.join(name)} has no counterpart in OpenADR 3")
                drop(work, signal)
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


def split(work: Work) -> None:
    """Read from each rID of the form ``resource/TYPE`` the two that an OpenADR 3 report states apart."""
    facts = work.facts
    for report in of_class(facts, "Report"):
        names: dict[str, None] = {}
        for interval in values(facts, report, (f"<{FLEX}interval>",)):
            for reading in values(facts, interval, (f"<{FLEX}reading>",)):
                resource, slash, kind = last(facts, reading, "rID").rpartition("/")
                if slash and kind.isupper() and (not names or resource in names):
                    names[resource] = None
                    work.lines.append(f"{reading} <{FLEX}payloadType> <{VOCAB}payloadType/{kind}> .")
                else:
                    rid = last(facts, reading, "rID")
                    work.lost.append(
                        f"the rID {rid} does not say resource and type of payload, as in R-1/USAGE"
                    )
                    drop(work, reading)
        work.lines += [f"{report} <{FLEX}resourceName> {string(name)} ." for name in names]
