"""The W3C's tests of the SPARQL protocol, the graph store protocol and service descriptions."""

import pyoxigraph as ox
import pytest

from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.paths import DATA, needs_data
from tests.w3c_http import Case, cases

FOLDER = DATA / "sparql-tests"


def _cases(*manifests):
    return [case for name in manifests if (FOLDER / name).is_file() for case in cases(FOLDER / name)]


PROTOCOL = _cases("protocol/manifest.ttl")
STORE = _cases("graph-store-protocol/manifest-direct.ttl", "graph-store-protocol/manifest-indirect.ttl")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    service = Service(load_settings(store=tmp_path_factory.mktemp("w3c") / "store"))
    with serving(service) as made:
        yield made


@pytest.fixture(scope="module")
def client_of_new(tmp_path_factory):
    """A client of a store that no update has cleared."""
    service = Service(load_settings(store=tmp_path_factory.mktemp("described") / "store"))
    with serving(service) as made:
        yield made


def canonical(text, base=""):
    quads = ox.parse(text, ox.RdfFormat.TURTLE, base_iri=base or None)
    graph = ox.Dataset(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in graph}


def run(client, case: Case, path):
    """Send the requests of a case in order and compare the answers."""
    known = client.get("/sparql", params={"query": "SELECT DISTINCT ?g { GRAPH ?g {} }"}).json()
    for row in known["results"]["bindings"]:
        if "w3id.org/flexkg" not in row["g"]["value"]:
            assert client.delete("/graphs", params={"graph": row["g"]["value"]}).status_code == 204
    for graph, file in case.data.items():
        answer = client.put(
            "/graphs",
            params={"graph": graph},
            content=file.read_bytes(),
            headers={"Content-Type": "application/n-triples"},
        )
        assert answer.status_code in (201, 204)
    location = ""
    for number, step in enumerate(case.exchanges):
        address = path(step.path).replace("$LOCATION$", location)
        body = step.body.replace(b"http://www.example/gsp", b"http://127.0.0.1/graphs")
        answer = client.request(step.method, address, content=body, headers=step.headers)
        place = f"{case.name}, request {number + 1}: {answer.status_code} {answer.text[:500]}"
        assert answer.status_code in step.status, place
        media = answer.headers.get("content-type", "").partition(";")[0]
        if step.media and step.media != [""]:
            assert media in step.media, place
        if step.boolean is not None:
            assert answer.json()["boolean"] is step.boolean, place
        if step.graph.strip() and step.method == "GET":
            wanted = step.graph.replace("http://www.example/gsp", "http://127.0.0.1/graphs")
            assert canonical(answer.content) == canonical(wanted), place
        if step.location:
            location = answer.headers["location"]


@needs_data
@pytest.mark.parametrize("case", PROTOCOL, ids=lambda case: case.name)
def test_protocol(client, case):
    """Each of the 34 cases."""
    run(client, case, lambda path: path.replace("/sparql/", "/sparql"))


@needs_data
@pytest.mark.parametrize("case", STORE, ids=lambda case: case.name)
def test_graph_store_protocol(client, case):
    """Each case with graphs named in the address and by it."""
    names = ("http%3A%2F%2Fwww.example%2Fgsp", "http%3A%2F%2F127.0.0.1%2Fgraphs")
    run(
        client,
        case,
        lambda path: (
            path.replace(*names)
            .replace("http://www.example/gsp", "http://127.0.0.1/graphs")
            .replace("/gsp", "/graphs")
        ),
    )


@needs_data
def test_every_case_is_here():
    """The manifests have as many as are run."""
    assert (len(PROTOCOL), len(STORE)) == (34, 13)


@pytest.mark.parametrize(
    "media", ["text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples"]
)
def test_service_description(client_of_new, media):
    """RDF; it names its own endpoint; it says what a service must say (the three cases of the manifest)."""
    answer = client_of_new.get("/sparql", headers={"Accept": media})
    assert answer.headers["content-type"].partition(";")[0] == media
    store = ox.Store()
    store.load(answer.content, ox.RdfFormat.from_media_type(media))
    sd = "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#> "
    for pattern in (
        "?s a sd:Service ; sd:endpoint <http://127.0.0.1/sparql> ; sd:supportedLanguage sd:SPARQL11Query",
        "?s sd:defaultDataset [ a sd:Dataset ; sd:defaultGraph [ a sd:Graph ] ] ; sd:resultFormat ?f",
        "?d sd:namedGraph [ a sd:NamedGraph ; sd:name <https://w3id.org/flexkg/graph/ontology> ]",
    ):
        assert store.query(f"{sd} ASK {{ {pattern} }}"), pattern
