"""Who sees whose readings: by mandate, in both kinds of store; and groups, of five and more."""

import csv
import io
import json
import random
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from kg.activation.verification import verify_pack
from kg.errors import StoreError
from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild
from kg.masks import Masks
from kg.service import Service
from kg.settings import load_settings
from kg.sight import FEWEST
from kg.tenants import Tenants
from tests.api.conftest import BASE
from tests.api.problem import problem
from tests.messages import event, register, report
from tests.provider import Provider, bearer
from tests.stores import new_store
from tests.test_tenants import NOON, ONTOLOGY, query

VENS = [f"VEN-{name}" for name in "ABCDEF"]
OBSERVATIONS = "SELECT DISTINCT ?s { ?o a saref:Observation ; flex:series ?s }"
OBSERVATION = "https://saref.etsi.org/core/Observation"
STATES = """SELECT ?v { ?r a flex:ResourceStatus . ?m flex:venID ?v ;
  flex:report/flex:interval/flex:reading/flex:resourceStatus ?r }"""
STATUS = (Path(__file__).parents[1] / "competency" / "status.xml").read_bytes()
SOON = datetime.now(UTC) + timedelta(days=1)


def past(data):
    """A message of a year ago: only what is over is shown of groups."""
    return data.replace(b"2026-12-01", b"2025-12-01")


