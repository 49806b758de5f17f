"""/graphs and updates: what administrators write, conditional requests, and that the journal keeps it."""

import pytest

from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import rebuild
from tests.api.problem import problem
from tests.messages import event

NAME = "https://a.example/mine"
TURTLE = {"Content-Type": "text/turtle"}
UPDATE = {"Content-Type": "application/sparql-update"}
GRAPH = {"graph": NAME}


def put(client, text, **headers):
    return client.put("/graphs", params=GRAPH, content=text, headers={**TURTLE, **headers})


def objects(client):
    """Values of the graph as a query sees them."""
    query = f"SELECT ?o {{ GRAPH <{NAME}> {{ ?s ?p ?o }} }} ORDER BY ?o"
    found = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    return [row["o"]["value"] for row in found]


def test_a_graph_is_written_read_and_removed(client):
    """201 for a new one, 204 for one that was there, 404 for one that is gone; seen at once by queries."""
    assert put(client, "<s> <p> 1 .").status_code == 201
    assert objects(client) == ["1"]
    assert put(client, "<s> <p> 2 .").status_code == 204
    added = client.post("/graphs", params=GRAPH, content="<s> <p> 3 .", headers=TURTLE)
    assert added.status_code == 204
    assert objects(client) == ["2", "3"]
    assert f"<{NAME.rpartition('/')[0]}/s>" in client.get("/graphs", params=GRAPH).text
    assert client.delete("/graphs", params=GRAPH).status_code == 204
    problem(client.get("/graphs", params=GRAPH), 404, "no-graph")
    problem(client.delete("/graphs", params=GRAPH), 404, "no-graph")
    assert put(client, "").status_code == 201
    assert client.get("/graphs", params=GRAPH).status_code == 200


