"""Every stored query gives the same rows, whether readings are triples or lie in columns."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kg.namespaces import ID
from kg.readings.selecting import Selection
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.stored import stored_queries
from tests.paths import ROOT
from tests.world import PAYLOADS


def filled(store: Path, readings: str) -> Service:
    """A service over a store that took the world's payloads in."""
    service = Service(load_settings(store=store, readings=readings))
    for path, received in PAYLOADS.items():
        service.store.ingest((ROOT / path).read_bytes(), received=datetime.fromisoformat(received))
    return service


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """The same payloads over both back ends."""
    folder = tmp_path_factory.mktemp("both")
    with filled(folder / "graph", "graph") as graph, filled(folder / "columns", "columns") as columns:
        yield graph, columns


def rows(service: Service, name: str, **values: str) -> list[tuple[str, ...]]:
    """The rows of a stored query, sorted."""
    text = service.ask(name, values).serialize("text/csv").decode()
    return sorted(tuple(row) for row in csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("name", sorted(stored_queries()))
def test_stored_query_answers_alike(services: tuple[Service, Service], name: str) -> None:
    """None is refused over columns, none differs."""
    graph, columns = services
    assert rows(columns, name) == rows(graph, name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("performance", {"event": "SHED-7"}),
        ("performance", {"event": "SHED-NEVER"}),
        ("performance-portfolio", {"event": "SHED-7"}),
        ("energy", {"resource": "HEATPUMP-3", "from": "2026-12-01T17:00:00Z"}),
        ("hourly", {"resource": "HEATPUMP-3", "to": "2026-12-01T17:00:00Z"}),
        ("quality", {"resource": "HEATPUMP-3"}),
        ("latest", {"resource": "HEATPUMP-3"}),
        ("missing-reports", {"from": "2026-12-01T17:30:00Z"}),
    ],
)
def test_parameters_narrow_alike(
    services: tuple[Service, Service], name: str, values: dict[str, str]
) -> None:
    """What is bound from outside reaches the sub-selects too, and changes nothing else."""
    graph, columns = services
    assert rows(columns, name, **values) == rows(graph, name, **values)


def test_direction_is_given_with_each_value(services: tuple[Service, Service]) -> None:
    """A series and its data point name one and the same binding."""
    for service in services:
        records = service.readings(Selection(series=(f"{ID}series/VEN-HARBOUR/USAGE-1/import-power",))).json()
        assert {record["direction"] for record in json.loads(records)} == {"import"}
