"""What follows from several mappings and site files together: twins, capability sums, circles."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kg.devices.documents import Document
from kg.devices.forms import is_modbus, modbus_form
from kg.devices.points import number
from kg.devices.resources import Resource, device_iris, named_strategy, rated_power
from kg.devices.strategies import file_of
from kg.devices.terms import expand, text
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, RDF, XSD

_RESOURCE = ID + "resource/"


def resource_iri(name: str) -> str:
    """Name a resource.

    >>> resource_iri("HP-3")
    'https://w3id.org/flexkg/id/resource/HP-3'
    """
    return _RESOURCE + segment(name)


def resource_name(document: Document) -> str:
    """Give the name of the resource that a mapping refers to, empty for none."""
    said = expand(document.data.get("flex:ofResource"), document.data)
    return unquote(said.removeprefix(_RESOURCE)) if said.startswith(_RESOURCE) else ""


def places(
    things: list[Document], folders: tuple[Path, ...] = ()
) -> Callable[[Document, dict[str, Resource] | None], list[str]]:
    """Compare mappings with one another.

    Args:
        things: the mappings.
        folders: folders with strategies of a site's own.

    Returns:
        A function that gives the facts about one of them; its second argument are the resources that site
        files describe, None where there is no site file to compare with.
    """
    taken: dict[tuple[str, ...], list[Document]] = {}
    for thing in things:
        if not thing.is_model:
            for key in _identities(thing):
                taken.setdefault(key, []).append(thing)

    def facts(document: Document, known: dict[str, Resource] | None) -> list[str]:
        lines = []
        for key in _identities(document) if not document.is_model else ():
            twins = (other.name for other in taken.get(key, ()) if other.name != document.name)
            lines += [f"<{document.iri}> <{FLEX}sameDeviceAs> {string(name)} ." for name in twins]
        name, owner = named_strategy(document.iri, known or {}, document)
        if name and owner is None and not document.is_model and file_of(name, folders) is None:
            lines.append(f'<{document.iri}> <{FLEX}strategyKnown> "false"^^<{XSD}boolean> .')
        said = expand(document.data.get("flex:ofResource"), document.data)
        if said and (known is None or said in {resource_iri(name) for name in known}):
            lines.append(f"<{said}> <{RDF}type> <{FLEX}Resource> .")
        return lines

    return facts


def _identities(document: Document) -> Iterator[tuple[str, ...]]:
    """Give what tells a device from others: its IRI, its number, and where it is reached."""
    yield ("iri", document.iri)
    serial, maker = (text(document.data.get(f"flex:{name}")) for name in ("serialNumber", "manufacturer"))
    if serial:
        yield ("serial", maker, serial)
    base = text(document.data.get("base"))
    units = set()
    for _, _, value in document.affordances():
        for form in value.get("forms", ()) if isinstance(value.get("forms"), list) else ():
            if isinstance(form, dict) and is_modbus(form, base):
                href = text(form.get("href"))
                parts = urlsplit(href if "://" in href else base)
                units.add((parts.netloc, str(modbus_form(form, ()).unit)))
    for netloc, unit in sorted(units):
        yield ("modbus", netloc, unit)


def site_facts(document: Document, known: dict[str, Resource], things: dict[str, Document]) -> Iterator[str]:
    """Give the facts about a site file: known devices and parts, capability, circles, strategies."""
    for iri in things:
        yield f"<{iri}> <{RDF}type> <{FLEX}SiteDevice> ."
    for name in known:
        yield f"<{resource_iri(name)}> <{RDF}type> <{FLEX}Resource> ."
    for place, entry in enumerate(document.data["resources"]):
        resource = known[entry["resourceID"]]
        iri = resource_iri(resource.name)
        yield f"<{iri}> <{RDF}type> <{FLEX}SiteResource> ."
        if resource.strategy and file_of(resource.strategy, _folder(document)) is None:
            yield f'<{iri}> <{FLEX}misfit> "strategy" .'
        if _in_circle(resource, known):
            yield f'<{iri}> <{FLEX}misfit> "parts" .'
        total = sum((rated_power(things[d]) for d in device_iris(resource, known) if d in things), Decimal(0))
        markets: set[str] = set()
        for index, described in enumerate(resource.descriptions):
            node = f"<urn:flexkg:site#/resources/{place}/descriptions/{index}>"
            if total:
                yield f'{node} <{FLEX}capability> "{total:f}"^^<{XSD}decimal> .'
                low = described.get("minimumPower")
                if isinstance(low, int | float) and not isinstance(low, bool) and -number(low) > total:
                    yield f'{node} <{FLEX}misfit> "minimumPower" .'
            market = text(described.get("marketContext"))
            if market in markets:
                yield f'{node} <{FLEX}misfit> "marketContext" .'
            markets.add(market)


def _folder(document: Document) -> tuple[Path, ...]:
    return (Path(document.name).parent,) if document.name else ()


def _in_circle(resource: Resource, known: dict[str, Resource]) -> bool:
    seen: set[str] = set()
    open_ = list(resource.parts)
    while open_:
        one = open_.pop()
        if one == resource.name:
            return True
        if one not in seen and one in known:
            seen.add(one)
            open_ += known[one].parts
    return False
