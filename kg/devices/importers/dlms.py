"""DLMS/COSEM object lists in CSV -> Thing Models: one row is one attribute of one object."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kg.devices.importers import Imported, Left
from kg.devices.importers.limits import LimitTable, limits_of
from kg.devices.importers.rows import read_rows
from kg.devices.importers.skeleton import (
    addressed_point,
    checked_settings,
    meaning,
    member,
    thing_model,
    unit_meaning,
)
from kg.devices.meanings import table

COLUMNS: Final = {
    "obis": ("obis", "obis code", "logical name", "logical_name", "ln"),
    "class": ("class", "class id", "class_id", "ic", "interface class"),
    "attribute": ("attribute", "attribute index", "attribute_id", "attr"),
    "name": ("name", "description", "object", "title"),
    "unit": ("unit", "units"),
    "scaler": ("scaler", "scale", "exponent"),
    "writable": ("access", "writable", "access rights"),
}
_WRITABLE: Final = ("rw", "w", "true", "yes", "write", "readwrite")
_OBIS: Final = re.compile(r"(\d{1,3})[-.](\d{1,3})[:.](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.&](\d{1,3}))?")


def import_dlms(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import an object list.

    Args:
        data: CSV with a head; the OBIS code is needed, class (3 where it is left out), attribute, unit and
            scaler help. Codes may be written ``1-0:1.8.0*255`` or ``1.0.1.8.0.255``.
        name: name of the file.
        settings: ``TITLE``, ``KIND`` (class of the device; Meter), ``SOURCE``, ``LIMITS`` (a CSV file with
            ``point,minimum,maximum`` and more, for attributes that may be written).

    Raises:
        kg.errors.UnreadablePayload: the file is no such list.
        kg.errors.UsageError: a setting is wrong.

    Source:
        IEC 62056-6-1 (OBIS), IEC 62056-6-2 (interface classes).
    """
    checked_settings(settings, ("TITLE", "KIND", "SOURCE", "LIMITS"))
    limits = limits_of(settings)
    stem = name.rsplit(".", 1)[0]
    model = thing_model(
        settings.get("TITLE", stem),
        settings.get("KIND", "Meter"),
        settings.get("SOURCE", f"object list {name}"),
        "dlms://{{HOST}}:{{PORT}}",
    )
    made = Imported(things={stem: model})
    for row in read_rows(data, name, COLUMNS, ("obis",)):
        _row(row, model["properties"], made, limits)
    made.mapped = len(model["properties"])
    made.unmet = limits.unmet
    return made


def _row(row: dict[str, str], points: dict[str, Any], made: Imported, limits: LimitTable) -> None:
    label = row.get("name") or row["obis"]
    found = _OBIS.fullmatch(row["obis"].strip())
    groups = [int(part) for part in found.groups(default="255")] if found else []
    if not groups or max(groups) > 255:
        made.left.append(Left(label, f"the code {row['obis']!r} is not of the form A-B:C.D.E*F"))
        return
    classes = {int(one["class_id"]): one for one in table("cosem-classes")}
    said = row.get("class") or "3"
    cosem = classes.get(int(said)) if said.isdigit() else None
    if cosem is None:
        made.left.append(Left(label, f"the interface class {said!r} is not in the table of classes"))
        return
    attribute = row.get("attribute") or cosem["value_attribute"]
    if not attribute.isdigit() or not 1 <= int(attribute) <= int(cosem["attributes"]):
        made.left.append(Left(label, f"class {said} has no attribute {attribute!r} that holds a value"))
        return
    code = f"{groups[0]}-{groups[1]}:{groups[2]}.{groups[3]}.{groups[4]}*{groups[5]}"
    terms: dict[str, Any] = {"title": label, **_meaning(groups, row, made, label)}
    terms |= {"flex:obisCode": code, "flex:classID": int(said), "flex:attributeIndex": int(attribute)}
    scaler = row.get("scaler", "")
    if re.fullmatch(r"-?\d{1,2}", scaler) and -10 <= int(scaler) <= 10:
        terms["flex:scaleFactor"] = int(scaler)
    elif scaler:
        why = f"the scaler {scaler!r} is no whole number of -10 to 10; without it the value cannot be told"
        made.left.append(Left(label, why))
        return
    address = f"{said}/{code}/{attribute}"
    if any(one["forms"][0]["href"] == address for one in points.values()):
        made.left.append(Left(label, "another row names the same attribute of the same object"))
        return
    name, access = member(label, points), row.get("writable", "").lower()
    limit = limits.of(label, name, code)
    writes = limit is not None and limit.bounded and (not access or access in _WRITABLE)
    if limit is not None and writes:
        terms |= limit.terms()
    elif access in _WRITABLE:
        made.notes.append(Left(label, "can be written, but nothing states its limits: read-only (LIMITS)"))
    elif limit is not None and access:
        made.notes.append(Left(label, "cannot be written, as the list says: its limits do not count"))
    elif limit is not None:
        made.notes.append(Left(label, "has neither a range nor a list of values in LIMITS: read-only"))
    points[name] = addressed_point("number", address, writes=writes, terms=terms)


def _meaning(groups: list[int], row: dict[str, str], made: Imported, label: str) -> dict[str, Any]:
    """Read what the code means: medium, quantity, processing; the list's own unit goes before."""
    for one in table("obis-quantities"):
        if (
            int(one["a"]) == groups[0]
            and str(groups[2]) in one["c"].split()
            and str(groups[3]) in one["d"].split()
        ):
            kind = one["quantity_kinds"].split()[0]
            direction = one["flow_direction"] if one["flow_direction"] != "none" or "Power" in kind else ""
            said = unit_meaning(row["unit"]) if row.get("unit") else None
            unit = said["unit"].partition(":")[2] if said else one["unit"]
            return meaning(unit, kind, direction, one["aggregation"])
    if row.get("unit"):
        told = unit_meaning(row["unit"])
        if told is not None:
            return told
        made.notes.append(Left(label, f"the unit {row['unit']!r} is not in the table of units"))
    made.notes.append(Left(label, "the table of OBIS quantities does not know the code"))
    return {}
