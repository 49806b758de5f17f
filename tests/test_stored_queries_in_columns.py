"""Every stored query gives the same rows, whether readings are triples or lie in columns."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

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


def rows(service: Service, name: str) -> list[tuple[str, ...]]:
    """The rows of a stored query, sorted."""
    text = service.ask(name).serialize("text/csv").decode()
    return sorted(tuple(row) for row in csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("name", sorted(stored_queries()))
def test_stored_query_answers_alike(services: tuple[Service, Service], name: str) -> None:
    """None is refused over columns, none differs."""
    graph, columns = services
    assert rows(columns, name) == rows(graph, name)
