"""Register tables in CSV -> Thing Models: one row is one point; columns by their usual names."""

import csv
import re
from collections.abc import Mapping
from typing import Any, Final

from kg.devices.forms import WIDTHS
from kg.devices.importers import Imported, Left
from kg.devices.importers.limits import json_number
from kg.devices.importers.skeleton import meaning, modbus_point, thing_model
from kg.devices.meanings import symbols, units
from kg.errors import UnreadablePayload, UsageError
from kg.namespaces import UNIT

#: What a column is called in tables -> what it holds.
COLUMNS: Final = {
    "name": ("name", "register name", "volttron point name", "point name", "point"),
    "address": ("address", "register", "offset", "point address"),
    "type": ("type", "data type", "datatype", "modbus register"),
    "unit": ("unit", "units"),
    "writable": ("writable", "access", "rw"),
    "scale": ("scale", "multiplier", "transform", "gain"),
    "table": ("table", "kind", "register type"),
    "order": ("order", "byte order", "word order", "mixed endian"),
    "minimum": ("minimum", "min", "allowed minimum"),
    "maximum": ("maximum", "max", "allowed maximum"),
    "step": ("step",),
    "safe": ("safe", "safe value"),
    "quantity": ("quantity kind", "quantity", "quantity_kind"),
    "direction": ("direction", "flow direction"),
    "command": ("command",),
    "title": ("title", "description", "notes"),
    "length": ("length", "count", "registers"),
}
_TYPES: Final = {
    **{name: name for name in WIDTHS},
    **{
        "bool": "bool",
        "boolean": "bool",
        "bit": "bool",
        "float": "float32",
        "double": "float64",
        "real": "float32",
    },
    **{
        "short": "int16",
        "ushort": "uint16",
        "int": "int16",
        "uint": "uint16",
        "word": "uint16",
        "dword": "uint32",
    },
    **{"u16": "uint16", "s16": "int16", "i16": "int16", "u32": "uint32", "s32": "int32", "i32": "int32"},
    **{"u64": "uint64", "s64": "int64", "i64": "int64", "f32": "float32", "f64": "float64"},
    **{
        ">h": "int16",
        ">H": "uint16",
        ">i": "int32",
        ">I": "uint32",
        ">l": "int32",
        ">L": "uint32",
        ">f": "float32",
    },
}
_TABLES: Final = (
    ("coil", "Coil"),
    ("discrete_output", "Coil"),
    ("discrete_input", "DiscreteInput"),
    ("discrete input", "DiscreteInput"),
    ("analog_input", "InputRegister"),
    ("input", "InputRegister"),
)
_ORDERS: Final = ("BIG_ENDIAN", "LITTLE_ENDIAN", "BIG_ENDIAN_BYTE_SWAP", "LITTLE_ENDIAN_BYTE_SWAP")
_SETTINGS: Final = frozenset(("TITLE", "KIND", "SOURCE", "ORDER", "MANUFACTURER", "MODEL", "SHIFT"))
_MAX_ROWS: Final = 20_000


