"""Readings in ClickHouse: the contract over shards of Debian's server, and over one and two of today's."""

import contextlib
import inspect
import itertools
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest
from fastapi.testclient import TestClient

import kg.erasure
import kg.renewal
from api.app import create_app
from kg.errors import QueryError, StoreUnavailable
from kg.ingest import Ingest, rebuild
from kg.readings.backends import open_readings
from kg.readings.clickhouse.cluster import Cluster, Place
from kg.readings.clickhouse.store import ClickHouseReadings
from kg.readings.columns import ColumnReadings
from kg.readings.gaps import gaps
from kg.readings.selecting import Selection, select
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.observations import gathered, hourly, replacing
from kg.sparql.observations.rewriting import over_columns
from kg.sparql.prologue import declare
from kg.upkeep import move_readings
from tests import test_reading_store as contract
from tests.api.conftest import BASE
from tests.messages import register, report
from tests.paths import ROOT
from tests.provider import Provider, bearer
from tests.random_groups import group
from tests.random_queries import Maker
from tests.readings_world import QUARTER, START, World, comparable, readings
from tests.services import clickhouse
from tests.services.clickhouse_files import search
from tests.test_observations import QUERIES
from tests.test_reading_selection import FAR
from tests.test_reading_store import NOON, A, reading

pytestmark = pytest.mark.services
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two shards of Debian's server."""
    yield from started(clickhouse.shards(tmp_path_factory.mktemp("two")))


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    """Today's ClickHouse, of one server."""
    yield from started(clickhouse.current(tmp_path_factory.mktemp("today")))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two shards of today's ClickHouse."""
    yield from started(clickhouse.current(tmp_path_factory.mktemp("pair"), 2))


def started(made):
    if made is None:
        pytest.skip("needs clickhouse-server and @chdb: make test-services")
    yield made
    for one in made:
        one.stop()


KINDS = ["two", "today", "pair"]


def cluster_of(servers):
    return clickhouse.CLUSTER if len(servers) > 1 else ""


def opened(servers, database=""):
    """A store in tables of its own."""
    addresses = " ".join(one.address for one in servers)
    place = Place(addresses, cluster_of(servers), database=database or f"flexkg_{next(_NUMBERS)}")
    cluster = Cluster(place)
    cluster.make()
    return ClickHouseReadings(cluster)


@pytest.fixture(params=KINDS)
def store(request):
    made = opened(request.getfixturevalue(request.param))
    yield made
    made.cluster.drop()
    made.close()


globals().update(
    {
        name: one
        for name, one in vars(contract).items()
        if name.startswith("test_") and [*inspect.signature(one).parameters] == ["store"]
    }
)


def values(store):
    """Values that a query sees."""
    with Service(load_settings(store=store), create=False) as service:
        return sorted(row[2].split('"')[1] for row in service.ask("readings"))


STORY = ROOT / "examples" / "04-report-to-query"
FILES = [(path.name, path.read_bytes()) for path in sorted(STORY.glob("*.xml"))]


@pytest.fixture(params=KINDS)
def servers(request, monkeypatch):
    """Settings that name the servers."""
    found = request.getfixturevalue(request.param)
    monkeypatch.setenv("FLEXKG_CLICKHOUSE", " ".join(one.address for one in found))
    monkeypatch.setenv("FLEXKG_CLICKHOUSE_CLUSTER", cluster_of(found))
    return found


@pytest.fixture(params=["two", "pair"])
def sharded(request, monkeypatch):
    """Two shards."""
    return request.getfixturevalue(request.param)


def test_store_moves_in_and_out(servers, tmp_path):
    """From the graph into ClickHouse and back: equal answers, and no table stays behind."""
    before = databases(servers)
    with Service(load_settings(store=tmp_path)) as service:
        for _, data in FILES:
            service.store.ingest(data)
    seen = values(tmp_path)
    assert len(seen) == 4
    assert "clickhouse now" in move_readings(tmp_path, "clickhouse")
    assert values(tmp_path) == seen
    assert databases(servers) != before
    rebuild(tmp_path)
    assert values(tmp_path) == seen
    assert "graph now" in move_readings(tmp_path, "graph")
    assert (values(tmp_path), databases(servers)) == (seen, before)


def databases(servers):
    return [sorted(one.ask("SHOW DATABASES").split()) for one in servers]


