"""What values mean: quantity, unit, scale, direction, aggregation, and what each of these rests on.

The message tells the unit; the tables in ``mappings/bindings`` tell the rest, a row for each combination that
the standard gives a meaning. ``points.csv`` says it of single data points, over all else. Numbers are exact
decimals throughout.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from kg.binding_draft import (
    ANY_UNIT,
    Binding,
    Draft,
    add_item_unit,
    add_payload_unit,
    add_range,
    add_told_unit,
    text,
)
from kg.binding_tables import Row, Tables, load
from kg.graphs import Facts
from kg.items import item_of, named_unit, notation
from kg.namespaces import FLEX, ID, QUANTITYKIND

_SERIES = ID + "series/"


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
    if not name and f"<{FLEX}payloadType>" in node:
        return payload_binding(node, facts, folder)
    item = item_of(node, facts)
    base = notation(item, "itemBase")
    return _signal(name, kind, base, item, tables)


def named_binding(name: str, kind: str, folder: Path | None = None) -> Binding:
    """Tell what the values of a kind of signal mean where no item states a unit.

    Args:
        name: notation of its signalName.
        kind: notation of its signalType.
        folder: a user's own tables.

    Raises:
        AssetError: a table is broken.
    """
    return _signal(name, kind, "", {}, load(folder))


def _signal(name: str, kind: str, base: str, item: dict[str, list[str]], tables: Tables) -> Binding:
    row = tables.signals.get((name, kind, base)) or tables.signals.get((name, kind, "*" if base else ""))
    if row is None:
        return Binding(missing=(f"a row for {name} {kind} with {base or 'no unit'} in signals.csv",))
    cells, draft = row.cells, Draft()
    draft.binding = Binding(
        says=cells["says"], direction=cells["direction"], aggregation=cells["aggregation"]
    )
    draft.origins = dict.fromkeys(("says", "direction", "aggregation"), row.place)
    if cells["unit"] == "item":
        add_item_unit(draft, item, base, tables)
    else:
        add_told_unit(draft, row, "signal", tables)
    return draft.made()


def payload_binding(node: dict[str, list[str]], facts: Facts, folder: Path | None = None) -> Binding:
    """Tell what the values of a payload type of OpenADR 3 mean that has no counterpart in OpenADR 2.0.

    Args:
        node: what the graph says of the signal or the reading.
        facts: the payload's graph.
        folder: a user's own tables.

    Raises:
        AssetError: a table is broken.

    Source:
        OpenADR 3.1.0, event-interval-payloads.schema.yaml and report-payloads.schema.yaml.
    """
    tables, kind = load(folder), notation(node, "payloadType")
    descriptor = next((facts[d] for d in node.get(f"<{FLEX}describedBy>", ()) if d in facts), {})
    row = tables.payload(kind, text(descriptor, "payloadUnits"))
    if row is None:
        return Binding(missing=(f"a row for {kind or 'no payload type'} in payloads.csv",))
    cells = row.cells
    draft = Draft(Binding(says=cells["says"], direction=cells["direction"], aggregation=cells["aggregation"]))
    draft.origins = dict.fromkeys(("says", "direction", "aggregation"), row.place)
    add_payload_unit(draft, descriptor, row, tables)
    add_range(draft, row)
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
    draft = Draft(missing={name: f"the {name}: no registration tells it" for name in lacking})
    _override(draft, row, tables)
    return draft.made()


def series_key(series: str) -> tuple[str, str, str]:
    """Give the IDs of VEN, report and data point that a series' IRI is made of; empty ones for any other IRI.

    >>> series_key("https://w3id.org/flexkg/id/series/VEN-1/USAGE/a%2Fb")
    ('VEN-1', 'USAGE', 'a/b')
    """
    parts = [unquote(part) for part in series.removeprefix(_SERIES).split("/")]
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _described(report: str, reading: str, node: dict[str, list[str]], facts: Facts, tables: Tables) -> Draft:
    """Put together what the report type, the reading type and the item say."""
    item, draft = item_of(node, facts), Draft()
    base = notation(item, "itemBase")
    about = tables.payload(report, text(node, "payloadUnits")) or tables.reports.get((report,))
    how = tables.reading_types.get((reading,))
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
    elif about is not None and not reading and not about.cells["unit"]:
        draft.binding = replace(draft.binding, aggregation="instantaneous")
        draft.origins["aggregation"] = about.place
    else:
        draft.missing["aggregation"] = f"a row for {reading or 'no reading type'} in reading-types.csv"
    draft.binding = replace(draft.binding, says=", ".join(says))
    if about is not None and "units" in about.cells:
        add_payload_unit(draft, node, about, tables)
    elif about is None or about.cells["unit"] in ("item", "any"):
        add_item_unit(draft, item, base, tables)
        if about is not None and about.cells["unit"] == "any" and "unit" in draft.missing:
            draft.missing["unit"] = ANY_UNIT
    else:
        add_told_unit(draft, about, "report", tables)
    if about is not None:
        add_range(draft, about)
    return draft


def _override(draft: Draft, row: Row, tables: Tables) -> None:
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
        # what the kind of report says of the range is in another unit; 0 is the same in each
        found = replace(
            found, least=None if found.least else found.least, most=None if found.most else found.most
        )
    if not found.says:
        found = replace(found, says="value")
    draft.binding = found
    add_range(draft, row)
