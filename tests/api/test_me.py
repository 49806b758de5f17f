"""A person's own data, what others see of it by mandate, and that nobody sees both names and readings."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

import kg.desk
from api.app import create_app
from kg.checkpoints import fits
from kg.errors import StoreUnavailable
from kg.holds import Holds
from kg.mandates import Mandates, read
from kg.renewal import Renewal
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import BASE
from tests.api.problem import problem
from tests.messages import event, register, report
from tests.provider import Provider, bearer
from tests.stores import new_store

NAME = "Anna Planted-Name"
COUNT = {"query": "SELECT ?series { ?r a saref:Observation ; flex:series ?series }"}
OWNER = ("self:read", "self:write", "self:erase")
SOON = (datetime.now(UTC) + timedelta(days=30)).isoformat()


class World:
    def __init__(self, folder):
        self.provider, self.folder = Provider(), folder
        self.service = Service(load_settings(store=new_store(folder / "store"), identity=folder / "identity"))
        self.app = create_app(self.service, tokens=self.provider.tokens())
        self.client = TestClient(self.app, base_url=BASE, raise_server_exceptions=False)
        vault = self.app.state.office.vault
        self.anna = vault.enter("default", "anna", name=NAME, mail="anna@planted.example")
        self.bert = vault.enter("default", "bert", name="Bert Planted-Name")
        for ven in (self.anna, self.bert):
            for data in (
                register(f"PUMP-{ven}", ven=ven, request=f"R-{ven}"),
                report("1.5", "2.5", ven=ven, request=f"Q-{ven}"),
                event(event_id=f"E-{ven}", ven=ven, request=f"V-{ven}"),
            ):
                assert self.service.ingest(data).accepted

    def as_(self, who, *scopes, **claims):
        return bearer(self.provider.token(*scopes, sub=who, client_id=claims.pop("client_id", who), **claims))

    def series(self, headers):
        answer = self.client.get("/sparql", params=COUNT, headers=headers | {"Accept": "text/csv"})
        if answer.status_code == 403:
            return problem(answer, 403, "mandates")["title"]
        assert answer.status_code == 200, answer.text
        return {
            row["series"].split("/series/")[1].split("/")[0]
            for row in csv.DictReader(io.StringIO(answer.text))
        }


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("me"))
    with made.client:
        yield made


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    with made.client:
        yield made


def test_who_asks_by_mandate_sees_what_it_covers(shared):
    """Nothing before, the granter's data for the purpose and client named, nothing once it is withdrawn."""
    world = shared
    asks = world.as_("advisor", "sparql:query", purpose="advice")
    owner = world.as_("anna", *OWNER)
    assert world.series(asks) == "This is not allowed"
    wish = {"assignee": "advisor", "purpose": "advice", "until": SOON}
    answer = world.client.post("/me/mandates", json=wish, headers=owner)
    assert answer.status_code == 201, answer.text
    (made,) = answer.json()
    assert world.series(asks) == {world.anna}
    for other in (
        world.as_("advisor", "sparql:query", purpose="research"),
        world.as_("advisor", "sparql:query"),
        world.as_("somebody", "sparql:query", purpose="advice"),
    ):
        assert world.series(other) == "This is not allowed"
    rows = world.client.get("/queries/events", params={"format": "csv"}, headers=asks)
    assert rows.status_code == 200, rows.text
    assert f"E-{world.anna}" in rows.text
    assert world.bert not in rows.text
    everything = {"query": "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"}
    answer = world.client.get("/sparql", params=everything, headers=asks)
    assert world.anna in answer.text
    assert world.bert not in answer.text
    bert = world.as_("bert", *OWNER)
    problem(world.client.delete(f"/me/mandates/{made['id']}", headers=bert), 404, "unknown-mandate")
    assert world.client.delete(f"/me/mandates/{made['id']}", headers=owner).json()["withdrawn"]
    assert world.series(asks) == "This is not allowed"
    (kept,) = Mandates(world.service.store.journal).of([world.anna])
    assert kept.withdrawn is not None
    assert read("\n".join(kept.lines())) == kept


