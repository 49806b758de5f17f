"""BACnet object lists in CSV -> Thing Models: one row is one property of one object."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kg.devices.importers import Imported, Left
from kg.devices.importers.limits import LimitTable, json_number, limits_of
from kg.devices.importers.rows import read_rows
from kg.devices.importers.skeleton import addressed_point, checked_settings, meaning, member, thing_model
from kg.devices.meanings import table
from kg.errors import UsageError

COLUMNS: Final = {
    "name": ("volttron point name", "name", "object name", "object-name", "point name"),
    "type": ("bacnet object type", "object type", "object-type", "type"),
    "instance": ("index", "instance", "object instance", "instance number"),
    "property": ("property",),
    "writable": ("writable", "access"),
    "unit": ("units", "unit"),
    "range": ("unit details", "range"),
    "minimum": ("minimum", "min", "min-pres-value"),
    "maximum": ("maximum", "max", "max-pres-value"),
    "safe": ("safe", "safe value", "relinquish-default"),
    "priority": ("write priority", "priority"),
    "title": ("notes", "description"),
    "device": ("device", "device instance", "device id"),
}
_SETTINGS: Final = ("TITLE", "KIND", "SOURCE", "DEVICE", "PRIORITY", "DIRECTION", "LIMITS")
_RANGE: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)\b")
_BINARY: Final = ("binaryInput", "binaryOutput", "binaryValue")
_WHOLE: Final = (
    "multiStateInput",
    "multiStateOutput",
    "multiStateValue",
    "integerValue",
    "positiveIntegerValue",
)
_LARGEST: Final = 4_194_302


def import_bacnet(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import an object list.

    Args:
        data: CSV with a head; object type and instance are needed, the other columns of `COLUMNS` help.
        name: name of the file.
        settings: ``TITLE``, ``KIND`` (class of the device), ``SOURCE``, ``DEVICE`` (instance of the device),
            ``PRIORITY`` (1 to 16, at which is written; 16), ``DIRECTION`` (of active power: ``import``, ...),
            ``LIMITS`` (a CSV file with ``point,minimum,maximum`` and more; it goes before the list's ranges).

    Raises:
        kg.errors.UnreadablePayload: the file is no such list.
        kg.errors.UsageError: a setting is wrong.

    Source:
        ANSI/ASHRAE 135, BACnet, clause 12 (object types).
    """
    checked_settings(settings, _SETTINGS)
    device, priority = settings.get("DEVICE", ""), settings.get("PRIORITY", "16")
    if not re.fullmatch(r"1[0-6]|[1-9]", priority):
        raise UsageError(f"PRIORITY={priority} is none of 1 to 16", cure="correct the setting")
    if device and (not device.isdigit() or int(device) > _LARGEST):
        raise UsageError(f"DEVICE={device} is none of 0 to {_LARGEST}", cure="correct the setting")
    stem = name.rsplit(".", 1)[0]
    model = thing_model(
        settings.get("TITLE", stem),
        settings.get("KIND", "Device"),
        settings.get("SOURCE", f"object list {name}"),
        f"bacnet://{device or '{{DEVICE}}'}/",
    )
    made = Imported(things={stem: model})
    limits = limits_of(settings)
    for row in read_rows(data, name, COLUMNS, ("type", "instance")):
        _row(row, model["properties"], made, {**settings, "PRIORITY": priority, "DEVICE": device}, limits)
    made.mapped = len(model["properties"])
    made.unmet = limits.unmet
    return made


def _row(
    row: dict[str, str],
    points: dict[str, Any],
    made: Imported,
    settings: Mapping[str, str],
    limits: LimitTable,
) -> None:
    known = {one["object_type"].lower(): one for one in table("bacnet-objects")}
    label = row.get("name") or f"{row['type']} {row['instance']}"
    found = known.get(re.sub(r"[^a-z]", "", row["type"].lower()))
    if found is None:
        made.left.append(Left(label, f"the object type {row['type']!r} is not known"))
        return
    if not row["instance"].isdigit() or int(row["instance"]) > _LARGEST:
        made.left.append(Left(label, f"the instance {row['instance']!r} is none of 0 to {_LARGEST}"))
        return
    kind, instance = found["object_type"], int(row["instance"])
    prop = row.get("property") or "presentValue"
    terms: dict[str, Any] = {"title": row.get("title") or label, **_unit(row, made, label, settings)}
    terms |= {"flex:objectType": kind, "flex:objectInstance": instance, "flex:propertyIdentifier": prop}
    device = row.get("device", "") or settings["DEVICE"]
    if device.isdigit():
        terms["flex:deviceInstance"] = int(device)
    name, access = member(label, points), row.get("writable", "").lower()
    limit = limits.of(label, name)
    asked = access in ("true", "yes", "rw", "w", "1", "write") or (limit is not None and not access)
    bounds = {}
    if asked:
        bounds = limit.terms() if limit is not None and limit.bounded else _bounds(row)
    writes = (
        asked and found["commandable"] == "yes" and prop == "presentValue" and bool(bounds or kind in _BINARY)
    )
    if limit is not None and not asked:
        made.notes.append(Left(label, "cannot be written, as the list says: its limits do not count"))
    if writes:
        priority = row.get("priority", "")
        terms |= bounds | {
            "flex:writePriority": int(priority if priority.isdigit() else settings["PRIORITY"])
        }
    elif asked:
        why = (
            "is not commanded by priority"
            if found["commandable"] != "yes"
            else "has no minimum and maximum (LIMITS)"
        )
        made.notes.append(Left(label, f"can be written, but {why}: read-only"))
    schema = "boolean" if kind in _BINARY else "integer" if kind in _WHOLE else "number"
    address = f"{found['number']},{instance}/{prop}"
    if any(one["forms"][0]["href"] == address for one in points.values()):
        made.left.append(Left(label, "another row names the same property of the same object"))
        return
    points[name] = addressed_point(schema, address, writes=writes, terms=terms)


def _bounds(row: dict[str, str]) -> dict[str, Any]:
    """Read what may be written: columns of its own, else a range such as ``0 to 100``."""
    span = _RANGE.match(row.get("range", ""))
    low, high = (
        row.get("minimum") or (span[1] if span else ""),
        row.get("maximum") or (span[2] if span else ""),
    )
    try:
        made = {"flex:allowedMinimum": json_number(low), "flex:allowedMaximum": json_number(high)}
        if row.get("safe"):
            made["flex:safeValue"] = json_number(row["safe"])
    except ValueError:
        return {}
    return made


def _unit(row: dict[str, str], made: Imported, label: str, settings: Mapping[str, str]) -> dict[str, Any]:
    said = row.get("unit", "")
    camel = re.sub(r"[-_ ](\w)", lambda match: match[1].upper(), said)
    for one in table("bacnet-units"):
        if one["bacnet_unit"].lower() == camel.lower():
            power = one["quantity_kind"] == "ActivePower"
            return meaning(
                one["unit"], one["quantity_kind"], settings.get("DIRECTION", "none") if power else ""
            )
    if said and said.lower() not in ("none", "state", "enum", "-"):
        made.notes.append(Left(label, f"the unit {said!r} is not in the table of BACnet's units"))
    return {}
