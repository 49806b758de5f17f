"""Strategies and the devices that they are for: what a row asks and a device cannot do is told beforehand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from kg import assets
from kg.devices.acts import share_of
from kg.devices.check import engine_for, shapes
from kg.devices.documents import Document
from kg.devices.limits import refusals
from kg.devices.points import Point, compile_points
from kg.devices.resources import Resource, device_iris, named_strategy
from kg.devices.strategies import Row, file_of, meet, rows_of, shipped
from kg.errors import AssetError
from kg.literals import string
from kg.namespaces import FLEX, RDF
from kg.report import Violation

_NODE: Final = "urn:flexkg:strategy-use#"
#: Name of a strategy -> its rows; none where there is none of that name.
Reader = Callable[[str], list[Row]]


@dataclass(frozen=True, slots=True)
class _Use:
    """What a row asks of a device that cannot do it.

    Attributes:
        document: name of the document that names the strategy.
        pointer: place in that document.
        where: device, strategy and line, for people.
        term: local name of the property that says what is wrong.
        said: what is wrong, for people.
    """

    document: str
    pointer: str
    where: str
    term: str
    said: str


def reader(folders: tuple[Path, ...]) -> Reader:
    """Read strategies by their name: those of a site's folders, else the shipped ones."""

    def read(name: str) -> list[Row]:
        path = file_of(name, folders)
        try:
            return rows_of(assets.text(path)) if path is not None else []
        except AssetError:  # its own check tells
            return []

    return read


def misfits(
    things: Mapping[str, Document],
    resources: Mapping[str, Resource],
    read: Reader,
    *,
    engine: str = "shacl",
    without: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, Violation]]:
    """Compare strategies with the devices that they are for.

    Args:
        things: Thing Descriptions that conform, by the IRI of their device.
        resources: resources of site files.
        read: gives the rows of a strategy by its name.
        engine: SHACL engine.
        without: rule ids to leave out.

    Yields:
        Name of the document that names the strategy, and a finding of the rules on `flex:StrategyUse`.
    """
    uses = {f"{_NODE}{place}": use for place, use in enumerate(_uses(things, resources, read))}
    if not uses:
        return
    lines = []
    for iri, use in uses.items():
        lines.append(f"<{iri}> <{RDF}type> <{FLEX}StrategyUse> .\n")
        value = f"<{_NODE}rival>" if use.term == "rivalRow" else string(use.said)
        lines.append(f"<{iri}> <{FLEX}{use.term}> {value} .\n")
    found = {}
    for result in engine_for(engine, without).validate("".join(lines)):
        found[result.focus] = (shapes().rules[result.shape], result)
    for iri, use in uses.items():
        if iri in found:
            rule, result = found[iri]
            message = f"{rule.message[:-1]}: {use.said} ({use.where})."
            yield (
                use.document,
                Violation(
                    *(rule.id, result.severity, message),
                    source=rule.source,
                    pointer=use.pointer,
                    cure=rule.cure,
                    component=result.component,
                ),
            )


def _uses(things: Mapping[str, Document], resources: Mapping[str, Resource], read: Reader) -> Iterator[_Use]:
    rows: dict[str, list[Row]] = {}
    points: dict[str, tuple[dict[str, Point], dict[str, Point]] | None] = {}
    for iri, name, owner in _pairs(things, resources):
        if name not in rows:
            rows[name] = read(name)
        if iri not in points:
            points[iri] = _points(things[iri])
        having = points[iri]
        if having is None:
            continue
        document = things[iri].name if owner is None else owner.document
        pointer = "/flex:strategy" if owner is None else f"{owner.pointer}/strategy"
        told = set()
        for row, term, said in _wrong(rows[name], *having):
            if (term, said) not in told:
                told.add((term, said))
                yield _Use(document, pointer, f"{iri}, {name}.csv, line {row.line}", term, said)


def _points(document: Document) -> tuple[dict[str, Point], dict[str, Point]] | None:
    try:
        return compile_points(document)
    except AssetError:  # the check of the mapping tells
        return None


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


def _wrong(
    rows: list[Row], points: dict[str, Point], commands: dict[str, Point]
) -> Iterator[tuple[Row, str, str]]:
    """Give each row that asks what a device cannot do, with the property and the words that say so."""
    used: list[tuple[Row, Point]] = []
    for row in rows:
        if row.act == "none":
            continue
        point = commands.get(row.command) or points.get(row.command)
        if point is None:
            yield row, "missingPoint", f"it commands {row.command!r}"
            continue
        if row.base and row.base not in points and row.base not in commands:
            yield row, "missingPoint", f"it starts from {row.base!r}"
        for reason in _refused(row, point):
            yield row, "refusedBecause", reason
        for other, its in used:
            asks = (row.act, row.number, row.base) != (other.act, other.number, other.base)
            if its is point and row.command != other.command and asks and meet(row, other):
                yield row, "rivalRow", f"{row.command!r}, and {other.command!r} in line {other.line}"
        used.append((row, point))


def _refused(row: Row, point: Point) -> Iterator[str]:
    """Say why the limits of a point never allow what a row asks."""
    if row.act == "percent" and row.low is not None and None not in (point.minimum, point.maximum):
        if not 0 <= share_of(row, Decimal(0)) <= 1:
            yield f"{point.name}: the share {row.number} is not from 0 to 1"
        return
    value = row.number if row.act == "set" else point.safe if row.act == "safe" else None
    if row.act == "safe" and value is None:
        yield f"{point.name} has no safe value"
    elif value is not None:
        for reason in refusals(point, value, 0.0, None):
            yield f"{point.name} = {value}: {reason.message.rstrip('.')}"


def own_strategies(documents: list[Document], resources: Mapping[str, Resource]) -> list[Path]:
    """List the strategy files beside mappings and site files that these name."""
    found: dict[Path, None] = {}
    for document in documents:
        folder = Path(document.name).parent
        said = [r.strategy for r in resources.values() if r.document == document.name]
        said.append(str(document.data.get("flex:strategy") or ""))
        for name in filter(None, said):
            path = file_of(name, (folder,))
            if path is not None and path != shipped().get(name):
                found[path] = None
    return list(found)
