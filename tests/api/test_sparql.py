"""/sparql: the SPARQL 1.1 Protocol's query operation."""

import csv
import json
from io import StringIO
from urllib.parse import quote_from_bytes

import pyoxigraph as ox
import pytest
from lxml import etree

from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.api.problem import problem
from tests.messages import event

SELECT = "SELECT ?id { ?e a flex:Event ; flex:eventID ?id } ORDER BY ?id"
ASK = "ASK { ?e a flex:Event }"
CONSTRUCT = "CONSTRUCT { ?e flex:eventID ?id } WHERE { ?e a flex:Event ; flex:eventID ?id }"
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"


@pytest.fixture
def asked(client):
    """A client of a service that knows two events."""
    for name in ("E-1", "E-2"):
        assert client.post("/payloads", content=event(event_id=name)).status_code == 201
    return client


def ways(client, query, **headers):
    """Ask in each of the three ways of the protocol."""
    return [
        client.get("/sparql", params={"query": query}, headers=headers),
        client.post("/sparql", data={"query": query}, headers=headers),
        client.post("/sparql", content=query, headers={"Content-Type": f"{QUERY}; charset=utf-8", **headers}),
    ]


def _json(text):
    return [row["id"]["value"] for row in json.loads(text)["results"]["bindings"]]


def _xml(text):
    return etree.fromstring(text.encode()).xpath("//*[local-name()='literal']/text()")


READERS = {
    "application/sparql-results+json": _json,
    "application/json": _json,
    "text/csv": lambda text: [row["id"] for row in csv.DictReader(StringIO(text))],
    "text/tab-separated-values": lambda text: [line.strip('"') for line in text.splitlines()[1:]],
    "application/sparql-results+xml": _xml,
}


@pytest.mark.parametrize("media", READERS)
def test_select_is_answered_in_each_form(asked, media):
    """GET, form and direct POST give the same rows."""
    for answer in ways(asked, SELECT, Accept=media):
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media)
        assert READERS[media](answer.text) == ["E-1", "E-2"]


def test_select_is_json_when_nothing_is_asked_for(asked):
    """The first of what is served."""
    for answer in ways(asked, SELECT):
        assert answer.headers["content-type"] == "application/sparql-results+json"


def test_ask_is_answered(asked):
    """As JSON and XML; yes and no."""
    for answer in ways(asked, ASK):
        assert answer.json()["boolean"] is True
    for answer in ways(asked, "ASK { ?e a flex:Nothing }"):
        assert answer.json()["boolean"] is False
    xml = asked.get("/sparql", params={"query": ASK}, headers={"Accept": "application/sparql-results+xml"})
    assert etree.fromstring(xml.content).xpath("string(//*[local-name()='boolean'])") == "true"


@pytest.mark.parametrize(
    ("media", "form"),
    [
        ("text/turtle", ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    ],
)
def test_construct_is_answered_in_each_form(asked, media, form):
    """The same triples each time; DESCRIBE is served too."""
    for answer in ways(asked, CONSTRUCT, Accept=media):
        assert answer.headers["content-type"].partition(";")[0] == media
        assert {quad.object.value for quad in ox.parse(answer.content, form)} == {"E-1", "E-2"}
    described = asked.get(
        "/sparql", params={"query": "DESCRIBE <https://w3id.org/flexkg/id/event/VTN-1/E-1>"}
    )
    assert described.headers["content-type"].startswith("text/turtle")
    assert "E-1" in described.text


def test_select_of_an_empty_store_has_no_rows(client):
    """That is an answer, not an error."""
    assert client.get("/sparql", params={"query": SELECT}).json()["results"]["bindings"] == []


@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        ("", "no-query", "no query"),
        ("events", "no-query", "no query"),
        ("hello world", "no-query", "no query"),
        ("SELECT * { ?s", "syntax", "does not parse"),
        ("SELECT * { ?s x:y ?o }", "prefix", "x:"),
        ("DELETE WHERE { ?s ?p ?o }", "update", "DELETE"),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "service", "SERVICE"),
        ("SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", "from", "FROM"),
        ("SELECT ('a' + 1 AS ?x) (?y AS ?x) {}", "syntax", "does not parse"),
    ],
)
def test_queries_that_are_not_served_are_problems(asked, query, code, word):
    """400, whichever way they come."""
    for answer in ways(asked, query):
        assert word in problem(answer, 400, code)["detail"]


@pytest.mark.parametrize(
    "query", ["SELECT * " + "{" * 5000 + "}" * 5000, "ASK { ?s ?p '" + "x" * 30_000 + "' }"]
)
def test_queries_that_are_too_large_are_refused(asked, query):
    """413 before the engine sees them; the service goes on."""
    for answer in ways(asked, query)[1:]:
        problem(answer, 413, "query-too-large")
    assert asked.get("/sparql", params={"query": ASK}).json()["boolean"] is True


