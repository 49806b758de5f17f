import json
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain

import pytest

import kg
from kg.apply import Applier
from kg.entry import Entry
from kg.errors import JournalCorrupt, StoreError, StoreUnavailable, UsageError
from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild
from kg.journal import Journal
from kg.namespaces import FLEX, GRAPH, ID, PREFIXES
from kg.readings import Constants
from kg.readings.column_batch import Batch
from kg.readings.delivery import Source, deliver
from kg.readings.graph import GraphReadings
from kg.rebuild import recorded

from .messages import START, event, opt, poll, register, report
from .paths import PAYLOADS, needs_data

HEAD = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items())
WHEN = datetime(2026, 12, 1, 17, tzinfo=UTC)
STORY = [
    event(0),
    register(),
    report("1.5", "2.25"),
    event(hours=2),
    opt("optOut"),
    event(1, level=2, request="R-9"),
    poll(),
    b"<html/>",
    opt("optIn", request="R-10"),
    report("1.75", request="R-11"),
    event(0, request="R-12"),
    poll("VEN-2"),
]


@pytest.fixture
def store(tmp_path):
    with Ingest(tmp_path / "store") as opened:
        yield opened


def ask(store, where):
    graphs = [name for name in store.graphs.graphs() if name != META]
    rows = store.graphs.query(f"{HEAD} {where}", default_graph=graphs, named_graphs=[])
    return [tuple(short(term) for term in row) for row in rows]


def short(term):
    if term is None:
        return None
    return term.split('"')[1] if term.startswith('"') else term[1:-1].removeprefix(ID).removeprefix(FLEX)


def current(store):
    return ask(store, "SELECT ?v { ?e a flex:Event ; flex:currentVersion ?v } ORDER BY ?v")


# One payload


def test_ingest_answers_with_verdict_and_row(store):
    """What conforms is accepted under its row; the receipt says so in a line."""
    receipt = store.ingest(event(), received=WHEN)
    assert (receipt.accepted, receipt.seq, receipt.duplicate, receipt.applied) == (True, 1, False, True)
    assert receipt.summary == "oadrDistributeEvent accepted as row 1"
    row = next(store.journal.rows())
    assert (row.message_type, row.verdict, row.shapes) == ("oadrDistributeEvent", "conforms", kg.__version__)
    assert store.journal.payload(1) == event()


@pytest.mark.parametrize(
    ("payload", "kind"),
    [(event(), "event"), (report("1"), "op"), (register(), "op"), (opt(), "op"), (poll(), "op")],
    ids=["event", "report", "register", "opt", "poll"],
)
def test_ingest_puts_a_payload_into_the_graph_of_its_kind_and_month(store, payload, kind):
    """Events apart from operation, by the month of receipt; the message knows its row and time."""
    store.ingest(payload, received=WHEN)
    graph = f"{GRAPH}{kind}/202612"
    reported = [f"{GRAPH}report/202612"] if b"oadrUpdateReport" in payload else []
    assert store.graphs.graphs() == sorted([graph, META, *reported])
    message = f"<{ID}message/{kg.read(payload).digest}>"
    assert ask(store, f"SELECT ?row ?at {{ {message} flex:journalRow ?row ; flex:receivedAt ?at }}") == [
        ("1", "2026-12-01T17:00:00Z")
    ]


def test_ingest_keeps_the_whole_graph_of_a_payload(store):
    """Every triple of a payload without readings is in the store, and only what apply adds beside it."""
    store.ingest(event())
    lifted = EmbeddedGraphs()
    lifted.add(GRAPH + "any", kg.lift(kg.read(event())).ntriples)
    meant = {statement[:3] for statement in lifted.match()}
    held = {statement[:3] for statement in store.graphs.match() if statement.graph != META}
    assert meant <= held
    added = {short(p) for subject, p, _ in held - meant if not subject.endswith("/binding>")}
    assert added == {
        "binding",
        "currentVersion",
        "eventDigest",
        "journalRow",
        "receivedAt",
    }


