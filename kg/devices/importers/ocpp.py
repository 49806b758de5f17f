"""OCPP messages -> Thing Descriptions: what a station measures, and the charging profiles that it takes.

Read are BootNotification, MeterValues, SetChargingProfile, reports of variables (NotifyReport) and, of 1.6,
the answer to GetConfiguration: each as its payload, as a frame ``[2, id, action, payload]``, or in a list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kg.devices.importers import Imported, Left, parsed_json
from kg.devices.importers.limits import LimitTable, json_number, limits_of
from kg.devices.importers.ocpp_variables import variable_points
from kg.devices.importers.skeleton import addressed_point, checked_settings, meaning, member, thing_model
from kg.devices.meanings import table
from kg.devices.protocols import ocpp_values
from kg.errors import UnreadablePayload, UsageError

VERSIONS: Final = ("1.6", "2.0.1", "2.1")
_SETTINGS: Final = ("TITLE", "SOURCE", "VERSION", "STATION", "MINIMUM", "MAXIMUM", "SAFE", "LIMITS")
_PHASED: Final = re.compile(r"L[123]|N|L[123]-N|L[123]-L[123]")
#: Lists of measurands among the variables and keys.
_LISTS: Final = re.compile(
    r"(?:MeterValues|Tx\w*|Stop\w*|Aligned\w*)?(?:SampledData|AlignedData|Measurands)", re.I
)


def import_ocpp(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import what a charging station says of itself.

    Args:
        data: JSON: a message, a frame, or a list of either.
        name: name of the file.
        settings: ``VERSION`` (1.6, 2.0.1 or 2.1, where the messages do not tell), ``STATION`` (its identity),
            ``MINIMUM``, ``MAXIMUM`` and ``SAFE`` (of what a charging profile may allow, in its unit),
            ``LIMITS`` (a CSV file with ``point,minimum,maximum`` and more, which goes before these; a
            profile is named as the import tells it, a variable as ``Component.variable``), ``TITLE``,
            ``SOURCE``.

    Raises:
        kg.errors.UnreadablePayload: the file is no JSON, or none of these messages.
        kg.errors.UsageError: a setting is wrong.

    Source:
        OCPP 1.6 edition 2, sections 4 to 7; OCPP 2.0.1 and 2.1, part 2.
    """
    checked_settings(settings, _SETTINGS)
    messages = list(_messages(parsed_json(data, name)))
    version = settings.get("VERSION", "") or _version(messages)
    if version not in VERSIONS:
        raise UsageError(f"VERSION={version} is no version", cure=f"use one of {', '.join(VERSIONS)}")
    if not messages:
        raise UnreadablePayload("none of the messages is one that tells of points", where=name, cure=_CURE)
    station = settings.get("STATION", "")
    title = settings.get("TITLE", station or name.rsplit(".", 1)[0])
    boot = next((_boot(one) for one in messages if _boot(one)), {})
    thing = thing_model(
        title,
        "ElectricVehicleCharger",
        settings.get("SOURCE", f"OCPP {version} messages {name}"),
        f"ocpp:{station or '{{STATION}}'}",
        **boot,
    )
    made = Imported(things={name.rsplit(".", 1)[0]: thing})
    limits = limits_of(settings)
    for message in messages:
        for found in _measured(message):
            _point(found, thing["properties"], made, version)
        for found in _profiles(message):
            _profile(found, thing, made, version, _allowed(found, limits, settings))
        mapped = variable_points(message, thing["properties"], made, version, limits)
        _rest(message, made, mapped)
    made.mapped = len(thing["properties"]) + len(thing.get("actions", ()))
    made.unmet = limits.unmet
    return made


_CURE: Final = "give BootNotification, MeterValues, SetChargingProfile, NotifyReport or GetConfiguration"
_KNOWN: Final = (
    *("meterValue", "csChargingProfiles", "chargingProfile", "reportData", "configurationKey"),
    *("chargePointVendor", "chargingStation"),
)


def _messages(value: Any) -> Iterator[dict[str, Any]]:
    """Give the payloads that tell something, whatever they are wrapped in."""
    if isinstance(value, list):
        framed = len(value) in (3, 4) and value[0] in (2, 3) and isinstance(value[-1], dict)
        for one in (value[-1],) if framed else value:
            yield from _messages(one)
    elif isinstance(value, dict):
        if any(key in value for key in _KNOWN):
            yield value
        elif isinstance(value.get("payload"), dict | list):
            yield from _messages(value["payload"])


