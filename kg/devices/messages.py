"""Writes as messages, in protocols that are not Modbus: what a gateway's stack of the protocol sends."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from kg.devices.points import Point

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
    made = {"endpoint": point.access.get("href") or point.access["endpoint"]}
    return made | (maker(point, value, raw) if maker else {"value": raw})


def _ocpp(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    """Make a SetChargingProfile of OCPP 1.6, or a SetChargingProfileRequest of 2.0.1 and 2.1."""
    access = point.access
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


def _bacnet(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    return {
        "service": "WriteProperty",
        "device": access.get("deviceInstance"),
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
    }


def _dlms(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    return {
        "service": "SET",
        "class": access.get("classID"),
        "obis": access.get("obisCode"),
        "attribute": access.get("attributeIndex"),
        "value": raw,
    }


def _s2(point: Point, value: Decimal, raw: int | float) -> dict[str, Any]:
    access = point.access
    said = access.get("controlType", "")
    said = said.get("@id", "") if isinstance(said, dict) else said
    if str(said).endswith("POWER_ENVELOPE_BASED_CONTROL"):
        quantity = access.get("commodityQuantity", "ELECTRIC.POWER.3_PHASE_SYMMETRIC")
        return {"message_type": "PEBC.Instruction", "commodity_quantity": quantity, "upper_limit": raw}
    return {
        "message_type": "OMBC.Instruction"
        if str(said).endswith("OPERATION_MODE_BASED_CONTROL")
        else "FRBC.Instruction",
        "actuator_id": access.get("actuatorID"),
        "operation_mode": access.get("operationMode"),
        "operation_mode_factor": raw,
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
