"""POST /check: the report on a payload that is not recorded."""

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.namespace import RDF, SH

import kg
from tests.api.problem import problem
from tests.messages import event

GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
}


@pytest.mark.parametrize(
    ("data", "verdict"),
    [(event(), "conforms"), (event(hours=2), "violates"), (b"<html/>", "unreadable"), (b"", "unreadable")],
    ids=["good", "bad", "other", "empty"],
)
def test_check_answers_with_the_librarys_report(checking, data, verdict):
    """200 whatever the verdict; the body is what ``kg.check`` gives."""
    answer = checking.post("/check", content=data)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == kg.check(data).as_dict()
    assert answer.json()["verdict"] == verdict


def test_check_records_nothing(client, service):
    """The journal stays empty."""
    client.post("/check", content=event())
    assert service.store.journal.head.seq == 0


def test_check_writes_a_shacl_report(checking):
    """Turtle, JSON-LD and N-Triples hold the same validation report."""
    counts = set()
    for media, form in GRAPHS.items():
        answer = checking.post("/check", content=event(hours=2), headers={"Accept": media})
        assert answer.headers["content-type"].partition(";")[0] == media
        triples = [quad.triple for quad in ox.parse(answer.content, form)]
        counts.add(len(triples))
        graph = rdflib.Graph().parse(data=(ox.serialize(triples, format=ox.RdfFormat.TURTLE)).decode())
        (report,) = graph.subjects(RDF.type, SH.ValidationReport)
        assert graph.value(report, SH.conforms).toPython() is False
        assert len(list(graph.objects(report, SH.result))) == 1
    assert len(counts) == 1


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/turtle"),
        ("text/turtle;q=0.5, application/json;q=0.4", "text/turtle"),
        ("text/html, application/n-triples;q=0.1", "application/n-triples"),
        ("application/json;q=0, */*", "text/turtle"),
    ],
)
def test_check_chooses_by_quality(checking, accept, media):
    """RFC 9110, section 12.5.1."""
    answer = checking.post("/check", content=event(), headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media


def test_check_refuses_what_it_cannot_write(checking):
    """406 names what is served."""
    answer = checking.post("/check", content=event(), headers={"Accept": "text/html"})
    assert "text/turtle" in problem(answer, 406, "not-acceptable")["cure"]


def test_check_reads_no_more_than_it_may(checking):
    """413 at the first byte too many, whatever length was announced."""
    data = event() + b" " * 2_000_000
    problem(checking.post("/check", content=data), 413, "too-large")

    def parts():
        for _ in range(100):
            yield b" " * 100_000

    problem(checking.post("/check", content=parts()), 413, "too-large")


def test_check_knows_profiles(checking):
    """A level by name; a file of the server's is no level here."""
    for profile in ("core", "strict"):
        answer = checking.post("/check", params={"profile": profile}, content=event(hours=2))
        assert answer.json() == kg.check(event(hours=2), profile=profile).as_dict()
    for profile in ("/etc/passwd", "x"):
        answer = checking.post("/check", params={"profile": profile}, content=event())
        assert "profile" in problem(answer, 422, "request")["detail"]