@pytest.fixture(scope="module", params=["today", "pair"])
def world(request):
    """The world of the queries, its columns in today's ClickHouse."""
    return World(columns=opened(request.getfixturevalue(request.param)))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:60])
def test_query_is_answered_as_over_triples(world, query):
    """The rewriting's own SQL, which DuckDB runs as well."""
    plain, fast = world.answers(query)
    assert fast == plain


def test_random_queries_are_answered_as_over_triples(pair):
    """Queries put together by chance."""
    small = World(30, columns=opened(pair))
    wrong = []
    for seed in range(150):
        query = Maker(seed).query()
        try:
            plain, fast = small.answers(query)
        except QueryError:
            continue
        if fast != plain:
            wrong.append((seed, query))
    assert wrong == []


@pytest.fixture
def ways(monkeypatch):
    """Counts how often groups are told by ClickHouse, and how often from the roll-up."""
    found = Counter()

    def gather(*args):
        made = gathered.gather(*args)
        found["whole"] += 1
        return made

    def over_hours(sql):
        found["hours"] += 1
        return hourly.over_hours(sql)

    monkeypatch.setattr(replacing, "gather", gather)
    monkeypatch.setattr(gathered, "over_hours", over_hours)
    return found


def changed(world, seed=5):
    """Corrections, late and doubled payloads, withdrawals and a retention, in both stores alike."""
    random, series = Random(seed), sorted(world.columns.series())
    names = world.columns._writing.constants
    about = {iri: dict(zip(("resource", "property", "unit"), names[iri], strict=True)) for iri in series}
    for number in range(12):
        late = [
            reading(0, str(random.randrange(-50, 90)), series=random.choice(series), seq=3000 + number)
            for _ in range(8)
        ]
        moved = [replace(one, starts_at=START + random.randrange(-9, 120) * QUARTER) for one in late]
        batch = [
            replace(one, ends_at=one.starts_at + QUARTER, digest=f"{number:064x}", **about[one.series])
            for one in moved
        ]
        of, start = random.choice(series), START + random.randrange(100) * QUARTER
        for store in (world.columns, world.as_triples):
            store.append(batch)
            store.append(batch)
            store.withdraw(of, start, start + 3 * QUARTER, at=START + timedelta(days=number + 9))
    for store in (world.columns, world.as_triples):
        store.retain(START - 3 * QUARTER)
    return world


def test_groups_are_told_by_the_servers_and_from_the_roll_up(pair, ways):
    """The same as over triples after corrections, late values, withdrawals and a retention; most by hours."""
    small = changed(World(60, columns=opened(pair)))
    queries = [*(group(seed) for seed in range(90)), *(query for query in QUERIES if "GROUP BY" in query)]
    wrong = []
    for query in queries:
        try:
            plain, fast = small.answers(query)
        except QueryError:
            continue
        wrong += [] if fast == plain else [query]
    assert wrong == []
    assert ways["whole"] > 90
    assert ways["hours"] > 20


@pytest.mark.parametrize(
    ("filters", "by_hours"),
    [
        ("", True),
        (
            'FILTER(?t >= "2026-01-31T01:00:00Z"^^xsd:dateTime && "2026-01-31T03:00:00Z"^^xsd:dateTime > ?t)',
            True,
        ),
        ('FILTER(?t >= "2026-01-31T01:15:00Z"^^xsd:dateTime)', False),
        ('FILTER(?t <= "2026-01-31T01:00:00Z"^^xsd:dateTime)', False),
        ("FILTER(HOURS(?t) > 3)", True),
        ("FILTER(MINUTES(?t) > 3)", False),
        ("FILTER(?v > 3)", False),
        ("?o flex:confidence 90", False),
    ],
)
def test_roll_up_is_asked_where_hours_are_whole(world, ways, filters, by_hours):
    """And the readings where they are not."""
    query = (
        "SELECT ?s ?h (SUM(?v) AS ?sum) (AVG(?v) AS ?m) (MIN(?v) AS ?a) (MAX(?v) AS ?b) (COUNT(*) AS ?n)"
        " { ?o flex:series ?s ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v . %s }"
        " GROUP BY ?s (SUBSTR(STR(?t), 1, 13) AS ?h)"
    )
    plain, fast = world.answers(query % filters)
    assert plain == fast
    assert plain[1]
    assert dict(ways) == {"whole": 1, **({"hours": 1} if by_hours else {})}


