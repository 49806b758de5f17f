"""Readings in ClickHouse, as far as no server is needed; tests/services/test_clickhouse.py has the rest."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kg.errors import StoreUnavailable, UsageError
from kg.graphs.embedded import EmbeddedGraphs
from kg.readings import spreading
from kg.readings.backends import MARK, _in_cluster, open_readings, place_of
from kg.readings.clickhouse.cluster import Cluster, Place
from kg.readings.clickhouse.dialect import translate
from kg.readings.clickhouse.latch import Latch
from kg.readings.clickhouse.wire import SETTINGS, Address, PlainWire, Unanswered
from kg.readings.marks import Mark, Moving
from kg.settings import load_settings
from kg.sparql.observations.rewriting import in_columns
from kg.sparql.prologue import declare


@contextlib.contextmanager
def server(*answers):
    """A server that gives these answers, one after the other, the last again and again."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            status, body, length = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            return

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}", asked
    finally:
        made.shutdown()
        made.server_close()


def table(*rows):
    return 200, json.dumps({"data": rows}).encode(), 0


def test_answer_that_is_cut_short_is_an_error():
    """An exception behind the first rows, or a connection that ends: never the rows so far."""
    for body, length in ((b'{"data": [[1], [2]Code: 279, All connection tries failed', 0), (b'{"da', 99)):
        with server((200, body, length)) as (address, _), pytest.raises(StoreUnavailable):
            PlainWire(Address.of(address)).rows("SELECT 1", SETTINGS)


def test_server_that_cannot_says_why():
    """A shard that is down: the server's own words, and what to do."""
    with server((500, b"Code: 279, e.displayText() = DB::NetException: All tries failed", 0)) as (address, _):
        with pytest.raises(StoreUnavailable, match="All tries failed") as caught:
            PlainWire(Address.of(address)).rows("SELECT 1", SETTINGS)
        assert "shards are up" in caught.value.cure
        assert not isinstance(caught.value, Unanswered)


def test_each_statement_forbids_to_leave_shards_out():
    """And waits for the whole answer."""
    with server(table([5])) as (address, asked):
        assert PlainWire(Address.of(address)).rows("SELECT 5", SETTINGS) == [(5,)]
    assert "skip_unavailable_shards=0" in asked[0][0]
    assert "wait_end_of_query=1" in asked[0][0]


def test_another_node_is_asked_where_one_is_gone():
    """The first address does not answer, the second one does."""
    with server(table(["18.16.1"])) as (address, _):
        cluster = Cluster(Place(f"http://127.0.0.1:1 {address}"))
        assert cluster.rows("SELECT version()") == [("18.16.1",)]
    with pytest.raises(StoreUnavailable, match="does not answer"):
        cluster.rows("SELECT 1")


@pytest.mark.parametrize("text", ["", "localhost:8123", "http://", "ftp://a", "http://a:b", "http://a/path"])
def test_address_that_is_none_is_refused(text):
    """It says how one is written, and shows no password."""
    with pytest.raises(UsageError) as caught:
        Cluster(Place(text))
    assert "http://host:8123" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        Cluster(Place("http://me:secret@host:x"))
    assert "secret" not in str(caught.value)


def test_other_cluster_is_not_taken_for_the_stores(tmp_path):
    """Servers without the database that the mark names, or with another number of shards: an error."""
    (tmp_path / MARK).write_text('{"database": "flexkg_0123", "shards": "1"}')

    def opened(*answers):
        with server(table(["18.16.1"]), table(["18.16.1"]), *answers) as (address, _):
            _in_cluster(tmp_path / MARK, Place(address), new=False)

    with pytest.raises(StoreUnavailable, match="no database flexkg_0123"):
        opened(table([0]))
    (tmp_path / MARK).write_text('{"database": "flexkg_0123", "shards": "3"}')
    with pytest.raises(StoreUnavailable, match="3 shards"):
        opened()
    (tmp_path / MARK).write_text("{")
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        _in_cluster(tmp_path / MARK, Place("http://127.0.0.1:1"), new=False)


