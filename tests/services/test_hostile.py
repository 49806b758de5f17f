"""S1 and S2 at their size for continuous integration: mutated payloads, and the API held to its contract."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from api.app import create_app
from api.grants import GRANTS, Table
from kg.identity.scopes import ROLES
from kg.service import Service
from kg.settings import load_settings
from tests.messages import event, register, report
from tests.paths import ROOT
from tests.provider import Provider, bearer
from tests.test_hostile import survive

DEVICES = ROOT / "examples" / "05-device-dispatch"
pytestmark = pytest.mark.services
schemathesis = pytest.importorskip("schemathesis", reason="run by `make test-services`")


def test_20000_mutated_payloads_never_crash_the_check():
    """S1."""
    survive(20_000)


@schemathesis.serializer(
    *("application/pkcs10", "application/sparql-query", "application/sparql-update", "text/turtle"),
    *("application/n-triples", "application/n-quads", "application/trig", "application/ld+json"),
)
def as_text(_context, value):
    """Send a text as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


@pytest.fixture
def world(tmp_path):
    """An application with everything switched on, over a store that holds something."""
    folder, provider = tmp_path, Provider()
    folders = {"store": folder / "store", "identity": folder / "identity", "devices": DEVICES}
    chosen = load_settings(vtn_id="VTN-1", **folders)
    service = Service(chosen)
    for data in (register(), report("1.5"), event()):
        service.ingest(data)
    app = create_app(service, tokens=provider.tokens())
    return app, provider  # closed when the client of schemathesis ends


@pytest.mark.parametrize("role", [*ROLES, ""])
def test_api_keeps_its_contract(world, role):
    """S2: for each role and without a token: no 5xx, and every status is one that OpenAPI names.

    What it names as ``default`` is a problem: a status that only that covers has to be one.
    """
    app, provider = world
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    scopes = ROLES[role][1] if role else ()
    headers = bearer(provider.token(*scopes, party="VEN-1")) if role else {}
    tried, table = 0, Table(GRANTS)
    for each in schema.get_all_operations():
        operation = each.ok()
        named = {int(status) for status in operation.definition.raw["responses"] if status.isdecimal()}

        grant = table.find(operation.method.upper(), operation.path)
        allowed = grant is not None and not {*grant.scopes}.isdisjoint(scopes)
        _conforms(operation, named, headers, 5 if allowed else 1)
        tried += 1
    assert tried > 20


def _conforms(operation, named, headers, count):
    """Call one operation with a few generated requests."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case):
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.method, case.path, answer.text[:500])
        if answer.status_code not in named:
            media = answer.headers["content-type"][0]
            assert (answer.status_code >= 400, media) == (True, "application/problem+json"), case.path

    run()
