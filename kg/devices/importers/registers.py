"""Register tables in CSV -> Thing Models: one row is one point; columns by their usual names."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kg.devices.forms import WIDTHS
from kg.devices.importers import Imported, Left
from kg.devices.importers.limits import LimitTable, json_number, limits_of, listed
from kg.devices.importers.rows import read_rows
from kg.devices.importers.skeleton import meaning, modbus_point, thing_model
from kg.devices.meanings import symbols, units
from kg.errors import UsageError
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
    "values": ("values", "options", "enum", "enumeration"),
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
_SETTINGS: Final = frozenset(("TITLE", "KIND", "SOURCE", "ORDER", "MANUFACTURER", "MODEL", "SHIFT", "LIMITS"))


def import_registers(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import a register table.

    Args:
        data: CSV with a head; ``name``, ``address`` and ``type`` are needed, the other columns of `COLUMNS`
            help.
        name: name of the file.
        settings: ``TITLE``, ``KIND`` (class of the device), ``SOURCE``, ``ORDER`` (``byteSeq`` of values of
            several registers where the table does not say), ``MANUFACTURER``, ``MODEL``, ``SHIFT`` (added to
            addresses, -1 for tables that count from 1), ``LIMITS`` (a CSV file with
            ``point,minimum,maximum`` and more, for points that may be written).

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
    limits = limits_of(settings)
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
        _row(row, model["properties"], made, settings.get("ORDER", ""), int(shift), limits)
    starts = [start for start in (_address(row["address"]) for row in rows) if start is not None]
    if starts and min(starts) > 40_000 and shift == "0":
        why = "all addresses are above 40000: where they are numbers of registers, state SHIFT=-40001"
        made.notes.append(Left(name, why))
    made.mapped = len(model["properties"])
    made.unmet = limits.unmet
    return made


def _row(
    row: dict[str, str],
    properties: dict[str, Any],
    made: Imported,
    order: str,
    shift: int,
    limits: LimitTable,
) -> None:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", row["name"]).strip("_") or "point"

    def leave(why: str) -> None:
        made.left.append(Left(row["name"] or name, why))

    if name in properties:
        leave("another row has the same name")
        return
    bound, said = limits.of(name, row["name"]), row.get("writable", "").lower()
    kind = re.sub(r"[\[(]\s*\d*\s*[\])]$", "", row["type"]).strip()
    data_type = _TYPES.get(kind) or _TYPES.get(kind.lower())
    if data_type is None or data_type in ("bytes",):
        leave(f"the type {row['type']!r} is not known")
        return
    start = _address(row["address"])
    if start is None:
        leave(f"the address {row['address']!r} is no whole number, decimal or as 0x64")
        return
    address = start + shift
    quantity = WIDTHS[data_type] or (int(row["length"]) if row.get("length", "").isdigit() else 0)
    if not quantity:
        leave("a text needs a column length with its registers")
        return
    if not 0 <= address <= 65536 - quantity:
        leave(f"the address {address} is outside 0 to 65535; SHIFT moves all of them")
        return
    entity = "Coil" if data_type == "bool" else "HoldingRegister"
    entity = next((found for word, found in _TABLES if word in row.get("table", "").lower()), entity)
    terms = _terms(row, made, name)
    if terms is None:
        return
    if bound is not None:
        terms |= bound.terms()
    asked = said in _WRITABLE or (bound is not None and not said)
    bits = entity in ("Coil", "DiscreteInput")
    bounded = {"flex:allowedMinimum", "flex:allowedMaximum"} <= set(terms) or bool(terms.get("oneOf"))
    readable = entity in ("InputRegister", "DiscreteInput")
    writes = asked and (bits or bounded) and not readable
    if bound is not None and not writes:
        why = "lies in a table that can only be read" if readable else "cannot be written, as the table says"
        made.notes.append(Left(row["name"], f"{why}: its limits do not count"))
    elif asked and not writes:
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


def _address(text: str) -> int | None:
    """Read an address: decimal, or hexadecimal as ``0x64`` or ``64h``.

    >>> _address("100"), _address("0x0064"), _address("64h"), _address("1E2")
    (100, 100, 100, None)
    """
    if re.fullmatch(r"[0-9]{1,6}", text):
        return int(text)
    found = re.fullmatch(r"0[xX]([0-9A-Fa-f]{1,5})|([0-9A-Fa-f]{1,5})[hH]", text)
    return int(found[1] or found[2], 16) if found else None


_WRITABLE: Final = ("true", "yes", "rw", "r/w", "w", "wo", "1", "readwrite", "read/write", "write")


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
        if row.get("values"):
            terms["oneOf"] = listed(row["values"])
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
