"""No query sees another tenant's rows: random queries against an oracle that never had the other's data."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from kg.errors import QueryError
from kg.graphs import ONTOLOGY
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.bounds import Bounds
from kg.sparql.pool import Pool
from kg.tenants import Tenants
from tests.messages import event

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MEDIA = {"select": "text/csv", "ask": "application/sparql-results+json", "graph": "application/n-triples"}
GRAPHS = [
    f"https://w3id.org/flexkg/graph/{name}" for name in ("event/202611", "event/202612", "meta", "ontology")
]
TERMS = ["flex:eventID", "flex:currentVersion", "flex:versionOf", "flex:receivedAt", "a", "flex:appliedUpTo"]
CLASSES = ["flex:Event", "flex:EventVersion", "flex:SignalInterval", "owl:Class"]


def pattern(draw, depth=0):
    """A random group of patterns, with every way of naming graphs that SPARQL has."""
    v = lambda: "?" + draw.choice("stuvw")  # noqa: E731
    paths = ["?p", "flex:eventID|flex:versionOf", "!rdf:type", "(flex:currentVersion/flex:versionOf)*"]
    p = draw.choice(TERMS + paths)
    o = draw.choice([v(), v(), '"south-1"', "?x"])
    triple = f"{v()} a {draw.choice(CLASSES)} ." if draw.random() < 0.3 else f"{v()} {p} {o} ."
    if depth > 2:
        return triple
    inner = lambda: pattern(draw, depth + 1)  # noqa: E731
    graph = draw.choice(["?g", *(f"<{name}>" for name in GRAPHS)])
    return draw.choice(
        [
            lambda: triple,
            lambda: f"{triple} {inner()}",
            lambda: f"GRAPH {graph} {{ {inner()} }}",
            lambda: f"{{ {inner()} }} UNION {{ {inner()} }}",
            lambda: f"{triple} OPTIONAL {{ {inner()} }}",
            lambda: f"{triple} MINUS {{ {inner()} }}",
            lambda: f"{triple} FILTER {draw.choice(['EXISTS', 'NOT EXISTS'])} {{ {inner()} }}",
            lambda: f"{{ SELECT DISTINCT * {{ {inner()} }} }}",
            lambda: f"VALUES ?g {{ {' '.join(f'<{g}>' for g in GRAPHS)} }} GRAPH ?g {{ {inner()} }}",
            lambda: f"BIND(<{draw.choice(GRAPHS)}> AS ?g) {inner()}",
        ]
    )()


def query(draw):
    """A random query, with what the protocol says of its dataset."""
    where = f"{{ {pattern(draw)} }}"
    clause = ""
    if draw.random() < 0.2:
        clause = f" FROM {draw.choice(['', 'NAMED '])}<{draw.choice(GRAPHS)}>"
    form = draw.choice(
        [
            f"SELECT (COUNT(*) AS ?n){clause} {where}",
            f"SELECT DISTINCT ?g ?s{clause} {where} ORDER BY ?g ?s LIMIT 200",
            f"ASK{clause} {where}",
            f"SELECT ?s (COUNT(?t) AS ?n){clause} {where} GROUP BY ?s ORDER BY ?s LIMIT 200",
        ]
    )
    chosen = {}
    if draw.random() < 0.3:
        chosen["default"] = draw.sample([*GRAPHS, "https://a.example/none"], draw.randint(1, 2))
    if draw.random() < 0.3:
        chosen["named"] = draw.sample(GRAPHS, draw.randint(1, 3))
    return form, chosen


async def answered(pool, service, text, chosen):
    """The bytes of an answer, or why there is none."""
    try:
        asked = service.asking.asked(text, **chosen)
    except QueryError as error:
        return error.code
    try:
        outcome = await pool.ask(asked.question(MEDIA, ""), "c")
        return b"".join([part async for part in outcome.chunks])
    except QueryError as error:
        return error.code
    finally:
        asked.release()


@pytest.mark.parametrize("count", [250, pytest.param(10_000, marks=pytest.mark.long)])
def test_tenants_do_not_see_one_another(tmp_path, monkeypatch, count):
    """Each answer is the oracle's, to the byte, and has nothing of the other tenant in it."""
    monkeypatch.setenv("FLEXKG_TENANTS", str(tmp_path / "root"))
    (tmp_path / "root").mkdir()
    tenants = Tenants(load_settings())
    for name in ("north", "south"):
        tenants.add(name)
    north, south = tenants.service("north"), tenants.service("south")
    monkeypatch.delenv("FLEXKG_TENANTS")
    oracle = Service(load_settings(store=tmp_path / "oracle"))
    for number in range(6):
        data = event(event_id=f"north-{number}", vtn="VTN-N")
        for service in (north, oracle):
            service.store.ingest(data, received=NOON)
        south.store.ingest(event(event_id=f"south-{number}", vtn="VTN-S"), received=NOON)

    for service in (north, south, oracle):
        service.store.graphs.drop(ONTOLOGY)  # the same for all, and large

    async def run():
        pool = Pool(Bounds(seconds=20.0))
        draw = random.Random(count)
        try:
            rows = 0
            for _ in range(count):
                text, chosen = query(draw)
                mine = await answered(pool, north, text, chosen)
                if isinstance(mine, bytes):
                    assert b"south" not in mine, text
                    assert b"VTN-S" not in mine, text
                    assert b"appliedUpTo" not in mine, text
                    assert mine == await answered(pool, oracle, text, chosen), text
                    rows += len(mine.splitlines()) > 1
            assert rows > count / 20  # most of them find something
        finally:
            await pool.close()

    asyncio.run(run())
    oracle.close()
    tenants.close()