def test_conditional_requests(client):
    """The tag changes with the graph and with nothing else; who wrote in between is not overwritten."""
    assert put(client, "<s> <p> 1 .", **{"If-Match": "*"}).status_code == 412
    put(client, "<s> <p> 1 .")
    tag = client.get("/graphs", params=GRAPH).headers["etag"]
    assert client.post("/payloads", content=event()).status_code == 201
    same = client.get("/graphs", params=GRAPH, headers={"If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other_form = {"If-None-Match": tag, "Accept": "application/n-triples"}
    assert client.get("/graphs", params=GRAPH, headers=other_form).status_code == 200
    assert put(client, "<s> <p> 2 .", **{"If-Match": tag}).status_code == 204
    problem(put(client, "<s> <p> 3 .", **{"If-Match": tag}), 412, "precondition")
    problem(put(client, "<s> <p> 3 .", **{"If-None-Match": "*"}), 412, "precondition")
    problem(client.delete("/graphs", params=GRAPH, headers={"If-Match": tag}), 412, "precondition")
    assert objects(client) == ["2"]


@pytest.mark.parametrize(
    ("media", "body", "status", "code"),
    [
        ("text/csv", "a,b", 415, "media-type"),
        ("text/turtle", "<s> <p> ", 400, "unreadable-graph"),
        ("text/turtle", b"<s> <p> '\xff' .", 400, "unreadable-graph"),
        ("application/ld+json", '{"@context": "http://127.0.0.1:9/c", "a": 1}', 400, "unreadable-graph"),
        ("application/ld+json", "{", 400, "unreadable-graph"),
        (
            "application/rdf+xml",
            '<!DOCTYPE r [<!ENTITY a "b">]><r xmlns="x:y">&a;</r>',
            400,
            "unreadable-graph",
        ),
        ("multipart/form-data", "x", 400, "unreadable-graph"),
    ],
)
def test_bodies_that_are_no_graphs(client, media, body, status, code):
    """Each is told, nothing is written or fetched."""
    answer = client.put("/graphs", params=GRAPH, content=body, headers={"Content-Type": media})
    problem(answer, status, code)
    problem(client.get("/graphs", params=GRAPH), 404, "no-graph")


def test_places_that_are_not_written(client):
    """What is made from payloads, the store's own graph, no graph, two graphs, a relative name."""
    for name in ("ontology", "meta", "event/202611"):
        name = f"https://w3id.org/flexkg/graph/{name}"
        answer = client.put("/graphs", params={"graph": name}, content="", headers=TURTLE)
        problem(answer, 403, "made-graph")
        problem(client.delete("/graphs", params={"graph": name}), 403, "made-graph")
    for query in ("", "?graph=a:b&graph=a:c", "?default&graph=a:b", "?graph=relative"):
        problem(client.put(f"/graphs{query}", content="", headers=TURTLE), 400, "graph")
    problem(client.get("/graphs", params={"graph": "https://w3id.org/flexkg/graph/meta"}), 404, "no-graph")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("INSERT DATA { <s> <p> }", "syntax"),
        ("SELECT * { ?s ?p ?o }", "no-update"),
        ("", "no-update"),
        ("LOAD <http://127.0.0.1:9/>", "load"),
        ("INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "service"),
        ("INSERT { <a:s> <a:p> ?n } WHERE { BIND(NOW() AS ?n) }", "varying"),
        ("DELETE WHERE { GRAPH <https://w3id.org/flexkg/graph/meta> { ?s ?p ?o } }", "meta"),
        ("DROP GRAPH <https://a.example/none>", "query"),
        ("INSERT DATA { x:s <p> 1 }", "prefix"),
        ("DELETE WHERE " + "{" * 100 + "}" * 100, "query-too-large"),
    ],
)
def test_updates_that_are_refused_leave_no_row(client, service, text, code):
    """Nothing is recorded that cannot be performed."""
    before = service.store.journal.head.seq
    status = 413 if code == "query-too-large" else 400
    for answer in (
        client.post("/sparql", content=text, headers=UPDATE),
        client.post("/sparql", data={"update": text}),
    ):
        problem(answer, status, code)
    assert service.store.journal.head.seq == before


def test_updates_and_graphs_outlive_the_graph(tmp_path, client, service):
    """The journal has them: a rebuilt store is the same, whatever was written in which order."""
    put(client, "<s> <p> 1, 'x' ; <q> [ <r> 2.50 ] .")
    client.post("/payloads", content=event())
    text = f"WITH <{NAME}> DELETE {{ ?s ?p 1 }} INSERT {{ ?s ?p 'one' }} WHERE {{ ?s ?p 1 }} ;"
    assert client.post("/sparql", content=text, headers=UPDATE).status_code == 204
    using = (
        "INSERT { GRAPH <https://a.example/mine> { <a:e> flex:eventID ?id } } WHERE { ?e flex:eventID ?id }"
    )
    names = [name for name in service.store.graphs.graphs() if "/event/" in name]
    done = client.post("/sparql", params={"using-graph-uri": names}, content=using + " # end", headers=UPDATE)
    assert done.status_code == 204
    assert "E-1" in objects(client)
    client.put("/graphs?default", content="<a:s> <a:p> 'default' .", headers=TURTLE)
    assert "default" in client.get("/sparql", params={"query": "SELECT ?o { <a:s> ?p ?o }"}).text
    digest = service.store.graphs.digest()
    folder = service.store.journal.directory
    client.__exit__(None, None, None)
    assert rebuild(folder.path).updates == 4
    again = EmbeddedGraphs(folder.graph)
    assert again.digest() == digest
    again.close()
    client.__enter__()


def test_clearing_everything_keeps_the_books(client, service):
    """CLEAR ALL is an administrator's right; the store still knows how far it is."""
    client.post("/payloads", content=event())
    assert client.post("/sparql", content="CLEAR ALL", headers=UPDATE).status_code == 204
    assert service.store.graphs.applied() == service.store.journal.head.seq
    assert client.post("/payloads", content=event(event_id="E-9")).json()["applied"] is True


def test_no_store_no_graphs(checking):
    """503 says how to start the service with one."""
    problem(checking.get("/graphs", params=GRAPH), 503, "no-store")
    problem(put(checking, ""), 503, "no-store")
