"""What values mean: quantity, unit, scale, direction, aggregation, and what each of these rests on.

The message tells the unit; the tables in ``mappings/bindings`` tell the rest, a row for each combination that
the standard gives a meaning. A user's own rows come from a folder of files with the same names; they win.
Numbers are exact decimals throughout.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from kg import assets, vocabulary
from kg.errors import AssetError
from kg.graphs import Facts, lexical
from kg.namespaces import FLEX, QUANTITYKIND, UNIT, VOCAB

_COLUMNS = {
    "signals": (
        *("signal_name", "signal_type", "item_base", "quantity_kind", "unit"),
        *("direction", "aggregation", "says", "source"),
    ),
    "reports": ("report_type", "direction", "says", "source"),
    "reading-types": ("reading_type", "aggregation", "says", "source"),
}
_KEYS = {"signals": 3, "reports": 1, "reading-types": 1}
_TEMPERATURES = {"celsius": "DEG_C", "fahrenheit": "DEG_F"}
_SHORT = {"none": "", "micro": "u"}


@dataclass(frozen=True, slots=True)
class Binding:
    """What values mean.

    Attributes:
        says: a short phrase, for example ``"change of the power drawn"``.
        quantity_kind: QUDT IRI, empty for a state without unit.
        unit: QUDT IRI of the unit before scaling, empty where there is none or QUDT has no name for it.
        symbol: unit as people write it, with its scale, for example ``"kW"``.
        factor: what a value is multiplied with to be in ``unit``.
        direction: ``import``, ``export``, ``net`` or ``none``.
        aggregation: ``instantaneous``, ``mean``, ``sum``, ``max`` or ``min``.
        origins: field -> where it is from.
        missing: fields that neither the message nor a table tells.
    """

    says: str = ""
    quantity_kind: str = ""
    unit: str = ""
    symbol: str = ""
    factor: Decimal = Decimal(1)
    direction: str = ""
    aggregation: str = ""
    origins: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether a value can be reckoned with."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    cells: dict[str, str]


def signal_binding(signal: str, facts: Facts, folder: Path | None = None) -> Binding:
    """Tell what the values of a signal mean.

    Args:
        signal: subject of the signal, in angle brackets.
        facts: the payload's graph, as ``kg.graphs.facts_of`` gives it.
        folder: a user's own tables.

    Returns:
        The binding; ``missing`` names what nothing tells.

    Raises:
        AssetError: a table is broken.

    Source:
        OpenADR 2.0b, oadr_ei_20b.xsd, SignalNameEnumeratedType and SignalTypeEnumeratedType.
    """
    node = facts.get(signal, {})
    name, kind = notation(node, "signalName"), notation(node, "signalType")
    item = _item(node, facts)
    base = notation(item, "itemBase")
    rows = _table("signals", folder)
    row = rows.get((name, kind, base)) or rows.get((name, kind, "*" if base else ""))
    if row is None:
        return Binding(missing=(f"a row for {name} {kind} with {base or 'no unit'} in signals.csv",))
    cells = row.cells
    quantity, unit, symbol, factor, origins, missing = _unit(
        cells["quantity_kind"], cells["unit"], item, base
    )
    said = [(field, row.place) for field in ("says", "direction", "aggregation")]
    return Binding(
        cells["says"],
        quantity,
        unit,
        symbol,
        factor,
        cells["direction"],
        cells["aggregation"],
        (*said, *origins),
        missing,
    )


def point_binding(description: str, facts: Facts, folder: Path | None = None) -> Binding:
    """Tell what the values of a registered data point (rID) mean.

    Args:
        description: subject of the report description, in angle brackets.
        facts: the graph of the message that registers it.
        folder: a user's own tables.

    Raises:
        AssetError: a table is broken.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrReportDescriptionType.
    """
    node = facts.get(description, {})
    report, reading = notation(node, "reportType"), notation(node, "readingType")
    item = _item(node, facts)
    base = notation(item, "itemBase")
    about = _table("reports", folder).get((report,))
    how = _table("reading-types", folder).get((reading,))
    absent = [
        f"a row for {value or 'no ' + what} in {table}.csv"
        for value, what, table, row in (
            (report, "report type", "reports", about),
            (reading, "reading type", "reading-types", how),
        )
        if row is None
    ]
    if about is None or how is None:
        return Binding(missing=tuple(absent))
    quantity, unit, symbol, factor, origins, missing = _unit("item", "item", item, base)
    if not base and report in ("level", "operatingState", "powerFactor", "x-resourceStatus"):
        missing = ()
    aggregation = how.cells["aggregation"]
    if aggregation == "item":
        aggregation = "sum" if base.startswith("energy") else "mean"
    return Binding(
        f"{about.cells['says']}, {how.cells['says']}",
        quantity,
        unit,
        symbol,
        factor,
        about.cells["direction"],
        aggregation,
        (("says", about.place), ("direction", about.place), ("aggregation", how.place), *origins),
        missing,
    )


def notation(node: dict[str, list[str]], name: str) -> str:
    """Give the notation of the concept that a property of a node names; empty where there is none."""
    for value in node.get(f"<{FLEX}{name}>", ()):
        if value.startswith(f"<{VOCAB}"):
            return unquote(value[1:-1].rpartition("/")[2])
    return ""


def _item(node: dict[str, list[str]], facts: Facts) -> dict[str, list[str]]:
    return next((facts.get(item, {}) for item in node.get(f"<{FLEX}item>", ())), {})


def _text(node: dict[str, list[str]], name: str) -> str:
    return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ())), "").strip()


def _unit(
    quantity: str, unit: str, item: dict[str, list[str]], base: str
) -> tuple[str, str, str, Decimal, tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Work out quantity kind, unit, symbol and factor, with their origins and what is missing."""
    message = "the message"
    if unit != "item":
        symbol = {"PERCENT": "%"}.get(unit, "")
        return (
            QUANTITYKIND + quantity if quantity else "",
            UNIT + unit if unit else "",
            symbol,
            Decimal(1),
            (("unit", "the kind of signal: it has none of its own"),),
            (),
        )
    concept = vocabulary.concept("itemBase", base) if base else None
    if concept is None:
        return "", "", "", Decimal(1), (), ("the unit: the message names no item",)
    kind = next(iter(concept.facts.get("quantityKind", ())), "")
    named = next(iter(concept.facts.get("baseUnit", ())), "")
    units = _text(item, "itemUnits")
    if base == "temperature":
        named = UNIT + _TEMPERATURES[units] if units in _TEMPERATURES else ""
    scale = notation(item, "siScaleCode")
    known = vocabulary.concept("siScaleCode", scale) if scale else None
    factor = Decimal(next(iter(known.facts["factor"]))).normalize() if known else Decimal(1)
    missing = () if units or named else ("the unit: the item names none",)
    symbol = f"{_SHORT.get(scale, scale)}{units}"
    if base.startswith("currencyPer"):
        symbol += "/" + base.removeprefix("currencyPer").replace("KW", "kW").replace("Thm", "thm")
    if base == "pulseCount":
        factor = Decimal(_text(item, "pulseFactor") or "1")
    origins = (
        ("unit", f"{message}: {base}, {units}"),
        ("scale", f"{message}: siScaleCode {scale or 'none'}"),
    )
    return kind, named, symbol, factor, origins, missing


