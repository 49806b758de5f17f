"""What is known beside a payload: the same from store and files, by few look-ups, complete or not."""

import re
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from typer.testing import CliRunner

import kg
from kg.check import checker, classes_of
from kg.cli import app
from kg.comparisons import Kind
from kg.context import CLASSES, StoreContext, compared
from kg.context_files import FileContext, remember
from kg.engines import NAMES
from kg.errors import AssetError, UsageError
from kg.graphs import facts_of
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild
from kg.known import LOOK_UPS, ROWS, Known, told
from kg.namespaces import FLEX, ID, RDF
from kg.rules import ancestors, parse
from tests.messages import event, opt, poll, register, report
from tests.paths import DATA, ROOT, needs_data

BASE = ROOT / "tests" / "shapes" / "_base"
ALL = sorted(BASE.glob("*.xml"))
EARLIER = [
    BASE / f"{name}.xml" for name in ("register", "registered", "register-report", "event", "opt-event")
]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TURTLE = "@prefix flex: <https://w3id.org/flexkg/def#> .\n"


def lifted(data: bytes) -> kg.Lifted:
    return kg.lift(kg.read(data))


def stored(*messages: bytes) -> EmbeddedGraphs:
    graphs = EmbeddedGraphs()
    remember(graphs, [lifted(data) for data in messages])
    return graphs


def rules(report: kg.Report, severity: str = "") -> list[str]:
    return [v.rule for v in report.violations if not severity or v.severity == severity]


@pytest.fixture
def folder(tmp_path):
    """Files of earlier messages, named in the order in which they were sent."""
    for n, path in enumerate(EARLIER):
        (tmp_path / f"{n}.xml").write_bytes(path.read_bytes())
    return tmp_path


# ---------------------------------------------------------------- the contract of both sources


@pytest.fixture(params=["ingest", "files", "graph"])
def known(request, folder, tmp_path_factory):
    """The same messages as a store that took them in, as files, and as a graph in a file."""
    if request.param == "files":
        yield FileContext([folder])
        return
    with Ingest(tmp_path_factory.mktemp("store") / "s") as store:
        for path in EARLIER:
            assert store.ingest(path.read_bytes()).accepted
        if request.param == "ingest":
            yield StoreContext(store.graphs, enforced=True)
            return
        lines = "".join(f"{s.subject} {s.predicate} {s.object} .\n" for s in store.graphs.match())
    (graph := tmp_path_factory.mktemp("graph") / "known.nt").write_text(lines)
    yield FileContext([graph])


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_facts_are_the_same_from_store_and_files(known, path):
    """What is known of a payload does not depend on where the earlier messages are kept."""
    payload = lifted(path.read_bytes())
    expected = StoreContext(stored(*(p.read_bytes() for p in EARLIER))).facts(payload, NOON)
    assert sorted(known.facts(payload, NOON)) == sorted(expected)


def test_every_source_gives_the_same_report(known):
    """A report that is checked against its registration conforms, whatever the source."""
    data = (BASE / "update-report.xml").read_bytes()
    assert checker().check(data, context=known).violations == ()


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_facts_are_terms_that_no_payload_can_use(path):
    """Apart from what they repeat of the payload, facts are about its nodes and in terms of the context."""
    made = lifted(path.read_bytes())
    own = {
        triple.subject.value
        for name in ("context", "context-known", "context-identifier")
        for triple in parse(ROOT / "ontology" / f"{name}.ttl")
        if triple.subject.value.startswith(FLEX)
    }
    payload = set(made.lines)
    for lines in (
        StoreContext(EmbeddedGraphs()).facts(made, NOON),
        StoreContext(stored(*(p.read_bytes() for p in EARLIER)), complete=Kind).facts(made, NOON),
    ):
        for line in lines:
            subject, predicate, value = line.removesuffix(" .").split(" ", 2)
            assert subject in made.nodes
            term = value[1:-1] if predicate == f"<{RDF}type>" else predicate[1:-1]
            assert line in payload or term in own, line


def test_classes_of_the_context_are_no_classes_of_payloads():
    """A check without a context has no use for the rules across messages."""
    assert all(ancestors(name) == {name} for name in CLASSES)
    for path in ALL:
        document = kg.read(path.read_bytes())
        classes = classes_of(document.profile, document.message_type)
        assert "InContext" not in checker().shapes.for_classes(classes)


