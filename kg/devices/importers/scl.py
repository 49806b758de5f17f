"""IEC 61850 SCL files -> Thing Models: one for each IED, a point for each attribute with a meaning."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kg.devices.importers import MAX_BYTES, Imported, Left
from kg.devices.importers.limits import LimitTable, limits_of
from kg.devices.importers.scl_templates import SCL, Attribute, Templates
from kg.devices.importers.skeleton import addressed_point, checked_settings, meaning, member, thing_model
from kg.devices.meanings import table
from kg.devices.protocols import logical_nodes
from kg.errors import UnreadablePayload
from kg.xml import tree

_SETTINGS: Final = ("KIND", "SOURCE", "IED", "LIMITS")
#: Class of a logical node -> class of the device that it tells.
_KINDS: Final = {
    **{"DBAT": "Battery", "DSTO": "Battery", "DBTC": "Battery"},
    **{"DPVA": "PhotovoltaicUnit", "DPVM": "PhotovoltaicUnit", "DPVC": "PhotovoltaicUnit"},
    **{
        "DCHC": "CombinedHeatAndPower",
        "DCIP": "CombinedHeatAndPower",
        "WTUR": "WindTurbine",
        "MMTR": "Meter",
    },
}
_DIGITS: Final = re.compile(r"\d+$")


def import_scl(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import the IEDs of a file: ICD, IID, CID or SCD.

    Args:
        data: XML.
        name: name of the file.
        settings: ``IED`` (name of the one that is wanted), ``KIND`` (class of the device), ``SOURCE``,
            ``LIMITS`` (a CSV file with ``point,minimum,maximum`` and more; opens controls for writing).

    Returns:
        A Thing Description for each IED that has a point; data objects without a meaning are left by class.

    Raises:
        kg.errors.UnreadablePayload: the file is no SCL.
        kg.errors.UsageError: a setting is wrong.

    Source:
        IEC 61850-6, IEC 61850-7-2, IEC 61850-7-3 (common data classes).
    """
    checked_settings(settings, _SETTINGS)
    limits = limits_of(settings)
    root = tree(data, max_bytes=MAX_BYTES)
    if root.tag != f"{SCL}SCL":
        cure = "give an ICD, IID, CID or SCD file"
        raise UnreadablePayload(f"its root is {root.tag}, not SCL of IEC 61850", where=name, cure=cure)
    templates, made = Templates(root), Imported()
    addresses = dict(_addresses(root))
    for ied in root.iterchildren(f"{SCL}IED"):
        title = ied.get("name", "")
        if settings.get("IED", title) != title:
            continue
        thing = _thing(ied, addresses.get(title, ""), settings, name)
        for device, node in _nodes(ied):
            _node(title, device, node, templates, thing["properties"], made, limits)
        if thing["properties"]:
            made.things[title or name.rsplit(".", 1)[0]] = thing
            made.mapped += len(thing["properties"])
        else:
            made.left.append(Left(title or "IED", "no attribute of it has a meaning, or it has no server"))
    if root.find(f"{SCL}IED") is None:
        made.left.append(Left(name, "the file has no IED"))
    made.unmet = limits.unmet
    return made


def _addresses(root: Any) -> Iterator[tuple[str, str]]:
    """Give the address of each IED's first access point."""
    for access in root.iter(f"{SCL}ConnectedAP"):
        parts = {one.get("type"): (one.text or "").strip() for one in access.iter(f"{SCL}P")}
        host = parts.get("IP", "")
        if re.fullmatch(r"[0-9A-Fa-f.:]{2,45}", host):
            yield access.get("iedName", ""), f"mms://{host}:102"


def _thing(ied: Any, address: str, settings: Mapping[str, str], name: str) -> dict[str, Any]:
    classes = [node.get("lnClass", "") for node in ied.iter(f"{SCL}LN")]
    kind = next((_KINDS[one] for one in classes if one in _KINDS), "Device")
    thing = thing_model(
        ied.get("name") or name,
        settings.get("KIND", kind),
        settings.get("SOURCE", f"IEC 61850 SCL file {name}"),
        address or "mms://{{HOST}}:102",
        manufacturer=ied.get("manufacturer", ""),
        model=ied.get("type", ""),
    )
    thing["flex:protocol"] = "vocab:protocol/iec61850"
    return thing


def _nodes(ied: Any) -> Iterator[tuple[str, Any]]:
    """Give the logical nodes with the logical device that each lies in."""
    for device in ied.iter(f"{SCL}LDevice"):
        for node in device.iterchildren(f"{SCL}LN0", f"{SCL}LN"):
            yield device.get("inst", ""), node


def _node(
    ied: str,
    device: str,
    node: Any,
    templates: Templates,
    points: dict[str, Any],
    made: Imported,
    limits: LimitTable,
) -> None:
    cls = node.get("lnClass", "")
    label = f"{ied}{device}/{node.get('prefix', '')}{cls}{node.get('inst', '')}"
    if cls != "LLN0" and cls not in logical_nodes():
        made.left.append(Left(label, f"the class {cls!r} of the logical node is not in the table"))
        return
    objects = templates.data_objects(node.get("lnType", ""))
    if objects is None:
        made.left.append(Left(label, f"the file has no type {node.get('lnType')!r} of logical nodes"))
        return
    for name, type_ in objects:
        found = list(templates.attributes(name, type_))
        if not found:
            cdc = templates.class_of(type_)
            why = f"data objects of class {cdc} are not mapped" if cdc else "the file has no such type"
            made.left.append(Left(f"{label}.{name}", why))
        for attribute in _preferred(found):
            _point(label, attribute, points, made, limits)


def _preferred(found: list[Attribute]) -> Iterator[Attribute]:
    """Where a value is there as floating point and as integer, give the first only."""
    seen = set()
    for one in found:
        key = one.path.rpartition(".")[0] if one.path.endswith((".f", ".i")) else one.path
        if key not in seen:
            seen.add(key)
            yield one


def _point(
    label: str, attribute: Attribute, points: dict[str, Any], made: Imported, limits: LimitTable
) -> None:
    reference = f"{label}.{attribute.path}"
    terms: dict[str, Any] = {"title": reference}
    row = _meaning(attribute)
    if row is not None and attribute.json_type == "number":
        terms |= meaning(row["unit"], row["quantity_kind"], row["flow_direction"], row["aggregation"])
    elif attribute.json_type == "number":
        made.notes.append(Left(reference, "the table of data objects gives it no quantity"))
    terms["flex:objectReference"] = reference
    terms["flex:functionalConstraint"] = f"vocab:functionalConstraint/{attribute.constraint}"
    name = member(reference.partition("/")[2], points)
    limit = limits.of(reference, name)
    if limit is not None and not attribute.control:
        made.notes.append(Left(reference, "it is no control: its limits do not count"))
    writes = attribute.control and limit is not None and limit.bounded
    if writes and limit is not None:
        terms |= limit.terms()
    elif attribute.constraint == "CO":
        made.left.append(Left(reference, "a control without stated limits (LIMITS)"))
        return
    points[name] = addressed_point(attribute.json_type, reference, writes=writes, terms=terms)


def _meaning(attribute: Attribute) -> dict[str, str] | None:
    """Find what a data object tells; instance numbers behind its name do not count."""
    name = attribute.path.partition(".")[0]
    rows = {row["data_object"]: row for row in table("data-objects")}
    return rows.get(name) or rows.get(_DIGITS.sub("", name))
