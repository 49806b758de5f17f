"""EEBUS SPINE detailed discovery -> Thing Models: functions of features, under the use cases supported."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kg.devices.importers import Imported, Left, parsed_json
from kg.devices.importers.limits import LimitTable, json_number, limits_of
from kg.devices.importers.skeleton import addressed_point, checked_settings, meaning, member, thing_model
from kg.devices.meanings import table
from kg.errors import UnreadablePayload, UsageError

_SETTINGS: Final = ("TITLE", "KIND", "SOURCE", "USECASES", "MINIMUM", "MAXIMUM", "SAFE", "LIMITS")
_KINDS: Final = {
    "ChargingStation": "ElectricVehicleCharger",
    "Inverter": "PhotovoltaicUnit",
    "HeatPump": "HeatPump",
}
_DISCOVERY: Final = "nodeManagementDetailedDiscoveryData"
_USE_CASES: Final = "nodeManagementUseCaseData"


def import_spine(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import a detailed discovery, with the use cases where they are beside it.

    Args:
        data: JSON: a datagram with the discovery, or a list of it and of one with the use cases.
        name: name of the file.
        settings: ``USECASES`` (names with commas, where no datagram tells them), ``MINIMUM``, ``MAXIMUM`` and
            ``SAFE`` (of limits that can be written, in amperes), ``LIMITS`` (a CSV file with
            ``point,minimum,maximum`` and more, which goes before these; a point is named by its function, or
            by its feature and function, as ``1.1/4 loadControlLimitListData``), ``TITLE``, ``KIND``,
            ``SOURCE``.

    Raises:
        kg.errors.UnreadablePayload: the file is no JSON, or no discovery is in it.
        kg.errors.UsageError: a setting is wrong.

    Source:
        EEBUS SPINE technical specification, resource specification, NodeManagement.
    """
    checked_settings(settings, _SETTINGS)
    commands = list(_commands(_plain(parsed_json(data, name))))
    found = [one[_DISCOVERY] for one in commands if isinstance(one.get(_DISCOVERY), dict)]
    if not any("featureInformation" in one for one in found):
        cure = f"give a reply or notification with {_DISCOVERY}"
        raise UnreadablePayload("no detailed discovery is in it", where=name, cure=cure)
    stem = name.rsplit(".", 1)[0]
    device = _device(found)
    thing = thing_model(
        settings.get("TITLE", device.get("address", stem)),
        settings.get("KIND", _KINDS.get(device.get("type", ""), "Device")),
        settings.get("SOURCE", f"SPINE detailed discovery {name}"),
        f"spine://{device.get('address') or '{{DEVICE}}'}/",
    )
    supported = _use_cases(commands, settings)
    thing["flex:useCase"] = [f"vocab:eebusUseCase/{one}" for one in supported]
    if not supported:
        del thing["flex:useCase"]
    made = Imported(things={stem: thing})
    limits = limits_of(settings)
    for discovery in found:
        for feature in _list(discovery.get("featureInformation")):
            _feature(feature, thing["properties"], made, supported, settings, limits)
    made.mapped = len(thing["properties"])
    made.unmet = limits.unmet
    if not made.mapped:
        made.things.clear()
    return made


def discovery_of(value: Any) -> dict[str, Any] | None:
    """Read what datagrams tell of a device before anything is imported.

    Args:
        value: a datagram with the detailed discovery or with the use cases, or a list of them; plain JSON or
            as it goes over SHIP.

    Returns:
        ``device`` (its address) and ``record`` (a discovery record); None where it is nothing of SPINE.
    """
    plain = _plain(value)
    commands = list(_commands(plain))
    if not commands:
        return None
    found = [one[_DISCOVERY] for one in commands if isinstance(one.get(_DISCOVERY), dict)]
    device = _device(found)
    kinds = [device.get("type", "")]
    for one in found:
        for entity in _list(one.get("entityInformation")):
            said = entity.get("description")
            kinds.append(str(said.get("entityType", "")) if isinstance(said, dict) else "")
    record = {
        "protocol": "eebus spine",
        "kind": " ".join(dict.fromkeys(filter(None, kinds))),
        "useCases": _told(commands),
    }
    return {"device": device.get("address") or _sender(plain), "record": record}


def _sender(value: Any) -> str:
    """Give the device that the header of a datagram names as its source."""
    for one in value if isinstance(value, list) else [value]:
        node = one
        for step in ("datagram", "header", "addressSource"):
            node = node.get(step) if isinstance(node, dict) else None
        if isinstance(node, dict) and isinstance(node.get("device"), str):
            return str(node["device"])
    return ""


