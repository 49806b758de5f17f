"""Items: which quantity, unit and scale the item of a signal or a data point states."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from kg import vocabulary
from kg.binding_tables import Tables
from kg.graphs import Facts, lexical
from kg.namespaces import FLEX, QUANTITYKIND, UNIT, VOCAB
from kg.units import measured_in

_TEMPERATURES = {"celsius": "DEG_C", "fahrenheit": "DEG_F"}
_SHORT = {"none": "", "micro": "u"}
_MONEY = {"currencyPerKWh": "-PER-KiloW-HR", "currencyPerKW": "-PER-KiloW"}
_SYMBOLS = {"PERCENT": "%", "UNITLESS": "", "W-HR": "Wh", "VA-HR": "VAh", "VAR-HR": "varh", "VAR": "var"}


@dataclass(frozen=True, slots=True)
class Scaled:
    """A unit with its scale.

    Attributes:
        quantity_kind: QUDT IRI, empty where nothing tells.
        unit: QUDT IRI of the unit before scaling, empty where QUDT has no name for it.
        symbol: unit as people write it, with its scale.
        factor: what a value is multiplied with to be in ``unit``.
        measured_in: IRI of the unit that a value is in as it stands.
        origins: field -> where it is from.
        missing: what is missing, empty where nothing is.
    """

    quantity_kind: str = ""
    unit: str = ""
    symbol: str = ""
    factor: Decimal = Decimal(1)
    measured_in: str = ""
    origins: dict[str, str] = field(default_factory=dict)
    missing: str = ""

    def as_fields(self) -> dict[str, Any]:
        """Give what a binding takes over: unit, symbol, factor and the unit that values are in."""
        return {name: getattr(self, name) for name in ("unit", "symbol", "factor", "measured_in")}


def item_unit(item: dict[str, list[str]], base: str, tables: Tables) -> Scaled:
    """Tell what an item of a message counts, and in what.

    Args:
        item: what the graph says of it, by predicate.
        base: notation of its itemBase, empty for none.
        tables: says which scaled units QUDT has.

    Source:
        OpenADR 2.0b, oadr_emix_20b.xsd, itemBase and what is substitutable for it.
    """
    concept = vocabulary.concept("itemBase", base) if base else None
    if concept is None:
        return Scaled(missing="the unit: the message names no item")
    kind, units = _fact(concept, "quantityKind"), _text(item, "itemUnits")
    scale, named = notation(item, "siScaleCode"), _fact(concept, "baseUnit")
    if base == "temperature":
        named = UNIT + _TEMPERATURES[units] if units in _TEMPERATURES else ""
    elif base == "currency":
        named = _fact(vocabulary.concept("currency", units), "baseUnit")
    elif base in _MONEY and (f"CCY_{units}{_MONEY[base]}", "none") in tables.units:
        named = f"{UNIT}CCY_{units}{_MONEY[base]}"
    factor = scale_factor(scale)
    symbol = f"{_SHORT.get(scale, scale)}{units}"
    if base.startswith("currencyPer"):
        symbol += "/" + base.removeprefix("currencyPer").replace("KW", "kW").replace("Thm", "thm")
    scaled = f"siScaleCode {scale or 'none'}"
    worth = next(iter(item.get(f"<{FLEX}pulseFactor>", ())), "")
    if base == "pulseCount" and worth.endswith("#decimal>") and Decimal(lexical(worth)) > 0:
        factor, scaled = Decimal(lexical(worth)).normalize(), f"pulseFactor {lexical(worth)}"
        kind, named = QUANTITYKIND + "ActiveEnergy", UNIT + "KiloW-HR"
    return Scaled(
        kind,
        named,
        symbol,
        factor,
        measured_in(named, scale, factor, symbol, tables),
        {"unit": f"the message: {base}, {units}", "scale": f"the message: {scaled}"},
        "" if units or named else "the unit: the item names none",
    )


def named_unit(name: str, scale: str, tables: Tables) -> Scaled:
    """Give a unit that a table names.

    Args:
        name: last part of QUDT's IRI of the unit before scaling.
        scale: notation of a siScaleCode, empty for none.
        tables: says which scaled units QUDT has.

    >>> from kg.binding_tables import load
    >>> named_unit("W-HR", "k", load()).symbol
    'kWh'
    """
    factor, symbol = scale_factor(scale), _SYMBOLS.get(name, name)
    if symbol:
        symbol = _SHORT.get(scale, scale) + symbol
    unit = UNIT + name
    return Scaled("", unit, symbol, factor, measured_in(unit, scale, factor, symbol, tables))


def item_of(node: dict[str, list[str]], facts: Facts) -> dict[str, list[str]]:
    """Give what the graph says of the item of a signal or data point."""
    return next((facts.get(item, {}) for item in node.get(f"<{FLEX}item>", ())), {})


def notation(node: dict[str, list[str]], name: str) -> str:
    """Give the notation of the concept that a property of a node names; empty where there is none."""
    for value in node.get(f"<{FLEX}{name}>", ()):
        if value.startswith(f"<{VOCAB}"):
            return unquote(value[1:-1].rpartition("/")[2])
    return ""


def scale_factor(scale: str) -> Decimal:
    """Give what a siScaleCode multiplies with.

    Args:
        scale: its notation; empty, or one that is not known, for 1.

    >>> scale_factor("k"), scale_factor("n"), scale_factor("")
    (Decimal('1E+3'), Decimal('1E-9'), Decimal('1'))
    """
    known = vocabulary.concept("siScaleCode", scale) if scale else None
    return Decimal(_fact(known, "factor")).normalize() if known else Decimal(1)


def _fact(concept: vocabulary.Concept | None, name: str) -> str:
    return next(iter(concept.facts.get(name, ())), "") if concept else ""


def _text(node: dict[str, list[str]], name: str) -> str:
    return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ())), "").strip()