@pytest.mark.parametrize("count", [0, 4, 7, 10, 13, 16])
def test_years_that_servers_do_not_know_are_told(far, count):
    """Calendars before 1900 and behind 2299, and buckets before 1970."""
    keys = [f"SUBSTR(STR(?t), 1, {count})"] if count else ["YEAR(?t)", "MONTH(?t)", "DAY(?t)", "HOURS(?t)"]
    for key in keys:
        plain, fast = far.answers(
            "SELECT ?h (SUM(?v) AS ?s) (COUNT(*) AS ?n)"
            f" {{ ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v FILTER({key} != 7) }}"
            f" GROUP BY ({key} AS ?h)"
        )
        assert plain == fast
        assert len(plain[1]) > 3
    duck = ColumnReadings()
    duck.append([*far.columns.scan()])
    for bucket in (timedelta(hours=1), timedelta(days=1), timedelta(minutes=50)):
        selection = Selection(bucket=bucket)
        assert [*select(far.columns, selection)] == [*select(duck, selection)]


@pytest.fixture(scope="module")
def far(pair):
    """A world with readings of all times."""
    return World(10, extra=FAR, columns=opened(pair))


def test_groups_over_values_kept_as_text_are_told_from_readings(pair, ways):
    """The roll-up has no sum of them; the answer is the same."""
    long = reading(1, "0.00000012345", series=f"{contract.ID}series/v/odd/x", payload="c")
    plain, fast = World(10, extra=[long], columns=opened(pair)).answers(
        "SELECT ?s (SUM(?v) AS ?n) { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v } GROUP BY ?s"
    )
    assert plain == fast
    assert ways["whole"] == 0


@pytest.fixture(scope="module", params=["today", "pair"])
def both(request):
    """The same readings in DuckDB and in ClickHouse."""
    made = [*readings(40), reading(1, "0.00000012345", series=f"{contract.ID}series/v/odd/x", payload="c")]
    stores = ColumnReadings(), opened(request.getfixturevalue(request.param))
    for one in stores:
        one.append(made)
    return stores


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(START + 2 * QUARTER, START + 9 * QUARTER),
        Selection(bucket=timedelta(hours=1)),
        Selection(bucket=timedelta(days=1), resources=("pump",)),
        Selection(START, START + timedelta(hours=5), bucket=timedelta(hours=2), resources=("pump", "roof")),
        Selection(START + QUARTER, START + timedelta(hours=5), bucket=timedelta(hours=1)),
        Selection(bucket=timedelta(minutes=50), limit=3),
        Selection(known_at=START + timedelta(hours=9)),
        Selection(known_at=START + timedelta(days=20), bucket=timedelta(hours=2)),
        Selection(resources=("nothing",)),
    ],
)
def test_selection_is_that_of_columns(both, selection):
    """Windows, buckets, and what was known at a time."""
    duck, click = ([*select(store, selection)] for store in both)
    assert click == duck


@pytest.mark.parametrize("hours", [(0, 8), (1, 3), (-5, 40)])
def test_gaps_are_those_of_columns(both, hours):
    """Before, between and behind readings."""
    window = [START + timedelta(hours=hour) for hour in hours]
    duck, click = ([*gaps(store, *window)] for store in both)
    assert click == duck


def test_dead_shard_is_an_error_and_never_half_an_answer(sharded):
    """Every way to read fails while a shard is down, and answers wholly when it is back."""
    store = opened(sharded)
    many = [
        reading(n, str(n), series=f"{contract.ID}series/ven-{v}/u/e") for v in range(40) for n in range(3)
    ]
    assert store.append(many) == 120
    held = [int(one.ask(f"SELECT count() FROM {store.cluster.place.database}.stored")) for one in sharded]
    assert sum(held) == 120
    assert min(held) > 20
    for dead in sharded:
        dead.stop()
        for ask in (store.count, store.series, lambda: list(store.scan()), lambda: store.latest(A)):
            with pytest.raises(StoreUnavailable, match="ClickHouse"):
                ask()
        dead.start()
        assert store.count() == 120


def test_batch_that_a_dead_shard_cut_off_shows_wholly_or_not_at_all(sharded):
    """It is an error; when the shard is back nothing is lost and nothing is double."""
    store = opened(sharded)
    batch = [
        reading(n, str(n), series=f"{contract.ID}series/ven-{v}/u/e", payload="ab"[v % 2])
        for v in range(40)
        for n in range(3)
    ]
    sharded[1].stop()
    with pytest.raises(StoreUnavailable):
        store.append(batch)
    sharded[1].start()
    again = ClickHouseReadings(Cluster(store.cluster.place))
    for one in (store, again):
        with contextlib.suppress(StoreUnavailable):
            assert one.count() in (0, 120)
    again.append(batch)
    assert (again.count(), len([*again.scan()]), again.append(batch)) == (120, 120, 0)