def test_settings_are_needed_and_password_is_not_shown(tmp_path, monkeypatch):
    """ClickHouse asked for and not named; a password only where it is used."""
    monkeypatch.delenv("FLEXKG_CLICKHOUSE", raising=False)
    with pytest.raises(UsageError, match="no ClickHouse server is named"):
        open_readings(EmbeddedGraphs(), tmp_path, "clickhouse")
    assert list(tmp_path.iterdir()) == []
    settings = load_settings(clickhouse="http://me@a", clickhouse_password="secret")
    assert place_of(settings).password == "secret"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("sql", "values", "told"),
    [
        ("hour(r.starts + to_minutes(60))", [], "r.starts + (60 * 60000000)"),
        ("(epoch_us(r.starts) + 7) // 900 - 3 AS cell", [], "intDiv(((r.starts) + 7), 900) - 3 AS cell"),
        ("r.series IN (SELECT unnest(?::INTEGER[]))", [[3, 4]], "r.series IN (3, 4)"),
        ("r.series IN (SELECT unnest(?::INTEGER[]))", [[]], "WHERE 0)"),
        ("n.iri = ?", ["a'b\\?"], r"n.iri = 'a\'b\\?'"),
        ("SELECT b.seq FROM current r JOIN batches b ON b.id = r.batch", [], "r.seq FROM current r"),
        (
            "EXISTS (SELECT 1 FROM (SELECT unnest(?::BIGINT[]) AS c0, unnest(?::BIGINT[]) AS c1) w"
            " WHERE r.starts >= make_timestamp(w.c1) AND w.c0 = r.series)",
            [[7, 8], [1, 2]],
            "arrayExists((c0, c1) -> r.starts >= (c1) AND c0 = r.series, [7, 8], [1, 2])",
        ),
        (
            "FROM current r JOIN (SELECT unnest(?::BIGINT[]) AS s, unnest(?::BIGINT[]) AS b0) w"
            " ON w.s = r.series AND r.starts >= make_timestamp(w.b0) WHERE true GROUP BY 1",
            [[7, 8], []],
            "arrayJoin(arrayZip([7, 8], emptyArrayInt64())) AS p)) w ON w.s = r.series"
            " WHERE r.starts >= (w.b0) AND 1 GROUP BY 1",
        ),
        ("min(r.milli), sum(r.milli * w.m)::HUGEINT", [], "minOrNull(r.milli), sum(toInt128(r.milli) * w.m)"),
    ],
)
def test_statement_is_written_as_clickhouse_has_it(sql, values, told):
    """Names, and subqueries that look outwards."""
    assert told in translate(sql, values, {})


def test_latch_lets_readers_in_together_and_a_writer_alone():
    """A reader in a reader does not wait for the writer that waits for it."""
    latch, seen = Latch(), []

    def write():
        with latch.writing():
            seen.append("written")

    with latch.reading():
        writer = threading.Thread(target=write)
        writer.start()
        with latch.reading():
            seen.append("read")
    writer.join(10)
    assert seen == ["read", "written"]
    with latch.reading(), latch.writing():
        seen.append("by the reader itself")
    assert len(seen) == 3


def test_statement_sees_some_series_alone_wherever_it_reads():
    """Readings under a condition get one more, everything else is put in cut down."""
    sql = (
        "SELECT n.iri FROM current r JOIN names n ON n.id = r.series WHERE r.starts IN"
        " (SELECT DISTINCT r.starts FROM current r) AND r.series IN (SELECT n.id FROM names n WHERE n.x = ?)"
    )
    told = translate(sql, ["a WHERE b)"], {}, seen=[3, 4])
    assert told.startswith("SELECT n.iri FROM current r JOIN (SELECT * FROM names WHERE id IN (3, 4)) n ON")
    assert " WHERE r.series IN (3, 4) AND r.starts IN (SELECT DISTINCT r.starts FROM (SELECT *" in told
    assert told.count("IN (3, 4)") == 4
    assert translate("SELECT 1 FROM hours r WHERE 1", [], {}, seen=[], old=True).count("WHERE 0") == 1