def test_mandate_ends_by_itself(shared):
    """Half-open: at its end it counts no more."""
    mandates = Mandates(shared.service.store.journal)
    made = mandates.grant(shared.bert, "c", "settlement", datetime.now(UTC) + timedelta(hours=1))
    assert mandates.covered("c", "settlement") == {shared.bert}
    assert mandates.covered("c", "settlement", now=made.ends) == frozenset()
    assert mandates.covered("c", "settlement", now=made.ends - timedelta(seconds=1)) == {shared.bert}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"assignee": "a", "purpose": "fun", "until": SOON},
        {"assignee": "a", "purpose": "advice", "until": "2020-01-01T00:00:00Z"},
        {"assignee": "a", "purpose": "advice", "until": "2099-01-01T00:00:00"},
        {"assignee": "", "purpose": "advice", "until": SOON},
        {"assignee": "a", "purpose": "advice", "until": SOON, "party": "VEN-2"},
    ],
)
def test_bad_mandates_are_refused(shared, wish):
    """Of unknown purpose, past, without zone, for nobody, for another party."""
    answer = shared.client.post("/me/mandates", json=wish, headers=shared.as_("anna", *OWNER))
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_only_listed_clients_may_be_named(shared, tmp_path, monkeypatch):
    """The operator's list, the same for everybody; what is not in it is refused alike, whoever exists."""
    listed = tmp_path / "clients.csv"
    listed.write_text("client,name\nadvisor,Green Advice Ltd\n")
    monkeypatch.setattr(
        shared.service, "settings", load_settings(clients=listed, store=shared.folder / "store")
    )
    owner = shared.as_("anna", *OWNER)
    assert shared.client.get("/me/data", headers=owner).json()["clients"] == {"advisor": "Green Advice Ltd"}
    wish = {"assignee": "advisor", "purpose": "advice", "until": SOON}
    assert shared.client.post("/me/mandates", json=wish, headers=owner).status_code == 201
    refused = set()
    for name in ("adviser", shared.bert, "officer", "agg"):
        answer = shared.client.post("/me/mandates", json=wish | {"assignee": name}, headers=owner)
        refused.add(str(problem(answer, 422, "unknown-client") | {"instance": ""}))
    assert len(refused) == 1
    monkeypatch.undo()
    for name in ("a\nb", " a", "ä", "a\x00"):
        answer = shared.client.post("/me/mandates", json=wish | {"assignee": name}, headers=owner)
        problem(answer, 422, "unknown-client")
    assert shared.client.get("/me/data", headers=owner).json()["clients"] is None


def test_mandates_on_paper_by_who_keeps_them(shared):
    """Recorded with the place of the paper, listed, withdrawn; who may see readings grants nothing."""
    officer = shared.as_("officer", "identity:read", "identity:write")
    paper = {
        "party": shared.bert,
        "assignee": "paper",
        "purpose": "advice",
        "until": SOON,
        "basis": "folder 12",
    }
    asks = shared.as_("paper", "sparql:query", purpose="advice")
    assert shared.series(asks) == "This is not allowed"
    made = shared.client.post("/mandates", json=paper, headers=officer).json()
    assert (made["basis"], made["party"]) == ("folder 12", shared.bert)
    assert shared.series(asks) == {shared.bert}
    found = shared.client.get("/mandates", params={"party": shared.bert}, headers=officer).json()
    assert made in found
    problem(
        shared.client.post("/mandates", json=paper | {"party": "VEN-X"}, headers=officer),
        404,
        "unknown-subject",
    )
    for wrong in ({"basis": " "}, {"purpose": "fun"}, {"until": "2020-01-01T00:00:00Z"}, {"assignee": "ä"}):
        answer = shared.client.post("/mandates", json=paper | wrong, headers=officer)
        assert answer.status_code in (400, 422), answer.text
    for headers in (asks, shared.as_("agg", "read_all", "write_vens", "admin"), shared.as_("anna", *OWNER)):
        problem(shared.client.post("/mandates", json=paper, headers=headers), 403, "scope")
        problem(shared.client.get("/mandates", headers=headers), 403, "scope")
    path = f"/mandates/{shared.anna}/{made['id']}"
    problem(shared.client.delete(path, headers=officer), 404, "unknown-mandate")
    assert shared.client.delete(f"/mandates/{shared.bert}/{made['id']}", headers=officer).json()["withdrawn"]
    assert shared.series(asks) == "This is not allowed"


def test_a_party_without_mandates_sees_its_own(shared):
    """A VEN's own token asks about itself."""
    own = shared.as_("device", "sparql:query", "read_ven_objects", party=shared.bert)
    assert shared.series(own) == {shared.bert}


def test_me_shows_what_is_kept_about_whoever_asks(shared):
    """Devices, events and mandates; nothing of anybody else."""
    answer = shared.client.get("/me/data", headers=shared.as_("anna", *OWNER))
    found = answer.json()
    assert found["parties"] == [shared.anna]
    assert [one["event"] for one in found["events"]] == [f"E-{shared.anna}"]
    assert shared.bert not in answer.text
    nobody = shared.client.get("/me/data", headers=shared.as_("carl", *OWNER)).json()
    assert (nobody["parties"], nobody["events"], nobody["certificates"]) == ([], [], [])


