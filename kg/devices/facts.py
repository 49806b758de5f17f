"""What follows from a mapping by arithmetic, as triples that Core shapes can speak of.

Overlaps, widths, references from point to point, and whether a unit fits: SHACL Core compares a value with a
constant or with another value of the same node, so that whatever needs more is worked out here, once, and a
shape then says what must hold.
"""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from kg.devices.documents import Document, pointer
from kg.devices.forms import ENTITIES, WIDTHS, ModbusForm, is_modbus, modbus_form
from kg.devices.meanings import fits
from kg.devices.places import place_of
from kg.devices.protocols import protocol_facts, protocol_of
from kg.devices.terms import expand, writable
from kg.devices.thing_facts import thing_facts
from kg.literals import string
from kg.namespaces import FLEX, RDF, SAREF, VOCAB, XSD

_DEFAULT_OPS: Final = {
    "properties": ("readproperty", "writeproperty"),
    "actions": ("invokeaction",),
    "events": ("subscribeevent",),
}


def facts(document: Document, base: str) -> Iterator[str]:
    """Give the facts that follow from a mapping.

    Args:
        document: the mapping.
        base: IRI to which fragments are added.

    Yields:
        N-Triples lines; terms are those of the ontology's modules point and protocol.
    """
    affordances = {(kind, name): value for kind, name, value in document.affordances()}
    places: list[tuple[str, Any]] = []
    spans: list[tuple[str, str, ModbusForm]] = []
    thing = f"<{document.iri}>"
    yield _type(thing, "MappedDevice")
    for (kind, name), value in affordances.items():
        if kind == "events":
            continue
        point = _node(base, kind, name)
        protocol = protocol_of(value, document.data)
        yield _type(point, "DataPoint")
        yield _truth(point, "writable", kind == "actions" or writable(value))
        if protocol:
            yield f"{point} <{FLEX}protocol> <{VOCAB}protocol/{protocol}> ."
        yield from _values(point, value)
        yield from _units(point, value, document.data)
        yield from _property(thing, point, value, document.data)
        factor = value.get("flex:scaleFactorPoint")
        if isinstance(factor, str) and factor != name and ("properties", factor) in affordances:
            yield f"{point} <{FLEX}scaledBy> {_node(base, 'properties', factor)} ."
        for index, form in enumerate(value.get("forms", ()) if isinstance(value.get("forms"), list) else ()):
            if isinstance(form, dict) and is_modbus(form, str(document.data.get("base", ""))):
                made = modbus_form(form, _operations(kind, value))
                node = _node(base, kind, name, "forms", index)
                spans.append((node, point, made))
                yield from _modbus(node, point, made, value)
        if protocol and protocol != "modbus":
            yield from protocol_facts(point, protocol, value, kind == "actions" or writable(value))
            key = place_of(protocol, value)
            if key is not None:
                places.append((point, (protocol, key)))
    yield from _overlaps(spans)
    yield from _same(places)
    yield from thing_facts(document, base)


def _operations(kind: str, value: dict[str, Any]) -> tuple[str, ...]:
    if kind != "properties":
        return _DEFAULT_OPS[kind]
    if value.get("readOnly"):
        return ("readproperty",)
    return ("writeproperty",) if value.get("writeOnly") else _DEFAULT_OPS[kind]


