"""Discovery: what was seen of a device, as records, and messages of devices made into such.

A record is a JSON object with the members of `FIELDS`. A station's BootNotification, a SPINE datagram with
the detailed discovery, and a ResourceManagerDetails of S2 are taken as they come.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kg.devices.importers.spine import discovery_of
from kg.errors import UsageError

#: Member of a record -> what it holds.
FIELDS: Final = {
    "protocol": "how the device is reached; see `PROTOCOLS`",
    "version": "version of the protocol, or of the firmware",
    "manufacturer": "maker, as the device tells it",
    "model": "model, as the device tells it",
    "kind": "what the device is called: heat pump, EVSE, meter, ...",
    "models": "numbers of SunSpec models, in the order in which they lie in the device",
    "obis": "OBIS codes of a meter's objects",
    "nodeClasses": "classes of logical nodes (IEC 61850)",
    "controlTypes": "control types (S2)",
    "useCases": "use cases (EEBUS)",
    "objectTypes": "types of objects (BACnet)",
    "address": "where it was found",
    "endpoint": "where it was found",
    "serialNumber": "its number",
}
#: Protocol -> what a record may call it; versions may stand behind.
PROTOCOLS: Final = {
    "modbus": re.compile(r"modbus|sunspec|\brtu\b", re.IGNORECASE),
    "bacnet": re.compile(r"bacnet", re.IGNORECASE),
    "iec61850": re.compile(r"61850|\bmms\b", re.IGNORECASE),
    "iec60870-5-104": re.compile(r"60870|iec *10[14]|vhpready", re.IGNORECASE),
    "ocpp": re.compile(r"ocpp", re.IGNORECASE),
    "dlms-cosem": re.compile(r"dlms|cosem", re.IGNORECASE),
    "s2": re.compile(r"\bs2\b|50491-12-2", re.IGNORECASE),
    "eebus": re.compile(r"eebus|\bspine\b|\bship\b", re.IGNORECASE),
    "cloud": re.compile(r"\bhttps?\b|cloud|\brest\b", re.IGNORECASE),
}

Record = Mapping[str, Any]


def records(value: Any) -> list[tuple[str, Record]]:
    """Read discovery records and messages of devices.

    Args:
        value: a record, a message or a frame, or a list of them; datagrams of one device are one record.

    Returns:
        JSON pointer and record of each device, in order.

    Raises:
        kg.errors.UsageError: an entry is neither a record nor such a message, or there is none; names its
            place.

    >>> records([2, "17", "BootNotification", {"chargePointVendor": "Example", "chargePointModel": "One"}])
    [('', {'protocol': 'ocpp 1.6', 'manufacturer': 'Example', 'model': 'One', 'kind': 'charging station'})]
    """
    if isinstance(value, list) and not value:
        raise UsageError("the list is empty", where="/", cure="put a discovery record into it")
    if not isinstance(value, list) or _frame(value) is not None or _is_ship(value):
        return [("", _record(value, "/"))]
    spine: dict[str, list[Any]] = {}
    places: list[tuple[str, Any]] = []
    for place, one in enumerate(value):
        told = discovery_of(one)
        if told is None:
            places.append((f"/{place}", one))
        elif told["device"] in spine:
            spine[told["device"]].append(one)
        else:
            spine[told["device"]] = [one]
            places.append((f"/{place}", spine[told["device"]]))
    return [(at, _record(one, at)) for at, one in places]


def _is_ship(value: list[Any]) -> bool:
    return discovery_of(value) is not None and not any(discovery_of(one) is not None for one in value)


def _frame(value: Any) -> dict[str, Any] | None:
    """Give the payload of a BootNotification that comes as a frame."""
    if isinstance(value, list) and len(value) == 4 and value[0] == 2 and value[2] == "BootNotification":
        return value[3] if isinstance(value[3], dict) else None
    return None


def _record(value: Any, where: str) -> Record:
    payload = _frame(value)
    if payload is not None:
        value = payload
    told = discovery_of(value)
    if told is not None:
        return {name: entry for name, entry in told["record"].items() if entry}
    if not isinstance(value, dict):
        raise UsageError(
            "a discovery record is a JSON object",
            where=where,
            cure="write one, or give a BootNotification, a SPINE discovery or ResourceManagerDetails",
        )
    for make in (_boot, _s2):
        made = make(value)
        if made:
            return {name: entry for name, entry in made.items() if entry}
    return value


def _boot(value: dict[str, Any]) -> dict[str, Any]:
    """Read a BootNotification: 1.6 by its names, 2.x by its charging station."""
    if "chargePointVendor" in value:
        return {
            "protocol": "ocpp 1.6",
            "manufacturer": value["chargePointVendor"],
            "model": value.get("chargePointModel"),
            "kind": "charging station",
            "serialNumber": value.get("chargePointSerialNumber") or value.get("chargeBoxSerialNumber"),
        }
    station = value.get("chargingStation")
    if not isinstance(station, dict):
        return {}
    return {
        "protocol": "ocpp 2",
        "manufacturer": station.get("vendorName"),
        "model": station.get("model"),
        "kind": "charging station",
        "serialNumber": station.get("serialNumber"),
    }


def _s2(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("message_type") != "ResourceManagerDetails":
        return {}
    roles = value.get("roles")
    told = [
        str(one.get(key, "")).lower().replace("_", " ")
        for one in (roles if isinstance(roles, list) else ())
        if isinstance(one, dict)
        for key in ("role", "commodity")
    ]
    return {
        "protocol": "s2",
        "manufacturer": value.get("manufacturer"),
        "model": value.get("model"),
        "kind": " ".join(told),
        "controlTypes": value.get("available_control_types"),
        "serialNumber": value.get("serial_number"),
    }


def texts(record: Record, where: str = "") -> dict[str, str]:
    """Write each member of a record as one text, entries of lists between spaces.

    Args:
        record: the record.
        where: its place, for messages.

    Raises:
        kg.errors.UsageError: a member is not known, or of the wrong kind.

    >>> texts({"protocol": "ocpp", "version": "1.6", "models": [1, 103]})
    {'protocol': 'ocpp 1.6', 'version': '1.6', 'models': '1 103'}
    """
    unknown = sorted(map(str, set(record) - set(FIELDS)))
    if unknown:
        raise UsageError(
            f"{unknown[0]!r} is no member of a discovery record",
            where=f"{where}/{unknown[0]}",
            cure=f"use {', '.join(FIELDS)}",
        )
    made = {}
    for name, value in record.items():
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in entries):
            raise UsageError(
                f"{name} is neither text nor number", where=f"{where}/{name}", cure="write a text or a list"
            )
        made[name] = " ".join(str(one)[:200] for one in entries[:500])
    protocol = made.get("protocol", "")
    if "ocpp" in protocol.lower() and not re.search(r"\d", protocol) and made.get("version"):
        made["protocol"] = f"{protocol} {made['version']}"
    if protocol and not list(protocols_of(protocol)):
        made["unknown"] = protocol
    return made


def protocols_of(said: str) -> Iterator[str]:
    """Give the protocols that a text names, by notation.

    >>> list(protocols_of("OCPP1.6J"))
    ['ocpp']
    """
    for protocol, sign in PROTOCOLS.items():
        if sign.search(said):
            yield protocol
