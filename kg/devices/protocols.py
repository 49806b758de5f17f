"""Which protocol a point is reached by, and what its address is worth there."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from kg.devices.meanings import table
from kg.devices.terms import expand, text
from kg.literals import string
from kg.namespaces import FLEX, RDF, VOCAB, XSD

#: Scheme of a form's address -> notation of the protocol.
SCHEMES: Final = {
    **{"modbus": "modbus", "modbus+tcp": "modbus", "modbus+tls": "modbus", "modbus+rtu": "modbus"},
    **{"bacnet": "bacnet", "mms": "iec61850", "iec104": "iec60870-5-104", "iec101": "iec60870-5-101"},
    **{"ocpp": "ocpp", "dlms": "dlms-cosem", "s2": "s2", "spine": "eebus"},
    **{"http": "cloud", "https": "cloud"},
}
#: Protocol -> class of its points.
CLASSES: Final = {
    "bacnet": "BacnetProperty",
    "cloud": "CloudPoint",
    "dlms-cosem": "CosemAttribute",
    "eebus": "SpineFunction",
    "iec60870-5-101": "Iec104Point",
    "iec60870-5-104": "Iec104Point",
    "iec61850": "DataAttribute",
    "modbus": "ModbusRegister",
    "ocpp": "OcppPoint",
    "s2": "S2Instruction",
}
_REFERENCE: Final = re.compile(
    r"([A-Za-z]\w{0,63})/([A-Za-z]\w{0,10}?)?(LLN0|[A-Z]{4})(\d{0,12})\.([A-Z]\w{0,11})((?:\.\w{1,32})*)"
)
_OBIS: Final = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\*(\d{1,3}))?")


def protocol_of(affordance: dict[str, Any], document: dict[str, Any]) -> str:
    """Name the protocol of a point: by the address of its first form, else by ``flex:protocol``.

    >>> protocol_of({"forms": [{"href": "/1/5"}]}, {"base": "modbus+tcp://192.0.2.7"})
    'modbus'
    """
    forms = affordance.get("forms")
    first = forms[0] if isinstance(forms, list) and forms and isinstance(forms[0], dict) else {}
    href = text(first.get("href"))
    scheme = href.partition(":")[0] if re.match(r"[a-z][a-z0-9+.-]*:", href) else ""
    scheme = scheme or text(document.get("base")).partition(":")[0]
    if any(key.startswith("modv:") for key in first):
        return "modbus"
    for said in (affordance.get("flex:protocol"), document.get("flex:protocol")):
        iri = expand(said, document)
        if iri.startswith(f"{VOCAB}protocol/"):
            return iri.removeprefix(f"{VOCAB}protocol/")
    return SCHEMES.get(scheme, "")


def protocol_facts(point: str, protocol: str, value: dict[str, Any], writes: bool) -> Iterator[str]:
    """Give what follows from the address of a point in a protocol other than Modbus.

    Args:
        point: the point as an N-Triples term.
        protocol: notation.
        value: the affordance.
        writes: whether the point can be written.

    Yields:
        N-Triples lines; ``flex:misfit`` names a term of the mapping whose value fits nothing that is known.
    """
    kind = CLASSES.get(protocol)
    if kind is None:
        return
    yield f"{point} <{RDF}type> <{FLEX}{kind}> ."
    for name in _MISFITS.get(protocol, lambda _value: ())(value):
        yield f"{point} <{FLEX}misfit> {string(name)} ."
    if writes:
        yield f'{point} <{FLEX}allowsWrite> "{str(_allows(protocol, value)).lower()}"^^<{XSD}boolean> .'


def _allows(protocol: str, value: dict[str, Any]) -> bool:
    """Tell whether the kind of address can be written at all."""
    if protocol == "iec61850":
        return constraint(value) in ("CO", "SP", "SV", "SE", "CF", "")
    if protocol.startswith("iec60870"):
        number = value.get("flex:typeIdentification")
        return not isinstance(number, int) or 45 <= number <= 64
    if protocol == "ocpp":
        return "flex:measurand" not in value
    return True


def constraint(value: dict[str, Any]) -> str:
    """Give the notation of the functional constraint that a mapping states."""
    said = value.get("flex:functionalConstraint")
    said = said.get("@id") if isinstance(said, dict) else said
    return text(said).rpartition("/")[2]


def reference_parts(reference: str) -> tuple[str, str, str, str, str, str] | None:
    """Split a reference of IEC 61850: device, prefix, class, instance, data object, attribute; None for none.

    Source:
        IEC 61850-7-2, object references.

    >>> reference_parts("LD0/batDBAT1.SoC.mag.f")
    ('LD0', 'bat', 'DBAT', '1', 'SoC', 'mag.f')
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    device, prefix, node, instance, data_object, attribute = found.groups()
    return device, prefix or "", node, instance, data_object, attribute.lstrip(".")