def test_event_is_named_as_it_was_sent(world):
    """Quotes in its name are part of it."""
    name = 'E-"peak"'
    sent = event(event_id=name.replace('"', "&quot;"), ven=world.anna, request="R-q")
    assert world.service.ingest(sent).accepted
    found = world.client.get("/me/data", headers=world.as_("anna", *OWNER)).json()
    assert name in [one["event"] for one in found["events"]]


def test_export_is_ones_own(shared):
    """An archive with what is kept; for who is nobody here, none."""
    answer = shared.client.get("/me/export", headers=shared.as_("anna", *OWNER))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = archive.namelist()
    assert {f"{shared.anna}/{part}" for part in ("manifest.json", "graph.ttl", "readings.csv")} <= set(names)
    assert all(shared.bert.encode() not in archive.read(name) for name in names)
    assert len(json.loads(archive.read(f"{shared.anna}/manifest.json"))["payloads"]) == 3
    person = json.loads(archive.read(f"{shared.anna}/person.json"))
    assert person["person"] == {"subject": "anna", "name": NAME, "mail": "anna@planted.example"}
    problem(shared.client.get("/me/export", headers=shared.as_("carl", *OWNER)), 404, "unknown-subject")


def test_owner_opts_out(shared):
    """The message that its VEN would send; not of an event of others."""
    owner = shared.as_("anna", *OWNER)
    answer = shared.client.post(f"/me/events/E-{shared.anna}/opt-out", headers=owner)
    assert answer.status_code == 201, answer.text
    ask = {"query": "ASK { ?o a flex:Opt ; flex:optType <https://w3id.org/flexkg/vocab/optType/optOut> }"}
    everything = shared.as_("agg", "sparql:query", "read_all")
    answer = shared.client.get("/sparql", params=ask, headers=everything | {"Cache-Control": "no-cache"})
    assert answer.json()["boolean"] is True
    problem(shared.client.post(f"/me/events/E-{shared.bert}/opt-out", headers=owner), 403, "not-yours")


def test_names_and_readings_are_for_different_eyes(shared):
    """Who keeps the vault learns names and asks nothing; no planted name stands outside the vault."""
    officer = shared.as_("officer", "identity:read", "identity:write")
    found = shared.client.get(f"/identity/{shared.anna}", headers=officer).json()
    assert found == {"subject": "anna", "name": NAME, "mail": "anna@planted.example"}
    problem(shared.client.get("/sparql", params=COUNT, headers=officer), 403, "scope")
    other = shared.as_("officer", "identity:read", tenant="agg-2")
    problem(shared.client.get(f"/identity/{shared.anna}", headers=other), 403, "forbidden")
    both = shared.as_("agg", "identity:read", "sparql:query", "read_all")
    problem(shared.client.get(f"/identity/{shared.anna}", headers=both), 401, "invalid-token")
    problem(shared.client.get("/identity/ven-unknown", headers=officer), 404, "unknown-subject")
    for file in shared.folder.rglob("*"):
        if file.is_file():
            raw = file.read_bytes()
            assert b"Planted-Name" not in raw, file
            assert b"planted.example" not in raw, file
    lines = [str(s) for s in shared.service.store.graphs.match()]
    assert not any("Planted" in line for line in lines)


def test_auditor_gets_a_checkpoint(shared):
    """Signed; it fits the journal."""
    answer = shared.client.get("/journal/checkpoint", headers=shared.as_("auditor", "audit:read"))
    assert fits(shared.service.store.journal, answer.text).seq == shared.service.store.journal.head.seq


def test_page_is_served_with_a_strict_policy(shared):
    """Its parts load from here alone, and it may connect to the provider."""
    answer = shared.client.get("/me")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name in ("me.js", "me.css", "login.json"):
        assert shared.client.get(f"/me/page/{name}").status_code == 200
    problem(shared.client.get("/me/page/me.html.bak"), 404, "unknown-subject")
    assert "<script>" not in answer.text


