"""/queries: the stored queries with their parameters, as spreadsheets and programs ask for them."""

import csv
import io

import pytest

from kg.sparql.stored import stored_queries
from tests.api.problem import problem
from tests.paths import ROOT

SHED = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_bytes()


@pytest.fixture
def filled(client):
    """A client of a service that took an event in."""
    assert client.post("/payloads", content=SHED).status_code == 201
    return client


def test_list_tells_what_each_answers_and_takes(client):
    """Name, summary, parameters with their types, and the text."""
    found = {row["name"]: row for row in client.get("/queries").json()}
    assert set(found) == set(stored_queries())
    assert found["requested"]["parameters"][0] == {
        "name": "event",
        "type": "string",
        "description": "eventID as on the wire",
        "default": None,
    }
    assert "SELECT" in found["requested"]["text"]


@pytest.mark.parametrize(
    ("headers", "suffix", "media"),
    [
        ({}, "", "application/sparql-results+json"),
        ({"accept": "text/csv"}, "", "text/csv"),
        ({"accept": "text/html"}, "&format=csv", "text/csv"),
        ({"accept": "text/csv;q=0.1, application/sparql-results+xml"}, "", "application/sparql-results+xml"),
        ({}, "&format=tsv", "text/tab-separated-values"),
    ],
)
def test_answer_comes_in_the_form_that_is_asked_for(filled, headers, suffix, media):
    """By Accept, or by a field of the address."""
    answer = filled.get(f"/queries/requested?event=SHED-7{suffix}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    assert "SHED-7" in answer.text


def test_csv_is_the_rows(filled):
    """One line a row, named columns."""
    text = filled.get("/queries/requested", params={"event": "SHED-7", "format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["signal"], row["value"]) for row in rows] == [("LOAD_DISPATCH", "-4")]


@pytest.mark.parametrize("name", sorted(stored_queries()))
def test_every_query_answers(filled, name):
    """Without parameters each gives an answer."""
    assert filled.get(f"/queries/{name}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/queries/nothing", 404, "unknown-query", "requested"),
        ("/queries/..%2Fsecret", 404, "not-found", "openapi"),
        ("/queries/energy?from=yesterday", 400, "query", "2026-01-31T17:00:00Z"),
        ("/queries/energy?since=1", 400, "query", "it takes"),
        ("/queries/energy?from=2026-01-01T00:00:00Z&from=2026-01-02T00:00:00Z", 400, "query", "once"),
        ("/queries/energy?format=xlsx", 400, "query", "csv"),
        ("/queries/requested?event=%00", 400, "query", ""),
    ],
)
def test_what_cannot_be_answered_is_told(filled, path, status, code, words):
    """What is wrong, and what to do."""
    answer = filled.get(path)
    if path.endswith("%00"):
        assert answer.status_code in (200, 400)
        return
    body = problem(answer, status, code)
    assert words in str(body)


def test_nothing_else_is_accepted(filled):
    """406 where no form fits."""
    problem(filled.get("/queries/events", headers={"accept": "image/png"}), 406, "not-acceptable")


@pytest.mark.parametrize("text", ['SHED-7" } #', "SHED-7' OR '1'='1", "?x", "<urn:x>", "}} DROP ALL"])
def test_hostile_values_find_nothing(filled, text):
    """A value is a value."""
    answer = filled.get("/queries/requested", params={"event": text, "format": "csv"})
    assert answer.text.count("\n") == 1


def test_openapi_knows_the_parameters(client):
    """Each stored query is a path of its own, each parameter has a schema."""
    paths = client.get("/openapi.json").json()["paths"]
    for name, query in stored_queries().items():
        fields = {field["name"]: field for field in paths[f"/queries/{name}"]["get"]["parameters"]}
        assert set(fields) == {*query.parameters, "format"}
    assert paths["/queries/energy"]["get"]["parameters"][1]["schema"]["format"] == "date-time"


def test_a_query_is_added_by_adding_a_file(tmp_path, monkeypatch):
    """It is served at once, also while the service runs."""
    from kg.service import Service
    from kg.settings import load_settings
    from tests.api.conftest import serving

    folder = tmp_path / "queries"
    folder.mkdir()
    with serving(Service(load_settings(store=tmp_path / "store", queries=folder))) as client:
        assert client.get("/queries/mine").status_code == 404
        (folder / "mine.rq").write_text('#+ summary: "One."\nSELECT ?x { VALUES ?x { 1 } }\n')
        assert client.get("/queries/mine?format=csv").text == "x\r\n1\r\n"


def test_service_without_a_store_has_no_answers(checking):
    """503, and how to get one."""
    problem(checking.get("/queries/events"), 503, "no-store")


def test_head_tells_the_size_of_an_answer(filled):
    """Readers of tables ask for it before they read."""
    path = "/queries/requested?format=csv"
    head, whole = filled.head(path), filled.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
