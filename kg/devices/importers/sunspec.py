"""SunSpec models -> Thing Models: addresses, scale factors, units and enumerations from the model files."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from kg.devices.importers import Imported, Left, parsed_json
from kg.devices.importers.limits import LimitTable, limits_of
from kg.devices.importers.skeleton import meaning, modbus_point, objects, thing_model
from kg.devices.meanings import table
from kg.errors import UnreadablePayload, UsageError

#: Type of SunSpec -> data type; None: left out.
TYPES: Final[dict[str, str | None]] = {
    **{"int16": "int16", "uint16": "uint16", "count": "uint16", "acc16": "uint16", "enum16": "uint16"},
    **{"bitfield16": "uint16", "sunssf": "int16", "int32": "int32", "uint32": "uint32", "acc32": "uint32"},
    **{"enum32": "uint32", "bitfield32": "uint32", "ipaddr": "uint32", "int64": "int64", "uint64": "uint64"},
    **{"acc64": "uint64", "float32": "float32", "float64": "float64", "string": "string"},
    **{"ipv6addr": "bytes", "eui48": "bytes", "bitfield64": "uint64", "raw16": "uint16", "pad": None},
}
_WIDTHS: Final = {
    "uint16": 1,
    "int16": 1,
    "uint32": 2,
    "int32": 2,
    "float32": 2,
    "uint64": 4,
    "int64": 4,
    "float64": 4,
}
#: Raw numbers that stand for a value that the device has not.
_ABSENT: Final = {
    **{"int16": -0x8000, "sunssf": -0x8000, "uint16": 0xFFFF, "enum16": 0xFFFF, "bitfield16": 0xFFFF},
    **{"int32": -0x80000000, "uint32": 0xFFFFFFFF, "enum32": 0xFFFFFFFF, "bitfield32": 0xFFFFFFFF},
    **{"int64": -(1 << 63), "uint64": (1 << 64) - 1},
}
_SETTINGS: Final = frozenset(("START", "REPEAT", "LIMITS"))
_MAX_REPEAT: Final = 200
_MOST_AT_ONCE: Final = 125


def resolve(name: str) -> Path:
    """Find the file of a model by its number, in the package pysunspec2.

    Raises:
        kg.errors.UnreadablePayload: there is no such model, or the package is not installed.
    """
    number = re.fullmatch(r"(?:model_)?([0-9]{1,5})(?:\.json)?", name)
    if number is None:
        raise UnreadablePayload(
            "no such file", where=name, cure="name a model file, or the number of a model"
        )
    path = models_folder() / f"model_{number[1]}.json"
    if not path.is_file():
        raise UnreadablePayload(
            f"there is no SunSpec model {number[1]}",
            cure="see mappings/points/sunspec-models.csv",
            code="unknown",
        )
    return path


@cache
def models_folder() -> Path:
    """Give the folder with the model files of pysunspec2, which is not imported."""
    from importlib.util import find_spec

    spec = find_spec("sunspec2")
    if spec is None or spec.origin is None:
        raise UnreadablePayload(
            "the SunSpec models are not installed",
            cure="run pip install 'flexkg[devices]', or name model files",
        )
    return Path(spec.origin).parent / "models" / "json"


def import_sunspec(data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import one model file.

    Args:
        data: a model in the JSON form of the SunSpec Alliance.
        name: name of the file.
        settings: ``START``, address of the block's first register (40002 unless given); ``REPEAT``, how often
            groups are repeated whose number the device states (1 unless given); ``LIMITS``, a CSV file with
            ``point,minimum,maximum`` and more for the points that may be written.

    Returns:
        One Thing Model; a point that the model lets be written, but that has neither limits nor a list of
        values, is read-only and noted.

    Raises:
        kg.errors.UnreadablePayload: the file is no model.
        kg.errors.UsageError: a setting is wrong.

    Source:
        SunSpec Device Information Model Specification; model definitions, JSON schema.
    """
    unknown = sorted(set(settings) - _SETTINGS)
    if unknown:
        raise UsageError(f"there is no setting {unknown[0]}", cure=f"use {', '.join(sorted(_SETTINGS))}")
    start = _whole(settings, "START", 40002, 65533)
    repeat = _whole(settings, "REPEAT", 1, _MAX_REPEAT)
    limits = limits_of(settings)
    model = parsed_json(data, name)
    group = model.get("group") if isinstance(model, dict) else None
    number = model.get("id") if isinstance(model, dict) else None
    if (
        not isinstance(group, dict)
        or not isinstance(number, int)
        or not isinstance(group.get("points"), list)
    ):
        raise UnreadablePayload(
            "the file is no SunSpec model", where=name, cure="name a model_<id>.json file"
        )
    return _Model(number, group, start, repeat, limits).made()


