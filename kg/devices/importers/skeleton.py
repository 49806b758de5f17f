"""The head of a mapping and its points: what all importers write alike."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kg.devices.forms import WIDTHS
from kg.devices.graph import TD_CONTEXT
from kg.devices.meanings import symbols, units
from kg.errors import UsageError
from kg.namespaces import DCTERMS, FLEX, QUANTITYKIND, SAREF, UNIT, VOCAB

_LINKS: Final = (
    *("aggregation", "controlType", "flowDirection", "functionalConstraint", "licence", "ofResource"),
    *("positiveMeans", "protocol", "quantityKind", "useCase"),
)
CONTEXT: Final[list[Any]] = [
    TD_CONTEXT,
    {
        "dct": DCTERMS,
        "flex": FLEX,
        "modv": "https://www.w3.org/2019/wot/modbus#",
        "quantitykind": QUANTITYKIND,
        "qudt-unit": UNIT,
        "saref": SAREF,
        "vocab": VOCAB,
        **{f"flex:{name}": {"@type": "@id"} for name in _LINKS},
    },
]


def thing_model(title: str, kind: str, source: str, base: str, **terms: Any) -> dict[str, Any]:
    """Make the head of a Thing Model.

    Args:
        title: name for people.
        kind: class of the device, for example ``"Battery"``.
        source: where addresses and limits come from.
        base: address, with placeholders; empty for none.
        terms: further ``flex:`` terms by local name.
    """
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": ["tm:ThingModel", f"flex:{kind}"],
        "title": title,
        "dct:source": source,
        **{f"flex:{name}": value for name, value in terms.items() if value not in ("", None)},
    }
    if base:
        made["base"] = base
    made["securityDefinitions"] = {"none": {"scheme": "nosec"}}
    made["security"] = "none"
    made["properties"] = {}
    return made


def meaning(unit: str, quantity_kind: str, direction: str = "", aggregation: str = "") -> dict[str, Any]:
    """Write unit and meaning of a point; all by local name, empty for what is not known."""
    made: dict[str, Any] = {}
    if unit:
        made["unit"] = f"qudt-unit:{unit}"
    if quantity_kind:
        made["flex:quantityKind"] = f"quantitykind:{quantity_kind}"
    if direction:
        made["flex:flowDirection"] = f"vocab:flowDirection/{direction}"
    if aggregation:
        made["flex:aggregation"] = f"vocab:aggregation/{aggregation}"
    return made


def modbus_point(
    data_type: str,
    address: int,
    quantity: int,
    *,
    unit: str,
    entity: str = "HoldingRegister",
    order: str = "BIG_ENDIAN",
    writes: bool = False,
    terms: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a property over Modbus.

    Args:
        data_type: for example ``"uint16"``.
        address: first register, from 0.
        quantity: number of registers.
        unit: unit id or its placeholder.
        entity: table.
        order: order of bytes, as ``byteSeq`` has it.
        writes: whether it can be written.
        terms: further members.
    """
    bits = entity in ("Coil", "DiscreteInput")
    kind = "boolean" if bits else "number" if data_type.startswith("float") else "integer"
    kind = "string" if data_type in ("string", "bytes") else kind
    content = f"application/octet-stream;length={quantity if bits else 2 * quantity}"
    if data_type.startswith(("int", "uint")):
        content += f";signed={'true' if data_type.startswith('int') else 'false'}"
    if not bits:
        content += f";byteSeq={order}"
    made: dict[str, Any] = {"type": kind, **(terms or {})}
    if not writes:
        made["readOnly"] = True
    made["flex:dataType"] = data_type
    made["forms"] = [
        {
            "href": f"/{unit}/{address}?quantity={quantity}",
            "op": ["readproperty", "writeproperty"] if writes else ["readproperty"],
            "modv:entity": entity,
            "contentType": content,
        }
    ]
    assert data_type in WIDTHS
    return made


def addressed_point(
    kind: str, href: str, *, writes: bool = False, terms: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Make a property that is reached by an address of its protocol.

    Args:
        kind: type of the value as JSON Schema has it, for example ``"number"``.
        href: the address; relative to the base.
        writes: whether it can be written.
        terms: further members.
    """
    made: dict[str, Any] = {"type": kind, **(terms or {})}
    if not writes:
        made["readOnly"] = True
    made["forms"] = [{"href": href, "op": ["readproperty", "writeproperty"] if writes else ["readproperty"]}]
    return made


def member(name: str, taken: dict[str, Any]) -> str:
    """Make a member's name that a mapping has not yet.

    >>> member("Power L1 (kW)", {"Power_L1_kW": {}})
    'Power_L1_kW_2'
    """
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:80] or "point"
    made, count = stem, 1
    while made in taken:
        count += 1
        made = f"{stem}_{count}"
    return made


def objects(value: Any) -> list[dict[str, Any]]:
    """Give the objects of a list; nothing of what is none.

    >>> objects([{"a": 1}, 2]), objects(5)
    ([{'a': 1}], [])
    """
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def unit_meaning(symbol: str, direction: str = "") -> dict[str, Any] | None:
    """Write the meaning of a unit by how tables write it; None where it is not in the table of units.

    >>> unit_meaning("kW")["unit"]
    'qudt-unit:KiloW'
    """
    unit = symbols().get(symbol) or (UNIT + symbol if UNIT + symbol in units() else "")
    if not unit:
        return None
    kinds = units()[unit].quantity_kinds
    kind = next((one for one in _FIRST if one in kinds), min(kinds))
    return meaning(unit.removeprefix(UNIT), kind, direction)


_FIRST: Final = (
    *("ActivePower", "ActiveEnergy", "Voltage", "CelsiusTemperature", "ElectricCurrent"),
    *("DimensionlessRatio", "Temperature", "Pressure"),
)


def checked_settings(settings: Mapping[str, str], known: Iterable[str]) -> None:
    """Refuse a setting that an importer does not know.

    Raises:
        kg.errors.UsageError: there is one.
    """
    known = sorted(known)
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise UsageError(f"there is no setting {unknown[0]}", cure=f"use {', '.join(known)}")
