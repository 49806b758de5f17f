"""Who may call what: every route with every role, other tenants, other parties, no token, a bad one."""

import re

import pytest

from api.app import create_app
from api.grants import GRANTS, WHOSE, Table
from kg.identity.scopes import ROLES, SCOPES
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import BASE
from tests.api.problem import problem
from tests.messages import event
from tests.paths import ROOT
from tests.provider import Provider, bearer

#: Why a route that a role may call refuses an object: it is another's, or no mandate covers it.
_OTHERS = ("not-yours", "mandates", "another-key")
PAGE = ROOT / "docs" / "access.md"


@pytest.fixture(scope="module")
def provider():
    return Provider()


@pytest.fixture(scope="module")
def client(provider, tmp_path_factory):
    from fastapi.testclient import TestClient

    service = Service(load_settings(store=tmp_path_factory.mktemp("access") / "store"))
    app = create_app(service, tokens=provider.tokens())
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as made:
        yield made


def served(app):
    """Method and path of every route."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path
    for route in app.routes:  # those too that the document leaves out
        for method in getattr(route, "methods", None) or ():
            yield method, route.path


def ask(client, grant, headers):
    path = re.sub(r"\{[^}]*\}", "x", grant.path)
    return client.request(grant.method, path, headers=headers, content=b"")


def test_every_route_has_a_row(client):
    """Deny by default: a route without one is served to nobody."""
    rows = {(grant.method, grant.path) for grant in GRANTS}
    table = Table(GRANTS)
    routes = [(method, re.sub(r"\{[^}]*\}", "x", path)) for method, path in served(client.app)]
    assert [route for route in routes if table.find(*route) is None] == []
    assert len(rows) == len(GRANTS)


def test_every_row_names_scopes_that_exist():
    """And only what anybody may call names none."""
    for grant in GRANTS:
        assert set(grant.scopes) <= SCOPES.keys()
        assert (grant.scopes == ()) == (grant.whose in ("anybody", "peer")), grant
        assert grant.whose in WHOSE


@pytest.mark.parametrize("role", ROLES)
def test_every_route_with_every_role(client, provider, role):
    """A role gets through exactly where the table says so."""
    scopes = ROLES[role][1]
    headers = bearer(provider.token(*scopes, party="VEN-1"))
    for grant in GRANTS:
        answer = ask(client, grant, headers)
        if grant.scopes and not set(scopes) & set(grant.scopes):
            problem(answer, 403, "scope")
        elif answer.status_code == 403 and grant.whose == "mandates":
            assert "read_all" not in scopes
            problem(answer, 403, "mandates")  # the route is the caller's, these objects are not
        else:
            assert answer.status_code != 401, (role, grant)
            assert answer.status_code != 403 or answer.json()["type"].rpartition("/")[2] in _OTHERS, grant
            assert answer.status_code < 500 or answer.status_code == 503


def test_every_route_without_a_token(client):
    """401 where one is needed."""
    for grant in GRANTS:
        answer = ask(client, grant, {})
        if grant.scopes:
            problem(answer, 401, "no-token")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        elif grant.whose == "anybody":
            assert answer.status_code not in (401, 403)


def test_every_route_with_a_token_of_another_tenant(client, provider):
    """What touches a tenant's objects is refused, whatever the scopes."""
    headers = bearer(
        provider.token(
            *{s for g in GRANTS for s in g.scopes if ":" not in s or "identity" not in s}, tenant="other"
        )
    )
    for grant in GRANTS:
        if grant.scopes and grant.whose:
            assert ask(client, grant, headers).status_code in (401, 403), grant


def test_bad_token_is_refused_even_where_none_is_needed(client, provider, caplog):
    """The answer says nothing of the reason, the log does."""
    for grant in (grant for grant in GRANTS if grant.whose != "peer"):
        answer = ask(client, grant, bearer(provider.token("admin", exp=1)))
        body = problem(answer, 401, "invalid-token")
        assert "expired" not in answer.text
        assert body["cure"]
    assert "expired" in caplog.text


@pytest.mark.parametrize("value", ["Basic eDp5", "Bearer", "Bearer ", "bearer a b c", "é"])
def test_header_that_is_no_bearer_token_is_refused(client, value):
    """RFC 6750, section 2.1."""
    answer = client.get("/health", headers={"Authorization": value.encode()})
    assert answer.status_code == 401