def test_ingest_records_the_direction_and_the_sender_that_the_transport_knows(store):
    """A sender from outside wins over what the payload says; a payload without any party is the tenant's."""
    store.ingest(event(hours=2), sender="VTN-7", direction="out")
    assert [row.direction for row in store.journal.rows()] == ["out"]
    assert ask(store, "SELECT ?who { ?r prov:wasAttributedTo ?who }") == [("party/VTN-7",)]
    store.ingest(kg_query_registration())
    assert store.journal.keys.known(["tenant:default"]) is not None


def kg_query_registration():
    return (
        poll()
        .replace(b"oadrPoll", b"oadrQueryRegistration")
        .replace(b"<ei:venID>VEN-1</ei:venID>", b"<pyld:requestID>R-5</pyld:requestID>")
    )


def test_ingest_refuses_a_time_without_zone(store):
    """Nothing is recorded."""
    with pytest.raises(UsageError, match="no zone"):
        store.ingest(event(), received=datetime(2026, 12, 1))
    assert store.journal.head.seq == 0


# Refused and unreadable


@pytest.mark.parametrize(
    ("payload", "rule"),
    [(event(hours=2), "SIG-5"), (event(level="much"), "XSD"), (event(level=9), "INT-6")],
    ids=["sum", "schema", "level"],
)
def test_ingest_keeps_of_a_refused_payload_the_report_only(store, payload, rule):
    """Rule, place, sender and digest are in prov; nothing of the payload itself is visible."""
    receipt = store.ingest(payload, received=WHEN)
    assert (receipt.accepted, receipt.seq) == (False, 1)
    assert receipt.summary.startswith(f"oadrDistributeEvent refused as row 1: {rule}: ")
    assert store.graphs.graphs() == sorted([GRAPH + "prov/202612", META])
    assert ask(
        store,
        """SELECT ?of ?who ?ok ?severity ?rule (STRSTARTS(?pointer, "/oadr:oadrDistribute") AS ?placed) {
          ?r a sh:ValidationReport ; sh:conforms ?ok ; prov:wasDerivedFrom ?of ; prov:wasAttributedTo ?who ;
            sh:result ?result . ?result a sh:ValidationResult ; dcterms:identifier ?rule ;
            sh:resultSeverity ?severity ; flex:pointer ?pointer }""",
    ) == [
        (
            f"message/{receipt.report.digest}",
            "party/VTN-1",
            "false",
            "http://www.w3.org/ns/shacl#Violation",
            rule,
            "true",
        )
    ]
    assert store.journal.payload(1) == payload


@pytest.mark.parametrize("payload", [b"", b"not xml", b"<html/>", b"<!DOCTYPE a><a/>", b"\x00"])
def test_ingest_keeps_nothing_of_unreadable_bytes(store, payload):
    """They leave a trace with a reason and no row."""
    receipt = store.ingest(payload)
    assert (receipt.report.verdict, receipt.seq, receipt.accepted) == ("unreadable", None, False)
    assert receipt.summary.startswith("unreadable: ")
    assert store.journal.head.seq == 0
    trace = store.journal.unreadable.traces()[0]
    assert (trace.size, trace.reason) == (len(payload), receipt.report.violations[0].rule)


# The same again, newer and older


def test_ingest_records_the_same_bytes_once(store):
    """A repetition is answered with the first row, within a batch and later; nothing is added."""
    first = dict(store.ingest_many([("a", event()), ("b", event()), ("c", event(hours=2))]))
    digest = store.graphs.digest()
    assert [(r.seq, r.duplicate) for r in first.values()] == [(1, False), (1, True), (2, False)]
    for payload, seq in ((event(), 1), (event(hours=2), 2)):
        again = store.ingest(payload)
        assert (again.seq, again.duplicate) == (seq, True)
        assert f"before, as row {seq}" in again.summary
    assert (store.journal.head.seq, store.graphs.digest()) == (2, digest)