def _table(name: str, folder: Path | None) -> dict[tuple[str, ...], _Row]:
    own = folder / f"{name}.csv" if folder is not None else None
    return {**_read(_shipped(name), name), **(_read(own, name) if own and own.is_file() else {})}


def _shipped(name: str) -> Path:
    return assets.folder("mappings") / "bindings" / f"{name}.csv"


@lru_cache(maxsize=32)
def _read(path: Path, name: str) -> dict[tuple[str, ...], _Row]:
    """Read a table: key columns -> row."""
    found: dict[tuple[str, ...], _Row] = {}
    for number, row in _rows(path, name):
        key = tuple(row[column] for column in _COLUMNS[name][: _KEYS[name]])
        if key in found:
            raise AssetError(
                f"{' '.join(key)} stands twice",
                where=f"{path}:{number}",
                cure="keep one row for each combination",
            )
        found[key] = _Row(f"{path.name}, line {number}", row)
    return found


def _rows(path: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(assets.text(path).splitlines())
    header = next(reader, [])
    if tuple(header) != _COLUMNS[name]:
        raise AssetError(
            "the table has other columns", where=f"{path}:1", cure=f"write {','.join(_COLUMNS[name])}"
        )
    for number, cells in enumerate(reader, start=2):
        if len(cells) != len(header):
            raise AssetError(
                f"the row has {len(cells)} cells, not {len(header)}",
                where=f"{path}:{number}",
                cure="complete it",
            )
        yield number, dict(zip(header, (cell.strip() for cell in cells), strict=True))