def import_registers(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import a register table.

    Args:
        data: CSV with a head; ``name``, ``address`` and ``type`` are needed, the other columns of `COLUMNS`
            help.
        name: name of the file.
        settings: ``TITLE``, ``KIND`` (class of the device), ``SOURCE``, ``ORDER`` (``byteSeq`` of values of
            several registers where the table does not say), ``MANUFACTURER``, ``MODEL``, ``SHIFT`` (added to
            addresses, -1 for tables that count from 1).

    Returns:
        One Thing Model; rows that cannot be used are left, with the reason.

    Raises:
        kg.errors.UnreadablePayload: the file is no such table.
        kg.errors.UsageError: a setting is wrong.
    """
    unknown = sorted(set(settings) - _SETTINGS)
    if unknown:
        raise UsageError(f"there is no setting {unknown[0]}", cure=f"use {', '.join(sorted(_SETTINGS))}")
    if settings.get("ORDER", "BIG_ENDIAN") not in _ORDERS:
        raise UsageError(
            f"ORDER={settings['ORDER']} is no order of bytes", cure=f"use one of {', '.join(_ORDERS)}"
        )
    shift = settings.get("SHIFT", "0")
    if not re.fullmatch(r"-?[0-9]{1,5}", shift):
        raise UsageError(f"SHIFT={shift} is no whole number", cure="correct the setting")
    rows = read_rows(data, name, COLUMNS, ("name", "address", "type"))
    stem = name.rsplit(".", 1)[0]
    model = thing_model(
        settings.get("TITLE", stem),
        settings.get("KIND", "Device"),
        settings.get("SOURCE", f"register table {name}"),
        "modbus+tcp://{{HOST}}:{{PORT}}",
        manufacturer=settings.get("MANUFACTURER", ""),
        model=settings.get("MODEL", ""),
    )
    made = Imported(things={stem: model})
    for row in rows:
        _row(row, model["properties"], made, settings.get("ORDER", ""), int(shift))
    made.mapped = len(model["properties"])
    return made


def read_rows(
    data: bytes, name: str, columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> list[dict[str, str]]:
    """Read a table whose columns may be called in several ways.

    Args:
        data: CSV with a head, UTF-8 or Latin-1; comma, semicolon or tab.
        name: name of the file.
        columns: what a column holds -> what it may be called, in small letters.
        needed: what has to be there.

    Raises:
        kg.errors.UnreadablePayload: a needed column is missing, or there is no row, or too many.
    """
    if b"\0" in data:
        raise UnreadablePayload("the file is no CSV: it holds zero bytes", where=name, cure="save it as CSV")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or len(lines) > _MAX_ROWS:
        raise UnreadablePayload(
            f"the table has {max(len(lines) - 1, 0)} rows",
            where=name,
            cure=f"give 1 to {_MAX_ROWS} below a head",
        )
    mark = max(",;\t", key=lines[0].count)
    try:
        cells = list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise UnreadablePayload(f"the file is no CSV: {error}", where=name, cure="save it as CSV") from error
    head = [cell.strip().lower() for cell in cells[0]]
    place = {}
    for key, called in columns.items():
        hit = next((head.index(one) for one in called if one in head), None)
        if hit is not None:
            place[key] = hit
    for key in needed:
        if key not in place:
            raise UnreadablePayload(
                f"the table has no column {columns[key][0]!r}",
                where=f"{name}:1",
                cure=f"call it {' or '.join(columns[key][:3])}",
            )
    return [{k: row[i].strip() if i < len(row) else "" for k, i in place.items()} for row in cells[1:]]


def _row(row: dict[str, str], properties: dict[str, Any], made: Imported, order: str, shift: int) -> None:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", row["name"]).strip("_") or "point"

    def leave(why: str) -> None:
        made.left.append(Left(row["name"] or name, why))

    if name in properties:
        leave("another row has the same name")
        return
    data_type = _TYPES.get(row["type"]) or _TYPES.get(row["type"].lower())
    if data_type is None or data_type in ("bytes",):
        leave(f"the type {row['type']!r} is not known")
        return
    if not re.fullmatch(r"[0-9]{1,6}", row["address"]):
        leave(f"the address {row['address']!r} is no whole number")
        return
    address = int(row["address"]) + shift
    quantity = WIDTHS[data_type] or (int(row["length"]) if row.get("length", "").isdigit() else 0)
    if not quantity:
        leave("a text needs a column length with its registers")
        return
    if not 0 <= address <= 65536 - quantity:
        leave(f"the address {address} is outside 0 to 65535; SHIFT moves all of them")
        return
    entity = "Coil" if data_type == "bool" else "HoldingRegister"
    said = row.get("table", "").lower()
    entity = next((found for word, found in _TABLES if word in said), entity)
    terms = _terms(row, made, name)
    if terms is None:
        return
    asked = row.get("writable", "").lower() in ("true", "yes", "rw", "w", "1", "readwrite", "write")
    bits = entity in ("Coil", "DiscreteInput")
    writes = asked and (bits or {"flex:allowedMinimum", "flex:allowedMaximum"} <= set(terms))
    if entity in ("InputRegister", "DiscreteInput"):
        writes = False
    if asked and not writes:
        made.notes.append(Left(row["name"], "can be written, but has no minimum and maximum: read-only"))
    byte_order = _order(row.get("order", ""), order)
    if quantity > 1 and not byte_order and data_type != "string":
        made.notes.append(
            Left(row["name"], "the order of words is not stated; high word first is assumed (ORDER)")
        )
    properties[name] = modbus_point(
        "bool" if bits else data_type,
        address,
        1 if bits else quantity,
        unit="{{UNIT}}",
        entity=entity,
        order=byte_order or "BIG_ENDIAN",
        writes=writes,
        terms=terms,
    )


def _order(said: str, default: str) -> str:
    if said.upper() in _ORDERS:
        return said.upper()
    if said.lower() in ("true", "mixed", "low word first", "little word"):
        return "LITTLE_ENDIAN_BYTE_SWAP"
    return default


def _terms(row: dict[str, str], made: Imported, name: str) -> dict[str, Any] | None:
    """Read unit, scale and limits; None where a number is none."""
    terms: dict[str, Any] = {"title": row.get("title") or row["name"]}
    symbol = row.get("unit", "")
    unit = symbols().get(symbol) or (UNIT + symbol if UNIT + symbol in units() else "")
    if unit:
        kinds = units()[unit].quantity_kinds
        kind = row.get("quantity") or next((k for k in _FIRST if k in kinds), min(kinds))
        terms |= meaning(unit.removeprefix(UNIT), kind, row.get("direction", ""))
    elif symbol and symbol.lower() not in ("none", "-"):
        made.notes.append(Left(row["name"], f"the unit {symbol!r} is not in the table of units"))
    try:
        for column, term in _NUMBERS.items():
            if row.get(column):
                terms[term] = json_number(row[column])
        scale = row.get("scale", "")
        found = re.fullmatch(r"(scale|scale_int|scale_reg|scale_reg_pow_10)?\(?([^()]*)\)?", scale)
        if found and found[2] and found[1] in (None, "scale", "scale_int"):
            terms["flex:scale"] = json_number(found[2])
        elif found and found[2] and found[1] == "scale_reg_pow_10":
            terms["flex:scaleFactorPoint"] = re.sub(r"[^A-Za-z0-9_]+", "_", found[2]).strip("_")
        elif scale:
            made.notes.append(Left(row["name"], f"the scale {scale!r} is not understood: raw numbers"))
    except ValueError as error:
        made.left.append(Left(row["name"], str(error)))
        return None
    if row.get("command"):
        terms["flex:commandName"] = row["command"]
    return terms


_FIRST: Final = (
    "ActivePower",
    "ActiveEnergy",
    "Voltage",
    "CelsiusTemperature",
    "ElectricCurrent",
    "DimensionlessRatio",
)
_NUMBERS: Final = {
    "minimum": "flex:allowedMinimum",
    "maximum": "flex:allowedMaximum",
    "step": "flex:step",
    "safe": "flex:safeValue",
}