def test_ingest_shows_the_newest_modification_and_keeps_the_older(store):
    """The current version is the one with the highest number; the history stays."""
    for number in (0, 1, 2):
        store.ingest(event(number, level=number))
        assert current(store) == [(f"event/VTN-1/E-1/{number}",)]
    levels = (
        "SELECT ?n ?value { ?v flex:modificationNumber ?n ; flex:signal/flex:interval/flex:value ?value }"
    )
    assert ask(store, f"{levels} ORDER BY ?n") == [(str(n), str(n)) for n in (0, 1, 2)]


@pytest.mark.parametrize("together", [True, False])
def test_ingest_leaves_the_current_version_when_an_older_one_comes_late(store, together):
    """A lower modification number never becomes current, whether in the same batch or later."""
    payloads = [("a", event(10, level=1)), ("b", event(9, level=2)), ("c", event(2, level=3))]
    if together:
        list(store.ingest_many(payloads))
    else:
        for _, payload in payloads:
            store.ingest(payload)
    assert current(store) == [("event/VTN-1/E-1/10",)]
    assert len(ask(store, "SELECT ?v { ?v a flex:EventVersion }")) == 3


def test_ingest_replaces_a_version_that_is_sent_again(store):
    """The same version in another message, a month later: its new state only, in one graph."""
    store.ingest(event(1, level=1), received=WHEN)
    store.ingest(event(1, level=3, request="R-8"), received=WHEN + timedelta(days=40))
    assert ask(store, "SELECT ?x { ?v a flex:EventVersion ; flex:signal/flex:interval/flex:value ?x }") == [
        ("3",)
    ]
    assert len(ask(store, "SELECT ?m { ?m flex:conveys ?v }")) == 2
    version = f"{ID}event/VTN-1/E-1/1"
    assert {s.graph for s in store.graphs.match(f"<{version}>", None, None)} == {GRAPH + "event/202701"}
    assert current(store) == [("event/VTN-1/E-1/1",)]


def test_ingest_replaces_opts_and_report_descriptions(store):
    """What is sent anew under the same identifier takes the place of what was there."""
    for payload in (
        opt("optOut"),
        opt("optIn", request="R-20"),
        register("PUMP-1"),
        register("PUMP-2", request="R-21"),
    ):
        store.ingest(payload)
    assert ask(store, "SELECT ?t { ?o a flex:Opt ; flex:optType ?t }") == [
        ("https://w3id.org/flexkg/vocab/optType/optIn",)
    ]
    assert ask(
        store, "SELECT ?r { ?d a flex:ReportDescription ; flex:reportDataSource/flex:resourceID ?r }"
    ) == [("PUMP-2",)]
    assert ask(store, "SELECT ?r { ?s a flex:Series ; flex:ofResource ?r }") == [("resource/VEN-1/PUMP-2",)]


def test_ingest_keeps_events_apart(store):
    """Events of other VTNs or names have current versions of their own."""
    store.ingest(event(3, event_id="E"))
    store.ingest(event(1, event_id="E/1", request="R-30"))
    store.ingest(event(2, vtn="VTN-2", event_id="E", request="R-31"))
    assert current(store) == [("event/VTN-1/E%2F1/1",), ("event/VTN-1/E/3",), ("event/VTN-2/E/2",)]


# Readings


def test_ingest_sends_readings_to_the_reading_store(store):
    """Each value is an observation of its series and resource; the report stays, its intervals go."""
    store.ingest(register())
    receipt = store.ingest(report("1.50", "-2"), received=WHEN)
    found = list(store.readings.scan())
    assert [(r.value, r.starts_at, r.ends_at) for r in found] == [
        (Decimal("1.5"), START, START + timedelta(minutes=15)),
        (Decimal(-2), START + timedelta(minutes=15), START + timedelta(minutes=30)),
    ]
    first = found[0]
    assert first.series == ID + "series/VEN-1/USAGE/power"
    assert (first.resource, first.seq, first.digest) == (
        ID + "resource/VEN-1/PUMP-1",
        2,
        receipt.report.digest,
    )
    assert (first.confidence, first.accuracy, first.received) == (100, Decimal("0.01"), WHEN)
    assert first.quality is not None
    assert first.quality.endswith("/dataQuality/Quality%20Good%20-%20Non%20Specific")
    assert ask(store, "SELECT ?n { ?r a flex:Report ; flex:reportSpecifierID ?n }") == [
        ("USAGE",),
        ("USAGE",),
    ]
    assert ask(store, "SELECT ?i { ?i a flex:ReportInterval }") == []
    assert ask(store, "SELECT ?o { ?r a flex:Report ; flex:interval ?o }") == []
    assert ask(store, "SELECT ?d { ?o flex:series/^flex:series ?d . ?d a flex:ReportDescription }") != []


