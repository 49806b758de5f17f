"""The check of strategies: their cells, and whether the devices that they are for can do what they ask."""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from kg.binding_tables import load
from kg.devices.acts import share_of
from kg.devices.documents import Document
from kg.devices.limits import refusals
from kg.devices.points import Point, compile_points
from kg.devices.resources import Resource, device_iris, named_strategy
from kg.devices.strategies import HEAD, Row, mistakes, overlaps, rows_of, shipped
from kg.errors import AssetError
from kg.report import Report, Violation

_SOURCE: Final = "FlexKG; a strategy turns signals into commands"


def is_strategy(path: Path) -> bool:
    """Tell whether a file below a folder is a strategy: a CSV file whose head begins like one."""
    if path.suffix != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(200).removeprefix(b"\xef\xbb\xbf").startswith(HEAD.encode())


def check_strategy(path: Path) -> Report:
    """Check the form of a strategy by itself.

    Args:
        path: a CSV file.

    Returns:
        Rules STR-1 (a cell), STR-2 (two commands for one point) and STR-3 (a signal that none is); the
        pointer of a finding is the column, its line that of the file.
    """
    found = [_wrong("STR-1", error.what, error.cure, line) for line, error in mistakes(path)]
    rows = rows_of(path)
    for row, other in overlaps(rows):
        what = f"the row gives {row.command} a second command for values that line {other.line} is for"
        found.append(_wrong("STR-2", what, "let one of the two begin where the other ends", row.line, "from"))
    for row in rows:
        if (row.signal, row.type) not in signals() and not row.signal.startswith("x-"):
            what = f"OpenADR 2.0b has no signal {row.signal} of the type {row.type}"
            cure = "correct it; mappings/bindings/signals.csv lists what there is"
            found.append(_wrong("STR-3", what, cure, row.line, "signal", "Warning"))
    if not found and not rows:
        found.append(_wrong("STR-1", "the strategy has no row", "add rows", 1))
    verdict = "violates" if any(one.severity == "Violation" for one in found) else "conforms"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    return Report(verdict, "strategy", tuple(found), digest)  # type: ignore[arg-type]


def _wrong(
    rule: str, what: str, cure: str, line: int, column: str = "", severity: str = "Violation"
) -> Violation:
    message = what[0].upper() + what[1:] + "."
    at = column or f"line {line}"
    return Violation(
        rule, severity, message, pointer=at, line=line if column else 0, cure=cure, source=_SOURCE
    )


@cache
def signals() -> frozenset[tuple[str, str]]:
    """Give the pairs of signal name and type that OpenADR has a meaning for."""
    return frozenset((key[0], key[1]) for key in load().signals)


def misfits(
    things: Mapping[str, Document], resources: Mapping[str, Resource], folders: tuple[Path, ...]
) -> Iterator[tuple[str, Violation]]:
    """Compare strategies with the devices that they are for.

    Args:
        things: Thing Descriptions that conform, by the IRI of their device.
        resources: resources of site files.
        folders: folders with strategies of a site's own.

    Yields:
        Name of the document that names the strategy, and a finding: STR-4 (a mapping names a strategy that
        there is not), or the warnings STR-5 (no such point) and STR-6 (a value that the limits refuse).
    """
    for iri, name, owner in _pairs(things, resources):
        document = things[iri]
        own = (folder / f"{name}.csv" for folder in folders)
        path = next((file for file in own if file.is_file()), shipped().get(name))
        where = document.name if owner is None else owner.document
        at = "/flex:strategy" if owner is None else f"{owner.pointer}/strategy"
        if path is None:
            if owner is None:  # of a site file RES-5 tells it
                cure = f"use one of {', '.join(sorted(shipped()))}, or put {name}.csv beside the mapping"
                yield where, _fits("STR-4", f"No strategy is called {name!r}.", cure, at, "Violation")
            continue
        try:
            points, commands = compile_points(document)
        except AssetError:
            continue
        told = set()
        for row in rows_of(path):
            for rule, what, cure in _row(row, points, commands):
                if (rule, what) not in told:
                    told.add((rule, what))
                    yield where, _fits(rule, f"{what} ({iri}, {path.name}, line {row.line}).", cure, at)


def _pairs(
    things: Mapping[str, Document], resources: Mapping[str, Resource]
) -> Iterator[tuple[str, str, Resource | None]]:
    """Give each device with each of its strategies: its resource's, or its own, and those of pools."""
    for iri, document in things.items():
        name, owner = named_strategy(iri, resources, document)
        if name:
            yield iri, name, owner
        for resource in resources.values():
            above = resource is not owner and resource.strategy and resource.parts
            if above and iri in device_iris(resource, dict(resources)):
                yield iri, resource.strategy, resource


def _row(row: Row, points: dict[str, Point], commands: dict[str, Point]) -> Iterator[tuple[str, str, str]]:
    if row.act == "none":
        return
    point = commands.get(row.command) or points.get(row.command)
    if point is None:
        cure = "name a point of the mapping, add a flex:commandName to one, or use another strategy"
        yield "STR-5", f"The strategy commands {row.command!r}, which the device has not", cure
        return
    if row.base and row.base not in points and row.base not in commands:
        cure = "give a point of the mapping that name as its flex:commandName"
        yield "STR-5", f"The strategy starts from {row.base!r}, which the device has not", cure
    value = row.number if row.act == "set" else point.safe if row.act == "safe" else None
    if row.act == "percent" and row.low is not None and None not in (point.minimum, point.maximum):
        if not 0 <= share_of(row, Decimal(0)) <= 1:
            yield "STR-6", f"The share {row.number} of {point.name} is not from 0 to 1", "correct the number"
    elif row.act == "safe" and point.safe is None:
        yield "STR-6", f"The point {point.name} has no safe value", "state flex:safeValue in the mapping"
    elif value is not None:
        for reason in refusals(point, value, 0.0, None):
            text = reason.message.rstrip(".")
            yield "STR-6", f"The command {point.name} = {value} is never allowed: {text}", reason.cure


def _fits(rule: str, message: str, cure: str, pointer: str, severity: str = "Warning") -> Violation:
    return Violation(rule, severity, message, pointer=pointer, cure=cure, source=_SOURCE)


def own_strategies(documents: list[Document], resources: Mapping[str, Resource]) -> list[Path]:
    """List the strategy files beside mappings and site files that these name."""
    found: dict[Path, None] = {}
    for document in documents:
        folder = Path(document.name).parent
        said = [r.strategy for r in resources.values() if r.document == document.name]
        said.append(str(document.data.get("flex:strategy") or ""))
        for name in filter(None, said):
            if name.replace("-", "").replace("_", "").isalnum() and (folder / f"{name}.csv").is_file():
                found[folder / f"{name}.csv"] = None
    return list(found)