# ---------------------------------------------------------------- bounds


class Counted:
    """A store that counts what is asked of it, in front of a real one."""

    def __init__(self, graphs: EmbeddedGraphs) -> None:
        self.graphs, self.asked = graphs, []

    def match(self, subject, predicate, value):
        self.asked.append((subject, predicate, value))
        return self.graphs.match(subject, predicate, value)


#: Look-ups for one payload, when everything that it names is known.
EXPECTED = {"poll": 2, "event": 7, "created-event": 8, "opt-event": 9, "update-report": 9, "create-report": 7}


@pytest.mark.parametrize("name", EXPECTED)
def test_look_ups_are_few_and_by_key(name):
    """Each look-up names a subject or an identifier; their number follows from the payload, not the store."""
    counts = []
    for others in (0, 200):
        graphs = stored(
            *(path.read_bytes() for path in EARLIER[1:4]),
            *(poll(f"OTHER-{n}") for n in range(others)),
            *(event(event_id=f"E-{n}", request=f"X-{n}", ven="ven-1", vtn="vtn-1") for n in range(others)),
        )
        counted = Counted(graphs)
        StoreContext(counted, complete=Kind).facts(lifted((BASE / f"{name}.xml").read_bytes()))
        assert all(subject or value for subject, _, value in counted.asked)
        counts.append(len(counted.asked))
    assert counts == [EXPECTED[name]] * 2


def test_look_ups_grow_with_data_points_not_with_readings():
    """A thousand values of one data point take as many look-ups as one."""
    graphs = stored(register())
    counts = []
    for values in (["1"], [str(n) for n in range(1000)]):
        counted = Counted(graphs)
        StoreContext(counted).facts(lifted(report(*values)))
        counts.append(len(counted.asked))
    assert counts[0] == counts[1]


def test_identifier_that_very_many_messages_have_is_not_told():
    """Of an identifier with more uses than a look-up reads, nothing is said not to exist."""
    graphs = EmbeddedGraphs()
    line = f'<{ID}message/{{n}}> <{FLEX}requestID> "SAME" .\n'
    graphs.add("https://w3id.org/flexkg/graph/op/202611", "".join(line.format(n=n) for n in range(ROWS + 5)))
    look = Known(graphs)
    assert len(look.requests("SAME")) == ROWS
    assert look.bounded


def test_look_ups_end():
    """After so many look-ups for one payload nothing more is asked, and nothing more is said not to exist."""
    look = Known(EmbeddedGraphs())
    for n in range(LOOK_UPS + 5):
        look.node(f"<{ID}opt/V/{n}>")
    assert look.look_ups == LOOK_UPS
    assert look.bounded


# ---------------------------------------------------------------- complete or not, enforced or not


def test_incomplete_context_warns():
    """What a context does not claim to know is no breach."""
    report_ = checker().check(report("1"), context=StoreContext(EmbeddedGraphs(), enforced=True))
    assert report_.conforms
    assert set(rules(report_)) == {"CTX-30", "CTX-34"}


CORPUS = sorted(DATA.rglob("*.xml")) if DATA.is_dir() else []


@needs_data
def test_context_that_knows_nothing_refuses_nothing():
    """A newcomer's first payload, whatever it is, has the verdict that it has by itself."""
    nothing = StoreContext(EmbeddedGraphs(), enforced=True)
    readable = [data for data in (path.read_bytes() for path in CORPUS) if kg.check(data).message_type]
    assert len(readable) > 20
    for data in readable:
        assert kg.check(data, context=nothing).verdict == kg.check(data).verdict


@pytest.mark.parametrize(
    ("kind", "data", "rule"),
    [
        (Kind.REGISTRATION, poll(), "CTX-1"),
        (Kind.REQUEST, (BASE / "created-opt.xml").read_bytes(), "CTX-8"),
        (Kind.EVENT, opt(), "CTX-14"),
        (Kind.OPT, (BASE / "cancel-opt.xml").read_bytes(), "CTX-19"),
        (Kind.SERIES, report("1"), "CTX-20"),
        (Kind.RESOURCE, (BASE / "opt-event.xml").read_bytes(), "CTX-6"),
    ],
)
def test_complete_context_refuses_what_does_not_exist(kind, data, rule):
    """Where a context claims to know all of a kind, what it lacks is a breach; else it cannot tell."""
    made = checker().check(data, context=StoreContext(EmbeddedGraphs(), complete=[kind], enforced=True))
    assert rules(made, "Violation") == [rule]
    assert all(v.pointer and v.line for v in made.violations)


