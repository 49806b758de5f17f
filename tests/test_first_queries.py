"""A stranger's first queries over readings in columns: any rows, classes, predicates, numbers."""

import re

import pytest

from kg.errors import QueryError
from tests.readings_world import World, comparable

ANY = "?s ?p ?o"


@pytest.fixture(scope="module")
def small():
    return World(12)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * {{ {ANY} }} LIMIT 10",
        f"SELECT * {{ {ANY} }} LIMIT 10 OFFSET 20",
        f"SELECT * {{ {ANY} }} LIMIT 0",
        f"SELECT ?o {{ {ANY} }} LIMIT 25",
        f"SELECT DISTINCT ?p {{ {ANY} }} LIMIT 5",
        f"SELECT REDUCED ?p {{ {ANY} }} LIMIT 5",
        f"SELECT (STR(?o) AS ?x) {{ {ANY} }} LIMIT 3",
        "SELECT * { ?s a ?class } LIMIT 10",
        "SELECT DISTINCT ?class { ?s a ?class } LIMIT 2",
        f"SELECT ?g ?s {{ GRAPH ?g {{ {ANY} }} }} LIMIT 10",
        f"SELECT * {{ {ANY} FILTER(isLiteral(?o)) }} LIMIT 10",
        f"SELECT * {{ {ANY} BIND(STR(?o) AS ?x) FILTER(CONTAINS(?x, 'E-')) }} LIMIT 3",
        f"SELECT * {{ {ANY} OPTIONAL {{ ?s rdfs:label ?l FILTER(?l != 'x') }} }} LIMIT 10",
        f"SELECT * {{ {ANY} MINUS {{ ?s a flex:Event }} }} LIMIT 10",
        f"SELECT * {{ {ANY} FILTER NOT EXISTS {{ ?s a flex:Event }} }} LIMIT 10",
        f"SELECT * {{ {ANY} FILTER EXISTS {{ ?s a ?c }} }} LIMIT 10",
        "SELECT * { { ?s a ?x } UNION { ?s rdfs:label ?x } } LIMIT 10",
        "SELECT ?s ?o { ?s flex:site?/rdfs:label ?o } LIMIT 4",
        "SELECT DISTINCT * { ?s ?p ?x . ?x flex:site?/rdfs:label ?o } LIMIT 3",
        "SELECT ?s ?o { ?s !rdf:type ?o } LIMIT 4",
        "SELECT * { { SELECT DISTINCT ?p { ?s ?p ?o } } } LIMIT 4",
        f"SELECT * {{ {ANY} VALUES ?p {{ rdf:type rdfs:label }} }} LIMIT 10",
        "SELECT * { ?x flex:startsAt ?t } LIMIT 4",
    ],
)
def test_any_rows_will_do(small, query):
    """As many rows as over triples, and each is one of those without LIMIT, as often at the most."""
    bounded, fast = small.answers(query)
    rest = re.sub(r" LIMIT \d+( OFFSET \d+)?$", "", query).replace("REDUCED ", "")
    everything = comparable(small.plain(rest)())
    assert sum(fast[1].values()) == sum(bounded[1].values())
    assert fast[0] == bounded[0]
    assert fast[1] <= everything[1]


def test_ask_and_construct_need_no_more_than_the_graph_says(small):
    """One solution is enough to ASK; any ten will do for CONSTRUCT."""
    for query in ("ASK { ?s ?p ?o }", "ASK { ?s a ?class }", "ASK { GRAPH ?g { ?s ?p ?o } }"):
        assert small.answers(query) == (True, True)
    for form in ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"):
        plain, fast = small.answers(f"{form} LIMIT 10")
        assert len(fast) == len(plain) == 10
        assert fast <= comparable(small.plain(form)())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT * { ?s ?p ?o } LIMIT 5000",  # more than the graph has
        "SELECT * { ?s ?p ?o } OFFSET 3",
        "SELECT * { ?s ?p ?o } ORDER BY ?s LIMIT 3",
        "SELECT (COUNT(?o) AS ?n) { ?s ?p ?o . ?o ?q ?x } LIMIT 3",
        "SELECT ?p (COUNT(?o) AS ?n) { ?s ?p ?o . ?o ?q ?x } GROUP BY ?p LIMIT 3",
        "SELECT * { ?s ?p ?o MINUS { ?x ?p ?y ; flex:startsAt ?t } } LIMIT 3",
        "SELECT * { ?s ?p ?o FILTER NOT EXISTS { ?x ?p ?o ; saref:hasResult ?r } } LIMIT 3",
        "SELECT * { ?s ?p ?o FILTER(!EXISTS { ?x flex:series ?s }) } LIMIT 3",
        "SELECT * { ?s ?p ?o OPTIONAL { ?x flex:series ?s } } LIMIT 3",
        "SELECT * { ?s ?p ?o OPTIONAL { ?x a ?s } } LIMIT 3",
        "SELECT * { ?s ?p ?o OPTIONAL { ?x ?q ?s } } LIMIT 3",
        "SELECT (EXISTS { ?x flex:series ?s } AS ?y) { ?s ?p ?o } LIMIT 3",
        "SELECT * { ?s ?p ?o BIND(EXISTS { ?x flex:series ?s } AS ?y) } LIMIT 3",
        "SELECT * { ?s ?p ?o { SELECT ?s { ?s ?q ?x } ORDER BY ?x LIMIT 2 } } LIMIT 1",
        "SELECT * { ?s ?p ?o { SELECT (COUNT(*) AS ?n) { ?a ?b ?c } } } LIMIT 1",
        "SELECT * { ?s ?p ?o FILTER EXISTS { SELECT ?s { ?s ?q ?x } LIMIT 1 } } LIMIT 1",
        "SELECT * { ?s ?p ?o FILTER(RAND() < 0.5) } LIMIT 1",
        "ASK { ?s ?p ?o FILTER(?p = flex:none) }",
    ],
)
def test_where_readings_may_change_the_rows_it_is_refused(small, query):
    """ORDER BY, numbers, and whatever is left out or filled in because of readings."""
    with pytest.raises(QueryError) as caught:
        small.rewritten(query)
    assert caught.value.code == "readings-query"
