"""A stranger's first queries over readings in columns: any rows, classes, predicates, numbers."""

import re

import pytest

from kg.errors import QueryError
from kg.namespaces import FLEX, SAREF
from kg.readings.observation import payload
from tests import random_first
from tests.readings_world import World, comparable, readings

LABELS = "\n".join(
    f"<{name}> <http://www.w3.org/2000/01/rdf-schema#label> '{name[-5:]}' ."
    for name in (FLEX + "Event", SAREF + "Observation", SAREF + "PropertyValue", SAREF + "hasValue")
)
ANY = "?s ?p ?o"


@pytest.fixture(scope="module")
def small():
    return World(12)


@pytest.fixture(scope="module")
def surveyed():
    """A world whose payloads are told of in both stores, and classes have labels."""
    world = World(12)
    told = [line for one in readings(12) for line in payload(one)]
    graph = "https://w3id.org/flexkg/graph/report/202601"
    world.graph.add(graph, "\n".join(dict.fromkeys(told)))
    for store in (world.triples, world.graph):
        store.add("https://w3id.org/flexkg/graph/ontology", LABELS.replace("'", '"'))
    return world


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


@pytest.mark.parametrize(
    "query",
    [
        "SELECT DISTINCT ?class { ?s a ?class }",
        "SELECT DISTINCT ?class { ?s a ?class } ORDER BY ?class LIMIT 300",
        "SELECT DISTINCT ?class { [] a ?class }",
        "SELECT DISTINCT (STR(?class) AS ?x) { ?s a ?class FILTER(CONTAINS(STR(?class), 'e')) }",
        "SELECT DISTINCT ?p { ?s ?p ?o }",
        "SELECT DISTINCT ?p { ?s a saref:Observation ; ?p ?o }",
        "SELECT DISTINCT ?p { ?s a flex:Reading , saref:Observation ; ?p ?o }",
        "SELECT DISTINCT ?p { ?s a flex:Reading , saref:PropertyValue ; ?p ?o }",
        "SELECT DISTINCT ?p { ?s a time:Interval ; ?p ?o }",
        "SELECT DISTINCT ?class ?p { ?s a ?class ; ?p ?o }",
        "SELECT DISTINCT ?class ?p { ?s a ?class . ?s ?p ?o FILTER(?p != rdf:type) } ORDER BY ?class ?p",
        "SELECT DISTINCT ?class ?l { ?s a ?class OPTIONAL { ?class rdfs:label ?l } }",
        "SELECT DISTINCT ?class ?l { ?s a ?class . ?class rdfs:label ?l }",
        "SELECT DISTINCT ?p ?l { OPTIONAL { ?x rdfs:label ?l } ?s ?p ?o . ?p rdfs:label ?l BIND(1 AS ?y) }",
        "SELECT DISTINCT ?p { ?s ?p ?o MINUS { ?p rdfs:label ?l } }",
        "SELECT DISTINCT ?p { ?s ?p ?o VALUES ?p { rdf:type saref:hasValue flex:none } }",
        "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }",
        "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?g), 'report')) } ORDER BY ?g",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
        "SELECT (COUNT(?s) + 1 AS ?n) { ?s ?p ?o }",
        "SELECT (COUNT(DISTINCT ?s) AS ?n) (COUNT(*) AS ?m) { ?s ?p ?o }",
        "SELECT (COUNT(DISTINCT ?p) AS ?n) (COUNT(*) AS ?m) { ?s ?p ?o }",
        "SELECT (COUNT(DISTINCT ?class) AS ?n) { ?s a ?class }",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(?p != rdf:type) }",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(?p = flex:none) }",
        "SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?m) { ?s a saref:Observation ; ?p ?o }",
        "SELECT (COUNT(*) AS ?n) { ?s a ?class ; ?p ?o }",
        "SELECT ?class (COUNT(*) AS ?n) { ?s a ?class } GROUP BY ?class ORDER BY DESC(?n) ?class",
        "SELECT ?class (COUNT(?s) AS ?n) { ?s a ?class } GROUP BY ?class HAVING (COUNT(?s) > 20)",
        "SELECT ?class (COUNT(DISTINCT ?s) AS ?n) { ?s a ?class ; ?p ?o } GROUP BY ?class",
        "SELECT ?class ?p (COUNT(DISTINCT ?s) AS ?n) { ?s a ?class ; ?p ?o } GROUP BY ?class ?p",
        "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(COUNT(*))",
        "SELECT ?p (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o } GROUP BY ?p",
        "SELECT ?p (COUNT(DISTINCT ?class) AS ?n) (COUNT(?o) AS ?m) { ?s a ?class ; ?p ?o } GROUP BY ?p",
        "SELECT ?l (COUNT(*) AS ?n) { ?s a ?class OPTIONAL { ?class rdfs:label ?l } } GROUP BY ?l",
        "SELECT ?n { { SELECT (COUNT(*) AS ?n) { ?s a flex:Event } } }",
    ],
)
def test_surveys_are_answered_as_over_triples(surveyed, query):
    """Classes, predicates, graphs, and numbers of them."""
    plain, fast = surveyed.answers(query)
    assert fast == plain
    assert surveyed.rewritten(query).count("\n(") < 60


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?class { ?s a ?class }",
        "SELECT DISTINCT ?s { ?s a ?class }",
        "SELECT DISTINCT ?o { ?s ?p ?o }",
        "SELECT DISTINCT ?p { ?s ?p ?s }",
        "SELECT DISTINCT ?p { ?s ?p ?p }",
        "SELECT DISTINCT ?p { ?s ?p ?o FILTER(isLiteral(?o)) }",
        "SELECT DISTINCT ?p { ?s ?p ?o BIND(STR(?s) AS ?x) }",
        "SELECT DISTINCT ?p { ?s ?p ?o . ?o ?q ?x }",
        "SELECT DISTINCT ?p { ?s ?p ?o ; flex:series ?x }",
        "SELECT DISTINCT ?p ?q { ?s ?p ?o ; ?q ?x }",
        "SELECT DISTINCT ?p { ?s ?p ?o FILTER EXISTS { ?x ?p ?y } }",
        "SELECT DISTINCT ?p { ?s ?p ?o OPTIONAL { ?x a ?p } }",
        "SELECT DISTINCT ?p { ?s ?p ?o } ORDER BY ?s",
        "SELECT DISTINCT ?g ?p { GRAPH ?g { ?s ?p ?o } }",
        "SELECT (COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o }",
        "SELECT (SAMPLE(?o) AS ?n) { ?s ?p ?o }",
        "SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s",
        "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o FILTER(?p != rdf:type) }",
        "SELECT ?l (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c OPTIONAL { ?c rdfs:label ?l } } GROUP BY ?l",
        "SELECT (COUNT(DISTINCT *) AS ?n) { ?s ?p ?o }",
    ],
)
def test_what_is_no_survey_is_refused(surveyed, query):
    """Where it matters which readings there are."""
    with pytest.raises(QueryError) as caught:
        surveyed.rewritten(query)
    assert caught.value.code == "readings-query"