def test_a_body_beyond_all_bounds_is_not_read(asked):
    """413 too."""
    for media in (FORM, QUERY):
        answer = asked.post("/sparql", content=b"query=" + b"x" * 1_000_000, headers={"Content-Type": media})
        problem(answer, 413, "too-large" if media == QUERY else "query-too-large")


def test_other_bodies_are_refused(asked):
    """415 names what is taken."""
    for media in ("text/plain", "application/json"):
        answer = asked.post("/sparql", content=ASK, headers={"Content-Type": media})
        assert QUERY in problem(answer, 415, "media-type")["cure"]
    problem(asked.post("/sparql", content=ASK), 415, "media-type")


def test_forms_need_one_query(asked):
    """None, two, and bytes that are no text are told."""
    problem(asked.post("/sparql", data={}, headers={"Content-Type": FORM}), 400, "query")
    problem(asked.get("/sparql", params={"update": "CLEAR ALL"}), 400, "update")
    problem(asked.get("/sparql", params={"nothing": "asked"}), 400, "query")
    both = {"query": ASK, "update": "CLEAR ALL"}
    problem(asked.post("/sparql", data=both), 400, "query")
    problem(asked.get("/sparql", params=[("query", ASK), ("query", ASK)]), 400, "query")
    answer = asked.post("/sparql", content=b"\xff", headers={"Content-Type": QUERY})
    assert "UTF-8" in problem(answer, 400, "encoding")["detail"]


def test_datasets_are_chosen(asked):
    """By the address, the form, or FROM; what the request says goes before what the query says."""
    graphs = asked.get("/sparql", params={"query": "SELECT DISTINCT ?g { GRAPH ?g {} }"}).json()
    names = [row["g"]["value"] for row in graphs["results"]["bindings"]]
    events = next(name for name in names if "/graph/event/" in name)
    other = next(name for name in names if "/graph/ontology" in name)
    assert "https://w3id.org/flexkg/graph/meta" not in names
    in_default, in_named = "ASK { ?e a flex:Event }", "ASK { GRAPH ?g { ?e a flex:Event } }"
    for query, chosen, expected in (
        (in_default, {"default-graph-uri": events}, True),
        (in_default, {"default-graph-uri": other}, False),
        (in_default, {"default-graph-uri": [other, events]}, True),
        (in_default, {"named-graph-uri": events}, False),
        (in_named, {"named-graph-uri": events}, True),
        (in_named, {"default-graph-uri": events}, False),
        (in_default.replace("ASK", f"ASK FROM <{other}>"), {}, False),
        (in_default.replace("ASK", f"ASK FROM <{events}>"), {}, True),
        (in_default.replace("ASK", f"ASK FROM <{other}>"), {"default-graph-uri": events}, True),
        (in_named.replace("ASK", f"ASK FROM NAMED <{events}>"), {}, True),
        (in_named.replace("ASK", f"ASK FROM NAMED <{other}>"), {}, False),
    ):
        for answer in (
            asked.get("/sparql", params={"query": query, **chosen}),
            asked.post("/sparql", data={"query": query, **chosen}),
            asked.post("/sparql", params=chosen, content=query, headers={"Content-Type": QUERY}),
        ):
            assert answer.json()["boolean"] is expected, (query, chosen)


def test_the_graph_of_the_store_itself_is_in_no_dataset(asked):
    """It is unknown like one that does not exist: an empty graph, and the header says so."""
    meta = "https://w3id.org/flexkg/graph/meta"
    for name in ("default-graph-uri", "named-graph-uri"):
        for query in ("ASK { ?s ?p ?o }", "ASK { GRAPH ?g { ?s ?p ?o } }"):
            answer = asked.get("/sparql", params={"query": query, name: meta})
            assert answer.json()["boolean"] is False
            assert answer.headers["unknown-graph"] == f"<{meta}>"
    for clause in (f"FROM <{meta}>", f"FROM NAMED <{meta}>"):
        problem(asked.get("/sparql", params={"query": f"ASK {clause} {{ ?s ?p ?o }}"}), 400, "from")


def test_answers_say_how_old_they_are(client):
    """Nothing written since: 0. no-cache sees what was taken in before it, however young the snapshot."""
    query = {"query": "SELECT ?e { ?e a flex:Event }"}
    for count in range(4):
        answer = client.get("/sparql", params=query, headers={"Cache-Control": "no-cache"})
        assert len(answer.json()["results"]["bindings"]) == count
        assert answer.headers["snapshot-age"] == "0.000"
        assert client.post("/payloads", content=event(event_id=f"E-{count}")).status_code == 201
    late = client.get("/sparql", params=query)
    assert float(late.headers["snapshot-age"]) < 5.0


