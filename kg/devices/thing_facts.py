"""What follows from a mapping as a whole: SunSpec blocks, control types, use cases, clouds, profiles."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from kg.devices.documents import Document, pointer
from kg.devices.forms import modbus_form
from kg.devices.meanings import table
from kg.devices.protocols import protocol_of
from kg.devices.terms import expand
from kg.namespaces import FLEX, RDF

#: Protocol -> term that a point states and the thing has to state too.
_COVERED: Final = {"s2": "flex:controlType", "eebus": "flex:useCase"}


def thing_facts(document: Document, base: str) -> Iterator[str]:
    """Give the facts about a mapping as a whole, as N-Triples lines."""
    thing = f"<{document.iri}>"
    points = [
        (f"<{base}#{quote(pointer(kind, name), safe=_SAFE)}>", value, protocol_of(value, document.data))
        for kind, name, value in document.affordances()
        if kind != "events"
    ]
    if document.data.get("flex:cloudInPath") is True or any(p == "cloud" for _, _, p in points):
        yield f"{thing} <{RDF}type> <{FLEX}CloudDevice> ."
    for point, value, protocol in points:
        if protocol == "ocpp" and ("input" in value or "flex:chargingProfilePurpose" in value):
            yield f"{point} <{RDF}type> <{FLEX}ChargingProfile> ."
        term = _COVERED.get(protocol, "")
        stated = _iris(document.data.get(term), document)
        if any(iri not in stated for iri in _iris(value.get(term), document)):
            yield f"{thing} <{FLEX}uncoveredControl> {point} ."
    yield from _sunspec(document, base, points)


_SAFE: Final = "/~:@!$&()*+,;=-._"


def _iris(value: Any, document: Document) -> set[str]:
    entries = value if isinstance(value, list) else [value]
    return {iri for iri in (expand(entry, document.data) for entry in entries) if iri}


@cache
def models() -> dict[int, tuple[int, tuple[int, ...]]]:
    """Give fixed length and lengths of repeating groups of each SunSpec model."""
    return {
        int(row["model"]): (int(row["length"]), tuple(map(int, row["repeats"].split())))
        for row in table("sunspec-models")
    }


def length_fits(model: int, length: int) -> bool:
    """Tell whether a block of a model can have a length.

    >>> length_fits(103, 50), length_fits(103, 51), length_fits(160, 8 + 3 * 20), length_fits(160, 9)
    (True, False, True, False)
    """
    fixed, repeats = models()[model]
    rest = length - fixed
    if rest <= 0 or not repeats:
        return rest == 0
    sums = {0}
    for _ in range(rest):
        grown = sums | {one + part for one in sums for part in repeats if one + part <= rest}
        if grown == sums:
            break
        sums = grown
    return rest in sums


def _sunspec(document: Document, base: str, points: list[tuple[str, dict[str, Any], str]]) -> Iterator[str]:
    said = document.data.get("flex:sunspecBlock")
    blocks: dict[int, list[tuple[int, int]]] = {}
    for place, block in enumerate(said if isinstance(said, list) else ()):
        node = f"<{base}#{quote(pointer('flex:sunspecBlock', place), safe=_SAFE)}>"
        yield f"{node} <{RDF}type> <{FLEX}SunspecBlock> ."
        model, start, length = (
            block.get(f"flex:{name}") for name in ("modelID", "modelStart", "modelLength")
        )
        if model not in models():
            yield _misfit(node, "modelID")
        elif isinstance(length, int) and not length_fits(model, length):
            yield _misfit(node, "modelLength")
        span = (
            (start, start + length + 2) if isinstance(start, int) and isinstance(length, int) else (0, 65536)
        )
        blocks.setdefault(model, []).append(span)
    properties = document.data.get("properties", {})
    for point, value, _ in points:
        factor = properties.get(value.get("flex:scaleFactorPoint", ""))
        if value.get("flex:sunspecType") and isinstance(factor, dict) and not _is_factor(factor):
            yield _misfit(point, "scaleFactorPoint")
        model = value.get("flex:modelID")
        if model is None:
            continue
        if model not in blocks:
            yield _misfit(point, "pointModel")
            continue
        for form in value.get("forms", ()):
            at = modbus_form(form, ())
            if at.address is not None and not any(
                first <= at.address and at.address + at.quantity <= last for first, last in blocks[model]
            ):
                yield _misfit(point, "modelOffset")
                break


def _is_factor(point: dict[str, Any]) -> bool:
    return (point.get("flex:sunspecType"), point.get("flex:dataType")) == ("sunssf", "int16")


def _misfit(node: str, name: str) -> str:
    return f'{node} <{FLEX}misfit> "{name}" .'