def test_two_authorization_headers_are_refused(client, provider):
    """Which one counts must not be a matter of luck."""
    good = provider.token("sparql:query")
    headers = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")]
    assert client.get("/sparql", headers=headers).status_code == 401


def test_unknown_addresses_are_not_found(client, provider):
    """Whoever asks."""
    problem(client.get("/nowhere"), 404, "not-found")
    problem(client.get("/nowhere", headers=bearer(provider.token("admin"))), 404, "not-found")
    problem(client.delete("/check"), 405, "method-not-allowed")


def test_route_without_a_row_is_served_to_nobody(tmp_path):
    """Also on loopback, so that who writes it notices."""
    from fastapi import APIRouter
    from fastapi.testclient import TestClient

    from api import health

    router = APIRouter()
    router.add_api_route("/forgotten", lambda: "x")
    app = create_app(Service(load_settings()))
    old = health.router
    health.router = router
    try:
        app = create_app(Service(load_settings()))
    finally:
        health.router = old
    with TestClient(app, base_url=BASE) as local:
        problem(local.get("/forgotten"), 403, "unlisted")


def test_a_device_sends_as_itself_only(client, provider):
    """A VEN's token sends no events, and nothing in the name of another VEN."""
    poll = (
        b'<oadrPayload xmlns="http://openadr.org/oadr-2.0b/2012/07"><oadrSignedObject><oadrPoll'
        b' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110" ei:schemaVersion="2.0b">'
        b"<ei:venID>VEN-1</ei:venID></oadrPoll></oadrSignedObject></oadrPayload>"
    )
    device = bearer(provider.token("write_reports", party="VEN-1"))
    assert client.post("/payloads", content=poll, headers=device).status_code == 201
    problem(client.post("/payloads", content=event(), headers=device), 403, "not-yours")
    for party in ("VEN-2", ""):
        other = bearer(provider.token("write_reports", party=party))
        problem(client.post("/payloads", content=poll, headers=other), 403, "not-yours")
    logic = bearer(provider.token("write_events"))
    assert client.post("/payloads", content=event(), headers=logic).status_code == 201


def test_an_emergency_is_recorded_by_a_gateway_for_itself(client, provider):
    """Who sends events records none; nobody records one of another's plant."""
    said = {"ven": "VEN-1", "step": "emergency", "at": "2026-12-01T17:00:00Z", "value": "1", "answer": "fire"}
    logic = bearer(provider.token("write_events", "read_all", party="VEN-1"))
    problem(client.post("/interventions", json=said, headers=logic), 403, "scope")
    for party in ("VEN-2", ""):
        other = bearer(provider.token("activations:write", party=party))
        assert client.post("/interventions", json=said, headers=other).status_code == 403
        step = said | {"vtn": "VTN-1", "step": "command"}
        assert client.post("/activations/E-1", json=step, headers=other).status_code == 403
    own = bearer(provider.token("activations:write", party="VEN-1"))
    assert client.post("/interventions", json=said, headers=own).status_code == 201


def page():
    """The page of routes, scopes and roles."""
    yield "# Who may call what\n\n"
    yield "Made from `api/grants.py` and `kg/identity/scopes.py` by a test; see [the guide](security.md).\n\n"
    yield "## Routes\n\nOne of the scopes is needed. What is not listed is refused.\n\n"
    yield "| method | route | scopes | whose objects |\n|---|---|---|---|\n"
    for grant in GRANTS:
        scopes = " or ".join(f"`{s}`" for s in grant.scopes)
        yield f"| {grant.method} | `{grant.path}` | {scopes} | {WHOSE[grant.whose]} |\n"
    yield "\n## Scopes\n\nNo token holds scopes of the families `operation` and `identity`.\n\n"
    yield "| scope | family | what it allows | name from |\n|---|---|---|---|\n"
    for scope in SCOPES.values():
        yield f"| `{scope.name}` | {scope.family} | {scope.meaning} | {scope.source} |\n"
    yield "\n## Roles\n\nSets of scopes to be given at the provider.\n\n"
    yield "| role | who | scopes |\n|---|---|---|\n"
    for name, (who, scopes) in ROLES.items():
        yield f"| {name} | {who} | {' '.join(f'`{s}`' for s in scopes)} |\n"


def test_page_shows_the_table(update_golden):
    """docs/access.md is what the code says."""
    text = "".join(page())
    if update_golden:
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text
