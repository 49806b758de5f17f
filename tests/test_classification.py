"""Instances are found by the classes of SAREF and CIM that the ontology places them under."""

import pytest

from kg.closure import load_into
from kg.graphs import GRAPH, ONTOLOGY
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import PREFIXES

DATA = GRAPH + "op/202601"
CIM = "http://iec.ch/TC57/CIM100#"
FACTS = """
<urn:example:charger> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/flexkg/def#ElectricVehicleCharger> .
<urn:example:reading> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/flexkg/def#Reading> .
<urn:example:pump> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/flexkg/def#HeatPump> .
"""  # noqa: E501


@pytest.fixture(scope="module")
def graphs() -> EmbeddedGraphs:
    """A store with the closed ontology and a few instances."""
    store = EmbeddedGraphs()
    load_into(store)
    store.add(DATA, FACTS)
    return store


@pytest.mark.parametrize(
    ("thing", "kind"),
    [("charger", "saref:Device"), ("pump", "saref:Device"), ("reading", "saref:Observation")],
)
def test_instance_is_found_by_its_saref_class(graphs: EmbeddedGraphs, thing: str, kind: str) -> None:
    """Every charger and heat pump is a saref:Device, every reading a saref:Observation."""
    prefixes = f"PREFIX saref: <{PREFIXES['saref']}> PREFIX rdfs: <{PREFIXES['rdfs']}>"
    ask = f"{prefixes} ASK {{ <urn:example:{thing}> a/rdfs:subClassOf {kind} }}"
    assert graphs.query(ask, default_graph=[DATA, ONTOLOGY], named_graphs=[])
