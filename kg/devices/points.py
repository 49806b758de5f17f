"""Points, compiled from a mapping: all that a command is checked against, as plain numbers."""

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from kg.devices.documents import Document
from kg.devices.forms import is_modbus, modbus_form
from kg.devices.protocols import protocol_of
from kg.devices.terms import expand, schema_of, text, writable
from kg.errors import AssetError

_SPAN: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True, slots=True)
class Point:
    """One point of one device, ready for checks.

    Numbers are in the unit of the point unless they are called raw.

    Attributes:
        device: IRI of the device.
        name: name of the affordance.
        protocol: notation, for example ``"modbus"``.
        unit: IRI of the unit, empty for none.
        writable: whether it can be written.
        emergency: whether it is for emergencies only.
        data_type: how the value lies in registers, or the JSON type.
        scale: what a raw number is multiplied with; 1 where ``factor_point`` gives the power of ten.
        offset: what is added after scaling.
        factor_point: name of the point that holds the power of ten, empty for none.
        minimum: smallest value allowed, None for none.
        maximum: largest value allowed, None for none.
        step: distance of allowed values, None for any.
        values: the only values allowed, empty where a range counts.
        forbidden: values not allowed.
        rate: largest change in a second, None for any.
        interval: seconds between two writes at least.
        writes: writes allowed in ``span``, 0 for any number.
        span: seconds in which writes are counted, 0 for the life of the device.
        safe: safe value, None for none.
        warranty: range under warranty; None at an end that is open.
        warranty_note: what the terms of warranty say.
        access: where and how it is written, by protocol; see `kg.devices.encodings` and
            `kg.devices.messages`.
    """

    device: str
    name: str
    protocol: str
    unit: str
    writable: bool
    emergency: bool
    data_type: str
    scale: Decimal
    offset: Decimal
    factor_point: str
    minimum: Decimal | None
    maximum: Decimal | None
    step: Decimal | None
    values: frozenset[Decimal]
    forbidden: frozenset[Decimal]
    rate: Decimal | None
    interval: float
    writes: int
    span: float
    safe: Decimal | None
    warranty: tuple[Decimal | None, Decimal | None] | None
    warranty_note: str
    access: dict[str, Any] = field(hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """Device and name: what history and readings go by."""
        return (self.device, self.name)


def compile_points(document: Document) -> tuple[dict[str, Point], dict[str, Point]]:
    """Compile the points of a mapping.

    Args:
        document: a Thing Description that conforms.

    Returns:
        Points by the name of their affordance; and those that have one by their ``flex:commandName``.

    Raises:
        kg.errors.AssetError: a term has a value that cannot be used; names the point.
    """
    found: dict[str, Point] = {}
    commands: dict[str, Point] = {}
    for kind, name, value in document.affordances():
        if kind == "events":
            continue
        try:
            made = _point(document, kind, name, value)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise AssetError(
                f"the point {name} of {document.iri} has a value that cannot be used",
                where=f"{document.name}#/{kind}/{name}",
                cure="run flexkg devices check",
            ) from error
        found[name] = made
        if text(value.get("flex:commandName")):
            commands.setdefault(value["flex:commandName"], made)
    return found, commands


def _point(document: Document, kind: str, name: str, value: dict[str, Any]) -> Point:
    schema = schema_of(value)
    protocol = protocol_of(value, document.data)
    exponent = value.get("flex:scaleFactor")
    scale = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else number(value.get("flex:scale", 1))
    forbidden = value.get("flex:forbiddenValue", [])
    listed = [one["const"] for one in schema.get("oneOf", ()) if "const" in one] or schema.get("enum", [])
    data_type = text(value.get("flex:dataType")) or text(schema.get("type")) or "number"
    if schema.get("type") == "boolean" and not listed:
        listed = [0, 1]
    warranty = (_optional(value, "flex:warrantyMinimum"), _optional(value, "flex:warrantyMaximum"))
    return Point(
        device=document.iri,
        name=name,
        protocol=protocol,
        unit=expand(schema.get("unit"), document.data),
        writable=kind == "actions" or writable(value),
        emergency=value.get("flex:emergency") is True,
        data_type=data_type,
        scale=scale,
        offset=number(value.get("flex:offset", 0)),
        factor_point=text(value.get("flex:scaleFactorPoint")),
        minimum=_optional(value, "flex:allowedMinimum"),
        maximum=_optional(value, "flex:allowedMaximum"),
        step=_optional(value, "flex:step"),
        values=frozenset(number(one) for one in listed if isinstance(one, int | float)),
        forbidden=frozenset(map(number, forbidden if isinstance(forbidden, list) else [forbidden])),
        rate=_optional(value, "flex:maximumRate"),
        interval=float(value.get("flex:minimumInterval", 0)),
        writes=int(value.get("flex:maximumWrites", 0)),
        span=seconds(text(value.get("flex:writesPer"))),
        safe=_optional(value, "flex:safeValue"),
        warranty=None if warranty == (None, None) else warranty,
        warranty_note=text(value.get("flex:warrantyNote")),
        access=_access(document, kind, value, protocol),
    )


def number(value: Any) -> Decimal:
    """Give a JSON number as it is written.

    Raises:
        ValueError: it is none, or not finite.

    >>> number(0.1)
    Decimal('0.1')
    """
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    raise ValueError(f"{value!r} is no finite number")


def _optional(value: dict[str, Any], name: str) -> Decimal | None:
    return number(value[name]) if name in value else None


def seconds(span: str) -> float:
    """Give the length of a span of days and smaller; 0 for an empty text.

    >>> seconds("P1D"), seconds("PT1H30M"), seconds("")
    (86400.0, 5400.0, 0.0)
    """
    found = _SPAN.fullmatch(span) if span else None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return float(((days * 24 + hours) * 60 + minutes) * 60 + rest)


def _access(document: Document, kind: str, value: dict[str, Any], protocol: str) -> dict[str, Any]:
    """Collect what an encoder needs to address the point."""
    forms = [form for form in value.get("forms", ()) if isinstance(form, dict)]
    base = text(document.data.get("base"))
    made: dict[str, Any] = {"endpoint": base, "absent": value.get("flex:notAvailable")}
    for form in forms:
        ops = form.get("op", ("readproperty", "writeproperty") if kind == "properties" else ())
        ops = (ops,) if isinstance(ops, str) else tuple(ops)
        if (kind == "actions" or "writeproperty" in ops) and "href" not in made:
            made["href"] = text(form.get("href"))
            made |= _modbus(form, base) if is_modbus(form, base) else {}
        if "readproperty" in ops and "read" not in made and is_modbus(form, base):
            made["read"] = _modbus(form, base)
    if protocol != "modbus":
        made |= {key[5:]: item for key, item in value.items() if key.startswith("flex:")}
    return made


def _modbus(form: dict[str, Any], base: str) -> dict[str, Any]:
    read = modbus_form(form, ("writeproperty",))
    href = text(form.get("href"))
    owner = href[: href.find("/", href.find("//") + 2)] if "://" in href else base.rstrip("/")
    return {
        "endpoint": owner,
        "unit": read.unit or 0,
        "address": read.address or 0,
        "quantity": read.quantity,
        "coil": read.entity == "Coil",
        "function": _FUNCTIONS.get(read.entity, 3),
        "order": read.order or (False, False),
    }


_FUNCTIONS: Final = {"Coil": 1, "DiscreteInput": 2, "HoldingRegister": 3, "InputRegister": 4}