def test_context_that_is_not_enforced_only_warns():
    """The same findings, none of them a Violation."""
    enforced, warned = (
        checker().check(report("1"), context=StoreContext(EmbeddedGraphs(), complete=Kind, enforced=mode))
        for mode in (True, False)
    )
    assert (enforced.verdict, warned.verdict) == ("violates", "conforms")
    assert sorted(rules(enforced)) == sorted(rules(warned))


def test_findings_of_the_context_stand_beside_the_others():
    """A payload that breaks rules of its own is still compared."""
    data = event(1, hours=2)
    alone, beside = checker().check(data), checker().check(data, context=StoreContext(EmbeddedGraphs()))
    assert set(rules(alone)) < set(rules(beside))


@pytest.mark.parametrize("engine", NAMES)
def test_check_takes_a_context_and_a_time(engine):
    """The one public function does all of it."""
    made = kg.check(
        poll(), engine=engine, context=StoreContext(EmbeddedGraphs(), complete=Kind, enforced=True)
    )
    assert rules(made) == ["CTX-1"]
    late = kg.check(event(), engine=engine, now=datetime(2026, 12, 2, tzinfo=UTC))
    assert rules(late, "Violation") == ["CTX-28"]


# ---------------------------------------------------------------- the clock

YEARS = [datetime(1900, 1, 1), datetime(2300, 1, 1), datetime.min, datetime.max]


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.year))
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))])
def test_any_time_can_be_compared_with(year, zone):
    """Clocks far off are findings, not failures."""
    for data in (event(), opt(), report("1")):
        assert kg.check(data, now=year.replace(tzinfo=zone)).violations


def test_time_without_a_zone_is_refused():
    """Local time is no time."""
    with pytest.raises(UsageError, match="no zone"):
        compared(lifted(poll()), None, datetime(2026, 1, 1))


def test_event_without_end_stays_active():
    """A duration of zero leaves the end open."""
    data = event(hours=0).replace(b"<ei:eventStatus>far<", b"<ei:eventStatus>active<")
    assert "CTX-28" not in rules(kg.check(data, now=datetime(2030, 1, 1, tzinfo=UTC)))


# ---------------------------------------------------------------- files


def test_order_of_files_is_that_of_their_names(tmp_path):
    """Of a cancellation and a registration the later one counts."""
    for n, name in enumerate(("registered", "unregister")):
        (tmp_path / f"{n}.xml").write_bytes((BASE / f"{name}.xml").read_bytes())
    data = (BASE / "poll.xml").read_bytes()
    assert rules(kg.check(data, context=FileContext([tmp_path]))) == ["CTX-2"]
    again = (BASE / "registered.xml").read_bytes().replace(b"registration-1", b"registration-2")
    (tmp_path / "2.xml").write_bytes(again)
    assert rules(kg.check(data, context=FileContext([tmp_path]))) == []


def test_completeness_is_stated_in_a_graph_file(tmp_path):
    """A graph among the files says of what they hold everything."""
    (tmp_path / "known.ttl").write_text(f"{TURTLE}[] flex:completeFor flex:Registration , flex:Event .\n")
    assert FileContext([tmp_path]).complete == {Kind.REGISTRATION, Kind.EVENT}


