"""What is asked of the graph before a query over columns is answered is held to the caller's limits, too."""

import time

import pytest

from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.api.problem import problem
from tests.paths import ROOT

STORY = ROOT / "examples" / "04-report-to-query"
TIME = (
    "?o a saref:Observation ; flex:ofResource ?resource ; flex:startsAt ?t ;"
    " saref:hasResult/saref:hasValue ?v"
)
#: No row comes of it, so nothing that counts rows would end it.
BOMB = (
    "?a rdfs:label ?b . ?c rdfs:label ?d . ?e rdfs:label ?f . ?g rdfs:label ?h"
    " FILTER(CONCAT(?b, ?d, ?f, ?h) = 'none')"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a service whose readings are in columns and whose queries may take a second."""
    store = tmp_path_factory.mktemp("apart") / "store"
    settings = load_settings(store=store, readings="columns", query_seconds=1.0)
    with serving(Service(settings)) as made:
        for name in ("1-register.xml", "2-readings.xml"):
            assert made.post("/payloads", content=(STORY / name).read_bytes()).status_code == 201
        yield made


def asked(client, query):
    return client.get(
        "/sparql", params={"query": query}, headers={"Accept": "application/sparql-results+json"}
    )


def test_answers_are_those_of_this_process(client):
    """Grouped by what the graph says, through a worker and without one."""
    query = f"SELECT ?name (SUM(?v) AS ?sum) {{ {TIME} . ?resource rdfs:label ?name }} GROUP BY ?name"
    rows = asked(client, query).json()["results"]["bindings"]
    here = [tuple(row) for row in client.app.state.service.ask(query)]
    assert [(f'"{row["name"]["value"]}"', row["sum"]["value"]) for row in rows] == [
        (name, total.split('"')[1]) for name, total in here
    ]
    assert rows


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT ?resource (SUM(?v) AS ?sum) {{ {TIME} . {BOMB} }} GROUP BY ?resource",
        f"SELECT ?resource ?d (SUM(?v) AS ?sum) {{ {TIME} OPTIONAL {{ {BOMB} }} }} GROUP BY ?resource ?d",
        f"SELECT ?v {{ {TIME} . ?resource rdfs:label ?name . {BOMB} }}",
        "SELECT ?x { "
        + " ".join(f"VALUES ?v{n} {{ {' '.join(map(str, range(40)))} }}" for n in range(8))
        + " BIND(?v1 + ?v2 AS ?x) } ORDER BY ?x ?v3 ?v4",
    ],
    ids=["windows", "optional", "candidates", "values"],
)
def test_bombs_end_at_the_deadline(client, query):
    """And at no other time; the service answers others meanwhile and afterwards."""
    begin = time.monotonic()
    answer = asked(client, query)
    assert time.monotonic() - begin < 20
    assert answer.status_code in (422, 504), answer.text
    assert answer.json()["type"].rpartition("/")[2] in ("deadline", "memory", "rows", "bytes"), answer.text
    assert asked(client, "ASK { ?e a saref:Observation }").json()["boolean"]


def test_queries_that_do_not_parse_are_told_by_place(client):
    """In the caller's own lines."""
    answer = asked(client, "SELECT ?v {\n ?o saref:hasResult ?r . FILTER(}\n}")
    assert answer.status_code == 400
    assert "line 3" in answer.json()["where"]


def test_graphs_without_readings_are_asked_as_they_are(client):
    """A query that names graphs reads no columns, so any pattern will do; readings are in none of them."""
    ontology, reports = (
        "https://w3id.org/flexkg/graph/ontology",
        "https://w3id.org/flexkg/graph/report/202612",
    )
    every = "SELECT * { ?s ?p ?o } LIMIT 3"
    for text, fields in (
        (every.replace("{ ?s", f"FROM <{ontology}> {{ ?s"), {}),
        (every, {"default-graph-uri": ontology}),
        (f"SELECT * {{ GRAPH <{ontology}> {{ ?s ?p ?o }} }} LIMIT 3", {}),
        ("SELECT * { GRAPH ?g { ?s ?p ?o } } LIMIT 3", {"named-graph-uri": ontology}),
    ):
        answer = client.get("/sparql", params={"query": text, **fields}, headers={"Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        assert answer.text.count("\n") == 4
    for text, fields in ((every[:-8], {}), (f"SELECT * {{ GRAPH <{reports}> {{ ?s ?p ?o }} }}", {})):
        problem(client.get("/sparql", params={"query": text, **fields}), 400, "readings-query")


def test_a_query_that_nests_without_brackets_is_refused(client):
    """The engine takes it; what reads it for columns would go as deep as it nests."""
    problem(asked(client, f"SELECT * {{ ?s a flex:Event FILTER({'!' * 5000}true) }}"), 422, "depth")


def test_first_queries_are_answered_by_workers(client):
    """Any rows, and which graphs there are; what names a graph of readings is refused."""
    assert len(asked(client, "SELECT * { ?s ?p ?o } LIMIT 7").json()["results"]["bindings"]) == 7
    assert asked(client, "ASK { ?s ?p ?o }").json()["boolean"] is True
    rows = asked(client, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }").json()["results"]["bindings"]
    reports = [row["g"]["value"] for row in rows if "/report/" in row["g"]["value"]]
    assert len(reports) == 1
    for query in ("SELECT * { ?s ?p ?o } LIMIT 1", "SELECT * { ?s saref:hasValue ?v }"):
        refused = client.get("/sparql", params={"query": query, "default-graph-uri": reports[0]})
        assert refused.status_code == 400
        assert "in no named graph" in refused.json()["detail"]
