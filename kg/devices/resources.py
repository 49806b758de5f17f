"""Resources over devices: what a site file says, and the plans that commands are checked with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from kg.devices.documents import Document
from kg.devices.points import Point, compile_points, number
from kg.devices.strategies import Strategy
from kg.devices.strategy_check import strategy
from kg.devices.terms import text
from kg.errors import UsageError

_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Portion:
    """One device's portion of a resource.

    Attributes:
        device: IRI of the device.
        points: points by name.
        commands: points by what strategies call them; these go before names.
        strategy: rows by signal and type.
        share: share of the resource's power that is this device's, 0 to 1.
        owners: the resource that has the device, and all that it is a part of: an opt-out of any counts.
        in_service: whether the site file says so of the resource that has the device.
    """

    device: str
    points: dict[str, Point]
    commands: dict[str, Point]
    strategy: Strategy
    share: Decimal
    owners: frozenset[str] = frozenset()
    in_service: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A resource, compiled.

    Attributes:
        name: name of the resource.
        names: the resource and all those that it is a part of: an opt-out of any of them counts.
        portions: its devices, with those of its parts.
        in_service: whether the site file says so.
        markets: IRIs of the market contexts that it is described for; empty for any.
        capability: power of its devices, in watts.
    """

    name: str
    names: frozenset[str]
    portions: tuple[Portion, ...]
    in_service: bool
    markets: frozenset[str]
    capability: Decimal


@dataclass(frozen=True, slots=True)
class Resource:
    """What a site file says of one resource.

    Attributes:
        name: its ``resourceID``.
        devices: IRIs of the devices behind it.
        parts: names of the resources that it is made of.
        strategy: name of a strategy that goes before those of the mappings; empty for none.
        in_service: whether it takes commands.
        descriptions: market context, smallest and largest power of each, as written.
        pointer: JSON pointer into the site file.
        document: name of the site file.
    """

    name: str
    devices: tuple[str, ...]
    parts: tuple[str, ...]
    strategy: str
    in_service: bool
    descriptions: tuple[dict[str, Any], ...]
    pointer: str
    document: str = ""


def resources_of(document: Document) -> list[Resource]:
    """Read the resources of a site file; what is of the wrong kind is left out here and told by the check."""
    found = []
    entries = document.data.get("resources")
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and text(entry.get("resourceID")):
            described = entry.get("descriptions")
            found.append(
                Resource(
                    entry["resourceID"],
                    _texts(entry.get("devices")),
                    _texts(entry.get("parts")),
                    text(entry.get("strategy")),
                    entry.get("inService") is not False,
                    tuple(d for d in described if isinstance(d, dict)) if isinstance(described, list) else (),
                    f"/resources/{place}",
                    document.name,
                )
            )
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def rated_power(document: Document) -> Decimal:
    """Give the power that a device can be asked for: its rated power, 0 where none is stated."""
    said = document.data.get("flex:ratedPower")
    return number(said) if isinstance(said, int | float) and not isinstance(said, bool) else Decimal(0)


def device_iris(resource: Resource, resources: dict[str, Resource], depth: int = 0) -> list[str]:
    """List the devices of a resource and of its parts, each once; parts in a circle end the walk."""
    found = dict.fromkeys(resource.devices)
    if depth < _MAX_DEPTH:
        for part in resource.parts:
            if part in resources and part != resource.name:
                found |= dict.fromkeys(device_iris(resources[part], resources, depth + 1))
    return list(found)


def compile_plans(
    resources: dict[str, Resource], things: dict[str, Document], folders: tuple[Path, ...] = ()
) -> dict[str, Plan]:
    """Compile the plans of all resources.

    Args:
        resources: resources by name.
        things: Thing Descriptions by IRI.
        folders: folders with strategies of the site's own.

    Raises:
        kg.errors.UsageError: a strategy does not exist.
        kg.errors.AssetError: a mapping has a value that cannot be used.
    """
    points = {iri: compile_points(document) for iri, document in things.items()}
    above = _above(resources)
    plans = {}
    for name, resource in resources.items():
        devices = [iri for iri in device_iris(resource, resources) if iri in things]
        powers = {iri: rated_power(things[iri]) for iri in devices}
        total = sum(powers.values(), Decimal(0))
        portions = []
        for iri in devices:
            said = resource.strategy or named_strategy(iri, resources, things[iri])[0]
            rows = _strategy(said, folders, things[iri].name)
            share = powers[iri] / total if total else Decimal(1) / len(devices)
            having = [r for r in resources.values() if iri in r.devices]
            owners = frozenset(one for r in having for one in (r.name, *above.get(r.name, ())))
            serves = all(r.in_service for r in having)
            portions.append(Portion(iri, *points[iri], rows, share, owners, serves))
        markets = frozenset(text(d.get("marketContext")) for d in resource.descriptions) - {""}
        plans[name] = Plan(
            name,
            frozenset((name, *above.get(name, ()))),
            tuple(portions),
            resource.in_service,
            markets,
            total,
        )
    return plans


def named_strategy(
    iri: str, resources: Mapping[str, Resource], document: Document
) -> tuple[str, Resource | None]:
    """Give the name of a device's strategy, and the resource that names it: None where the mapping does."""
    for resource in resources.values():
        if iri in resource.devices and resource.strategy:
            return resource.strategy, resource
    return text(document.data.get("flex:strategy")), None


def _strategy(name: str, folders: tuple[Path, ...], where: str) -> Strategy:
    if not name:
        return {}
    try:
        return strategy(name, folders)
    except UsageError as error:
        raise UsageError(error.what, where=where, cure=error.cure) from error


def _above(resources: dict[str, Resource]) -> dict[str, set[str]]:
    """For each resource, all that it is a part of."""
    direct: dict[str, set[str]] = {}
    for resource in resources.values():
        for part in resource.parts:
            direct.setdefault(part, set()).add(resource.name)
    found = {}
    for name in resources:
        seen: set[str] = set()
        open_ = list(direct.get(name, ()))
        while open_:
            one = open_.pop()
            if one not in seen and one != name:
                seen.add(one)
                open_ += direct.get(one, ())
        found[name] = seen
    return found
