"""Instances are found by the classes of SAREF and CIM that ontology and alignments place them under."""

import pytest

from kg.closure import load_into
from kg.graphs import GRAPH, ONTOLOGY
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import PREFIXES, RDF, RDFS, SAREF
from tests.ontologies import CIM, values

DATA = GRAPH + "op/202601"
EX = "urn:example:"
#: Things, and the own class that data say of each.
THINGS = {
    "charger": "ElectricVehicleCharger",
    "pump": "HeatPump",
    "battery": "Battery",
    "meter": "Meter",
    "reading": "Reading",
    "activation": "Activation",
    "car-park": "Resource",
    "cold-store": "Resource",
}
LINKS = [("car-park", "hasDevice", "charger"), ("cold-store", "hasDevice", "pump")]
HEAD = "".join(f"PREFIX {prefix}: <{iri}> " for prefix, iri in (PREFIXES | {"cim": CIM, "ex": EX}).items())


@pytest.fixture(scope="module")
def graphs() -> EmbeddedGraphs:
    """A store with the closed ontology and a few instances."""
    store = EmbeddedGraphs()
    load_into(store)
    flex = PREFIXES["flex"]
    lines = [f"<{EX}{thing}> <{RDF}type> <{flex}{kind}> ." for thing, kind in THINGS.items()]
    lines += [f"<{EX}{one}> <{flex}{link}> <{EX}{other}> ." for one, link, other in LINKS]
    store.add(DATA, "\n".join(lines) + "\n")
    return store


def found(graphs: EmbeddedGraphs, pattern: str) -> set[str]:
    """Names of the things that fit a pattern."""
    answer = graphs.query(
        f"{HEAD} SELECT ?x {{ {pattern} }}", default_graph=[DATA, ONTOLOGY], named_graphs=[]
    )
    return {str(row[0])[len(EX) + 1 : -1] for row in answer if str(row[0]).startswith(f"<{EX}")}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("saref:Device", {"charger", "pump", "battery", "meter"}),
        ("saref:Meter", {"meter"}),
        ("saref:Observation", {"reading"}),
        ("prov:Activity", {"activation"}),
        ("cim:RegisteredResource", {"car-park", "cold-store"}),
    ],
)
def test_instances_are_found_by_classes_of_others(
    graphs: EmbeddedGraphs, kind: str, expected: set[str]
) -> None:
    """A query for a class of SAREF, PROV or CIM finds just the things that are one."""
    assert found(graphs, f"?x a/rdfs:subClassOf {kind}") == expected


def test_resource_with_a_charger_is_found_as_registered_resource(graphs: EmbeddedGraphs) -> None:
    """A resource with an EV charger behind it is found by a query for cim:RegisteredResource."""
    pattern = "?x a/rdfs:subClassOf cim:RegisteredResource ; flex:hasDevice/a flex:ElectricVehicleCharger"
    assert found(graphs, pattern) == {"car-park"}


def test_every_charger_is_a_device(graphs: EmbeddedGraphs) -> None:
    """The closure says it of the class, so that it holds for each charger there will ever be."""
    ask = f"{HEAD} ASK {{ flex:ElectricVehicleCharger rdfs:subClassOf saref:Device }}"
    assert graphs.query(ask, default_graph=[ONTOLOGY], named_graphs=[])
    assert SAREF + "Device" not in values(RDFS + "subClassOf")[PREFIXES["flex"] + "ElectricVehicleCharger"]


def test_cim_comes_from_the_alignment_alone(graphs: EmbeddedGraphs) -> None:
    """Without the table for CIM there is no class of CIM in the closed ontology."""
    from kg.closure import ontology_paths, stated

    without = stated(path for path in ontology_paths() if not path.name.startswith("cim"))
    assert not [line for line in without if CIM in line]
    assert [line for line in stated(ontology_paths()) if CIM in line]