def test_ingest_corrects_a_reading(store):
    """A later report about the same quarter of an hour replaces the value."""
    store.ingest(report("1", "2"))
    store.ingest(report("3", request="R-40"))
    assert [found.value for found in store.readings.scan()] == [3, 2]


def test_deliver_keeps_in_the_graph_what_is_no_number_at_a_time():
    """A state of a resource stays with its interval; the number beside it goes."""
    lifted = kg.lift(kg.read(report("1", "2", status=True)))
    source = Source(lifted.message[-64:], 1, WHEN)
    batch = Batch()
    lines, series = deliver(lifted.facts, lifted.message, source, lambda _: Constants(), batch)
    assert [found.value for found in batch.readings()] == [1, 2]
    assert series == [f"{ID}series/VEN-1/USAGE/power"]
    text = "\n".join(lines)
    assert text.count("ResourceStatus>") == 2
    assert text.count("ReportInterval>") == 2
    assert 'rID> "power"' not in text
    subjects = {line.split(" ")[0] for line in lines}
    linked = {line.split(" ")[2] for line in lines if "#reading>" in line or "#interval>" in line}
    assert linked <= subjects


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ei:venID>VEN-1</ei:venID>", b""),
        (b"<xcal:date-time>2026-12-01T16:00:00Z", b"<xcal:date-time>2026-12-01T16:00:00"),
        (b"<xcal:date-time>2026-12-01T16:00:00Z", b"<xcal:date-time>9999-12-31T23:59:59-12:00"),
        (b"<ei:value>1</ei:value>", b"<ei:value>NaN</ei:value>"),
        (b"<ei:value>1</ei:value>", b"<ei:value>-INF</ei:value>"),
    ],
    ids=["no ven", "no zone", "beyond the calendar", "NaN", "INF"],
)
def test_deliver_leaves_what_has_no_series_time_or_number(old, new):
    """Such a reading stays in the graph as it was lifted."""
    lifted = kg.lift(kg.read(report("1").replace(old, new)))
    source = Source(lifted.message[-64:], 1, WHEN)
    batch = Batch()
    lines, series = deliver(lifted.facts, lifted.message, source, lambda _: Constants(), batch)
    assert (lines, series, batch.payloads) == (lifted.lines, [], [])


# Apply and rebuild


def test_batches_are_cut_where_they_grow_and_the_outcome_is_the_same(tmp_path, monkeypatch):
    """However few rows there are: large reports are not held many at a time."""
    digests = []
    for name, most in (("whole", 10**9), ("cut", 1)):
        monkeypatch.setattr("kg.apply._TOGETHER", most)
        monkeypatch.setattr("kg.ingest._AT_ONCE", most)
        with Ingest(tmp_path / name) as store:
            received = [store.ingest(STORY[0]).accepted]
            received += [
                one.accepted for _, one in store.ingest_many((str(n), p) for n, p in enumerate(STORY[1:]))
            ]
            found = [(one.series, one.starts_at, one.value) for one in store.readings.scan()]
            digests.append((received, found))
    assert digests[0] == digests[1]
    assert digests[0][1]


