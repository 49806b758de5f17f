"""Variables of the device model of OCPP 2.x as points: those with number and unit; others are settings."""

from collections.abc import Iterator
from typing import Any, Final

from kg.devices.importers import Imported, Left
from kg.devices.importers.limits import LimitTable, json_number
from kg.devices.importers.skeleton import addressed_point, member, unit_meaning

_NUMBERS: Final = ("decimal", "integer")


def variable_points(
    message: dict[str, Any], points: dict[str, Any], made: Imported, version: str, stated: LimitTable
) -> frozenset[tuple[str, str]]:
    """Map the variables of a NotifyReport that are quantities.

    Args:
        message: the report.
        points: properties, to which the points are added.
        made: takes what is left or noted.
        version: of OCPP.
        stated: limits that go before those of the report, by ``Component.variable``.

    Returns:
        Component and variable of each that was mapped.

    Source:
        OCPP 2.0.1, part 2, ReportDataType, VariableCharacteristicsType, VariableAttributeType.
    """
    found = set()
    for component, variable, kind, unit, attribute in _quantities(message):
        label = f"{component['name']}.{variable['name']}"
        said = unit_meaning(unit)
        if said is None:
            made.notes.append(Left(label, f"the unit {unit!r} is not in the table of units"))
            continue
        if component.get("instance") or variable.get("instance"):
            made.notes.append(Left(label, "one instance of several: they are not told apart, and not mapped"))
            continue
        evse = component.get("evse")
        number = evse.get("id") if isinstance(evse, dict) else None
        address = "/".join(
            str(one) for one in (number, component["name"], variable["name"]) if one is not None
        )
        if any(one["forms"][0]["href"] == address for one in points.values()):
            continue
        terms: dict[str, Any] = {"title": label, **said, "flex:ocppVersion": version}
        terms |= {"flex:component": component["name"], "flex:variable": variable["name"]}
        terms |= {"flex:evseID": number} if isinstance(number, int) else {}
        name = member(f"{label} {number}" if number is not None else label, points)
        limits, bound = _limits(attribute, kind), stated.of(label, name)
        if bound is not None and limits == {}:
            made.notes.append(Left(label, "cannot be written: its limits do not count"))
        elif bound is not None and bound.bounded:
            limits = bound.terms()
        elif limits is None:
            why = "can be written, but states no minLimit and maxLimit: read-only (LIMITS)"
            made.notes.append(Left(label, why))
        schema = "integer" if kind["dataType"] == "integer" else "number"
        points[name] = addressed_point(schema, address, writes=bool(limits), terms=terms | (limits or {}))
        found.add((component["name"], variable["name"]))
    return frozenset(found)


def _quantities(message: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, str, Any]]:
    """Give component, variable, characteristics, unit and actual attribute of what is a quantity."""
    report = message.get("reportData")
    for row in report if isinstance(report, list) else ():
        parts = [row.get(key) if isinstance(row, dict) else None for key in ("component", "variable")]
        if not all(isinstance(part, dict) and isinstance(part.get("name"), str) for part in parts):
            continue
        kind = row.get("variableCharacteristics")
        unit = kind.get("unit") if isinstance(kind, dict) else None
        attributes = row.get("variableAttribute")
        listed = attributes if isinstance(attributes, list) else [attributes]
        actual = next(
            (a for a in listed if isinstance(a, dict) and a.get("type", "Actual") == "Actual"), None
        )
        if isinstance(kind, dict) and kind.get("dataType") in _NUMBERS and isinstance(unit, str) and actual:
            yield parts[0], parts[1], kind, unit, actual


def _limits(attribute: dict[str, Any], kind: dict[str, Any]) -> dict[str, Any] | None:
    """Give what may be written: nothing for what is only read, None where the limits are missing."""
    if attribute.get("mutability", "ReadWrite") == "ReadOnly" or attribute.get("constant") is True:
        return {}
    low, high = kind.get("minLimit"), kind.get("maxLimit")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    made = {"flex:allowedMinimum": low, "flex:allowedMaximum": high}
    try:
        present = json_number(str(attribute.get("value", "")))
    except ValueError:
        return made
    return made | ({"flex:safeValue": present} if low <= present <= high else {})
