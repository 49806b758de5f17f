"""Where a point lies in its device, in protocols that are not Modbus: two points of one place clash."""

from typing import Any

_PLACES: dict[str, tuple[str, ...]] = {
    "iec61850": ("flex:objectReference",),
    "iec60870-5-104": ("flex:commonAddress", "flex:informationObjectAddress"),
    "bacnet": ("flex:deviceInstance", "flex:objectType", "flex:objectInstance", "flex:propertyIdentifier"),
    "dlms-cosem": ("flex:obisCode", "flex:classID", "flex:attributeIndex"),
    "ocpp": (
        *("flex:evseID", "flex:connectorID", "flex:measurand", "flex:phase", "flex:readingContext"),
        *(
            "flex:location",
            "flex:component",
            "flex:variable",
            "flex:chargingProfilePurpose",
            "flex:stackLevel",
        ),
    ),
}


def place_of(protocol: str, affordance: dict[str, Any]) -> tuple[object, ...] | None:
    """Give what tells a point from the others of its device; None where the mapping states nothing of it.

    >>> place_of("bacnet", {"flex:objectType": "analogInput", "flex:objectInstance": 3})
    (None, 'analogInput', 3, None)
    """
    names = _PLACES.get(protocol, ())
    found = tuple(_plain(affordance.get(name)) for name in names)
    return found if any(part is not None for part in found) else None


def _plain(value: Any) -> object:
    return value if isinstance(value, str | int | float) else None if value is None else repr(value)
