"""Readings in ClickHouse go to other shards: nothing is lost, nothing double, wherever it is cut off."""

from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.errors import StoreUnavailable, UsageError
from kg.ingest import Ingest
from kg.namespaces import ID
from kg.opening import open_ingest
from kg.readings import spreading
from kg.readings.backends import MARK, _in_cluster
from kg.readings.clickhouse import rebalancing
from kg.readings.clickhouse.cluster import SLOTS, Cluster, Place
from kg.readings.clickhouse.store import ClickHouseReadings
from kg.readings.clickhouse.writing import ROW
from kg.readings.marks import MOVING, Mark
from kg.settings import load_settings
from tests.messages import register, report
from tests.services import clickhouse
from tests.test_reading_store import NOON, reading

pytestmark = pytest.mark.services
QUIET = [].append


@pytest.fixture(scope="module", params=[clickhouse.current, clickhouse.shards], ids=["today", "old"])
def servers(request, tmp_path_factory):
    """Three servers, which know a cluster of the first two and one of all."""
    made = request.param(tmp_path_factory.mktemp("three"), 3)
    if made is None:
        pytest.skip("needs clickhouse-server and @chdb: make test-services")
    yield made
    for one in made:
        one.stop()


def place(servers, cluster):
    return Place(" ".join(one.address for one in servers), cluster)


@pytest.fixture
def filled(servers, tmp_path):
    """A folder whose mark names tables on two shards: 40 VENs, corrections, withdrawals, three months."""
    store = _in_cluster(tmp_path / MARK, place(servers[:2], "two"), new=True)
    made = [
        replace(one, starts_at=one.starts_at + timedelta(days=30 * (n % 3)), ends_at=None, received=NOON)
        for ven in range(40)
        for n in range(6)
        for one in [reading(n, str(n + ven), series=f"{ID}series/ven-{ven}/u/e")]
    ]
    store.append(made)
    store.append([replace(one, value=one.value + 1, seq=2, digest="b" * 64) for one in made[::7]])
    store.withdraw(made[3].series, NOON, NOON + timedelta(days=9), at=NOON + timedelta(days=40))
    store.close()
    return tmp_path


def told(folder, where):
    """All that a store says: readings, what was known before, and the roll-up."""
    store = _in_cluster(folder / MARK, where, new=False)
    former = store.cluster.rows(
        f"SELECT {', '.join(ROW)} FROM former FINAL ORDER BY series, starts, seq, gone"
    )
    hours = store.cluster.rows("SELECT series, hour, number, milli, least FROM hours ORDER BY series, hour")
    assert former
    found = [*store.scan()], former, hours
    store.close()
    return found


def databases(servers):
    return {name for one in servers for name in one.ask("SHOW DATABASES").split() if name[:6] == "flexkg"}


def test_readings_are_spread_over_more_shards(servers, filled, monkeypatch):
    """Each row is on its shard, the former tables are gone, and a correction replaces what was copied."""
    monkeypatch.setattr(rebalancing.Rebalancing.__init__, "__defaults__", (50,))
    two, three = place(servers[:2], "two"), place(servers, "three")
    before, others = told(filled, two), databases(servers) - {Mark.read(filled / MARK).database}
    with pytest.raises(StoreUnavailable, match="rebalance"):
        told(filled, three)
    lines = []
    assert "3 shards of three now" in spreading.rebalance(filled, three, lines.append)
    assert sum("stored" in line for line in lines) > 6
    assert told(filled, three) == before
    mark = Mark.read(filled / MARK)
    for number, server in enumerate(servers):
        other = f"countIf(modulo(modulo(series, {SLOTS}), 3) != {number})"
        rows, elsewhere = map(int, server.ask(f"SELECT count(), {other} FROM {mark.database}.stored").split())
        assert rows > 20
        assert elsewhere == 0
    assert len(databases(servers) - others) <= 3
    assert "already" in spreading.rebalance(filled, three, QUIET)
    store = _in_cluster(filled / MARK, three, new=False)
    again = [replace(one, value=one.value + 5, seq=3, digest="c" * 64) for one in before[0]]
    assert store.append(again) == len(again)
    assert [one.value for one in store.scan()] == [one.value + 5 for one in before[0]]
    with pytest.raises(StoreUnavailable, match="three"):
        told(filled, two)
    assert any(
        "does not answer" not in line and "readings" in line for line in spreading.shards(filled, three)
    )
    assert "2 shards of two now" in spreading.rebalance(filled, place(servers, "two"), QUIET)
    assert [one.value for one in told(filled, two)[0]] == [one.value + 5 for one in before[0]]


@pytest.mark.parametrize("times", [0, 1, 4, 8])
def test_what_is_cut_off_goes_on(servers, filled, monkeypatch, times):
    """Before, amid and behind the copies; until it is ended the store is not opened, and says why."""
    two, three = place(servers[:2], "two"), place(servers, "three")
    before, left = told(filled, two), [times]
    spread = Cluster.spread

    def cut(self, sql):
        if not left[0]:
            raise StoreUnavailable("gone")
        left[0] -= 1
        spread(self, sql)

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, "spread", cut)
        with pytest.raises(StoreUnavailable, match="gone"):
            spreading.rebalance(filled, three, QUIET)
    for where in (two, three):
        with pytest.raises(StoreUnavailable, match="cut off"):
            told(filled, where)
    assert "cut off" in spreading.shards(filled, two)[-1]
    if times == 1:
        assert "where they were" in spreading.undo(filled, three)
        assert told(filled, two) == before
        with pytest.raises(UsageError, match="not being spread"):
            spreading.undo(filled, three)
    lines = []
    spreading.rebalance(filled, three, lines.append)
    assert told(filled, three) == before
    assert times != 8 or len(lines) < 8


