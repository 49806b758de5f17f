"""What values mean: quantity, unit, scale, direction, aggregation, and what each of these rests on.

The message tells the unit; the tables in ``mappings/bindings`` tell the rest, a row for each combination that
the standard gives a meaning. ``points.csv`` says it of single data points, over all else. Numbers are exact
decimals throughout.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from kg.binding_tables import Row, Tables, load
from kg.graphs import Facts
from kg.items import item_of, item_unit, named_unit, notation
from kg.namespaces import FLEX, ID, QUANTITYKIND

#: Kinds of quantity whose sign is not a direction: prices and ratios.
_SCALARS = ("CostPerEnergy", "CostPerPower", "Currency", "DimensionlessRatio", "PowerFactor")
_NO_FLOW = {"", *(QUANTITYKIND + name for name in _SCALARS)}
_SERIES = ID + "series/"


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
    origins: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether a value can be reckoned with."""
        return not self.missing


@dataclass(slots=True)
class _Draft:
    """A binding in the making; what is missing is kept by field, so that a table may fill it in."""

    binding: Binding = field(default_factory=Binding)
    origins: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def made(self) -> Binding:
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
    tables, node = load(folder), facts.get(signal, {})
    name, kind = notation(node, "signalName"), notation(node, "signalType")
    item = item_of(node, facts)
    base = notation(item, "itemBase")
    row = tables.signals.get((name, kind, base)) or tables.signals.get((name, kind, "*" if base else ""))
    if row is None:
        return Binding(missing=(f"a row for {name} {kind} with {base or 'no unit'} in signals.csv",))
    cells, draft = row.cells, _Draft()
    draft.binding = Binding(
        says=cells["says"], direction=cells["direction"], aggregation=cells["aggregation"]
    )
    draft.origins = dict.fromkeys(("says", "direction", "aggregation"), row.place)
    if cells["unit"] == "item":
        _item_unit(draft, item, base, tables)
    else:
        _told_unit(draft, row, "signal", tables)
    return draft.made()


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
    tables, node = load(folder), facts.get(description, {})
    draft = _described(notation(node, "reportType"), notation(node, "readingType"), node, facts, tables)
    for series in node.get(f"<{FLEX}series>", ()):
        row = tables.point(*series_key(series[1:-1]))
        if row is not None:
            _override(draft, row, tables)
    return draft.made()


def baseline_binding(baseline: str, facts: Facts, folder: Path | None = None) -> Binding:
    """Tell what the values of an event's baseline mean: what would have been used, in the item's unit.

    Args:
        baseline: subject of the baseline, in angle brackets.
        facts: the payload's graph.
        folder: a user's own tables.

    Raises:
        AssetError: a table is broken.
    """
    node = facts.get(baseline, {})
    if not notation(item_of(node, facts), "itemBase"):
        return Binding(missing=("the unit: the baseline names no item",))
    return _described("baseline", "Projected", node, facts, load(folder)).made()


def unregistered_binding(series: str, folder: Path | None = None) -> Binding | None:
    """Tell what a data point means of which there is no registration, from its row in ``points.csv``.

    Args:
        series: IRI of the series.
        folder: a user's own tables.

    Returns:
        The binding; None where no row speaks of the data point.

    Raises:
        AssetError: a table is broken.
    """
    tables = load(folder)
    row = tables.point(*series_key(series)) if tables.points else None
    if row is None:
        return None
    lacking = ("direction", "aggregation", "unit")
    draft = _Draft(missing={name: f"the {name}: no registration tells it" for name in lacking})
    _override(draft, row, tables)
    return draft.made()


def series_key(series: str) -> tuple[str, str, str]:
    """Give the IDs of VEN, report and data point that a series' IRI is made of; empty ones for any other IRI.

    >>> series_key("https://w3id.org/flexkg/id/series/VEN-1/USAGE/a%2Fb")
    ('VEN-1', 'USAGE', 'a/b')
    """
    parts = [unquote(part) for part in series.removeprefix(_SERIES).split("/")]
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _described(report: str, reading: str, node: dict[str, list[str]], facts: Facts, tables: Tables) -> _Draft:
    """Put together what the report type, the reading type and the item say."""
    item, draft = item_of(node, facts), _Draft()
    base = notation(item, "itemBase")
    about, how = tables.reports.get((report,)), tables.reading_types.get((reading,))
    says = []
    if about is not None:
        says.append(about.cells["says"])
        draft.binding = replace(draft.binding, direction=about.cells["direction"])
        draft.origins |= {"says": about.place, "direction": about.place}
    else:
        draft.missing["direction"] = f"a row for {report or 'no report type'} in reports.csv"
    if how is not None:
        says.append(how.cells["says"])
        aggregation = how.cells["aggregation"]
        if aggregation == "item":
            aggregation = "sum" if base.startswith("energy") or base in ("Therm", "pulseCount") else "mean"
        draft.binding = replace(draft.binding, aggregation=aggregation)
        draft.origins["aggregation"] = how.place
    else:
        draft.missing["aggregation"] = f"a row for {reading or 'no reading type'} in reading-types.csv"
    draft.binding = replace(draft.binding, says=", ".join(says))
    if about is None or about.cells["unit"] == "item":
        _item_unit(draft, item, base, tables)
    else:
        _told_unit(draft, about, "report", tables)
    return draft


def _item_unit(draft: _Draft, item: dict[str, list[str]], base: str, tables: Tables) -> None:
    """Add quantity kind, unit, symbol and factor as the item tells them."""
    scaled = item_unit(item, base, tables)
    draft.binding = replace(draft.binding, quantity_kind=scaled.quantity_kind, **scaled.as_fields())
    draft.origins |= scaled.origins
    if scaled.missing:
        draft.missing["unit"] = scaled.missing


def _told_unit(draft: _Draft, row: Row, what: str, tables: Tables) -> None:
    """Add quantity kind and unit as a row tells them, whatever the item says."""
    draft.origins["unit"] = f"the kind of {what}: it has none"
    if row.cells["unit"]:
        kind = QUANTITYKIND + row.cells["quantity_kind"]
        fields = named_unit(row.cells["unit"], "", tables).as_fields()
        draft.binding = replace(draft.binding, quantity_kind=kind, **fields)
        draft.origins["unit"] = row.place


def _override(draft: _Draft, row: Row, tables: Tables) -> None:
    """Put what a row of ``points.csv`` says in the place of what was found."""
    cells, found = row.cells, draft.binding
    for name in ("direction", "positive_means", "aggregation", "of", "cim_reading_type"):
        if cells[name]:
            said: dict[str, Any] = {name: cells[name]}
            found = replace(found, **said)
            draft.origins[name] = row.place
            draft.missing.pop(name, None)
    if cells["direction"] and not cells["positive_means"]:
        found = replace(found, positive_means="")
    if cells["quantity_kind"]:
        found = replace(found, quantity_kind=QUANTITYKIND + cells["quantity_kind"])
        draft.origins["quantity_kind"] = row.place
    if cells["unit"]:
        found = replace(found, **named_unit(cells["unit"], cells["scale"], tables).as_fields())
        draft.origins |= {"unit": row.place, "scale": row.place}
        draft.missing.pop("unit", None)
    if not found.says:
        found = replace(found, says="value")
    draft.binding = found