class World:
    """Six VENs with two quarters of an hour each, and a provider."""

    def __init__(self, folder, kind, **more):
        self.provider = Provider()
        self.service = Service(
            load_settings(store=new_store(folder / "store", readings=kind), readings=kind, **more)
        )
        for number, ven in enumerate(VENS):
            for data in (
                register(f"PUMP-{ven}", ven=ven, request=f"R-{ven}"),
                report(f"{number + 1}", "2", ven=ven, request=f"Q-{ven}"),
                STATUS.replace(b"VEN-MILL", ven.encode()),
            ):
                assert self.service.ingest(past(data)).accepted
        self.app = create_app(self.service, tokens=self.provider.tokens())
        self.client = TestClient(self.app, base_url=BASE)
        self.mandates = self.app.state.desk.sight.mandates(self.service)

    def headers(self, *scopes, client="agg", **claims):
        return bearer(self.provider.token(*scopes, client_id=client, **claims))

    def csv(self, path, headers, **params):
        answer = self.client.get(path, params=params, headers=headers | {"Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text)))

    def seen(self, headers):
        """VENs whose readings show, by each of the ways to ask."""
        kept = {ven_of(row["s"]) for row in self.csv("/sparql", headers, query=OBSERVATIONS)}
        assert {ven_of(row["series"]) for row in self.csv("/readings", headers)} == kept
        week = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-08T00:00:00Z"}  # nobody has a reading in it
        assert {ven_of(row["series"]) for row in self.csv("/readings/gaps", headers, **week)} == kept
        assert {row["resource"].removeprefix("PUMP-") for row in self.csv("/queries/energy", headers)} == kept
        assert {row["resource"].removeprefix("PUMP-") for row in self.csv("/queries/latest", headers)} == kept
        assert {row["v"] for row in self.csv("/sparql", headers, query=STATES)} == kept
        stored, states = set(), set()
        for name in self.service.store.graphs.graphs():
            if "/report/" in name:
                nt = headers | {"Accept": "application/n-triples"}
                answer = self.client.get("/graphs", params={"graph": name}, headers=nt)
                assert answer.status_code == (200 if kept else 404)
                of = [line for line in answer.text.splitlines() if "PropertyValue" in line]
                stored |= {ven for ven in VENS if any(f"/{ven}/" in line for line in of)}
                states |= set(re.findall(r"message/(\w+)/report", answer.text)) if kept else set()
        assert len(states) == len(kept)
        assert stored == (kept if self.service.settings.readings == "graph" else set())
        return kept


def ven_of(series):
    return series.split("/series/")[1].split("/")[0]


@pytest.fixture(scope="module", params=["graph", "columns"])
def world(request, tmp_path_factory):
    made = World(tmp_path_factory.mktemp(request.param), request.param)
    with made.client:
        yield made


def test_who_reads_all_sees_readings_by_mandate(world):
    """Every graph of the tenant, and in it the series of those with a mandate for client and purpose."""
    asks = world.headers("sparql:query", "read_all", purpose="settlement")
    assert world.seen(asks) == set()
    assert len(world.csv("/queries/series", asks)) == len(VENS)
    made = [world.mandates.grant(ven, "agg", "settlement", SOON) for ven in VENS[:2]]
    assert world.seen(asks) == set(VENS[:2])
    for other in (
        world.headers("sparql:query", "read_all", purpose="operation"),
        world.headers("sparql:query", "read_all"),
        world.headers("sparql:query", "read_all", purpose="settlement", client="other"),
    ):
        assert world.seen(other) == set()
    for one in made:
        world.mandates.withdraw([one.party], one.id)
    assert world.seen(asks) == set()


def test_surveys_and_first_rows_are_of_what_one_sees(world):
    """What is counted, listed or shown first is no way around mandates."""
    asks = world.headers("sparql:query", "read_all", purpose="settlement")

    def told():
        classes = {row["c"] for row in world.csv("/sparql", asks, query="SELECT DISTINCT ?c { ?s a ?c }")}
        (counted,) = world.csv("/sparql", asks, query="SELECT (COUNT(*) AS ?n) { ?o a saref:Observation }")
        counts = "SELECT ?c (COUNT(*) AS ?n) { ?s a ?c } GROUP BY ?c"
        by_class = {row["c"]: int(row["n"]) for row in world.csv("/sparql", asks, query=counts)}
        first = "SELECT ?o ?s { ?o a saref:Observation ; flex:series ?s } LIMIT 3"
        shown = {ven_of(row["s"]) for row in world.csv("/sparql", asks, query=first)}
        ask = {"query": "ASK { ?o a saref:Observation }"}
        found = world.client.get("/sparql", params=ask, headers=asks).json()["boolean"]
        seen = int(counted["n"])
        assert found == (seen > 0)
        assert (OBSERVATION in classes, by_class.get(OBSERVATION, 0)) == (found, seen)
        return seen, shown

    assert told() == (0, set())
    made = world.mandates.grant(VENS[1], "agg", "settlement", SOON)
    assert told() == (2, {VENS[1]})
    world.mandates.withdraw([VENS[1]], made.id)
    assert told() == (0, set())


def test_contract_stands_for_mandates(tmp_path):
    """Where the operator says so."""
    made = World(tmp_path, "columns", mandates="contract")
    with made.client:
        assert made.seen(made.headers("sparql:query", "read_all")) == set(VENS)


def test_groups_are_of_five_besides_whom_one_sees(world):
    """A client with mandates of two of six could work out the others' sum: four, so it is shown nothing."""
    asks = world.headers("sparql:query", purpose="advice", client="adviser")
    rows = world.csv("/queries/groups", asks)
    assert {row["subjects"] for row in rows} == {str(len(VENS))}
    assert rows == world.csv("/queries/groups", asks, least="1")
    text = str(rows)
    assert not any(ven in text for ven in VENS)
    problem(world.client.get("/sparql", params={"query": OBSERVATIONS}, headers=asks), 403, "mandates")
    problem(world.client.get("/queries/energy", headers=asks), 403, "mandates")
    made = [world.mandates.grant(ven, "adviser", "advice", SOON) for ven in VENS[:2]]
    assert world.csv("/queries/groups", asks) == []
    world.mandates.withdraw([VENS[0]], made[0].id)
    assert len(world.csv("/queries/groups", asks)) == len(rows)
    world.mandates.withdraw([VENS[1]], made[1].id)


@pytest.mark.parametrize(
    "window", [{"from": "2025-12-01T16:15:00Z"}, {"to": "2025-12-01T16:15:00Z"}, {"from": "2025-12-01"}]
)
def test_groups_are_of_whole_days(world, window):
    """Two windows that differ by a reading would show it."""
    asks = world.headers("sparql:query")
    assert world.client.get("/queries/groups", params=window, headers=asks).status_code == 400


def test_groups_leave_out_what_may_still_change(tmp_path):
    """A late report would show by what the sum changes."""
    made = World(tmp_path, "columns")
    today = datetime.now(UTC).strftime("%Y-%m-%d").encode()
    with made.client:
        asks = made.headers("sparql:query")
        before = made.csv("/queries/groups", asks)
        for ven in VENS:
            data = report("7", ven=ven, request=f"N-{ven}").replace(b"2026-12-01", today)
            assert made.service.ingest(data).accepted
        assert made.csv("/queries/groups", asks, to="2099-01-01T00:00:00Z") == before
        assert FEWEST == 5


def test_too_much_that_has_to_be_hidden_is_refused(world):
    """A copy of a store is bounded; graphs without what reports say can be asked nevertheless."""
    sight = world.app.state.desk.sight
    opened = sight._opened(world.service)
    before, opened.masks = opened.masks, Masks(world.service.store.graphs, opened.masks.root, largest=20)
    made = world.mandates.grant(VENS[0], "agg", "settlement", SOON)
    asks = world.headers("sparql:query", "read_all", purpose="settlement")
    fields = {"query": "SELECT ?s { ?s a flex:RegisterReport }"}
    problem(world.client.get("/sparql", params=fields, headers=asks), 400, "mandates")
    fields["default-graph-uri"] = next(n for n in world.service.store.graphs.graphs() if "/op/" in n)
    assert len(world.csv("/sparql", asks, **fields)) == len(VENS)
    world.mandates.withdraw([VENS[0]], made.id)
    opened.masks = before


def test_evidence_has_reports_by_mandate(world, tmp_path):
    """Others' rows are in the chain alone, and the pack holds nevertheless."""
    assert world.service.ingest(past(event(ven=VENS[0]))).accepted
    asks = world.headers("audit:read", purpose="settlement")

    def pack(name):
        answer = world.client.get("/activations/E-1/evidence", headers=asks)
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            archive.extractall(tmp_path / name)
        found = verify_pack(tmp_path / name)
        assert found.holds, found.faults
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        return [row["message_type"] for row in manifest["rows"]], manifest["withheld"], found.notes

    monkey = pytest.MonkeyPatch()
    monkey.setattr("kg.activation.pack.AFTER", timedelta(days=10_000))
    kinds, withheld, notes = pack("without")
    assert "oadrUpdateReport" not in kinds
    assert len(withheld) == 2
    assert any("no mandate" in note for note in notes)
    made = world.mandates.grant(VENS[0], "agg", "settlement", SOON)
    kinds, withheld, _ = pack("with")
    assert kinds.count("oadrUpdateReport") == 2
    assert withheld == []
    world.mandates.withdraw([VENS[0]], made.id)
    monkey.undo()


def test_store_of_another_layout_is_not_guessed_at(tmp_path):
    """Its graphs would show what reports say; a rebuild makes it good."""
    with Ingest(tmp_path / "store") as store:
        assert store.ingest(event()).accepted
    graphs = EmbeddedGraphs(tmp_path / "store" / "graph")
    graphs.replace(
        META,
        "".join(
            f"{s.subject} {s.predicate} {s.object} .\n"
            for s in graphs.match(graph=META)
            if "Layout" not in s.predicate
        ),
    )
    graphs.close()
    with pytest.raises(StoreError, match="flexkg rebuild"):
        Ingest(tmp_path / "store")
    rebuild(tmp_path / "store")
    Ingest(tmp_path / "store").close()


@pytest.mark.parametrize("count", [30, pytest.param(10_000, marks=pytest.mark.long)])
def test_tenants_do_not_see_one_another_over_http(tmp_path, monkeypatch, count):
    """Random queries with a tenant's token are answered as where the other never was."""
    monkeypatch.setenv("FLEXKG_TENANTS", str(tmp_path / "root"))
    (tmp_path / "root").mkdir()
    provider, draw = Provider(), random.Random(count)
    settings = load_settings(mandates="contract", query_seconds=20)
    made = Tenants(settings)
    for name in ("north", "south"):
        made.add(name)
        for number in range(4):
            data = event(event_id=f"{name}-{number}", vtn=f"VTN-{name}")
            assert made.service(name).store.ingest(data, received=NOON).accepted
    made.close()
    app = create_app(Service(settings), tokens=provider.tokens())
    monkeypatch.delenv("FLEXKG_TENANTS")
    alone = Service(
        load_settings(store=tmp_path / "oracle", tenant="north", mandates="contract", query_seconds=20)
    )
    for number in range(4):
        alone.store.ingest(event(event_id=f"north-{number}", vtn="VTN-north"), received=NOON)
    headers = bearer(provider.token("sparql:query", "read_all", tenant="north")) | {"Accept": "text/csv"}
    with (
        TestClient(app, base_url=BASE) as client,
        TestClient(create_app(alone, tokens=provider.tokens()), base_url=BASE) as oracle,
    ):
        for service in (app.state.tenants.service("north"), app.state.tenants.service("south"), alone):
            service.store.graphs.drop(ONTOLOGY)  # the same for all, and large
        found = 0
        for _ in range(count):
            text, chosen = query(draw)
            fields = {"query": text, "default-graph-uri": chosen.get("default", ())}
            fields["named-graph-uri"] = chosen.get("named", ())
            mine = client.get("/sparql", params=fields, headers=headers)
            assert "south" not in mine.text, text
            assert mine.status_code < 500, mine.text
            expected = oracle.get("/sparql", params=fields, headers=headers)
            assert mine.status_code == expected.status_code, text
            if mine.status_code == 200:
                assert sorted(mine.text.splitlines()) == sorted(expected.text.splitlines()), text
                found += len(mine.text.splitlines()) > 1
        assert found > count / 20