def test_refusal_says_what_else_a_node_may_be(small):
    """Many ask for series and leave out their class."""
    for query, cure in (
        ("SELECT * { ?s flex:ofResource ?r }", "?s a flex:Series"),
        ("SELECT * { ?d flex:series ?s }", "?d a flex:ReportDescription"),
    ):
        with pytest.raises(QueryError) as caught:
            small.rewritten(query, most=10)
        assert cure in caught.value.cure
        small.rewritten(query.replace(" }", f" . {cure} }}"), most=10)


def test_random_queries_for_any_rows(small):
    """Put together by chance: refused, or so many rows of those over triples."""
    wrong, number = [], 0
    for seed in range(200):
        text, limit, offset = random_first.some(seed)
        query = f"{text} LIMIT {limit} OFFSET {offset}"
        try:
            fast = comparable(small.ask(small.rewritten(query)))
        except QueryError as error:
            wrong += [] if error.code == "readings-query" else [query]
            continue
        number += 1
        names, rows = comparable(small.plain(text)())
        wanted = min(limit, max(0, sum(rows.values()) - offset))
        if not (names == fast[0] and fast[1] <= rows and sum(fast[1].values()) == wanted):
            wrong.append(query)
    assert wrong == []
    assert number > 80


def test_random_surveys(surveyed):
    """Put together by chance: refused, or answered as over triples."""
    wrong, number = [], 0
    for seed in range(300):
        query = random_first.survey(seed)
        try:
            plain, fast = surveyed.answers(query)
        except QueryError:
            continue
        number += 1
        wrong += [] if plain == fast else [query]
    assert wrong == []
    assert number > 80
