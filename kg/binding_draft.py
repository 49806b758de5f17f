"""A binding in the making: quantity and unit, as an item, a payload descriptor or a row of a table tells."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kg.binding_tables import RANGE, Row, Tables
from kg.graphs import lexical
from kg.items import item_unit, named_unit, notation
from kg.literals import segment
from kg.namespaces import FLEX, QUANTITYKIND
from kg.payload_units import items, price_item
from kg.units import OWN_UNIT

#: Kinds of quantity whose sign is not a direction: prices and ratios.
_SCALARS = ("CostPerEnergy", "CostPerPower", "Currency", "DimensionlessRatio", "PowerFactor")
_NO_FLOW = {"", *(QUANTITYKIND + name for name in _SCALARS)}
#: What is missing where a value needs a unit only if it is a number.
ANY_UNIT = "the unit of a number: no payload descriptor states units"


@dataclass(frozen=True, slots=True)
class Binding:
    """What values mean.

    Attributes:
        says: a short phrase, for example ``"change of the power drawn"``.
        quantity_kind: QUDT IRI, empty for a state without unit.
        unit: QUDT IRI of the unit before scaling, empty where there is none or QUDT has no name for it.
        symbol: unit as people write it, with its scale, for example ``"kW"``.
        factor: what a value is multiplied with to be in ``unit``.
        measured_in: IRI of the unit that a value is in as it stands: QUDT's, or our own where it has none.
        direction: ``import``, ``export``, ``net`` or ``none``.
        positive_means: ``import`` or ``export``, empty where there is no direction.
        aggregation: ``instantaneous``, ``mean``, ``sum``, ``max`` or ``min``.
        of: resource ID that a table names; empty where the message says of what the values are.
        cim_reading_type: the eighteen numbers by which CIM names the same, empty where nothing tells.
        least: the least number that a value can be, as it stands; None where nothing tells.
        most: the greatest.
        origins: field -> where it is from.
        missing: fields that neither the message nor a table tells.
    """

    says: str = ""
    quantity_kind: str = ""
    unit: str = ""
    symbol: str = ""
    factor: Decimal = Decimal(1)
    measured_in: str = ""
    direction: str = ""
    positive_means: str = ""
    aggregation: str = ""
    of: str = ""
    cim_reading_type: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    origins: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether a value can be reckoned with."""
        return not self.missing


@dataclass(slots=True)
class Draft:
    """A binding in the making; what is missing is kept by field, so that a table may fill it in."""

    binding: Binding = field(default_factory=Binding)
    origins: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def made(self) -> Binding:
        """Give the binding."""
        positive = self.binding.positive_means
        flows = self.binding.quantity_kind not in _NO_FLOW
        if not positive and flows and self.binding.direction in ("import", "export", "net"):
            # the balance called net takes import minus export
            positive = "export" if self.binding.direction == "export" else "import"
        return replace(
            self.binding,
            positive_means=positive,
            origins=tuple(self.origins.items()),
            missing=tuple(self.missing.values()),
        )


def add_item_unit(draft: Draft, item: dict[str, list[str]], base: str, tables: Tables) -> None:
    """Add quantity kind, unit, symbol and factor as the item tells them."""
    scaled = item_unit(item, base, tables)
    draft.binding = replace(draft.binding, quantity_kind=scaled.quantity_kind, **scaled.as_fields())
    draft.origins |= scaled.origins
    if scaled.missing:
        draft.missing["unit"] = scaled.missing


def add_payload_unit(draft: Draft, descriptor: dict[str, list[str]], row: Row, tables: Tables) -> None:
    """Add quantity kind and unit of a payload type of OpenADR 3, as its row and its descriptor tell them."""
    cells, units = row.cells, text(descriptor, "payloadUnits")
    if cells["unit"] not in ("item", "any", "price"):
        add_told_unit(draft, row, "payload", tables)
        if cells["symbol"]:
            kind, own = QUANTITYKIND + cells["quantity_kind"], OWN_UNIT + segment(cells["symbol"])
            draft.binding = replace(
                draft.binding, quantity_kind=kind, symbol=cells["symbol"], measured_in=own
            )
            draft.origins["unit"] = row.place
        return
    currency = text(descriptor, "payloadCurrency")
    priced = cells["unit"] == "price"
    item = {p: [v] for p, v in (price_item(units, currency) if priced else items().get(units, ()))}
    if item and (currency or not priced):
        add_item_unit(draft, item, notation(item, "itemBase"), tables)
        draft.origins["unit"] = f"the payload descriptor: {units}" + (f", {currency}" if priced else "")
    elif not units:
        draft.missing["unit"] = (
            ANY_UNIT if cells["unit"] == "any" else "the unit: no payload descriptor states units"
        )
    elif priced and currency and units in items():
        counted = {p: [v] for p, v in items()[units]}
        own = f"{currency}/{item_unit(counted, notation(counted, 'itemBase'), tables).symbol}"
        draft.binding = replace(draft.binding, symbol=own, measured_in=OWN_UNIT + segment(own))
        draft.origins["unit"] = f"the payload descriptor: {units}, {currency}"
    elif priced and not currency:
        draft.missing["unit"] = "the currency: the payload descriptor states none"
    else:
        draft.missing["unit"] = f"the unit: nothing tells what {units} are here"


def text(node: dict[str, list[str]], name: str) -> str:
    """Give the text of a property of a node, by its local name; empty where it has none."""
    return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ()) if value[0] == '"'), "")


def add_told_unit(draft: Draft, row: Row, what: str, tables: Tables) -> None:
    """Add quantity kind and unit as a row tells them, whatever the item says."""
    draft.origins["unit"] = f"the kind of {what}: it has none"
    if row.cells["unit"]:
        kind = QUANTITYKIND + row.cells["quantity_kind"]
        fields = named_unit(row.cells["unit"], "", tables).as_fields()
        draft.binding = replace(draft.binding, quantity_kind=kind, **fields)
        draft.origins["unit"] = row.place


def add_range(draft: Draft, row: Row) -> None:
    """Add between which numbers values are, as a row tells it."""
    for name in RANGE:
        if cell := row.cells.get(name):
            bound: dict[str, Any] = {name: Decimal(cell)}
            draft.binding = replace(draft.binding, **bound)
            draft.origins[name] = row.place