BROKEN = {
    "broken.ttl": (f"{TURTLE}flex:a flex:b\n\n;;", AssetError, r"broken\.ttl:[34]:\d+"),
    "broken.nt": ("<a> <b>", AssetError, r"broken\.nt:1"),
    "other.ttl": (f"{TURTLE}[] flex:completeFor flex:Weather .", UsageError, r"Weather.*other\.ttl"),
    "text.xml": ("no XML", UsageError, r"unreadable.*text\.xml"),
    "cut.xml": ((BASE / "event.xml").read_text()[:400], UsageError, r"unreadable.*cut\.xml.*line \d+"),
    "empty.xml": ("", UsageError, r"unreadable.*empty\.xml"),
    "entity.xml": ('<!DOCTYPE x [<!ENTITY a "b">]><x/>', UsageError, r"unreadable.*entity\.xml"),
    "invalid.xml": (
        (BASE / "event.xml").read_text().replace("<ei:priority>1<", "<ei:priority>high<"),
        UsageError,
        r"not valid.*invalid\.xml:18",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_context_file_is_named_with_its_place(folder, name):
    """One bad file among good ones ends the reading, with its name, its line if it has one, and a cure."""
    text, kind, place = BROKEN[name]
    (folder / name).write_text(text)
    with pytest.raises(kind) as told_:
        FileContext([folder])
    assert told_.value.cure
    assert re.search(place, str(told_.value)), str(told_.value)


def test_folder_with_nothing_is_refused(tmp_path):
    """An empty folder is a slip, not a context that knows nothing."""
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UsageError, match="no context"):
        FileContext([tmp_path])


@pytest.mark.parametrize("name", ["missing", "a\0b", "notes.txt"])
def test_path_that_is_no_context_is_refused(tmp_path, name):
    """A file that does not exist, or is of another kind, is named."""
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UsageError, match="context"):
        FileContext([f"{tmp_path}/{name}"])


def test_context_file_beyond_the_limit_is_refused(folder):
    """The limit for payloads is that for earlier ones too."""
    with pytest.raises(UsageError, match="unreadable"):
        FileContext([folder], max_bytes=500)


# ---------------------------------------------------------------- on the command line


def flexkg(*arguments):
    """Run the command line in this process."""
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


@pytest.mark.parametrize(
    ("context", "code", "says"),
    [
        (["registered", "register-report"], 0, []),
        (["registered"], 0, ["CTX-34 Warning"]),
        ([], 0, []),
        (["registered", "unregister"], 1, ["CTX-2 Violation", "CTX-34 Warning"]),
    ],
)
def test_command_checks_against_earlier_messages(context, code, says):
    """A gateway needs the files of earlier messages, and no store."""
    files = [argument for name in context for argument in ("--context", BASE / f"{name}.xml")]
    result = flexkg(BASE / "update-report.xml", *files)
    assert result.exit_code == code, result.output
    assert list(dict.fromkeys(re.findall(r"CTX-\d+ \w+", result.output))) == says