def test_apply_twice_changes_nothing(tmp_path):
    """Rows that were applied are passed over; a graph that lost its count ends up the same."""
    with Ingest(tmp_path / "store") as store:
        list(store.ingest_many((str(n), payload) for n, payload in enumerate(STORY)))
        digest = store.graphs.digest()
        rows = [found for row in store.journal.rows() if (found := recorded(store.journal, row))]
        Applier(store.graphs, store.readings).apply(rows)
        assert store.graphs.digest() == digest
        store.graphs.drop(META)
        Applier(store.graphs, store.readings).apply(rows)
        assert store.graphs.digest() == digest


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_apply_does_not_depend_on_how_rows_are_cut_into_batches(tmp_path, size):
    """One by one, in pairs or all at once: the same graph."""
    with Ingest(tmp_path / "store") as store:
        list(store.ingest_many((str(n), payload) for n, payload in enumerate(STORY)))
        rows = [found for row in store.journal.rows() if (found := recorded(store.journal, row))]
        graphs = EmbeddedGraphs()
        for at in range(0, len(rows), size):
            Applier(graphs, GraphReadings(graphs)).apply(rows[at : at + size])
        assert graphs.digest() == store.graphs.digest()
        assert graphs.applied() == store.graphs.applied() == len(rows)


def test_rebuild_gives_the_same_graph(tmp_path):
    """From the journal alone, whether the old graph is there or lost; told in one line."""
    with Ingest(tmp_path / "store", batch=3) as store:
        list(store.ingest_many((str(n), payload) for n, payload in enumerate(STORY)))
        digest, count = store.graphs.digest(), store.graphs.count()
    for _ in range(2):
        rebuilt = rebuild(tmp_path / "store")
        assert str(rebuilt) == "10 accepted payloads applied, reports on 1 refused ones kept"
        with Ingest(tmp_path / "store") as store:
            assert (store.graphs.digest(), store.graphs.count()) == (digest, count)
        shutil.rmtree(tmp_path / "store" / "graph")
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.digest() == digest


def test_rebuild_lists_rows_that_would_be_refused_today(tmp_path):
    """What was accepted stays applied, and is named with today's reason."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
        accepted_once = event(1, hours=2)
        report_then = f'{{"sender":"VTN-1","digest":"{kg.read(accepted_once).digest}","violations":[]}}'
        store.journal.append(
            Entry(accepted_once, "oadrDistributeEvent", ("VEN-1",), "conforms", report_then, "0.0.9")
        )
    rebuilt = rebuild(tmp_path / "store")
    assert rebuilt.would_refuse == {2: ("SIG-5",)}
    assert str(rebuilt).endswith("rows that would be refused today: 2")
    with Ingest(tmp_path / "store") as store:
        assert current(store) == [("event/VTN-1/E-1/1",)]


def test_rebuild_leaves_out_what_was_erased(tmp_path):
    """Payloads of a subject whose key is destroyed are gone from the graph, and the rest is whole."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(report("1", ven="VEN-SECRET"))
        store.ingest(report("2", ven="VEN-2"))
        store.journal.keys.destroy("VEN-SECRET")
    rebuilt = rebuild(tmp_path / "store")
    assert (rebuilt.accepted, rebuilt.erased) == (1, 1)
    assert "1 erased ones left out" in str(rebuilt)
    for path in (tmp_path / "store").rglob("*"):
        assert not path.is_file() or b"VEN-SECRET" not in path.read_bytes(), path
    with Ingest(tmp_path / "store") as store:
        assert store.readings.series() == [ID + "series/VEN-2/USAGE/power"]