class _Values:
    """A view whose engine gives values alone; it notes what it is asked."""

    joins, writes, hours = True, False, True

    def __init__(self, *rows):
        self.left, self.asked = list(rows), []

    def rows(self, sql, values=()):
        self.asked.append(sql)
        return self.left.pop(0)


def test_groups_come_as_values_and_are_written_as_terms():
    """Days from 1970, sums in millionths; a value kept as text lets the query be answered otherwise."""
    text = (
        "SELECT ?day (SUM(?v) AS ?sum) (MAX(?v) AS ?most) (COUNT(*) AS ?n)"
        " { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v }"
        " GROUP BY (SUBSTR(STR(?t), 1, 10) AS ?day)"
    )

    def answered(*rows):
        view = _Values(*rows)
        return view, in_columns(declare(text)[0], view, lambda _: [], direct=True)

    view, table = answered([(20483, None, 0, 4, 1_500_000, 7_000_001), (-1, 0, 0, 1, 10_000_000, None)])
    assert {name: [*column.cells] for name, column in table.columns.items()} == {
        "?day": ["2026-01-30", "1969-12-31"],
        "?sum": ["1.5", "10"],
        "?most": ["7.000001", None],
        "?n": ["4", "1"],
    }
    assert "FROM hours r" in view.asked[0]
    view, made = answered([(20483, 0, 1, 4, 1, 1)], [(1,)], [], [])
    assert isinstance(made, str)
    assert len(view.asked) > 1


def test_readings_on_their_way_are_not_opened(tmp_path):
    """It says which command ends that; what is no longer known is told, and nothing is asked of a server."""
    place = Place("http://127.0.0.1:1", "three")
    with pytest.raises(UsageError, match="not in ClickHouse"):
        spreading.rebalance(tmp_path, place, print)
    old, new = Mark("flexkg_0", 2, "two"), Mark("flexkg_1", 3, "three")
    old.write(tmp_path / MARK)
    with pytest.raises(UsageError, match="not being spread"):
        spreading.undo(tmp_path, place)
    with pytest.raises(UsageError, match="none is named"):
        spreading.rebalance(tmp_path, Place("http://127.0.0.1:1"), print)
    Moving(old, new).write(tmp_path)
    assert Moving.read(tmp_path) == Moving(old, new)
    with pytest.raises(StoreUnavailable, match="cut off") as caught:
        _in_cluster(tmp_path / MARK, place, new=False)
    assert "flexkg readings rebalance" in caught.value.cure
    with pytest.raises(StoreUnavailable, match="does not answer"):
        spreading.undo(tmp_path, place)
    assert Mark.read(tmp_path / MARK) == old
    new.write(tmp_path / MARK)
    with pytest.raises(UsageError, match="count already"):
        spreading.undo(tmp_path, place)
    (tmp_path / "rebalance.json").write_text("{")
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        spreading.rebalance(tmp_path, place, print)


def test_several_servers_are_of_a_cluster(tmp_path):
    """Without its name each of them would hold a part, and one that stands in for another an empty one."""
    with pytest.raises(UsageError, match="no cluster"):
        _in_cluster(tmp_path / MARK, Place("http://127.0.0.1:1 http://127.0.0.1:2"), new=True)
    assert list(tmp_path.iterdir()) == []


def test_other_cluster_is_refused_by_name(tmp_path):
    """The tables know their cluster; servers of another one are not asked for them."""
    Mark("flexkg_0", 2, "two").write(tmp_path / MARK)
    with (
        server(table(["18.16.1"])) as (address, _),
        pytest.raises(StoreUnavailable, match="are on two, and x"),
    ):
        _in_cluster(tmp_path / MARK, Place(address, "x"), new=False)