def test_command_compares_with_a_time():
    """Times are judged where a time is given; now is one."""
    late = flexkg(BASE / "event.xml", "--now", "2026-03-02T17:50:00+01:00")
    assert (late.exit_code, "CTX-28" in late.output) == (0, False)
    assert "CTX-28 Violation" in flexkg(BASE / "event.xml", "--now", "2026-03-02T18:10:00+01:00").output
    assert "CTX-27" in flexkg(BASE / "opt-event.xml", "--now", "2027-01-01T00:00:00Z").output
    assert "CTX" in flexkg(BASE / "opt-event.xml", "--now", "now").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--context", "missing"),
        ("--context", ROOT / "tests" / "paths.py"),
        ("--now", "today"),
        ("--now", "2026-03-02T19:00:00"),
    ],
)
def test_command_refuses_what_is_no_context_and_no_time(arguments):
    """Wrong usage is one line with a cure."""
    result = flexkg(BASE / "poll.xml", *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("flexkg: ")
    assert "; " in line


# ---------------------------------------------------------------- in the service


def test_new_store_accepts_and_is_quiet(tmp_path):
    """A store where nobody ever registered says nothing of that; once somebody has, it tells who has not."""
    with Ingest(tmp_path / "s") as store:
        receipt = store.ingest(report("1"))
        assert (receipt.accepted, rules(receipt.report)) == (True, [])
        for data in (BEFORE, REGISTERED, register()):
            assert store.ingest(data).accepted
        receipt = store.ingest(report("2", ven="VEN-9", request="R-2"))
        assert receipt.accepted
        assert set(rules(receipt.report)) == {"CTX-30", "CTX-34"}


@pytest.mark.parametrize("batch", [1, 64])
def test_what_a_store_has_heard_of_does_not_depend_on_batches(tmp_path, batch):
    """A kind of thing that an earlier payload of the same batch tells of is known of."""
    payloads = [
        BEFORE,
        REGISTERED,
        report("2", ven="VEN-9", request="R-2"),
        register(),
        report("3", ven="VEN-8"),
    ]
    with Ingest(tmp_path / "s", batch=batch) as store:
        receipts = [receipt for _, receipt in store.ingest_many(("x", data) for data in payloads)]
    assert [rules(receipt.report) for receipt in receipts[2:]] == [["CTX-30"], [], ["CTX-34", "CTX-30"]]


def test_context_can_be_left_out(tmp_path):
    """Without it, a payload is judged by itself."""
    with Ingest(tmp_path / "s", context="off") as store:
        assert store.ingest(report("1")).report.violations == ()


def test_unknown_use_of_the_context_is_refused(tmp_path):
    """A slip in the settings is told."""
    with pytest.raises(UsageError, match="'on'"):
        Ingest(tmp_path / "s", context="on")


REGISTERED = (BASE / "registered.xml").read_bytes().replace(b"ven-1", b"VEN-1").replace(b"vtn-1", b"VTN-1")
BEFORE = (BASE / "register.xml").read_bytes().replace(b"ven-1", b"VEN-1")


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_enforced_context_knows_what_came_before_in_the_same_batch(tmp_path, batch):
    """A registration counts for what follows it, however payloads are cut into batches."""
    payloads = [BEFORE, REGISTERED, register(), report("1"), report("2", ven="VEN-2", request="R-9"), event()]
    with Ingest(tmp_path / "s", context="enforce", batch=batch) as store:
        receipts = [receipt for _, receipt in store.ingest_many(("x", data) for data in payloads)]
        assert [receipt.accepted for receipt in receipts] == [True, True, True, True, False, True]
        assert rules(receipts[4].report, "Violation") == ["CTX-20", "CTX-1"]
        digest = store.graphs.digest()
    assert rebuild(tmp_path / "s").refused == 1
    with Ingest(tmp_path / "s") as store:
        assert store.graphs.digest() == digest


def test_same_request_from_many_threads_is_taken_once(tmp_path):
    """Modifications that arrive at the same time are judged one after the other."""
    with Ingest(tmp_path / "s", context="enforce") as store:
        store.ingest(BEFORE)
        store.ingest(REGISTERED)
        receipts = []

        def send(level):
            receipts.append(store.ingest(event(level=level, request=f"Q-{level}")))

        threads = [threading.Thread(target=send, args=[level]) for level in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(receipt.accepted for receipt in receipts) == 1
    assert all("CTX-11" in rules(r.report) for r in receipts if not r.accepted)


def test_store_that_lacks_rows_refuses_nothing_for_that(tmp_path):
    """While the graph cannot be read, payloads are recorded as before."""
    with Ingest(tmp_path / "s", context="enforce") as store:
        store.graphs.close()
        receipt = store.ingest(report("1"))
        assert receipt.accepted
        assert not receipt.applied


def test_same_bytes_again_are_no_breach(tmp_path):
    """Who sends a message again has not used its identifiers twice."""
    with Ingest(tmp_path / "s", context="enforce") as store:
        for data in (BEFORE, REGISTERED, register(), report("1"), event(), opt()):
            first, second = store.ingest(data), store.ingest(data)
            assert first.accepted, first.report.violations
            assert second.duplicate
            assert first.report.violations == second.report.violations


def test_told_names_what_a_payload_is_asked_by():
    """What one payload tells is found by the keys that another asks by."""
    pairs = [
        (REGISTERED, poll()),
        (register(), report("1")),
        (event(), opt()),
        (event(), event(1)),
        (opt(), opt("optIn")),
    ]
    for earlier, later in pairs:
        look = StoreContext(EmbeddedGraphs()).look(lifted(later))[1]
        made = lifted(earlier)
        assert told(made.message_type, made.facts) & look.asked, later
    made = lifted(poll())
    assert told(made.message_type, made.facts) == set()


def test_registrations_outlive_their_messages(tmp_path):
    """Who is registered is kept as one node, which registering again replaces and cancelling marks."""
    graphs = stored(REGISTERED, REGISTERED.replace(b"registration-1", b"registration-2"))
    held = facts_of(f"{s.subject} {s.predicate} {s.object} ." for s in graphs.match())
    node = held[f"<{ID}registration/VEN-1/VTN-1>"]
    assert node[f"<{FLEX}registrationID>"] == ['"registration-2"']
    assert f"<{FLEX}cancelledBy>" not in node
