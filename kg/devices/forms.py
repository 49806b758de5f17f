"""Modbus forms: what a form of a Thing Description says of registers, in the terms that node-wot reads."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

#: Registers that a value of a data type takes; 0: as many as stated.
WIDTHS: Final = {
    **{"bool": 1, "uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "float32": 2},
    **{"uint64": 4, "int64": 4, "float64": 4, "string": 0, "bytes": 0},
}
#: Register tables by ``modv:entity``, and whether they can be written.
ENTITIES: Final = {
    "Coil": ("coil", True),
    "DiscreteInput": ("discrete-input", False),
    "HoldingRegister": ("holding-register", True),
    "InputRegister": ("input-register", False),
}
#: ``modv:function`` by name or number -> entity and whether the function writes.
FUNCTIONS: Final[dict[str, tuple[str, bool]]] = {
    "readCoil": ("Coil", False),
    "readDiscreteInput": ("DiscreteInput", False),
    "readHoldingRegisters": ("HoldingRegister", False),
    "readInputRegisters": ("InputRegister", False),
    "writeSingleCoil": ("Coil", True),
    "writeSingleHoldingRegister": ("HoldingRegister", True),
    "writeMultipleCoils": ("Coil", True),
    "writeMultipleHoldingRegisters": ("HoldingRegister", True),
}
_NUMBERS: Final = dict(zip(("1", "2", "3", "4", "5", "6", "15", "16"), FUNCTIONS, strict=True))
#: ``byteSeq`` -> words swapped, bytes within a word swapped.
BYTE_ORDERS: Final = {
    "BIG_ENDIAN": (False, False),
    "LITTLE_ENDIAN": (True, True),
    "BIG_ENDIAN_BYTE_SWAP": (False, True),
    "LITTLE_ENDIAN_BYTE_SWAP": (True, False),
}
_SCHEMES: Final = ("modbus+tcp", "modbus+tls", "modbus+rtu", "modbus")
_PLACEHOLDER: Final = re.compile(r"\{\{ *\w+ *\}\}")


@dataclass(frozen=True, slots=True)
class ModbusForm:
    """One form over Modbus.

    Attributes:
        unit: unit id, None where the model leaves it open.
        address: first register, counted from 0; None where none is stated.
        quantity: registers or bits, at least 1 where nothing is stated.
        entity: ``"HoldingRegister"``, ...; empty where neither entity nor function is stated.
        reads: whether it is used to read.
        writes: whether it is used to write.
        function_writes: what a stated ``modv:function`` does; None where none is stated.
        order: words swapped, bytes swapped; None where the form does not say.
        length: bytes by the content type; 0 where not stated.
        signed: what the content type says of the sign; None where not stated.
    """

    unit: int | None
    address: int | None
    quantity: int
    entity: str
    reads: bool
    writes: bool
    function_writes: bool | None
    order: tuple[bool, bool] | None
    length: int
    signed: bool | None


def is_modbus(form: dict[str, Any], base: str) -> bool:
    """Tell whether a form is one over Modbus: by its address, else by a ``modv:`` term in it."""
    href = form.get("href")
    scheme = href.partition(":")[0] if isinstance(href, str) and "://" in href else base.partition(":")[0]
    return scheme in _SCHEMES or any(key.startswith("modv:") for key in form)


def modbus_form(form: dict[str, Any], operations: tuple[str, ...]) -> ModbusForm:
    """Read a Modbus form; what is stated in the address counts before the ``modv:`` terms.

    Args:
        form: the JSON object.
        operations: what the form is used for where it has no ``op``.

    Source:
        W3C WoT Binding Templates, Modbus; node-wot binding-modbus 0.8.16, URL format.

    >>> made = modbus_form({"href": "/3/40083?quantity=2", "modv:entity": "Coil"}, ("readproperty",))
    >>> made.unit, made.address, made.quantity, made.order
    (3, 40083, 2, None)
    """
    href = form.get("href")
    parts = urlsplit(_PLACEHOLDER.sub("x", href) if isinstance(href, str) else "")
    steps = parts.path.split("/")[1:] if parts.path.startswith("/") else parts.path.split("/")
    query = parse_qs(parts.query)
    quantity = _number(query.get("quantity", [""])[0])
    unit = _number(steps[0]) if len(steps) > 1 else None
    address = _number(steps[1]) if len(steps) > 1 else _number(steps[0])
    function = str(form.get("modv:function", ""))
    named = FUNCTIONS.get(_NUMBERS.get(function, function))
    entity = form.get("modv:entity")
    parts_of_type = (part.partition("=") for part in str(form.get("contentType", "")).split(";")[1:])
    content = {key.strip(): value.strip() for key, _, value in parts_of_type}
    op = form.get("op", operations)
    ops = (op,) if isinstance(op, str) else tuple(op)
    return ModbusForm(
        unit if unit is not None else _number(form.get("modv:unitID")),
        address if address is not None else _number(form.get("modv:address")),
        quantity if quantity is not None else _number(form.get("modv:quantity")) or 1,
        entity if isinstance(entity, str) else named[0] if named else "",
        "readproperty" in ops or "observeproperty" in ops,
        "writeproperty" in ops or "invokeaction" in ops,
        named[1] if named else None,
        _order(form, content),
        _number(content.get("length")) or 0,
        {"true": True, "false": False}.get(content.get("signed", "")),
    )


def _order(form: dict[str, Any], content: dict[str, str]) -> tuple[bool, bool] | None:
    stated = BYTE_ORDERS.get(content.get("byteSeq", ""))
    word, byte = form.get("modv:mostSignificantWord"), form.get("modv:mostSignificantByte")
    if stated is None and isinstance(word, bool):
        return (not word, byte is False)
    return stated


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value) if isinstance(value, str) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