def test_pages_of_this_host_may_call(asked):
    """CORS: a page on loopback is answered, its preflight too; one from elsewhere gets no leave."""
    page = "http://localhost:3000"
    ask = {"Origin": page, "Access-Control-Request-Method": "POST"}
    before = asked.options("/sparql", headers={**ask, "Access-Control-Request-Headers": "content-type"})
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, page)
    answer = asked.get("/sparql", params={"query": ASK}, headers={"Origin": page})
    assert answer.headers["access-control-allow-origin"] == page
    assert "Snapshot-Age" in answer.headers["access-control-expose-headers"]
    stranger = {**ask, "Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in asked.options("/sparql", headers=stranger).headers
    assert (
        asked.get("/sparql", params={"query": ASK}, headers={"Origin": stranger["Origin"]}).status_code == 403
    )


def test_head_has_the_headers_of_get(asked):
    """And no body."""
    answer = asked.head("/sparql", params={"query": SELECT}, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")


def test_forms_that_are_not_served_are_refused(asked):
    """406: rows are no Turtle, triples are no CSV."""
    for query, media in ((SELECT, "text/turtle"), (CONSTRUCT, "text/csv"), (ASK, "text/html")):
        for answer in ways(asked, query, Accept=media):
            problem(answer, 406, "not-acceptable")


def test_queries_need_a_store(checking):
    """503 says how to start the service with one."""
    for answer in ways(checking, ASK):
        assert "--store" in problem(answer, 503, "no-store")["cure"]


def test_the_books_of_the_store_are_no_graph_of_the_dataset(asked):
    """What the store notes of itself is read with everything, and named by nothing."""
    meta = "https://w3id.org/flexkg/graph/meta"
    for text, found in (
        ("ASK { ?s flex:appliedUpTo ?n }", True),
        ("ASK { GRAPH ?g { ?s flex:appliedUpTo ?n } }", False),
        (f"ASK {{ GRAPH <{meta}> {{ ?s ?p ?o }} }}", False),
    ):
        assert asked.get("/sparql", params={"query": text}).json()["boolean"] is found
    for field in ("default-graph-uri", "named-graph-uri"):
        text = "ASK { { ?s flex:appliedUpTo ?n } UNION { GRAPH ?g { ?s flex:appliedUpTo ?n } } }"
        assert asked.get("/sparql", params={"query": text, field: meta}).json()["boolean"] is False
    problem(asked.get("/sparql", params={"query": f"ASK FROM <{meta}> {{ ?s ?p ?o }}"}), 400, "from")


@pytest.mark.parametrize("way", ["body", "form", "address", "field"])
def test_what_is_not_utf8_is_refused_with_its_place(asked, way):
    """Nothing is taken for something else, wherever it stands."""
    query = b"SELECT * {\n ?s ?p '\xe4' }"
    coded = quote_from_bytes(query)
    if way == "body":
        answer = asked.post("/sparql", content=query, headers={"Content-Type": "application/sparql-query"})
    elif way == "form":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = asked.post("/sparql", content=f"query={coded}", headers=form)
    else:
        answer = asked.get(f"/sparql?query={coded}" if way == "address" else "/queries/latest?resource=%E4")
    told = problem(answer, 400, "encoding")
    assert "byte 0xE4" in told["detail"]
    assert told["where"].startswith("line 2, column " if way != "field" else "line 1, column ")


def test_an_update_that_takes_too_long_changes_nothing(tmp_path):
    """It ends at its deadline on a copy: no row, no change, and the store takes the next one."""
    numbers = " ".join(map(str, range(400)))
    each = " ".join(f"VALUES ?{name} {{ {numbers} }}" for name in "abcd")
    text = (
        f"INSERT {{ ?s flex:eventID ?a }} WHERE {{ {each} FILTER(?a + ?b + ?c + ?d < 0) BIND(id:x AS ?s) }}"
    )
    service = Service(load_settings(store=tmp_path / "store", update_seconds=1.5))
    media = {"Content-Type": "application/sparql-update"}
    with serving(service) as client:
        told = problem(client.post("/sparql", content=text, headers=media), 504, "deadline")
        assert "1.5 s" in told["detail"]
        answer = client.post("/sparql", content="INSERT DATA { id:y flex:eventID '1' }", headers=media)
        assert (answer.status_code, answer.headers["journal-row"]) == (204, "1")
    assert not list((tmp_path / "store").glob("attempt-*"))
