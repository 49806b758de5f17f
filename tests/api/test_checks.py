"""POST /check: the report on a payload that is not recorded."""

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.namespace import RDF, SH

import kg
from tests.api.problem import problem
from tests.messages import event, poll, register, report
from tests.paths import ROOT

REGISTERED = (ROOT / "tests/shapes/_base/registered.xml").read_bytes()
REGISTERED = REGISTERED.replace(b"ven-1", b"VEN-1").replace(b"vtn-1", b"VTN-1")

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
    for profile in ("core", "strict", "site-de"):
        answer = checking.post("/check", params={"profile": profile}, content=event(hours=2))
        assert answer.json() == kg.check(event(hours=2), profile=profile).as_dict()
    for profile in ("/etc/passwd", "x", "shapes/profiles.ttl"):
        answer = checking.post("/check", params={"profile": profile}, content=event())
        assert "profile" in problem(answer, 422, "request")["detail"]


def test_check_compares_with_what_comes_along(checking):
    """Parts of the request, as files of ``--context`` do on the command line; the digest is the payload's."""
    data = report("1")
    parts = [
        ("payload", ("report.xml", data, "application/xml")),
        ("context", ("registered.xml", REGISTERED)),
        ("context", ("register.xml", register())),
    ]
    answer = checking.post("/check", files=parts)
    assert (answer.status_code, answer.json()["violations"]) == (200, [])
    assert answer.json()["digest"] == kg.check(data).digest
    answer = checking.post("/check", files=[*parts[:1], ("context", ("nothing.ttl", b""))])
    assert {v["rule"] for v in answer.json()["violations"]} == {"CTX-30", "CTX-34"}
    complete = b"[] <https://w3id.org/flexkg/def#completeFor> <https://w3id.org/flexkg/def#Registration> ."
    answer = checking.post("/check", files=[*parts[:1], ("context", ("all.ttl", complete))])
    assert answer.json()["verdict"] == "violates"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([("payload", ("x", b"<x/>")), ("payload", ("x", b"<x/>"))], "2 parts named payload"),
        ([("context", ("x.xml", b"<x/>"))], "0 parts named payload"),
        ([("payload", ("x", b"<x/>")), ("other", ("x", b""))], "no part 'other'"),
        ([("payload", ("x", b"<x/>")), ("context", ("early.xml", b"<x/>"))], "unreadable"),
        ([("payload", ("x", b"<x/>")), ("context", ("early.ttl", b"<x"))], "broken Turtle"),
        ([("payload", ("x", b"<x/>")), ("context", ("early.pdf", b"<x"))], "no context"),
    ],
)
def test_check_refuses_parts_that_it_does_not_take(checking, parts, words):
    """400 names the part by the name that it was sent under."""
    answer = checking.post("/check", files=parts)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    if "early" in parts[-1][1][0]:
        assert parts[-1][1][0] in answer.json()["where"]
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert checking.post("/check", content=b"none", headers=broken).status_code == 400


def test_check_compares_with_the_store_and_the_clock(client, checking):
    """``context=store`` is what was taken in; ``now`` a time with a zone."""
    client.post("/payloads", content=REGISTERED)
    plain = client.post("/check", content=report("1", ven="VEN-9"))
    beside = client.post("/check?context=store", content=report("1", ven="VEN-9"))
    assert plain.json()["violations"] == []
    assert {v["rule"] for v in beside.json()["violations"]} == {"CTX-30", "CTX-34"}
    late = checking.post("/check?now=2030-01-01T00:00:00Z", content=event())
    assert [v["rule"] for v in late.json()["violations"]] != []
    assert checking.post("/check?now=now", content=poll()).json()["verdict"] == "conforms"
    assert checking.post("/check?now=noon", content=event()).status_code == 400
    assert checking.post("/check?context=store", content=event()).status_code == 503