def test_rebuild_of_nothing_is_refused(tmp_path):
    """No store, or one in use, is an error; nothing is made."""
    with pytest.raises(StoreUnavailable, match="no FlexKG store"):
        rebuild(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with Ingest(tmp_path / "store"), pytest.raises(StoreUnavailable, match="in use by process"):
        rebuild(tmp_path / "store")


def test_rebuild_of_a_changed_journal_is_refused(tmp_path):
    """The chain is verified first; the old graph stays."""
    with Ingest(tmp_path / "store") as store:
        list(store.ingest_many([("a", event()), ("b", opt())]))
    db = sqlite3.connect(tmp_path / "store" / "journal.sqlite")
    with db:
        db.execute("UPDATE journal SET verdict = 'violates' WHERE seq = 1")
    db.close()
    with pytest.raises(JournalCorrupt, match="row 1 was changed"):
        rebuild(tmp_path / "store")
    assert (tmp_path / "store" / "graph").is_dir()


@pytest.mark.parametrize("left", ["new", "old", "moved", "all"])
def test_a_rebuild_that_was_cut_off_leaves_the_old_or_the_new_graph(tmp_path, left):
    """Whatever stood beside the graph when the process ended, the store opens whole."""
    with Ingest(tmp_path / "store") as store:
        list(store.ingest_many((str(n), payload) for n, payload in enumerate(STORY)))
        digest = store.graphs.digest()
    graph = tmp_path / "store" / "graph"
    if left in ("new", "all"):
        (graph.with_name("graph.new")).mkdir()
    if left == "old":
        shutil.copytree(graph, graph.with_name("graph.old"))
    if left in ("moved", "all"):
        graph.rename(graph.with_name("graph.old"))
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.digest() == digest
    assert sorted(path.name for path in graph.parent.glob("graph*")) == ["graph"]


# Crashes and failures that leave the graph behind


def test_open_applies_what_the_graph_lacks(tmp_path):
    """Rows that were recorded and not applied are applied when the store is opened."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
        store.graphs.snapshot(tmp_path / "before")
        list(store.ingest_many((str(n), payload) for n, payload in enumerate(STORY)))
        digest = store.graphs.digest()
    shutil.rmtree(tmp_path / "store" / "graph")
    (tmp_path / "before").rename(tmp_path / "store" / "graph")
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.digest() == digest


def test_open_refuses_a_graph_that_is_ahead_of_the_journal(tmp_path):
    """A journal from an older backup would lose rows unseen."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
    shutil.copytree(tmp_path / "store", tmp_path / "backup")
    with Ingest(tmp_path / "store") as store:
        store.ingest(opt())
    for name in ("journal.sqlite", "journal.head", "keys.sqlite"):
        shutil.copy(tmp_path / "backup" / name, tmp_path / "store" / name)
    with pytest.raises(JournalCorrupt, match="made from 2 rows, the journal has 1"):
        Ingest(tmp_path / "store")
    rebuild(tmp_path / "store")
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.applied() == 1


def test_ingest_acknowledges_and_makes_up_when_the_graph_cannot_be_written(store):
    """The payload is on disk, so it is answered; once the graph works again it has everything."""
    store.ingest(event())
    store.graphs.close()
    receipt = store.ingest(event(1))
    assert (receipt.accepted, receipt.seq, receipt.applied) == (True, 2, False)
    assert "the graph follows" in receipt.summary
    receipt = store.ingest(opt())
    assert (receipt.seq, receipt.applied) == (3, True)
    assert current(store) == [("event/VTN-1/E-1/1",)]
    assert store.graphs.applied() == 3


def until_full(store):
    for n in range(500):
        try:
            yield store.ingest(report(*map(str, range(50)), request=f"R-{n}")).seq
        except StoreUnavailable as error:
            if error.code != "store-full":
                raise
            return
    pytest.fail("the disk was never full")


def test_ingest_acknowledges_nothing_when_the_disk_is_full(tmp_path):
    """What could not be recorded raises, and is not visible; what was stays."""
    with Ingest(tmp_path / "store") as store:
        store.ingest(event())
        store.journal.limit(1)
        answered = [1, *until_full(store)]
        assert store.graphs.applied() == store.journal.head.seq == answered[-1]
        assert answered == list(range(1, answered[-1] + 1))
        store.journal.limit(0)
        assert store.ingest(opt()).applied
        store.journal.verify()


# Many


def test_ingest_many_gives_a_receipt_for_each_in_order(store):
    """Names go with receipts; a source is read only as far as needed."""
    taken = []

    def source():
        for n, payload in enumerate(STORY):
            taken.append(n)
            yield f"{n}.xml", payload

    receipts = store.ingest_many(source())
    name, first = next(receipts)
    assert (name, first.seq) == ("0.xml", 1)
    rest = list(receipts)
    assert [name for name, _ in rest] == [f"{n}.xml" for n in range(1, len(STORY))]
    assert [r.report.verdict for _, r in rest].count("unreadable") == 1
    assert len(taken) == len(STORY)


def test_ingest_many_reads_no_further_than_three_batches(tmp_path):
    """Memory stays flat: one batch is applied, one recorded, one checked, no more asked for."""
    asked = []

    def source():
        for n in range(100):
            asked.append(n)
            yield str(n), poll(f"VEN-{n}")

    with Ingest(tmp_path / "store", batch=8) as store:
        receipts = store.ingest_many(source())
        next(receipts)
        assert 8 <= len(asked) <= 24
        receipts.close()


def test_ingest_from_threads_keeps_every_payload(store):
    """Threads share batches; each gets its own receipt."""
    seen = {}

    def send(k):
        for n in range(10):
            receipt = store.ingest(event(n, event_id=f"E-{k}", ven=f"VEN-{k}"))
            seen[receipt.seq] = receipt.report.digest

    threads = [threading.Thread(target=send, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 41))
    assert current(store) == [(f"event/VTN-1/E-{k}/9",) for k in range(4)]
    store.journal.verify()


def test_nothing_that_is_refused_is_ever_visible(store):
    """While good and bad payloads arrive, a reader never sees a level that no good payload has."""
    done, seen = threading.Event(), set()

    def read():
        while not done.is_set():
            seen.update(ask(store, "SELECT ?x { ?i a flex:SignalInterval ; flex:value ?x }"))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(60):
        bad = event(n, level=9, request=f"B-{n}")
        list(store.ingest_many([("good", event(n, level=n % 4)), ("bad", bad)]))
    done.set()
    reader.join()
    assert seen <= {(str(level),) for level in range(4)}
    assert len(ask(store, "SELECT ?r { ?r a sh:ValidationReport }")) == 60


def test_open_without_making_a_store(tmp_path):
    """Whoever only asks makes nothing."""
    with pytest.raises(StoreUnavailable, match="no FlexKG store"):
        Ingest(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        Ingest(tmp_path / "file")


def test_open_after_a_journal_made_by_itself(tmp_path):
    """A journal that another part of the library wrote is applied when the store is opened."""
    journal = Journal(tmp_path / "store")
    text = f'{{"sender":"VTN-1","digest":"{kg.read(event()).digest}","violations":[]}}'
    journal.append(Entry(event(), "oadrDistributeEvent", ("VEN-1",), "conforms", text, "0.1.0"))
    journal.close()
    with Ingest(tmp_path / "store") as store:
        assert current(store) == [("event/VTN-1/E-1/0",)]


@needs_data
def test_every_payload_of_the_corpus_is_taken_in_and_rebuilt(tmp_path):
    """Each gets a receipt; the rebuilt graph is the same."""
    files = sorted(chain(PAYLOADS.rglob("*.xml")))
    with Ingest(tmp_path / "store") as store:
        receipts = list(store.ingest_many((str(path), path.read_bytes()) for path in files))
        assert len(receipts) == len(files)
        assert all(receipt.applied for _, receipt in receipts)
        digest = store.graphs.digest()
        assert store.readings.count() > 0
    rebuild(tmp_path / "store")
    with Ingest(tmp_path / "store") as store:
        assert store.graphs.digest() == digest


def test_secret_of_a_subscription_is_not_in_the_graph(store):
    """A bearer token is kept in the journal, encrypted, and shown to no query."""
    when = "2026-11-01T09:00:00Z"
    operation = {
        "objects": ["EVENT"],
        "operations": ["CREATE"],
        "callbackUrl": "https://ven.example/",
        "bearerToken": "open-sesame",
    }
    subscription = {
        "id": "s-1",
        "createdDateTime": when,
        "modificationDateTime": when,
        "objectType": "SUBSCRIPTION",
        "clientName": "harbour",
        "programID": "p-1",
        "objectOperations": [operation],
    }
    text = json.dumps(subscription)
    receipt = store.ingest(text.encode())
    assert receipt.accepted
    assert store.journal.payload(receipt.seq).decode() == text
    objects = {statement.object for statement in store.graphs.match()}
    assert '"harbour"' in objects
    assert not any("open-sesame" in value for value in objects)