def test_former_tables_that_stayed_are_removed(servers, filled, monkeypatch):
    """The new ones count from the moment on that the mark names them."""
    three = place(servers, "three")
    before, old = told(filled, place(servers[:2], "two")), Mark.read(filled / MARK).database
    with monkeypatch.context() as patch:
        patch.setattr(spreading, "_drop", lambda *_: (_ for _ in ()).throw(StoreUnavailable("gone")))
        with pytest.raises(StoreUnavailable, match="gone"):
            spreading.rebalance(filled, three, QUIET)
    with pytest.raises(UsageError, match="count already"):
        spreading.undo(filled, three)
    assert old in databases(servers)
    spreading.rebalance(filled, three, QUIET)
    assert old not in databases(servers)
    assert not (filled / MOVING).exists()
    assert told(filled, three) == before


def test_rows_of_a_run_before_that_are_too_many_go(servers, filled):
    """What the old tables do not have, or have otherwise, is not in the new ones."""
    two, three = place(servers[:2], "two"), place(servers, "three")
    before = told(filled, two)
    old = ClickHouseReadings(Cluster(replace(two, database=Mark.read(filled / MARK).database)))
    new = Cluster(replace(three, database="flexkg_more"))
    new.make()
    ClickHouseReadings(new).append([reading(n, "7", payload="d", seq=9) for n in (0, 99999)])
    rebalancing.Rebalancing(old.cluster, new, QUIET).run()
    made = ClickHouseReadings(new)
    assert [*made.scan()] == before[0]
    new.drop()


def test_dead_shard_lets_it_wait(servers, filled):
    """Nothing is changed; when the shard is back it goes on."""
    two, three = place(servers[:2], "two"), place(servers, "three")
    before = told(filled, two)
    servers[2].stop()
    with pytest.raises(StoreUnavailable):
        spreading.rebalance(filled, three, QUIET)
    servers[2].start()
    servers[1].stop()
    with pytest.raises(StoreUnavailable):
        spreading.rebalance(filled, three, QUIET)
    assert any("does not answer" in line for line in spreading.shards(filled, three))
    servers[1].start()
    spreading.rebalance(filled, three, QUIET)
    assert told(filled, three) == before


def test_shard_is_added_to_a_cluster_that_keeps_its_name(servers, filled):
    """The servers' file names one more: the store does not open, and is spread over it."""
    two = place(servers, "two")
    before, files = told(filled, place(servers[:2], "two")), [one.folder / "config.xml" for one in servers]
    texts = [file.read_text() for file in files]
    try:
        for server, file, text in zip(servers, files, texts, strict=True):
            server.stop()
            file.write_text(
                text.replace("<two>", "<was>").replace("</two>", "</was>").replace("three>", "two>")
            )
            server.start()
        with pytest.raises(StoreUnavailable, match="has 3 now"):
            told(filled, two)
        spreading.rebalance(filled, two, QUIET)
        assert told(filled, two) == before
    finally:
        for server, file, text in zip(servers, files, texts, strict=True):
            server.stop()
            file.write_text(text)
            server.start()
    with pytest.raises(StoreUnavailable, match="with fewer shards"):
        spreading.rebalance(filled, two, QUIET)


def test_commands(servers, tmp_path, monkeypatch):
    """As an operator types them: a store is filled, tells of its shards, is spread, and serves."""
    run, store = CliRunner(), tmp_path / "store"
    monkeypatch.setenv("FLEXKG_READINGS", "clickhouse")
    monkeypatch.setenv("FLEXKG_CLICKHOUSE", " ".join(one.address for one in servers[:2]))
    monkeypatch.setenv("FLEXKG_CLICKHOUSE_CLUSTER", "two")

    def typed(*words):
        done = run.invoke(app, ["readings", *words, "--store", str(store)])
        return done.exit_code, done.output

    with open_ingest(load_settings(store=store)) as made:
        for ven in "ABC":
            for data in (register(f"P-{ven}", ven=ven, request=f"R-{ven}"), report("1.5", "2", ven=ven)):
                assert made.ingest(data).accepted
        assert made.readings.count() == 6
        assert "in use" in typed("rebalance")[1]
    assert "2 shards of cluster two" in typed("shards")[1]
    monkeypatch.setenv("FLEXKG_CLICKHOUSE", " ".join(one.address for one in servers))
    monkeypatch.setenv("FLEXKG_CLICKHOUSE_CLUSTER", "three")
    code, text = typed("rebalance")
    assert (code, "3 shards of three now" in text) == (0, True)
    with Ingest(store) as made:
        assert made.readings.count() == 6


def test_batch_in_part_stays_in_part(servers, filled, monkeypatch):
    """It is copied as it is: not shown, and whole when the batch has come again."""
    two, three = place(servers[:2], "two"), place(servers, "three")
    before, batch = told(filled, two), [reading(n, "9", payload="d", seq=50) for n in (7, 8)]

    def gone(*_):
        raise StoreUnavailable("gone")

    store = _in_cluster(filled / MARK, two, new=False)
    with monkeypatch.context() as patch:
        patch.setattr(store._writing, "_sum_up", gone)
        with pytest.raises(StoreUnavailable, match="gone"):
            store.append(batch)
    spreading.rebalance(filled, three, QUIET)
    with pytest.raises(StoreUnavailable, match="in part"):
        told(filled, three)
    store = _in_cluster(filled / MARK, three, new=False)
    store.append(batch)
    assert [*store.scan()] == sorted([*before[0], *batch], key=lambda one: (one.series, one.starts_at))
    assert store.append(batch) == 0
