"""The contract of GraphStore, run over SPARQL endpoints: `oxigraph serve` and Virtuoso 7."""

import csv
from pathlib import Path

import pytest

from kg.errors import UsageError
from kg.graphs import Change
from kg.graphs.embedded import EmbeddedGraphs
from kg.graphs.endpoint import EndpointGraphs
from kg.ingest import Ingest
from kg.move import move
from kg.namespaces import XSD
from tests import test_graph_store as contract
from tests.messages import event
from tests.services.endpoints import oxigraph, virtuoso

pytestmark = pytest.mark.services
#: What a back end does differently: test, reason; each a strict xfail.
with (Path(__file__).parent / "endpoint_differences.csv").open(encoding="utf-8", newline="") as _file:
    DIFFERENCES = {(row["endpoint"], row["test"]): row["reason"] for row in csv.DictReader(_file)}


@pytest.fixture(scope="module", params=[oxigraph, virtuoso], ids=["oxigraph", "virtuoso"])
def addresses(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("endpoint")) as found:
        yield found


@pytest.fixture
def store(request, addresses):
    name = request.node.callspec.id.partition("-")[0]
    reason = DIFFERENCES.get((name, request.node.originalname))
    if reason:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    opened = EndpointGraphs(*addresses)
    for graph in opened.graphs():
        opened.drop(graph)
    yield opened
    opened.close()


def test_literals_of_every_datatype(store):
    """They come back as the embedded store gives them."""
    values = {
        "string": 'a \\"b\\" \\n é \U0001f50b',
        "integer": "42",
        "decimal": "1.5",
        "double": "1.5E3",
        "float": "2.5",
        "boolean": "true",
        "dateTime": "2026-11-03T12:00:00Z",
        "date": "2026-11-03",
        "time": "12:00:00Z",
        "duration": "PT15M",
        "anyURI": "https://a.example/x",
        "hexBinary": "0AFF",
        "gYear": "2026",
    }
    lines = [contract.line("a", f"p-{name}", f'"{text}"^^<{XSD}{name}>') for name, text in values.items()]
    lines += [contract.line("a", "p-language", '"Wärme"@de-at'), contract.line("a", "p-own", '"x"^^<urn:t>')]
    embedded = EmbeddedGraphs()
    for each in (store, embedded):
        each.write([Change(contract.EVENT, lines)])
    assert contract.everything(store) == contract.everything(embedded)
    assert store.digest() == embedded.digest()


def test_move_carries_a_store_across(store, tmp_path):
    """The journal is replayed into the endpoint: the same graph as the embedded one."""
    with Ingest(tmp_path / "store") as taken:
        for number in range(3):
            taken.ingest(event(event_id=f"E-{number}"))
        taken.update("INSERT DATA { GRAPH <https://a.example/mine> { <urn:a> <urn:b> 1 } }")
        digest = taken.graphs.digest()
    moved = move(tmp_path / "store", store)
    assert (moved.accepted, moved.updates) == (3, 1)
    assert store.digest() == digest
    with pytest.raises(UsageError, match="holds such a graph"):
        move(tmp_path / "store", store)


#: Every test of the contract that takes a store.
for _name, _test in vars(contract).items():
    if _name.startswith("test_") and "store" in _test.__code__.co_varnames[: _test.__code__.co_argcount]:
        globals()[_name] = _test
