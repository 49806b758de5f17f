"""The stored queries ``energy`` and ``out-of-range`` over both back ends: nothing twice, nothing left out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kg.graphs import lexical
from kg.literals import decimal, string
from kg.namespaces import FLEX, GRAPH, ID, QUANTITYKIND, RDF, RDFS, VOCAB, XSD
from kg.readings import Reading
from kg.sparql.stored import stored_query
from tests.readings_world import World

START = datetime(2026, 1, 31, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
#: Series: resource, quantity kind, aggregation, report type, length of a span, value of each span.
SERIES = {
    "ven-a/usage/energy": ("ven-a/home", "ActiveEnergy", "sum", "usage", QUARTER, "0.5"),
    "ven-a/history/energy": ("ven-a/home", "ActiveEnergy", "sum", "usage", timedelta(hours=1), "2"),
    "ven-a/usage/power": ("ven-a/home", "ActivePower", "mean", "usage", QUARTER, "2"),
    "ven-a/usage/expected": ("ven-a/home", "ActiveEnergy", "sum", "baseline", QUARTER, "9"),
    "ven-b/usage/power": ("ven-b/home", "ActivePower", "mean", "usage", QUARTER, "4"),
    "ven-c/usage/power": ("ven-c/pump", "ActivePower", "instantaneous", "demand", QUARTER, "1"),
    "ven-c/usage/phase": ("ven-c/pump", "ActivePower", "mean", "usage", QUARTER, "3"),
    "ven-c/usage/peak": ("ven-c/pump", "ActivePower", "max", "usage", QUARTER, "50"),
    "ven-c/usage/register": ("ven-c/pump", "ActiveEnergy", "instantaneous", "usage", QUARTER, "70000"),
    "ven-c/usage/feed": ("ven-c/pump", "ActivePower", "min", "usage", QUARTER, "7"),
    "ven-d/usage/daily": ("ven-d/shop", "ActiveEnergy", "sum", "usage", timedelta(days=1), "24"),
    "ven-d/usage/power": ("ven-d/shop", "ActivePower", "mean", "usage", QUARTER, "1"),
    "ven-e/usage/sampled": ("ven-e/boiler", "ActivePower", "instantaneous", "usage", None, "3"),
    "ven-f/usage/sampled": ("ven-f/lamp", "ActivePower", "instantaneous", "usage", None, "2"),
    "ven-g/usage/sampled": ("ven-g/fan", "ActivePower", "instantaneous", "usage", timedelta(), "1"),
}
#: Least and longest sampling period that is registered.
SAMPLED = {"ven-e/usage/sampled": ("PT15M", "PT15M"), "ven-f/usage/sampled": ("PT1M", "PT15M")}
SAMPLED["ven-g/usage/sampled"] = ("PT15M", "PT15M")


def described() -> str:
    """What the graph says of the series."""
    lines = []
    for name, (resource, kind, aggregation, report, _, _) in SERIES.items():
        series, binding, point = (f"<{ID}{what}/{name}>" for what in ("series", "binding", "description"))
        facts = [
            (series, f"<{FLEX}ofResource>", f"<{ID}resource/{resource}>"),
            (series, f"<{FLEX}binding>", binding),
            (f"<{ID}resource/{resource}>", f"<{RDFS}label>", string(resource.partition("/")[2])),
            (binding, f"<{FLEX}quantityKind>", f"<{QUANTITYKIND}{kind}>"),
            (binding, f"<{FLEX}factor>", decimal("1000")),
            (binding, f"<{FLEX}aggregation>", f"<{VOCAB}aggregation/{aggregation}>"),
            (binding, f"<{FLEX}flowDirection>", f"<{VOCAB}flowDirection/import>"),
            (point, f"<{RDF}type>", f"<{FLEX}ReportDescription>"),
            (point, f"<{FLEX}series>", series),
            (point, f"<{FLEX}reportType>", f"<{VOCAB}reportType/{report}>"),
            (f"<urn:x:view/{resource}>", f"<{FLEX}describes>", f"<{ID}resource/{resource}>"),
            (f"<urn:x:view/{resource}>", f"<{FLEX}minimumPower>", decimal("-6500")),
            (f"<urn:x:view/{resource}>", f"<{FLEX}maximumPower>", decimal("3000")),
        ]
        for word, period in zip(("minimum", "maximum"), SAMPLED.get(name, ()), strict=False):
            facts.append((point, f"<{FLEX}{word}SamplingPeriod>", f'"{period}"^^<{XSD}duration>'))
        if name.endswith("peak"):
            facts.append((binding, f"<{FLEX}mostValue>", decimal("49.5")))
        if name.endswith("register"):
            facts += [
                (binding, f"<{FLEX}leastValue>", decimal("70000.5")),
                (binding, f"<{FLEX}mostValue>", decimal("100000")),
            ]
        if name.endswith("feed"):
            facts.append((binding, f"<{FLEX}positiveMeans>", f"<{VOCAB}flowDirection/export>"))
        lines += [f"{' '.join(fact)} ." for fact in facts]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def world() -> World:
    """Two hours of each series, the energy of the first VEN with a gap, as triples and in columns."""
    made = []
    for n, (name, (resource, _, _, _, length, value)) in enumerate(SERIES.items()):
        for at in range(max(1, timedelta(hours=2) // (length or QUARTER))):
            if name == "ven-a/usage/energy" and at == 5:
                continue
            start = START + at * (length or QUARTER)
            made.append(
                Reading(
                    series=f"{ID}series/{name}",
                    starts_at=start,
                    ends_at=None if length is None else start + length,
                    value=Decimal(value),
                    digest=f"{n:064x}",
                    seq=n + 1,
                    received=START,
                    resource=f"{ID}resource/{resource}",
                )
            )
    made_world = World(0, made)
    for store in (made_world.triples, made_world.graph):
        store.add(GRAPH + "energy", described())
    return made_world


def asked(world: World, **values: str) -> dict[tuple[str, ...], Decimal | None]:
    """Kilowatt hours by resource, hour and what was measured; the same over both back ends."""
    query = stored_query("energy")
    plain, fast = world.answers(query.text, query.bindings(values))
    assert fast == plain
    names, rows = fast
    found = {}
    for row in rows:
        cells = {
            name: lexical(term.partition("^^")[0]) for name, term in zip(names, row, strict=True) if term
        }
        key = (cells["resource"], cells["hour"], cells["measured"])
        found[key] = Decimal(cells["kWh"]) if "kWh" in cells else None
        assert cells["unspanned"] == ("0" if "kWh" in cells else "4")
    return found


def test_energy_counts_once(world: World) -> None:
    """Energy before power; of two reports of a point the fuller; what several meters say is added up."""
    assert asked(world) == {
        ("home", "8", "energy"): Decimal(2),
        ("home", "9", "energy"): Decimal("1.5"),
        ("home", "8", "power"): Decimal(4),
        ("home", "9", "power"): Decimal(4),
        ("pump", "8", "power"): Decimal(4),
        ("pump", "9", "power"): Decimal(4),
        ("shop", "8", "energy"): Decimal(24),
        ("boiler", "8", "power"): Decimal(3),  # samples stand for the period that is registered
        ("boiler", "9", "power"): Decimal(3),
        ("fan", "8", "power"): Decimal(1),
        ("fan", "9", "power"): Decimal(1),
        ("lamp", "8", "power"): None,  # between a minute and a quarter of an hour: nobody knows
        ("lamp", "9", "power"): None,
    }


def test_power_counts_where_the_window_has_no_energy(world: World) -> None:
    """A day's energy that began before the window is not in it."""
    found = asked(world, **{"from": "2026-01-31T09:00:00Z", "resource": "shop"})
    assert found == {("shop", "9", "power"): Decimal(1)}


def test_values_out_of_range_are_kept_and_listed(world: World) -> None:
    """Beyond what site or binding says, in the unit of the series; export is positive in one."""
    query = stored_query("out-of-range")
    plain, fast = world.answers(query.text, query.bindings({"to": "2026-01-31T08:15:00Z"}))
    assert fast == plain
    names, rows = fast
    shown = ("rID", "value", "low", "high", "by")
    found = [tuple(lexical((row[names.index(n)] or '""').partition("^^")[0]) for n in shown) for row in rows]
    assert sorted(found) == [
        ("feed", "7", "-3", "6.5", "site"),
        ("peak", "50", "", "49.5", "binding"),
        ("peak", "50", "-6.5", "3", "site"),
        ("power", "4", "-6.5", "3", "site"),
        ("register", "70000", "70000.5", "100000", "binding"),
    ]
