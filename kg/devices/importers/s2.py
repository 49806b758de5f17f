"""S2 messages -> Thing Descriptions: what a resource manager measures, and which instructions it takes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kg.devices.importers import Imported, Left, parsed_json
from kg.devices.importers.skeleton import addressed_point, checked_settings, meaning, member, thing_model
from kg.devices.meanings import table
from kg.errors import UnreadablePayload

_SETTINGS: Final = ("TITLE", "KIND", "SOURCE", "DIRECTION")
_CONTROLS: Final = {
    "PEBC": "POWER_ENVELOPE_BASED_CONTROL",
    "OMBC": "OPERATION_MODE_BASED_CONTROL",
    "FRBC": "FILL_RATE_BASED_CONTROL",
    "DDBC": "DEMAND_DRIVEN_BASED_CONTROL",
    "PPBC": "POWER_PROFILE_BASED_CONTROL",
}
_UNCONTROLLED: Final = ("NOT_CONTROLABLE", "NO_SELECTION")


def import_s2(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import what a resource manager says of itself.

    Args:
        data: JSON: a ``ResourceManagerDetails``, or a list of it and of descriptions:
            ``PEBC.PowerConstraints``, ``FRBC.SystemDescription``, ``OMBC.SystemDescription``,
            ``DDBC.SystemDescription``.
        name: name of the file.
        settings: ``TITLE``, ``KIND`` (class of the device; by the roles where it is left out), ``SOURCE``,
            ``DIRECTION`` (of power; net).

    Raises:
        kg.errors.UnreadablePayload: the file is no JSON, or no details are in it.
        kg.errors.UsageError: a setting is wrong.

    Source:
        EN 50491-12-2, S2 interface; JSON messages of S2.
    """
    checked_settings(settings, _SETTINGS)
    messages = _list(parsed_json(data, name))
    details = next((one for one in messages if one.get("message_type") == "ResourceManagerDetails"), None)
    if details is None:
        cure = "put the ResourceManagerDetails into the file, beside its descriptions"
        raise UnreadablePayload("no ResourceManagerDetails are in it", where=name, cure=cure)
    stem, controls = (
        name.rsplit(".", 1)[0],
        [c for c in _texts(details.get("available_control_types")) if c in _KNOWN],
    )
    thing = thing_model(
        settings.get("TITLE", str(details.get("name") or stem)),
        settings.get("KIND", _kind(details)),
        settings.get("SOURCE", f"S2 messages {name}"),
        f"s2://{details.get('resource_id') or '{{RESOURCE}}'}/",
        **{
            term: details.get(key)
            for term, key in (
                ("manufacturer", "manufacturer"),
                ("model", "model"),
                ("serialNumber", "serial_number"),
            )
        },
    )
    thing["flex:controlType"] = [f"vocab:s2ControlType/{one}" for one in controls]
    made = Imported(things={stem: thing})
    direction = settings.get("DIRECTION", "net")
    _measurements(details, controls, thing["properties"], made, direction)
    for message in messages:
        control = _CONTROLS.get(str(message.get("message_type", "")).partition(".")[0])
        if control is None:
            continue
        if control not in controls:
            why = f"the resource manager does not offer {control}"
            made.left.append(Left(str(message["message_type"]), why))
            continue
        for label, terms in _instructions(message, control, direction):
            point = addressed_point(
                "number", str(terms.pop("href")), writes=True, terms={"title": label, **terms}
            )
            thing["properties"][member(label, thing["properties"])] = point
    told = {_CONTROLS.get(str(one.get("message_type", "")).partition(".")[0]) for one in messages}
    for control in controls:
        if control not in told and control not in _UNCONTROLLED:
            made.left.append(Left(control, "no description of it is in the file, so no limits are known"))
    made.mapped = len(thing["properties"])
    return made


_KNOWN: Final = frozenset((*_CONTROLS.values(), *_UNCONTROLLED))