def _plain(value: Any) -> Any:
    """Write the JSON of SHIP plainly: there an object is a list of objects with one member each."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    single = [next(iter(one)) for one in value if isinstance(one, dict) and len(one) == 1]
    if value and len(single) == len(value) == len(set(single)) and "datagram" not in single:
        return {key: _plain(one) for part in value for key, one in part.items()}
    return [_plain(one) for one in value]


def _commands(value: Any) -> Iterator[dict[str, Any]]:
    """Give the commands of datagrams, whatever they are wrapped in."""
    if isinstance(value, list):
        for one in value:
            yield from _commands(one)
    elif isinstance(value, dict):
        if _DISCOVERY in value or _USE_CASES in value:
            yield value
        else:
            for key in ("datagram", "payload", "cmd"):
                yield from _commands(value.get(key))


def _device(found: list[dict[str, Any]]) -> dict[str, str]:
    for one in found:
        said = one.get("deviceInformation")
        said = said.get("description") if isinstance(said, dict) else None
        if isinstance(said, dict):
            address = said.get("deviceAddress")
            device = address.get("device") if isinstance(address, dict) else ""
            return {"address": str(device or ""), "type": str(said.get("deviceType", ""))}
    return {}


def _use_cases(commands: list[dict[str, Any]], settings: Mapping[str, str]) -> list[str]:
    """List the use cases that are supported and known, in order."""
    told = [one.strip() for one in settings.get("USECASES", "").split(",") if one.strip()]
    told += _told(commands)
    known = {case for row in table("spine-functions") for case in row["use_cases"].split()}
    known |= {"optimizationOfSelfConsumptionDuringEvCharging", "coordinatedEvCharging", "evChargingSummary"}
    wrong = sorted(set(told) - known) if "USECASES" in settings else []
    if wrong:
        raise UsageError(
            f"USECASES names {wrong[0]}, which is not known", cure=f"use {', '.join(sorted(known))}"
        )
    return [one for one in dict.fromkeys(told) if one in known]


def _told(commands: list[dict[str, Any]]) -> list[str]:
    """List the use cases that commands tell of, each once."""
    found: dict[str, None] = {}
    for command in commands:
        said = command.get(_USE_CASES)
        for one in _list(said.get("useCaseInformation") if isinstance(said, dict) else None):
            found |= dict.fromkeys(
                str(use.get("useCaseName", "")) for use in _list(one.get("useCaseSupport"))
            )
    return list(found)


def _feature(
    feature: dict[str, Any],
    points: dict[str, Any],
    made: Imported,
    supported: list[str],
    settings: Mapping[str, str],
    limits: LimitTable,
) -> None:
    description = feature.get("description")
    description = description if isinstance(description, dict) else {}
    address = description.get("featureAddress")
    address = address if isinstance(address, dict) else {}
    steps = address.get("entity")
    entity = ".".join(str(part) for part in steps if isinstance(part, int)) if isinstance(steps, list) else ""
    place = f"{entity}/{address.get('feature', '')}"
    rows = {one["function"]: one for one in table("spine-functions")}
    for one in _list(description.get("supportedFunction")):
        name = str(one.get("function", ""))
        label = f"{place} {name}"
        row = rows.get(name)
        if row is None:
            made.left.append(Left(label, "the table of functions gives it no meaning for flexibility"))
            continue
        case = next((use for use in row["use_cases"].split() if use in supported), "")
        if not case:
            made.left.append(
                Left(label, f"none of its use cases is supported: {', '.join(row['use_cases'].split())}")
            )
            continue
        operations = one.get("possibleOperations")
        operations = operations if isinstance(operations, dict) else {}
        limit, asked = limits.of(label, name), row["writable"] == "yes" and "write" in operations
        bounds = limit.terms() if limit and limit.bounded else _limits(settings)
        writes = asked and bool(bounds)
        if asked and not writes:
            why = "can be written, but no limit is stated (MAXIMUM or LIMITS): read-only"
            made.notes.append(Left(label, why))
        elif limit is not None and not asked:
            made.notes.append(Left(label, "cannot be written: its limits do not count"))
        terms: dict[str, Any] = {"title": row["title"], **meaning(row["unit"], row["quantity_kind"])}
        terms |= {"flex:useCase": f"vocab:eebusUseCase/{case}", "flex:spineFunction": name}
        terms["flex:entityAddress"] = entity
        terms |= bounds if writes else {}
        kind = "number" if row["unit"] else "object"
        points[member(name, points)] = addressed_point(kind, f"{place}/{name}", writes=writes, terms=terms)


def _limits(settings: Mapping[str, str]) -> dict[str, Any]:
    """Read the limits that settings state, the same for all that can be written; empty without MAXIMUM."""
    if "MAXIMUM" not in settings:
        return {}
    try:
        return {
            "flex:allowedMinimum": json_number(settings.get("MINIMUM", "0")),
            "flex:allowedMaximum": json_number(settings["MAXIMUM"]),
            "flex:safeValue": json_number(settings.get("SAFE", settings.get("MINIMUM", "0"))),
        }
    except ValueError as error:
        raise UsageError(f"a limit is no number: {error}", cure="write finite numbers") from error


def _list(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]