def test_owner_erases_itself(world, caplog):
    """Data, certificates, vault; the proof finds no byte; a hold forbids it; then there is nobody."""
    owner = world.as_("anna", *OWNER)
    wish = {"assignee": "advisor", "purpose": "advice", "until": SOON}
    assert world.client.post("/me/mandates", json=wish, headers=owner).status_code == 201
    asks = world.as_("advisor", "sparql:query", purpose="advice")
    assert world.series(asks) == {world.anna}
    holds = Holds(world.service.store.journal.directory)
    holds.put(world.anna, datetime.now(UTC) + timedelta(days=1), "case 7")
    problem(world.client.delete("/me", headers=owner), 409, "legal-hold")
    holds.drop(world.anna)
    proof = world.client.delete("/me", headers=owner).json()
    assert (proof["rows"], proof["hits"]) == (4, [])
    assert proof["files"] > 5
    caplog.clear()
    problem(world.client.delete("/me", headers=owner), 404, "unknown-subject")
    assert "DELETE '/me' refused: nothing is kept" in caplog.text
    assert world.series(asks) == "This is not allowed"
    left = world.client.get("/queries/series", headers=world.as_("agg", "sparql:query", "read_all"))
    assert world.bert in left.text
    assert world.anna not in left.text
    assert world.app.state.office.vault.parties("default", "anna") == []
    found = [f for f in world.folder.rglob("*") if f.is_file() and world.anna.encode() in f.read_bytes()]
    assert found == []
    world.service.store.journal.verify()


def test_vault_forgets_whoever_was_erased_before_the_proof_failed(world, monkeypatch):
    """Nobody could ask for it once more: nothing else is kept by then."""
    owner, vault = world.as_("anna", *OWNER), world.app.state.office.vault

    def fail(*_):
        raise StoreUnavailable("the servers do not answer")

    monkeypatch.setattr("kg.desk.prove", fail)
    problem(world.client.delete("/me", headers=owner), 503, "store-unavailable")
    assert vault.parties("default", "anna") == []
    monkeypatch.undo()
    left = vault.enter("default", "anna", name=NAME)
    assert world.client.delete("/me", headers=owner).json()["hits"] == []
    problem(world.client.delete("/me", headers=owner), 404, "unknown-subject")
    assert left not in vault.parties("default", "anna")


def test_who_never_sent_anything_is_forgotten(world):
    """Of a device that was only enrolled, the vault alone knows: exported, then erased, then nobody."""
    vault = world.app.state.office.vault
    party = vault.enter("default", "dora", name="Dora Planted-Name")
    owner = world.as_("dora", *OWNER)
    archive = zipfile.ZipFile(io.BytesIO(world.client.get("/me/export", headers=owner).content))
    assert archive.namelist() == [f"{party}/person.json"]
    assert b"Dora Planted-Name" in archive.read(f"{party}/person.json")
    proof = world.client.delete("/me", headers=owner)
    assert (proof.status_code, proof.json()["rows"], proof.json()["hits"]) == (200, 0, [])
    assert proof.json()["files"] > 3
    assert vault.parties("default", "dora") == []
    problem(world.client.delete("/me", headers=owner), 404, "unknown-subject")
    problem(world.client.get("/me/export", headers=owner), 404, "unknown-subject")


def test_service_goes_on_while_somebody_is_erased(world, monkeypatch):
    """While files are made, with who is erased, as before; while the proof is sought, without."""
    seen, prove, make = [], kg.desk.prove, Renewal.make

    def ask():
        asks = world.as_("agg", "sparql:query", "read_all")
        seen.append(world.client.get("/queries/series", headers=asks))
        sends = world.as_("bert", "write_reports", party=world.bert)
        more = report("9.5", ven=world.bert, request=f"Q-more-{len(seen)}")
        sent = world.client.post(
            "/payloads", content=more, headers=sends | {"Content-Type": "application/xml"}
        )
        seen.append(sent)

    def made(renewal, **more):
        ask()
        return make(renewal, **more)

    def slowly(*given):
        ask()
        prove(*given)

    monkeypatch.setattr(Renewal, "make", made)
    monkeypatch.setattr(kg.desk, "prove", slowly)
    service = world.service.store
    proof = world.client.delete("/me", headers=world.as_("anna", *OWNER)).json()
    assert (proof["hits"], [answer.status_code for answer in seen]) == ([], [200, 201, 200, 201])
    assert world.anna in seen[0].text
    assert world.bert in seen[2].text
    assert world.anna not in seen[2].text
    assert world.service.store is service
    assert sum(one.value == 9.5 for one in service.readings.scan()) == 1


def test_extract_is_bounded(world, monkeypatch):
    """More than it may hold is refused, not cut."""
    monkeypatch.setattr("kg.extracts.LARGEST", 2)
    monkeypatch.setattr("kg.extracts.Extracts.__init__.__kwdefaults__", {"max_age": 5.0, "largest": 2})
    own = world.as_("device", "sparql:query", "read_ven_objects", party=world.bert)
    answer = world.client.get("/sparql", params=COUNT, headers=own)
    assert "more than 2 payloads" in problem(answer, 400, "mandates")["detail"]
