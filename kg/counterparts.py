"""What has a counterpart in OpenADR 3: signals, by the tables of the lift read backwards, and rIDs."""

from collections.abc import Iterable
from decimal import Decimal

from kg import assets
from kg.conversion import Work, drop, last
from kg.errors import UsageError
from kg.facts import Facts, of_class, plain
from kg.implied import Table, load, values
from kg.items import scale_factor
from kg.lift import lifter_for
from kg.literals import decimal, string
from kg.namespaces import FLEX, RDF, VOCAB, XSD
from kg.units import plain as exact
from kg.units import product, ratio

#: A row of a table: cells of its conditions and of what follows.
Row = tuple[tuple[str, ...], tuple[str, ...]]
_TYPE, _VALUE, _SCALE = f"<{RDF}type>", f"<{FLEX}value>", f"<{FLEX}siScaleCode>"


def backwards(work: Work) -> None:
    """Find the payload type and descriptor of each signal, by the tables of the lift read backwards.

    Raises:
        UsageError: no signal of an event has a counterpart.
    """
    _rescale(work)
    facts = work.facts
    tables = _tables(work.to)
    owner = {signal: event for event in facts for signal in values(facts, event, (f"<{FLEX}signal>",))}
    left = dict.fromkeys(owner.values(), 0)
    for number, signal in enumerate(owner):
        matched = _matched(facts, signal, tables)
        if matched is None:
            name = last(facts, signal, "signalName"), last(facts, signal, "signalType")
            work.lost.append(f"the signal {' of type '.join(name)} has no counterpart in OpenADR 3")
            drop(work, signal)
            continue
        table, row = matched
        left[owner[signal]] += 1
        _describe(work, facts, (owner[signal], signal, number), table, row)
        if table is not tables[0]:
            kind, which = plain(row[0][0]), last(facts, signal, "signalName")
            work.assumed.append(f"payload type {kind}: it stands for the signal {which}, and says less")
    if left and not all(left.values()):
        raise UsageError(
            f"no signal of an event is left in OpenADR {work.to}: {work.lost[-1]}",
            cure="say the same by a signal that both standards have",
            code="signals",
        )


def _tables(to: str) -> list[Table]:
    """Give the tables of the lift, and that of signals that have a counterpart in one direction only."""
    source = lifter_for(to).source
    found = [load(source.path.parent / name) for name in source.settings.get("implied", ())]
    return [*found, load(assets.folder("mappings") / "conversions" / "signals.csv")]


def _matched(facts: Facts, signal: str, tables: list[Table]) -> tuple[Table, Row] | None:
    found = ((table, row) for table in tables for row in table.rows)
    return next((pair for pair in found if _fits(facts, signal, pair[0].results, pair[1][1])), None)


def _describe(work: Work, facts: Facts, of: tuple[str, str, int], table: Table, row: Row) -> None:
    """State the payload type of a signal, and its descriptor where there is something to describe."""
    event, signal, number = of
    kind, *more = row[0]
    descriptor = f"{event[:-1]}/descriptor/{number}>"
    cells = {cell[1:]: path for path, cell in zip(table.results, row[1], strict=True) if cell[:1] == "="}
    work.lines.append(f"{signal} {table.conditions[0][0]} {kind} .")
    found = []
    for path, cell in zip(table.conditions[1:], more, strict=True):
        short = "/".join(f"flex:{step[1:-1].rpartition('#')[2]}" for step in path)
        copied = values(facts, signal, cells[short]) if short in cells else []
        found += [
            f"{descriptor} {path[-1]} {value} ." for value in copied or [cell] if value not in ("", "*")
        ]
    if found:
        position = f'"{number}"^^<{XSD}integer>'
        work.lines += [
            f"{event} <{FLEX}payloadDescriptor> {descriptor} .",
            f"{descriptor} {_TYPE} <{FLEX}PayloadDescriptor> .",
            f"{descriptor} <{FLEX}position> {position} .",
            f"{descriptor} <{FLEX}objectKind> <{VOCAB}objectKind/EVENT_PAYLOAD_DESCRIPTOR> .",
            f"{descriptor} {table.conditions[0][0]} {kind} .",
            *found,
        ]


def _rescale(work: Work) -> None:
    """Write powers and energies in thousands of their units, which alone OpenADR 3 has."""
    facts = work.facts
    for signal in of_class(facts, "Signal"):
        for item in values(facts, signal, (f"<{FLEX}item>",)):
            scale, base = last(facts, item, "siScaleCode"), last(facts, item, "itemBase")
            if scale == "k" or not base.startswith(("power", "energy")):
                continue
            factor = ratio(scale_factor(scale), scale_factor("k"))
            if factor is None or not values(facts, item, (_SCALE,)):
                continue
            _replace(work, item, _SCALE, [f"<{VOCAB}siScaleCode/k>"])
            for interval in values(facts, signal, (f"<{FLEX}interval>",)):
                numbers = [Decimal(plain(v)) for v in values(facts, interval, (_VALUE,)) if "#decimal>" in v]
                _replace(work, interval, _VALUE, [decimal(exact(product(n, factor))) for n in numbers])
            unit = last(facts, item, "itemUnits")
            shown = "" if scale == "none" else scale
            work.assumed.append(f"values in k{unit} for {shown}{unit}: OpenADR 3 has no other scale")


def _replace(work: Work, node: str, predicate: str, objects: list[str]) -> None:
    start = f"{node} {predicate} "
    work.lines = [line for line in work.lines if not line.startswith(start)]
    work.lines += [f"{start}{value} ." for value in objects]


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