def _whole(settings: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = settings.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > most:
        raise UsageError(f"{name}={text} is no number from 0 to {most}", cure="correct the setting")
    return int(text)


class _Model:
    """One model on its way to a Thing Model."""

    def __init__(
        self, number: int, group: dict[str, Any], start: int, repeat: int, limits: LimitTable
    ) -> None:
        self.number, self.group, self.start, self.repeat, self.limits = number, group, start, repeat, limits
        self.result = Imported()
        self.properties: dict[str, Any] = {}
        self.offset = 0
        self.count = 0

    def made(self) -> Imported:
        self._walk(self.group, "", {})
        kind = _kind(self.number)
        name = f"sunspec-{self.number}"
        model = thing_model(
            f"SunSpec model {self.number}",
            kind,
            f"SunSpec Alliance, model definition {self.number}; the address is that of the import",
            "modbus+tcp://{{HOST}}:{{PORT}}",
        )
        model["flex:sunspecBlock"] = [
            {"flex:modelID": self.number, "flex:modelStart": self.start, "flex:modelLength": self.offset - 2}
        ]
        model["properties"] = self.properties
        self.result.things[name] = model
        self.result.mapped = len(self.properties)
        self.result.unmet = self.limits.unmet
        return self.result

    def _walk(self, group: dict[str, Any], prefix: str, factors: dict[str, str]) -> None:
        points = objects(group.get("points"))
        factors = factors | {
            str(p.get("name")): self._name(prefix, str(p.get("name")))
            for p in points
            if p.get("type") == "sunssf"
        }
        for point in points:
            self._point(point, prefix, factors)
        for part in objects(group.get("groups")):
            for index, times in _repeats(part, self.repeat):
                inner = str(part.get("name", "group"))
                self._walk(part, f"{prefix}{inner}{f'_{index}' if times > 1 else ''}.", factors)

    def _name(self, prefix: str, name: str) -> str:
        return f"{prefix}{name}".replace(".", "_")

    def _point(self, point: dict[str, Any], prefix: str, factors: dict[str, str]) -> None:
        name, kind, size = str(point.get("name")), str(point.get("type")), point.get("size")
        full = self._name(prefix, name)
        if not isinstance(size, int) or not 0 < size <= 65533:
            raise UnreadablePayload(
                f"the point {full} has no size from 1 to 65533", cure="correct the model file"
            )
        address, self.offset = self.start + self.offset, self.offset + size
        data_type = TYPES.get(kind)
        if data_type is None or _WIDTHS.get(data_type, size) != size:
            why = "padding" if kind == "pad" else f"the type {kind} of {size} registers is not known"
            self.result.left.append(Left(full, why))
            return
        if size > _MOST_AT_ONCE:
            self.result.left.append(
                Left(full, f"{size} registers are more than the {_MOST_AT_ONCE} of one request")
            )
            return
        if address + size > 65536:
            self.result.left.append(Left(full, "the address goes beyond 65535; set START lower"))
            return
        factor = point.get("sf")
        if isinstance(factor, str) and factor not in factors:
            why = f"its scale factor {factor} is not in the model, so its number means nothing"
            self.result.left.append(Left(full, why))
            return
        terms = self._terms(point, kind, name, factors, full)
        listed = "oneOf" in terms
        writes = point.get("access") == "RW"
        bound = self.limits.of(full)
        if bound is not None and not writes:
            self.result.notes.append(
                Left(full, "the model does not let it be written: its limits do not count")
            )
        if writes:
            if bound is not None:
                terms |= bound.terms()
            elif not listed:
                writes = False
                why = "can be written, but has no allowed range: read-only until limits are stated (LIMITS)"
                self.result.notes.append(Left(full, why))
        terms |= {"flex:modelID": self.number, "flex:sunspecPoint": name, "flex:sunspecType": kind}
        self.properties[full] = modbus_point(
            data_type, address, size, unit="{{UNIT}}", writes=writes, terms=terms
        )

    def _terms(
        self, point: dict[str, Any], kind: str, name: str, factors: dict[str, str], full: str
    ) -> dict[str, Any]:
        made: dict[str, Any] = {"title": str(point.get("label") or name)}
        symbol = point.get("units")
        if symbol and kind not in ("string", "sunssf"):
            row = sunspec_units().get(str(symbol))
            if row is None:
                self.result.notes.append(Left(full, f"the unit {symbol!r} is not in the table of units"))
            else:
                made |= meaning(row["unit"], row["quantity_kind"], *_way(self.number, name, kind, row))
                if made.get("flex:flowDirection") == "vocab:flowDirection/net":
                    made["flex:positiveMeans"] = f"vocab:flowDirection/{_positive(self.number)}"
        factor = point.get("sf")
        if isinstance(factor, int):
            made["flex:scaleFactor"] = factor
        elif isinstance(factor, str):
            made["flex:scaleFactorPoint"] = factors[factor]
        symbols = [s for s in objects(point.get("symbols")) if isinstance(s.get("value"), int)]
        if symbols and kind.startswith("enum"):
            made["oneOf"] = [
                {"const": s["value"], "title": str(s.get("label") or s.get("name"))} for s in symbols
            ]
        if kind in _ABSENT:
            made["flex:notAvailable"] = _ABSENT[kind]
        return made


def _repeats(part: dict[str, Any], repeat: int) -> Iterator[tuple[int, int]]:
    """Count the repetitions of a group: as many as it says, else as many as the setting says."""
    count = part.get("count", 1)
    times = count if isinstance(count, int) and 0 < count <= _MAX_REPEAT else repeat
    for index in range(1, times + 1):
        yield index, times


@cache
def sunspec_units() -> dict[str, dict[str, str]]:
    """Give unit and quantity of each unit that SunSpec writes."""
    return {row["symbol"]: row for row in table("sunspec-units")}


def _way(number: int, name: str, kind: str, row: dict[str, str]) -> tuple[str, str]:
    """Tell direction and aggregation of a point by its name: Inj and Exp feed in, Abs and Imp draw."""
    quantity = row["quantity_kind"]
    aggregation = "sum" if kind.startswith("acc") or "Energy" in quantity else "instantaneous"
    if "Energy" not in quantity and "Power" not in quantity:
        return "", aggregation if quantity != "Time" else ""
    if quantity in ("PowerFactor", "PowerPerArea"):
        return "", aggregation
    for way, words in (("export", ("Inj", "Exp", "Dis")), ("import", ("Abs", "Imp", "Cha"))):
        if any(word in name for word in words):
            return way, aggregation
    return "net", aggregation


def _positive(number: int) -> str:
    return "import" if 200 <= number < 300 else "export"


def _kind(number: int) -> str:
    """Tell the kind of device that a model is for."""
    for low, high, kind in _KINDS:
        if low <= number <= high:
            return kind
    return "Device"


_KINDS: Final = (
    (101, 113, "PhotovoltaicUnit"),
    (160, 160, "PhotovoltaicUnit"),
    (201, 214, "Meter"),
    (401, 404, "PhotovoltaicUnit"),
    (502, 502, "PhotovoltaicUnit"),
    (713, 713, "Battery"),
    (801, 809, "Battery"),
)