def _kind(details: dict[str, Any]) -> str:
    roles = {(str(one.get("role")), str(one.get("commodity"))) for one in _list(details.get("roles"))}
    if ("ENERGY_STORAGE", "ELECTRICITY") in roles:
        return "Battery"
    return (
        "HeatPump"
        if ("ENERGY_CONSUMER", "ELECTRICITY") in roles and ("ENERGY_PRODUCER", "HEAT") in roles
        else "Device"
    )


def _measurements(
    details: dict[str, Any], controls: list[str], points: dict[str, Any], made: Imported, direction: str
) -> None:
    """Map what the resource manager measures."""
    known = {one["commodity_quantity"]: one for one in table("s2-quantities")}
    for said in _texts(details.get("provides_power_measurement_types")):
        row = known.get(said)
        if row is None or not controls:
            why = "is no quantity of S2" if row is None else "no control type is stated"
            made.left.append(Left(str(said), why))
            continue
        terms = {"title": f"measured {said}", "flex:commodityQuantity": said}
        terms["flex:controlType"] = f"vocab:s2ControlType/{controls[0]}"
        terms |= _meaning(row, direction)
        points[member(f"measured {said}", points)] = addressed_point(
            "number", f"PowerMeasurement/{said}", terms=terms
        )


def _meaning(row: Mapping[str, str], direction: str) -> dict[str, Any]:
    power = row["quantity_kind"] == "ActivePower"
    return meaning(row["unit"], row["quantity_kind"], direction if power else "", "instantaneous")


def _instructions(
    message: dict[str, Any], control: str, direction: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what can be instructed, with its limits."""
    base = {"flex:controlType": f"vocab:s2ControlType/{control}"}
    if control == "POWER_ENVELOPE_BASED_CONTROL":
        yield from _envelopes(message, base, direction)
    elif control == "OPERATION_MODE_BASED_CONTROL":
        yield from _modes("", message, base)
    else:
        for actuator in _list(message.get("actuators")):
            yield from _modes(str(actuator.get("id", "")), actuator, base)


def _envelopes(
    message: dict[str, Any], base: dict[str, Any], direction: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    known = {one["commodity_quantity"]: one for one in table("s2-quantities")}
    for one in _list(message.get("allowed_limit_ranges")):
        said, limit, bounds = (
            str(one.get("commodity_quantity")),
            str(one.get("limit_type")),
            one.get("range_boundary"),
        )
        if said not in known or not isinstance(bounds, dict) or one.get("abnormal_condition_only"):
            continue
        low, high = bounds.get("start_of_range"), bounds.get("end_of_range")
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            continue
        safe = max(low, high) if limit == "UPPER_LIMIT" else min(low, high)  # the limit that binds least
        yield (
            f"{limit} {said}".lower(),
            {
                **base,
                **_meaning(known[said], direction),
                "flex:commodityQuantity": said,
                "flex:operationMode": limit,
                "flex:allowedMinimum": min(low, high),
                "flex:allowedMaximum": max(low, high),
                "flex:safeValue": safe,
                "href": f"PEBC.Instruction/{said}/{limit}",
            },
        )


def _modes(
    actuator: str, owner: dict[str, Any], base: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the operation modes, each with its factor from 0 to 1."""
    for mode in _list(owner.get("operation_modes") or owner.get("supported_operation_modes")):
        said = str(mode.get("id") or mode.get("Id") or "")
        label = str(mode.get("diagnostic_label") or said)
        yield (
            f"{label} factor",
            {
                **base,
                **({"flex:actuatorID": actuator} if actuator else {}),
                "flex:operationMode": said,
                "flex:allowedMinimum": 0,
                "flex:allowedMaximum": 1,
                "flex:safeValue": 0,
                "href": "/".join(filter(None, ("Instruction", actuator, said))),
            },
        )


def _texts(value: Any) -> list[str]:
    """Give the texts of a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _list(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]
