"""Writes as messages, in protocols that are not Modbus: what a gateway's stack of the protocol sends."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from kg.devices.points import Point
from kg.devices.terms import text

_Maker = Callable[[Point, Decimal, int | float], dict[str, Any]]


def message(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make the message that writes a raw number to a point.

    Args:
        point: the point.
        value: the value in the unit of the point.
        raw: the number as the device takes it.

    Returns:
        What goes over the wire, as plain data; times are left out, since they are the gateway's to state.
    """
    maker = _MAKERS.get(point.protocol)
    made = {"endpoint": endpoint(text(point.access.get("endpoint")), text(point.access.get("href")))}
    return made | (maker(point, value, raw) if maker else {"value": raw})


def endpoint(base: str, href: str) -> str:
    """Write the address of a point in full.

    >>> endpoint("bacnet://500/", "2,1/presentValue"), endpoint("https://a.example", "https://b.example/x")
    ('bacnet://500/2,1/presentValue', 'https://b.example/x')
    """
    if not base or not href or _SCHEME.match(href):
        return href or base
    return f"{base.rstrip('/')}/{href.lstrip('/')}"


_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BACNET: Final = re.compile(r"bacnet://(\d{1,7})(?:/|$)")


def _ocpp(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make a SetChargingProfile of OCPP 1.6, or a SetChargingProfileRequest of 2.0.1 and 2.1."""
    access = point.access
    if "variable" in access:
        return _variable(access, raw)
    unit = access.get("chargingRateUnit", "W")
    schedule: dict[str, Any] = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": raw}],
    }
    if access.get("ocppVersion") == "1.6":
        profile = {
            "chargingProfileId": access.get("chargingProfileID", 1),
            "stackLevel": access.get("stackLevel", 0),
            "chargingProfilePurpose": access.get("chargingProfilePurpose", "TxDefaultProfile"),
            "chargingProfileKind": access.get("chargingProfileKind", "Relative"),
            "chargingSchedule": schedule,
        }
        payload: dict[str, Any] = {"connectorId": access.get("connectorID", 0), "csChargingProfiles": profile}
        return {"action": "SetChargingProfile", "version": "1.6", "payload": payload}
    profile = {
        "id": access.get("chargingProfileID", 1),
        "stackLevel": access.get("stackLevel", 0),
        "chargingProfilePurpose": access.get("chargingProfilePurpose", "TxDefaultProfile"),
        "chargingProfileKind": access.get("chargingProfileKind", "Relative"),
        "chargingSchedule": [{"id": 1, **schedule}],
    }
    payload = {"evseId": access.get("evseID", 0), "chargingProfile": profile}
    return {"action": "SetChargingProfile", "version": access.get("ocppVersion", "2.0.1"), "payload": payload}


def _variable(access: dict[str, Any], raw: int | float) -> dict[str, Any]:
    """Make a SetVariablesRequest of OCPP 2.x for one variable of the device model."""
    component: dict[str, Any] = {"name": access.get("component")}
    if "evseID" in access:
        component["evse"] = {"id": access["evseID"]}
    entry = {"attributeValue": str(raw), "component": component, "variable": {"name": access["variable"]}}
    return {
        "action": "SetVariables",
        "version": access.get("ocppVersion", "2.0.1"),
        "payload": {"setVariableData": [entry]},
    }


def _bacnet(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    base = _BACNET.match(text(access.get("endpoint")))
    return {
        "service": "WriteProperty",
        "device": access.get("deviceInstance", int(base[1]) if base else None),
        "object": [access.get("objectType"), access.get("objectInstance")],
        "property": access.get("propertyIdentifier", "presentValue"),
        "priority": access.get("writePriority"),
        "value": raw,
    }


def _iec61850(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    said = access.get("functionalConstraint", "")
    said = said.get("@id", "") if isinstance(said, dict) else said
    return {
        "service": "Operate" if str(said).endswith("CO") else "SetDataValues",
        "reference": access.get("objectReference"),
        "functionalConstraint": str(said).rpartition("/")[2],
        "value": raw,
    }


def _iec104(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    return {
        "type": access.get("typeIdentification"),
        "cause": 6,
        "commonAddress": access.get("commonAddress"),
        "informationObjectAddress": access.get("informationObjectAddress"),
        "value": raw,
    } | ({"select": True} if access.get("selectBeforeOperate") is True else {})


def _dlms(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make a SET request; the type of the data is told where the mapping states ``flex:dataType``."""
    access = point.access
    made = {
        "service": "SET",
        "class": access.get("classID"),
        "obis": access.get("obisCode"),
        "attribute": access.get("attributeIndex"),
        "value": raw,
    }
    kind = _COSEM_TYPES.get(point.data_type)
    return made | ({"dataType": kind} if kind else {})


#: Data type -> what COSEM calls it (IEC 62056-6-2, common data types).
_COSEM_TYPES: Final = {
    **{"boolean": "boolean", "bool": "boolean", "int8": "integer", "uint8": "unsigned"},
    **{"int16": "long", "uint16": "long-unsigned", "int32": "double-long", "uint32": "double-long-unsigned"},
    **{"int64": "long64", "uint64": "long64-unsigned", "float32": "float32", "float64": "float64"},
}


def _s2(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make an instruction; ids of messages and constraints, times and durations are the gateway's."""
    access = point.access
    said = access.get("controlType", "")
    said = str(said.get("@id", "") if isinstance(said, dict) else said).rpartition("/")[2]
    if said == "POWER_ENVELOPE_BASED_CONTROL":
        return _envelope(point, value, raw)
    kind = {"OPERATION_MODE_BASED_CONTROL": "OMBC", "DEMAND_DRIVEN_BASED_CONTROL": "DDBC"}.get(said, "FRBC")
    made: dict[str, Any] = {"message_type": f"{kind}.Instruction", "abnormal_condition": False}
    if kind != "OMBC":
        made["actuator_id"] = access.get("actuatorID")
    made["operation_mode" if kind == "FRBC" else "operation_mode_id"] = access.get("operationMode")
    return made | {"operation_mode_factor": raw}


def _envelope(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make an envelope: the limit that is asked for, and at the other side the end of the allowed range."""
    access = point.access
    lower = access.get("operationMode") == "LOWER_LIMIT"
    ends = [float(end) for end in (point.minimum, point.maximum) if end is not None] or [float(value)]
    limits = (raw, max(ends)) if lower else (min(*ends, float(value)), raw)
    element = {"upper_limit": limits[1], "lower_limit": limits[0]}
    envelope = {
        "commodity_quantity": access.get("commodityQuantity", "ELECTRIC.POWER.3_PHASE_SYMMETRIC"),
        "power_envelope_elements": [element],
    }
    return {
        "message_type": "PEBC.Instruction",
        "abnormal_condition": False,
        "power_envelopes": [envelope],
    }


def _eebus(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make the command part of a SPINE datagram; a number is sent as integer and power of ten."""
    sign, digits, exponent = value.normalize().as_tuple()
    scale = exponent if isinstance(exponent, int) else 0
    whole = int("".join(map(str, digits)) or "0") * (-1 if sign else 1)
    if scale > 0:
        whole, scale = whole * 10**scale, 0
    number = {"number": whole, "scale": scale}
    name = point.access.get("spineFunction", "loadControlLimitListData")
    return {
        "cmdClassifier": "write",
        "address": point.access.get("entityAddress"),
        "function": name,
        "value": number,
    }


def _cloud(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    return {"method": "PUT", "body": {point.name: raw}}


_MAKERS: Final[dict[str, _Maker]] = {
    "bacnet": _bacnet,
    "cloud": _cloud,
    "dlms-cosem": _dlms,
    "eebus": _eebus,
    "iec60870-5-101": _iec104,
    "iec60870-5-104": _iec104,
    "iec61850": _iec61850,
    "ocpp": _ocpp,
    "s2": _s2,
}