def _modbus(node: str, point: str, form: ModbusForm, value: dict[str, Any]) -> Iterator[str]:
    yield _type(point, "ModbusRegister")
    yield _type(node, "ModbusAccess")
    if form.address is not None:
        yield _whole(node, "registerAddress", form.address)
        yield _whole(node, "lastRegister", form.address + form.quantity - 1)
    if form.unit is not None:
        yield _whole(node, "unitID", form.unit)
    yield _whole(node, "registerCount", form.quantity)
    if form.entity in ENTITIES:
        kind, can_write = ENTITIES[form.entity]
        yield f"{node} <{FLEX}registerKind> <{VOCAB}registerKind/{kind}> ."
        if form.writes:
            yield _truth(node, "allowsWrite", can_write and form.function_writes is not False)
    bits = form.entity in ("Coil", "DiscreteInput")
    data_type = value.get("flex:dataType")
    if isinstance(data_type, str) and WIDTHS.get(data_type):
        yield _whole(node, "widthOfType", WIDTHS[data_type])
    if form.length:
        yield _whole(node, "registersOfContent", form.length if bits else (form.length + 1) // 2)
    ordered = form.order is not None or bits or form.quantity == 1 or data_type in ("string", "bytes")
    yield _truth(node, "wordOrderKnown", ordered)
    if form.signed is not None and isinstance(data_type, str) and data_type.startswith(("int", "uint")):
        yield _truth(node, "signFits", form.signed == data_type.startswith("int"))


def _values(point: str, value: dict[str, Any]) -> Iterator[str]:
    """Tell whether what may be written is bounded: by a range, a list, or by having two values only."""
    schema = value.get("input") if isinstance(value.get("input"), dict) else value
    assert isinstance(schema, dict)
    listed = schema.get("enum") or [
        one["const"] for one in schema.get("oneOf", ()) if isinstance(one, dict) and "const" in one
    ]
    ranged = "flex:allowedMinimum" in value and "flex:allowedMaximum" in value
    numbers = bool(listed) and all(isinstance(one, int | float) for one in listed)
    nothing = "forms" in value and "type" not in value and "input" not in value  # an action without a value
    yield _truth(point, "bounded", numbers or ranged or nothing or schema.get("type") == "boolean")


def _property(thing: str, point: str, value: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Name the property of the device that a point gives access to, in the terms of SAREF."""
    kind = expand(value.get("flex:quantityKind"), document)
    if kind:
        node = f"{point[:-1]}/property>"
        yield f"{point} <{FLEX}givesProperty> {node} ."
        yield f"{node} <{RDF}type> <{SAREF}PropertyOfInterest> ."
        yield f"{node} <{SAREF}hasPropertyKind> <{kind}> ."
        yield f"{thing} <{SAREF}hasPropertyOfInterest> {node} ."


def _units(point: str, value: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    schema = value.get("input") if isinstance(value.get("input"), dict) else value
    assert isinstance(schema, dict)
    unit = expand(schema.get("unit"), document)
    if unit:
        yield f"{point} <{FLEX}unit> <{unit}> ."
        kind = expand(value.get("flex:quantityKind"), document)
        fit = fits(unit, kind) if kind else None
        if fit is not None:
            yield _truth(point, "unitFits", fit)
        elif kind or fits(unit, "") is None:
            yield _truth(point, "unitKnown", fits(unit, "") is not None)
    elif "unit" in schema:
        yield _truth(point, "unitKnown", False)


def _overlaps(spans: list[tuple[str, str, ModbusForm]]) -> Iterator[str]:
    """Find forms of different points that share a register: same unit, same table, reads with reads."""
    placed = sorted(
        (
            (
                form.unit if form.unit is not None else -1,
                form.entity,
                way,
                form.address,
                form.quantity,
                node,
                point,
            )
            for node, point, form in spans
            if form.address is not None and form.address >= 0
            for way in ("reads", "writes")
            if getattr(form, way)
        ),
        key=lambda entry: entry[:5],
    )
    found: set[tuple[str, str]] = set()
    open_: list[tuple[int, tuple[Any, ...]]] = []
    for entry in placed:
        unit, entity, way, first, count, node, point = entry
        open_ = [(end, other) for end, other in open_ if end > first and other[:3] == (unit, entity, way)]
        for _end, other in open_:
            if other[6] != point and (node, other[5]) not in found:
                found.add((node, other[5]))
                yield f"{node} <{FLEX}overlaps> {other[5]} ."
        open_.append((first + count, entry))


def _same(places: list[tuple[str, Any]]) -> Iterator[str]:
    """Find points that are the same thing in the device."""
    seen: dict[Any, str] = {}
    for point, key in places:
        if seen.setdefault(key, point) != point:
            yield f"{point} <{FLEX}overlaps> {seen[key]} ."


def _node(base: str, *steps: str | int) -> str:
    return f"<{base}#{quote(pointer(*steps), safe='/~:@!$&()*+,;=-._')}>"


def _type(node: str, name: str) -> str:
    return f"{node} <{RDF}type> <{FLEX}{name}> ."


def _truth(node: str, name: str, value: bool) -> str:
    return f'{node} <{FLEX}{name}> "{str(value).lower()}"^^<{XSD}boolean> .'


def _whole(node: str, name: str, value: int) -> str:
    return f'{node} <{FLEX}{name}> "{value}"^^<{XSD}integer> .'


def _text(node: str, name: str, value: str) -> str:
    return f"{node} <{FLEX}{name}> {string(value)} ."