def _iec61850(value: dict[str, Any]) -> Iterator[str]:
    parts = reference_parts(text(value.get("flex:objectReference")))
    if parts is None:
        yield "objectReference"
    elif parts[2] != "LLN0" and parts[2] not in logical_nodes():
        yield "nodeClass"
    kind = text(value.get("flex:quantityKind")).rpartition(":")[2].rpartition("/")[2]
    if parts is not None and kind and kind != data_objects().get(parts[4], kind):
        yield "dataObject"
    said = constraint(value)
    if parts is not None and said and parts[5]:
        leaf = parts[5].split(".")[0]
        if (leaf in _CONTROL and said not in ("CO", "SP", "SV")) or (leaf in _MEASURED and said != "MX"):
            yield "functionalConstraint"


_CONTROL: Final = frozenset(("Oper", "SBO", "SBOw", "Cancel", "ctlVal"))
_MEASURED: Final = frozenset(("mag", "instMag", "cVal", "instCVal"))


@cache
def logical_nodes() -> frozenset[str]:
    """Give the classes of logical nodes that the table knows."""
    return frozenset(row["node_class"] for row in table("logical-nodes"))


@cache
def data_objects() -> dict[str, str]:
    """Give the quantity kind of each data object that the table knows."""
    return {row["data_object"]: row["quantity_kind"] for row in table("data-objects")}


def obis_parts(code: str) -> tuple[int, ...] | None:
    """Split an OBIS code A-B:C.D.E*F, F being 255 where it is left out; None where it is none.

    Source:
        IEC 62056-6-1, object identification system.

    >>> obis_parts("1-0:1.8.0")
    (1, 0, 1, 8, 0, 255)
    """
    found = _OBIS.fullmatch(code)
    if found is None:
        return None
    parts = tuple(int(part) if part is not None else 255 for part in found.groups())
    return parts if max(parts) <= 255 else None


def _dlms(value: dict[str, Any]) -> Iterator[str]:
    parts = obis_parts(text(value.get("flex:obisCode")))
    if parts is None:
        yield "obisCode"
        return
    known = {int(row["class_id"]): row for row in table("cosem-classes")}
    row = known.get(value.get("flex:classID", -1))
    attribute = value.get("flex:attributeIndex")
    if row is None:
        yield "classID"
    elif isinstance(attribute, int) and not 1 <= attribute <= int(row["attributes"]):
        yield "attributeIndex"
    kind = text(value.get("flex:quantityKind")).rpartition(":")[2].rpartition("/")[2]
    for entry in table("obis-quantities"):
        if obis_fits(entry, parts) and kind:
            if kind not in entry["quantity_kinds"].split():
                yield "quantityKind"
            return


def obis_fits(row: dict[str, str], parts: tuple[int, ...]) -> bool:
    """Tell whether a row of the table of OBIS quantities speaks of a code."""
    return all(
        str(part) in row[name].split()
        for name, part in zip("acd", (parts[0], parts[2], parts[3]), strict=True)
    )


def _ocpp(value: dict[str, Any]) -> Iterator[str]:
    version = text(value.get("flex:ocppVersion"))
    known = ocpp_values()
    if version and (version, "measurand") not in known:
        yield "ocppVersion"
        return
    for name, field in _OCPP_FIELDS.items():
        said = value.get(f"flex:{name}")
        if version and isinstance(said, str) and said not in known.get((version, field), ()):
            yield name


_OCPP_FIELDS: Final = {
    "measurand": "measurand",
    "phase": "phase",
    "readingContext": "context",
    "location": "location",
    "measuredUnit": "unit",
    "chargingProfilePurpose": "purpose",
    "chargingProfileKind": "kind",
    "chargingRateUnit": "rate_unit",
}


@cache
def ocpp_values() -> dict[tuple[str, str], frozenset[str]]:
    """Give the values of each enumeration of OCPP, by version and name."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in table("ocpp-values"):
        found.setdefault((row["version"], row["field"]), set()).add(row["value"])
    return {key: frozenset(values) for key, values in found.items()}


def _bacnet(value: dict[str, Any]) -> Iterator[str]:
    known = {row["object_type"] for row in table("bacnet-objects")}
    if isinstance(value.get("flex:objectType"), str) and value["flex:objectType"] not in known:
        yield "objectType"


def _iec104(value: dict[str, Any]) -> Iterator[str]:
    rows = {int(row["type_id"]): row for row in table("iec104-types")}
    number = value.get("flex:typeIdentification")
    if not isinstance(number, int):
        return
    row = rows.get(number)
    schema = value.get("input") if isinstance(value.get("input"), dict) else value
    assert isinstance(schema, dict)
    if row is None or (schema.get("type") and schema["type"] not in row["json_types"].split()):
        yield "typeIdentification"


_MISFITS: Final[dict[str, Callable[[dict[str, Any]], Iterator[str]]]] = {
    "bacnet": _bacnet,
    "dlms-cosem": _dlms,
    "iec60870-5-101": _iec104,
    "iec60870-5-104": _iec104,
    "iec61850": _iec61850,
    "ocpp": _ocpp,
}
