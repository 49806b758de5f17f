"""Every error is a problem of RFC 9457, with a cause and a cure and nothing of the inside."""

import logging

import pytest

import kg.errors
from api.problems import CODES, TABLE
from api.problems import problem as problem_of
from kg.errors import FlexKGError
from tests.api.conftest import serving
from tests.api.problem import TYPE, problem
from tests.messages import event

ERRORS = [
    each for each in vars(kg.errors).values() if isinstance(each, type) and issubclass(each, FlexKGError)
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_row_of_its_own(kind):
    """No class falls back on that of its base, and each gets status, title, type, detail, place and cure."""
    assert kind in [row[0] for row in TABLE]
    made = problem_of(kind("what is wrong", where="here", cure="do that"))
    body = made.marshal()
    assert body.pop("title")
    assert 400 <= body.pop("status") < 600
    assert body == {"type": TYPE + kind.code, "detail": "what is wrong", "where": "here", "cure": "do that"}


def test_rows_are_reached():
    """A base class stands behind the classes derived from it."""
    for n, (kind, _, _) in enumerate(TABLE):
        assert not any(issubclass(kind, before) for before, _, _ in TABLE[:n])


@pytest.mark.parametrize(("code", "status"), CODES.items())
def test_codes_may_have_their_own_status(code, status):
    """Where a class is too coarse."""
    assert problem_of(FlexKGError("x", code=code)).status == status


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("POST", "/", 405, "method-not-allowed"),
        ("GET", "/check", 405, "method-not-allowed"),
        ("GET", "/payloads", 405, "method-not-allowed"),
        ("DELETE", "/sparql", 405, "method-not-allowed"),
        ("PUT", "/health", 405, "method-not-allowed"),
    ],
)
def test_unknown_routes_and_methods_are_problems(checking, method, path, status, code):
    """With the method and path, and where to find what is served."""
    body = problem(checking.request(method, path), status, code)
    assert body["detail"] == f"{method} {path}"
    assert "/openapi.json" in body["cure"]


def test_a_method_that_is_not_allowed_says_which_are(checking):
    """RFC 9110, section 15.5.6."""
    assert checking.get("/check").headers["allow"] == "POST"
    head = checking.head("/health")
    assert (head.status_code, head.content, head.headers["allow"]) == (405, b"", "GET")
    assert checking.put("/sparql").headers["allow"] == "GET, HEAD, POST"
    assert checking.patch("/graphs").headers["allow"] == "GET, HEAD, POST, PUT, DELETE"


def test_faults_are_told_without_detail(service, caplog):
    """500 for what nobody foresaw; what happened is in the log alone."""
    with serving(service) as client:

        def fail():
            raise KeyError("a secret")

        client.app.add_api_route("/fault", fail)
        with caplog.at_level(logging.ERROR):
            answer = client.get("/fault")
        body = problem(answer, 500, "unexpected")
        assert set(body) == {"type", "title", "status", "detail"}
        assert "secret" not in answer.text
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "host", ["example.org", "example.org:8000", "127.0.0.1.example.org", "[::2]", "", "0.0.0.0"]
)
def test_other_names_of_the_host_are_refused(checking, host):
    """A stranger's page whose name was made to resolve to this host gets nothing (DNS rebinding)."""
    problem(checking.get("/health", headers={"Host": host}), 421, "host")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:1", "[::1]:8000", "[::1]"])
def test_names_of_loopback_are_served(checking, host):
    """With and without a port."""
    assert checking.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://example.org", "null", "http://127.0.0.1.example.org", "file://"])
def test_pages_of_strangers_may_not_send(client, service, origin):
    """A web page cannot put payloads into a store by way of its visitor's browser."""
    answer = client.post("/payloads", content=event(), headers={"Origin": origin})
    problem(answer, 403, "origin")
    assert service.store.journal.head.seq == 0
    for own in ("http://127.0.0.1:8000", "http://localhost"):
        assert client.get("/health", headers={"Origin": own}).status_code == 200