def _version(messages: list[dict[str, Any]]) -> str:
    """Tell 1.6 from 2.x by the names of members."""
    old = ("csChargingProfiles", "configurationKey", "chargePointVendor", "connectorId")
    return "1.6" if any(key in one for one in messages for key in old) else "2.0.1"


def _boot(message: dict[str, Any]) -> dict[str, str]:
    station = message.get("chargingStation")
    station = station if isinstance(station, dict) else {}
    found = {
        "manufacturer": message.get("chargePointVendor") or station.get("vendorName"),
        "model": message.get("chargePointModel") or station.get("model"),
        "serialNumber": message.get("chargePointSerialNumber") or station.get("serialNumber"),
    }
    return {key: value for key, value in found.items() if isinstance(value, str) and value}


def _measured(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what is measured: of meter values, and of lists of measurands among variables and keys."""
    evse = message.get("evseId", message.get("connectorId"))
    where = {"evseID" if "evseId" in message else "connectorID": evse} if isinstance(evse, int) else {}
    for value in _dicts(message.get("meterValue")):
        for sample in _dicts(value.get("sampledValue")):
            unit = sample.get("unitOfMeasure")
            said = unit.get("unit") if isinstance(unit, dict) else sample.get("unit")
            yield {
                "measurand": sample.get("measurand", "Energy.Active.Import.Register"),
                "phase": sample.get("phase"),
                "readingContext": sample.get("context"),
                "location": sample.get("location"),
                "measuredUnit": said,
                **where,
            }
    for name, _component, text in _variables(message):
        if _LISTS.fullmatch(name):
            yield from ({"measurand": one.strip()} for one in text.split(",") if one.strip())


def _variables(message: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Give name, component and value of each variable or configuration key."""
    for key in _dicts(message.get("configurationKey")):
        yield str(key.get("key", "")), "", str(key.get("value", ""))
    for row in _dicts(message.get("reportData")):
        variable, component = row.get("variable"), row.get("component")
        if isinstance(variable, dict):
            name = str(component.get("name", "")) if isinstance(component, dict) else ""
            for attribute in _dicts(row.get("variableAttribute")) or [{}]:
                yield str(variable.get("name", "")), name, str(attribute.get("value", ""))


def _point(found: dict[str, Any], points: dict[str, Any], made: Imported, version: str) -> None:
    text = str(found["measurand"])
    head, _, tail = text.rpartition(".")
    if found.get("phase") is None and head and _PHASED.fullmatch(tail) and "-" not in tail:
        found = found | {"measurand": head, "phase": tail}  # 1.6 writes phases behind measurands in its keys
    name, known = str(found["measurand"]), ocpp_values()
    if name not in known.get((version, "measurand"), ()):
        made.left.append(Left(text, f"OCPP {version} has no such measurand"))
        return
    row = next((one for one in table("ocpp-measurands") if one["measurand"] == name), None)
    terms: dict[str, Any] = {"title": " ".join(filter(None, (name, found.get("phase"))))}
    if row is not None:
        terms |= meaning(row["unit"], row["quantity_kind"], row["flow_direction"], row["aggregation"])
    else:
        made.notes.append(Left(name, "the table of measurands does not say what it means"))
    terms |= {"flex:ocppVersion": version}
    terms |= {f"flex:{key}": value for key, value in found.items() if value not in (None, "")}
    address = "/".join(
        str(found[key]) for key in ("evseID", "connectorID", "measurand", "phase") if found.get(key)
    )
    if any(one["forms"][0]["href"] == address for one in points.values()):
        return
    said = {"kWh": ("KiloW-HR", 0), "kW": ("KiloW", 0)}.get(str(found.get("measuredUnit")))
    if said is not None:
        terms["unit"] = f"qudt-unit:{said[0]}"
    points[member(terms["title"], points)] = addressed_point("number", address, terms=terms)


def _profiles(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the charging profiles that a message sets, or that a station says to take."""
    evse = message.get("evseId", message.get("connectorId"))
    for profile in (*_dicts(message.get("csChargingProfiles")), *_dicts(message.get("chargingProfile"))):
        schedules = _dicts(profile.get("chargingSchedule"))
        yield {
            "purpose": profile.get("chargingProfilePurpose"),
            "kind": profile.get("chargingProfileKind"),
            "level": profile.get("stackLevel"),
            "unit": schedules[0].get("chargingRateUnit") if schedules else None,
            "id": profile.get("chargingProfileId", profile.get("id")),
            "evse": evse,
        }
    told = {name: text for name, _component, text in _variables(message)}
    levels = told.get("ChargeProfileMaxStackLevel", told.get("ProfileStackLevel", ""))
    units = told.get("ChargingScheduleAllowedChargingRateUnit", told.get("RateUnit", ""))
    if levels.isdigit() and units:
        unit = "A" if re.search(r"\bA\b|Current", units) else "W"
        yield {
            "purpose": "TxDefaultProfile",
            "kind": "Relative",
            "level": int(levels),
            "unit": unit,
            "evse": 0,
        }


def _label(found: dict[str, Any]) -> str:
    return f"charging profile {found['purpose']} level {found['level']}"


def _allowed(found: dict[str, Any], limits: LimitTable, settings: Mapping[str, str]) -> dict[str, Any]:
    """Read what a charging profile may allow, in its unit; empty where nothing states it."""
    limit = limits.of(_label(found))
    if limit is not None and limit.bounded:
        return limit.terms()
    if "MAXIMUM" not in settings:
        return {}
    try:
        return {
            "flex:allowedMinimum": json_number(settings.get("MINIMUM", "0")),
            "flex:allowedMaximum": json_number(settings["MAXIMUM"]),
            "flex:safeValue": json_number(settings.get("SAFE", settings["MAXIMUM"])),
        }
    except ValueError as error:
        raise UsageError(f"a limit is no number: {error}", cure="write finite numbers") from error


def _profile(
    found: dict[str, Any], thing: dict[str, Any], made: Imported, version: str, bounds: dict[str, Any]
) -> None:
    label = _label(found)
    if not bounds:
        why = "nothing states how much it may allow: give MAXIMUM (and MINIMUM, SAFE), or LIMITS"
        made.left.append(Left(label, why))
        return
    if found["unit"] not in ("A", "W") or not isinstance(found["level"], int):
        made.left.append(Left(label, "the unit of its rate or its stack level is missing"))
        return
    values = {"oneOf": bounds["oneOf"]} if "oneOf" in bounds else {}
    unit, kind = ("A", "ElectricCurrent") if found["unit"] == "A" else ("W", "ActivePower")
    said = meaning(unit, kind, "import")
    number = {"evseID" if version != "1.6" else "connectorID": found["evse"]}
    action = {
        "title": label,
        "input": {"type": "number", "unit": said.pop("unit"), **values},
        **said,
        "flex:ocppVersion": version,
        **{f"flex:{key}": value for key, value in number.items() if isinstance(value, int)},
        **({"flex:chargingProfileID": found["id"]} if isinstance(found.get("id"), int) else {}),
        "flex:chargingProfilePurpose": found["purpose"],
        "flex:chargingProfileKind": found["kind"],
        "flex:stackLevel": found["level"],
        "flex:chargingRateUnit": found["unit"],
        **{term: value for term, value in bounds.items() if term != "oneOf"},
        "forms": [{"href": f"{found['evse'] or 0}/{found['purpose']}/{found['level']}"}],
    }
    actions = thing.setdefault("actions", {})
    if not any(one["forms"] == action["forms"] for one in actions.values()):
        actions[member(label, actions)] = action


def _rest(message: dict[str, Any], made: Imported, mapped: frozenset[tuple[str, str]]) -> None:
    """Name the variables and keys that say nothing of points."""
    for name, component, _text in _variables(message):
        if not _LISTS.fullmatch(name) and name not in _USED and (component, name) not in mapped:
            made.left.append(Left(f"{component}.{name}".lstrip("."), "a setting of the station, not a point"))


_USED: Final = (
    *("ChargeProfileMaxStackLevel", "ProfileStackLevel"),
    *("ChargingScheduleAllowedChargingRateUnit", "RateUnit"),
)


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Give the objects of a list, or one object by itself."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]
