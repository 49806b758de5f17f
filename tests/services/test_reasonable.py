"""A second OWL 2 RL reasoner, independent of the first, comes to the same class and property hierarchies."""

import pytest

from kg.closure import closure, ontology_paths, stated
from kg.namespaces import OWL, RDFS

pytestmark = pytest.mark.services


def _pairs(triples, name):
    """Named subjects and objects of one RDFS property, without what OWL itself declares."""
    import rdflib

    return {
        (str(s), str(o))
        for s, p, o in triples
        if str(p) == RDFS + name
        and isinstance(s, rdflib.URIRef)
        and isinstance(o, rdflib.URIRef)
        and s != o
        and not (str(s) + str(o)).count(OWL)
    }


@pytest.fixture(scope="module")
def closures():
    """What owlrl and reasonable make of the same files."""
    import rdflib
    import reasonable

    graph = rdflib.Graph().parse(data="\n".join(stated(ontology_paths())), format="nt")
    reasoner = reasonable.PyReasoner()
    reasoner.from_graph(graph)
    return rdflib.Graph().parse(data=closure(), format="nt"), reasoner.reason()


@pytest.mark.parametrize("name", ["subClassOf", "subPropertyOf"])
def test_hierarchies_are_the_same(closures, name):
    """Neither reasoner finds a subclass or subproperty that the other does not."""
    ours, theirs = closures
    assert _pairs(ours, name) == _pairs(theirs, name)
    assert _pairs(ours, name)


@pytest.mark.parametrize("name", ["domain", "range"])
def test_domains_and_ranges_include_theirs(closures, name):
    """Domains and ranges that reasonable finds are in ours; it leaves out rules scm-dom1 and scm-rng1."""
    ours, theirs = closures
    assert _pairs(theirs, name) <= _pairs(ours, name)
