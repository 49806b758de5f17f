"""POST /payloads: a payload is taken in."""

import threading
from concurrent.futures import ThreadPoolExecutor

from kg.graphs import META
from kg.xml import read
from tests.api.problem import problem
from tests.messages import event, poll, report
from tests.paths import ROOT

REPORT = {"verdict", "message_type", "digest", "violations"}


def test_payloads_takes_in_what_conforms(client, service):
    """201 when it is on disk and in the graph; the row is named."""
    answer = client.post("/payloads", content=event())
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == REPORT | {"sequence", "duplicate", "applied"}
    assert (body["verdict"], body["sequence"], body["duplicate"], body["applied"]) == (
        "conforms",
        1,
        False,
        True,
    )
    assert service.store.journal.payload(1) == event()
    asked = client.get("/sparql", params={"query": "ASK { ?e a flex:Event }"})
    assert asked.json()["boolean"] is True


def test_payloads_says_what_it_has_already(client, service):
    """200 and the row of before; nothing is added."""
    client.post("/payloads", content=event())
    again = client.post("/payloads", content=event())
    assert (again.status_code, again.json()["sequence"], again.json()["duplicate"]) == (200, 1, True)
    assert service.store.journal.head.seq == 1


def test_payloads_refuses_what_violates(client, service):
    """422 with rule, pointer and cure of each violation; the report is kept, the payload is not visible."""
    body = problem(client.post("/payloads", content=event(hours=2)), 422, "violates")
    assert set(body) >= REPORT | {"sequence", "duplicate"}
    assert body["detail"].startswith("SIG-5: ")
    (violation,) = body["violations"]
    assert violation["pointer"].startswith("/oadr:oadrDistributeEvent/")
    assert violation["cure"]
    assert service.store.journal.head.seq == 1
    asked = client.get("/sparql", params={"query": "ASK { ?e a flex:Event }"})
    assert asked.json()["boolean"] is False


def test_payloads_keeps_nothing_that_cannot_be_read(client, service):
    """422 without a row."""
    for data in (b"", b"hello", b"<html/>", b"<!DOCTYPE a><a/>"):
        body = problem(client.post("/payloads", content=data), 422, "unreadable")
        assert (body["sequence"], body["verdict"]) == (None, "unreadable")
    assert service.store.journal.head.seq == 0
    problem(client.post("/payloads", content=b" " * 2_000_000), 413, "too-large")


def test_payloads_needs_a_store(checking):
    """503 says how to start the service with one."""
    assert "--store" in problem(checking.post("/payloads", content=event()), 503, "no-store")["cure"]


def test_payloads_tells_a_full_disk(client, service):
    """507, nothing acknowledged; it goes on when there is room."""
    journal = service.store.journal
    journal.limit(1)
    answers = [client.post("/payloads", content=event(n, request=f"R{n}")) for n in range(40)]
    full = [answer for answer in answers if answer.status_code == 507]
    assert full
    assert "make room" in problem(full[-1], 507, "store-full")["cure"]
    assert journal.head.seq == sum(answer.status_code == 201 for answer in answers)
    journal.limit(0)
    assert client.post("/payloads", content=poll()).status_code == 201


def test_payloads_tells_a_store_that_is_gone(client, service):
    """503 for what may work later."""
    service.store.journal.close()
    problem(client.post("/payloads", content=event()), 503, "store-unavailable")


def test_payloads_loses_none_of_many_at_once(client, service):
    """8 threads send 200 payloads while another asks: each row is of one payload, and all are there."""
    payloads = [report(str(n), ven=f"VEN-{n}", request=f"R-{n}") for n in range(200)]
    asked, done = [], threading.Event()

    def ask():
        text = "SELECT (COUNT(*) AS ?n) { ?r a saref:Observation }"
        while not done.is_set():
            answer = client.post("/sparql", data={"query": text}, headers={"Accept": "text/csv"})
            asked.append((answer.status_code, int(answer.text.split()[1])))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda data: client.post("/payloads", content=data), payloads))
    finally:
        done.set()
        asking.join()
    assert {answer.status_code for answer in answers} == {201}
    rows = [answer.json()["sequence"] for answer in answers]
    assert sorted(rows) == list(range(1, 201))
    assert all(service.store.journal.payload(row) == data for row, data in zip(rows, payloads, strict=True))
    assert {status for status, _ in asked} == {200}
    assert [n for _, n in asked] == sorted(n for _, n in asked)
    names = [name for name in service.store.graphs.graphs() if name != META]
    found = service.store.graphs.query(
        "SELECT (COUNT(*) AS ?n) { ?r a <https://saref.etsi.org/core/Observation> }",
        default_graph=names,
        named_graphs=[],
    )
    assert next(iter(found))[0].startswith('"200"')


XML = {"Accept": "application/xml"}


def answered(response):
    """Give the message of an OpenADR reply that is valid, and its response code."""
    assert (response.status_code, response.headers["content-type"]) == (200, "application/xml")
    document = read(response.content)
    assert document.schema_errors == ()
    return document.message_type, document.body.findtext(".//{*}responseCode"), document


def test_payloads_answers_in_openadr_where_that_is_asked_for(client, service):
    """The reply that belongs to the message, with the code of the refusal; the payload is recorded."""
    kind, code, document = answered(client.post("/payloads?party=VEN-1", content=event(), headers=XML))
    assert (kind, code) == ("oadrCreatedEvent", "200")
    assert document.body.findtext(".//{*}optType") == "optIn"
    kind, _, document = answered(client.post("/payloads?party=VEN-1", content=event(hours=2), headers=XML))
    assert (kind, document.body.findtext(".//{*}optType")) == ("oadrCreatedEvent", "optOut")
    assert answered(client.post("/payloads", content=report("1"), headers=XML))[:2] == (
        "oadrUpdatedReport",
        "200",
    )
    broken = event().replace(b"eventStatus", b"eventState")
    assert answered(client.post("/payloads", content=broken, headers=XML))[:2] == ("oadrResponse", "450")
    assert [row.verdict for row in service.store.journal.rows()] == [
        "conforms",
        "violates",
        "conforms",
        "violates",
    ]


def test_payloads_has_no_openadr_answer_to_everything(client):
    """204 to what ends an exchange, 422 to what cannot be read, 406 to other media types, JSON by default."""
    final = (ROOT / "tests/shapes/_base/response.xml").read_bytes()
    assert client.post("/payloads", content=final, headers=XML).status_code == 204
    problem(client.post("/payloads", content=b"<html/>", headers=XML), 422, "unreadable")
    problem(client.post("/payloads", content=poll(), headers={"Accept": "text/html"}), 406, "not-acceptable")
    assert client.post("/payloads", content=poll()).json()["verdict"] == "conforms"


def test_payloads_asks_for_what_a_registration_is_given(client, service):
    """400 names what is missing; the same bytes again, with it, are answered."""
    data = (ROOT / "tests/shapes/_base/register.xml").read_bytes()
    body = problem(client.post("/payloads?party=VTN-1", content=data, headers=XML), 400, "usage")
    assert (body["sequence"], body["verdict"]) == (1, "conforms")
    given = "/payloads?party=VTN-1&ven=VEN-7&registration=REG-7"
    kind, code, document = answered(client.post(given, content=data, headers=XML))
    assert (kind, code, document.body.findtext(".//{*}venID")) == (
        "oadrCreatedPartyRegistration",
        "200",
        "VEN-7",
    )
    assert service.store.journal.head.seq == 1