def test_batch_written_in_part_is_not_shown(sharded, monkeypatch):
    """Between its readings and its end: reading is refused, by this process and by the next one."""
    store = opened(sharded)
    store.append([reading(0)])
    batch = [reading(n, payload="b", seq=2) for n in range(2)]

    def gone(*_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(store._writing, "_sum_up", gone)
    with pytest.raises(StoreUnavailable, match="gone"):
        store.append(batch)
    after = ClickHouseReadings(Cluster(store.cluster.place))
    for one in (store, after):
        with pytest.raises(StoreUnavailable, match="in part"):
            one.count()
    after.append(batch)
    assert [r.seq for r in after.scan()] == [2, 2]


def test_hours_are_summed_up_once(store):
    """Corrections, withdrawals and what came twice count as what is shown."""
    random = Random(3)
    for seq in range(1, 30):
        batch = [
            reading(random.randrange(40), str(random.randrange(100)), payload=f"{seq:x}"[-1], seq=seq)
            for _ in range(4)
        ]
        store.append([contract.replace(one, digest=f"{seq:064x}") for one in batch])
    store.withdraw(A, NOON, NOON + 5 * QUARTER, at=NOON + timedelta(days=1))
    rows = store.cluster.rows("SELECT sum(number), sum(milli) FROM hours")
    shown = [one.value for one in store.scan()]
    assert [int(cell) for cell in rows[0]] == [len(shown), sum(shown) * 1000]
    store.retain(NOON + 7 * QUARTER)
    rows = store.cluster.rows("SELECT sum(number), sum(milli) FROM hours")
    shown = [one.value for one in store.scan()]
    assert [int(cell) for cell in rows[0]] == [len(shown), sum(shown) * 1000]


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    """Two shards of two replicas each, with ZooKeeper; of Debian's server, the library has no replication."""
    folder = tmp_path_factory.mktemp("replicated")
    keeper = clickhouse.Keeper(folder / "keeper")
    try:
        yield from started(clickhouse.shards(folder, 2, 2, keeper.port))
    finally:
        keeper.stop()


def test_replicas_hold_the_same_and_stand_in_for_each_other(replicated):
    """A row is on both replicas of its shard; with one of each down reading goes on, writing waits."""
    store = opened(replicated)
    many = [
        reading(n, str(n), series=f"{contract.ID}series/ven-{v}/u/e") for v in range(40) for n in range(3)
    ]
    assert store.append(many) == 120
    database = store.cluster.place.database
    held = [int(one.ask(f"SELECT count() FROM {database}.stored")) for one in replicated]
    assert held[0] == held[1]
    assert held[2] == held[3]
    assert held[0] + held[2] == 120
    replicated[0].stop()
    replicated[3].stop()
    assert store.count() == 120
    assert len([*store.scan()]) == 120
    with pytest.raises(StoreUnavailable):
        store.append([reading(9, "9", payload="b", seq=2)])
    elsewhere = Cluster(store.cluster.place)
    elsewhere.find(2)
    assert ClickHouseReadings(elsewhere).series() != []
    replicated[2].stop()
    with pytest.raises(StoreUnavailable):
        store.count()
    for one in (replicated[0], replicated[2], replicated[3]):
        one.start()
    again = ClickHouseReadings(Cluster(store.cluster.place))
    again.append([reading(9, "9", payload="b", seq=2)])
    assert again.count() == 121


def test_queries_over_two_shards_are_answered_as_over_triples(two):
    """Where Debian's server knows the SQL the answer is the same; where it does not it says so."""
    world = World(columns=opened(two))
    refused = 0
    for query in QUERIES:
        try:
            plain, fast = world.answers(query)
        except StoreUnavailable:
            refused += 1
            continue
        assert fast == plain, query
    assert refused < 25


def test_service_goes_on_while_a_server_is_gone(sharded, tmp_path, monkeypatch):
    """Payloads are kept in the journal; when the server is back nothing is lost and nothing double."""
    monkeypatch.setenv("FLEXKG_CLICKHOUSE", " ".join(one.address for one in sharded))
    monkeypatch.setenv("FLEXKG_CLICKHOUSE_CLUSTER", clickhouse.CLUSTER)
    with Service(load_settings(store=tmp_path, readings="clickhouse")) as service:
        assert service.store.ingest(FILES[0][1]).accepted
        sharded[0].stop()
        taken = service.store.ingest(FILES[1][1])
        assert (taken.accepted, taken.applied) == (True, False)
        with pytest.raises(StoreUnavailable):
            service.ask("readings")
        sharded[0].start()
        changed = FILES[1][1].replace(b">6.20<", b">7.5<").replace(b"R-77", b"R-78")
        assert service.store.ingest(changed).accepted
        seen = sorted(row[2].split('"')[1] for row in service.ask("readings"))
        assert seen == ["1.9", "2.1", "6.05", "7.5"]
    sharded[1].stop()
    with pytest.raises(StoreUnavailable):
        values(tmp_path)
    sharded[1].start()
    assert values(tmp_path) == seen
    assert "graph now" in move_readings(tmp_path, "graph")
    assert values(tmp_path) == seen


def test_readings_of_some_parties_alone_are_those_of_columns(world):
    """What is hidden from a caller is hidden in either engine, whatever is asked."""
    duck, names = ColumnReadings(), world.graph.graphs()
    duck.append([*world.columns.scan()])

    def answered(store, query):
        try:
            with store.view(["ven-1"]) as view:
                text = over_columns(declare(query)[0], view, world.ask)
        except QueryError as error:
            return str(error)
        return comparable(world.graph.query(text, default_graph=names, named_graphs=names))

    for query in QUERIES:
        assert answered(world.columns, query) == answered(duck, query), query
    text = "SELECT (COUNT(?o) AS ?n) { ?o a saref:Observation }"
    assert answered(duck, text) == answered(world.columns, text) != answered(_Whole(duck), text)


class _Whole:
    """A store whose readings are all seen."""

    def __init__(self, store):
        self.store = store

    def view(self, _):
        return self.store.view()


def test_buckets_of_hours_are_read_from_the_roll_up(both, monkeypatch):
    """Where values are kept as text, or the window cuts an hour, they are not."""
    asked = []
    click = both[1]
    rows = click.cluster.rows
    monkeypatch.setattr(click.cluster, "rows", lambda sql: asked.append(sql) or rows(sql))
    hour = timedelta(hours=1)

    def rolled(*window, resources=("pump",)):
        asked.clear()
        assert [*select(click, Selection(*window, bucket=hour, resources=resources))]
        return not any("FROM current r JOIN" in sql for sql in asked)

    assert rolled(START, START + 5 * hour)
    assert not rolled(START, START + 5 * hour + QUARTER)
    assert not rolled(resources=())


def test_what_was_known_at_a_time_is_told(pair):
    """A correction replaces from its receipt on; a withdrawal hides; what comes later shows again."""
    store, hour = opened(pair), timedelta(hours=1)
    store.append([reading(0, "1"), reading(1, "5")])
    store.append([contract.replace(reading(0, "2", payload="b", seq=2), received=NOON + 5 * hour)])
    assert store.withdraw(A, NOON, NOON + QUARTER, at=NOON + 9 * hour) == 1
    assert store.withdraw(A, NOON, NOON + QUARTER, at=NOON + 9 * hour) == 0
    store.append([contract.replace(reading(0, "3", payload="c", seq=3), received=NOON + 12 * hour)])

    def known(hours):
        return [row.value for row in select(store, Selection(known_at=NOON + hours * hour))]

    told = [known(hours) for hours in (0, 1, 4, 5, 8, 9, 11, 12, 50)]
    assert told == [[], [1, 5], [1, 5], [2, 5], [2, 5], [5], [5], [3, 5], [3, 5]]


VENS = [f"VEN-CLICK-{name}" for name in "ABC"]


@pytest.fixture
def filled(servers, tmp_path, monkeypatch):
    """A store with three VENs' registrations and reports; one reading of each was corrected."""
    monkeypatch.setenv("FLEXKG_READINGS", "clickhouse")
    with Ingest(tmp_path / "store", readings=partial(open_readings, kind="clickhouse")) as store:
        for ven in VENS:
            for data in (
                register(f"PUMP-{ven}", ven=ven, request=f"R-{ven}"),
                report("1.5", "2.5", ven=ven, request=f"Q-{ven}"),
                report("3.5", ven=ven, request=f"S-{ven}"),
            ):
                assert store.ingest(data).accepted
        assert store.readings.count() == 6
    return tmp_path / "store"


def told(path):
    with Ingest(path) as store:
        return store.graphs.digest(), [replace(one, received=None) for one in store.readings.scan()]


def test_erasure_copies_what_is_others(servers, filled, monkeypatch):
    """The others' rows are copied within the servers, the subject's are nowhere, nor its tables of before."""
    before, copied = databases(servers), []
    renewed = kg.renewal.renew
    monkeypatch.setattr(kg.erasure, "renew", lambda *a, **more: copied.append(renewed(*a, **more)))
    done = kg.erasure.erase(filled, VENS[0])
    assert (done.hits, copied) == ([], [True])
    after = databases(servers)
    assert all(a != b and len(a) == len(b) for a, b in zip(after, before, strict=True))
    for server, names in zip(servers, after, strict=True):
        for name in names:
            for table in server.ask(f"SHOW TABLES FROM {name}").split() if name[:6] == "flexkg" else ():
                assert VENS[0] not in server.ask(f"SELECT * FROM {name}.{table} FORMAT TSV"), table
    found = told(filled)
    assert len(found[1]) == 4
    rebuild(filled)
    assert told(filled) == found
    with Ingest(filled) as store:
        assert store.ingest(report("9", ven=VENS[1], request="R-NEW")).accepted
        assert store.readings.count() == 4


def test_erasure_leaves_nothing_in_the_files_of_the_servers(servers, filled):
    """Raw bytes and decompressed blocks of every file are searched, in the encodings of the proof."""
    names = [VENS[0], f"PUMP-{VENS[0]}"]
    with Ingest(filled) as store, store.readings.view() as view:  # servers keep what they were asked
        assert view.rows("SELECT n.id FROM names n WHERE n.iri LIKE ?", [f"%{VENS[0]}%"])
    hits, blocks = search(servers, names)
    assert any(hit.endswith(".bin") for hit in hits)
    assert blocks > 20
    assert kg.erasure.erase(filled, VENS[0]).hits == []
    until = time.monotonic() + 60
    while (hits := search(servers, names)[0]) and time.monotonic() < until:
        time.sleep(0.5)
    assert hits == []
    assert search(servers, [VENS[1]])[0]


def test_series_that_is_erased_leaves_the_files_with_their_old_parts(servers, filled):
    """Its values; ClickHouse keeps parts that no longer count for eight minutes, here for a second."""
    value = "0.000000987654321"
    series = f"{contract.ID}series/{VENS[0]}/U/odd"
    with Ingest(filled) as store:
        store.readings.append([reading(1, value, series=series, payload="e", seq=99)])
        assert search(servers, [value])[0]
        assert store.readings.erase(series) == 1
        until = time.monotonic() + 60
        while (hits := search(servers, [value])[0]) and time.monotonic() < until:
            time.sleep(0.5)
        assert hits == []


@pytest.mark.parametrize("purpose", ["settlement", "operation"])
def test_readings_are_seen_by_mandate(servers, filled, purpose):
    """Through the routes, as over columns: without a mandate nobody's, with one that party's alone."""
    provider, service = Provider(), Service(load_settings(store=filled), create=False)
    app = create_app(service, tokens=provider.tokens())
    with TestClient(app, base_url=BASE) as client:
        headers = bearer(provider.token("sparql:query", "read_all", client_id="agg", purpose="settlement"))
        headers |= {"Accept": "text/csv"}
        mandates = app.state.desk.sight.mandates(service)

        def seen(path, **params):
            answer = client.get(path, params=params, headers=headers)
            assert answer.status_code == 200, answer.text
            return {ven for ven in VENS if ven in answer.text}

        def all_ways():
            ways = [seen("/readings"), seen("/queries/energy"), seen("/queries/latest")]
            ways.append(
                seen(
                    "/sparql", query="SELECT ?s ?v { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v }"
                )
            )
            assert all(way == ways[0] for way in ways), ways
            return ways[0]

        assert all_ways() == set()
        made = mandates.grant(VENS[1], "agg", purpose, datetime.now(UTC) + timedelta(days=1))
        assert all_ways() == ({VENS[1]} if purpose == "settlement" else set())
        mandates.withdraw([VENS[1]], made.id)
        assert all_ways() == set()
        shown = client.get("/queries/groups", headers=headers)
        assert shown.status_code == 200
        assert not any(ven in shown.text for ven in VENS)
