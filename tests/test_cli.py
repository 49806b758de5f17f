import csv
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from io import StringIO
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
import typer
from lxml import etree
from rdflib.namespace import DCTERMS, RDF, SH
from typer.testing import CliRunner

import kg
from api.command import main
from kg.cli import app
from kg.sparql.stored import stored_queries
from kg.terminal import Commands
from tests.messages import cancel_opt, event, opt, poll, register, report
from tests.paths import DATA, ROOT, needs_data

GOOD, BAD, NONE = event(), event(hours=2), b"<html/>"
#: Documented in docs/gateway-developer.md; programs read these.
PAYLOAD_KEYS = {"path", "verdict", "message_type", "digest", "violations"}
FINDING_KEYS = {
    *("rule", "severity", "message", "focus", "value", "source", "pointer"),
    *("line", "cure", "response_code"),
}


def flexkg(*arguments, stdin=None):
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def process(*arguments, **options):
    """Start the command line as its users do."""
    command = [sys.executable, "-c", "from api.command import main; main()", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=options.pop("cwd", ROOT),
        # a shell has its background jobs ignore the interrupt, and they hand that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def complaint(result, *words, code=2):
    """Give the one line that says what is wrong; it has a cure, and holds these words."""
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("flexkg: ")
    assert "; " in line
    assert "Traceback" not in result.output
    for word in words:
        assert word in line
    return line


@pytest.fixture
def inbox(tmp_path):
    """A folder with a payload that conforms, one that does not, one that is none, and other files."""
    folder = tmp_path / "inbox"
    (folder / "deep").mkdir(parents=True)
    for name, data in (("a.xml", GOOD), ("b.XML", BAD), ("deep/c.xml", NONE), ("notes.txt", b"no payload")):
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def good(inbox):
    return inbox / "a.xml"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A store with an event, a registration, a report, an opt-out and a refused event, to be copied."""
    folder = tmp_path_factory.mktemp("story")
    for n, data in enumerate((event(), register(), report("1.5", "2.25"), opt(), event(hours=2))):
        (folder / f"{n}.xml").write_bytes(data)
    made = flexkg("ingest", folder, "--store", folder / "store")
    assert made.exit_code == 1
    return folder / "store"


@pytest.fixture
def store(told, tmp_path):
    """Such a store of the test's own."""
    shutil.copytree(told, tmp_path / "store")
    return tmp_path / "store"


# Help


def commands(group=None, above=()):
    """Names of every command, those of groups of commands too."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        yield from commands(command, (*above, name)) if hasattr(command, "commands") else [(*above, name)]


@pytest.mark.parametrize("command", [(), *commands()], ids=lambda names: " ".join(names) or "flexkg")
def test_help_teaches(command):
    """Each command's help says what it does and has an example."""
    result = flexkg(*command, "--help")
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    if command:
        assert re.search(rf"Examples?: (FLEXKG_\w+=\S+ )*flexkg {' '.join(command)}", text)
    else:
        assert "flexkg check event.xml" in text


def test_version_is_the_packages():
    """``--version`` names program and version."""
    assert flexkg("--version").output == f"flexkg {kg.__version__}\n"


def test_no_command_shows_help():
    """Without arguments the help is shown, and that is a wrong usage."""
    result = flexkg()
    assert (result.exit_code, "Usage: " in result.output) == (2, True)


# check


def test_check_tells_people_what_is_wrong(inbox):
    """Text names verdict, rule, place, line of the payload, clause and cure, and counts at the end."""
    result = flexkg("check", inbox)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{inbox}/a.xml: oadrDistributeEvent conforms\n")
    for text in ("x SIG-5 Violation: ", " at /oadr:oadrDistributeEvent/", "(line ", "| <", "clause ", "do: "):
        assert text in result.stdout
    assert f"{inbox}/deep/c.xml: no message unreadable\n" in result.stdout
    assert result.stdout.endswith("1 conforms, 1 violates, 1 unreadable\n")


@pytest.mark.parametrize(("data", "code"), [(GOOD, 0), (BAD, 1), (NONE, 1)], ids=["good", "bad", "none"])
@pytest.mark.parametrize("form", ["text", "json", "junit", "turtle"])
def test_check_leaves_with_the_verdict(data, code, form):
    """Exit code 0: all conform; 1: something does not; whatever the format."""
    assert flexkg("check", "-", "--format", form, stdin=data).exit_code == code


def test_check_writes_the_documented_json(inbox):
    """One object for each payload, one on a line, with exactly the documented keys."""
    result = flexkg("check", inbox, "--format", "json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["path"], one["verdict"], one["message_type"]) for one in found] == [
        (f"{inbox}/a.xml", "conforms", "oadrDistributeEvent"),
        (f"{inbox}/b.XML", "violates", "oadrDistributeEvent"),
        (f"{inbox}/deep/c.xml", "unreadable", ""),
    ]
    assert all(set(one) == PAYLOAD_KEYS for one in found)
    findings = [finding for one in found for finding in one["violations"]]
    assert all(set(finding) == FINDING_KEYS for finding in findings)
    assert {finding["severity"] for finding in findings} <= {"Violation", "Warning", "Info"}
    assert [finding["rule"] for finding in findings] == ["SIG-5", "READ-unknown-message"]
    page = (ROOT / "docs" / "gateway-developer.md").read_text("utf-8")
    assert all(f"`{key}`" in page for key in PAYLOAD_KEYS | FINDING_KEYS)


def test_check_calls_a_payload_that_only_the_schema_refuses_a_violation():
    """What can be read at all is never unreadable."""
    result = flexkg("check", "-", "--format", "json", stdin=GOOD.replace(b"eventStatus", b"eventState"))
    found = json.loads(result.stdout)
    assert (found["path"], found["verdict"], found["message_type"]) == (
        "-",
        "violates",
        "oadrDistributeEvent",
    )
    assert {finding["rule"] for finding in found["violations"]} == {"XSD"}


def test_check_writes_junit(inbox):
    """A case for each payload, a failure or an error for what is refused, and the numbers at the head."""
    result = flexkg("check", inbox, "--format", "junit")
    root = etree.fromstring(result.stdout.encode())
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    numbers = {"tests": "3", "failures": "1", "errors": "1"}
    assert dict(root.attrib) == numbers
    assert dict(suite.attrib) == {"name": "flexkg check", **numbers, "skipped": "0"}
    assert [(case.tag, case.get("name")) for case in suite] == [
        ("testcase", f"{inbox}/{name}") for name in ("a.xml", "b.XML", "deep/c.xml")
    ]
    assert [[(part.tag, part.get("type")) for part in case] for case in suite] == [
        [],
        [("failure", "SIG-5")],
        [("error", "READ-unknown-message")],
    ]
    assert suite[1][0].get("message") in suite[1][0].text


def test_check_writes_shacl_validation_reports(inbox):
    """Each payload gets a report; each result has what SHACL demands of a result."""
    result = flexkg("check", inbox, "--format", "turtle")
    graph = rdflib.Graph().parse(data=result.stdout, format="turtle")
    reports = {str(graph.value(r, DCTERMS.title)): r for r in graph.subjects(RDF.type, SH.ValidationReport)}
    assert {name.removeprefix(f"{inbox}/") for name in reports} == {"a.xml", "b.XML", "deep/c.xml"}
    for name, one in reports.items():
        found = list(graph.objects(one, SH.result))
        assert graph.value(one, SH.conforms).toPython() is (found == []) is name.endswith("a.xml")
        for each in found:
            assert (each, RDF.type, SH.ValidationResult) in graph
            for wanted in (SH.focusNode, SH.resultSeverity, SH.sourceConstraintComponent):
                assert isinstance(graph.value(each, wanted, any=False), rdflib.URIRef)
            assert graph.value(each, SH.resultMessage, any=False)
    (sums,) = graph.objects(reports[f"{inbox}/b.XML"], SH.result)
    assert str(graph.value(sums, SH.sourceShape)).startswith("https://w3id.org/flexkg/shape#")
    assert str(graph.value(sums, DCTERMS.identifier)) == "SIG-5"


def test_check_says_the_same_with_the_reference_engine(inbox):
    """``--engine pyshacl`` gives the same reports."""
    fast, reference = (
        flexkg("check", inbox, "--format", "json", "--engine", engine) for engine in ("compiled", "pyshacl")
    )
    assert (reference.exit_code, reference.stdout) == (fast.exit_code, fast.stdout)


def test_check_says_the_same_in_several_processes(inbox, good):
    """``--jobs 2`` gives the same reports in the same order."""
    asked = ("check", inbox, good, "--format", "json", "--now", "2026-03-01T12:00:00Z")
    one, two = (flexkg(*asked, "--context", good, "--jobs", jobs) for jobs in (1, 2))
    assert len(one.stdout.splitlines()) == 4
    assert (two.exit_code, two.stdout, two.stderr) == (one.exit_code, one.stdout, one.stderr)


def test_check_takes_several_paths(inbox, good):
    """Paths come in the order given; a folder gives its XML files, sorted, folders in it included."""
    result = flexkg("check", good, inbox, "-", "--format", "json", stdin=poll())
    names = [json.loads(line)["path"] for line in result.stdout.splitlines()]
    assert names == [str(good), f"{inbox}/a.xml", f"{inbox}/b.XML", f"{inbox}/deep/c.xml", "-"]


def test_check_knows_its_profiles(good):
    """``core`` and ``strict`` are levels."""
    assert flexkg("check", good, "--profile", "core").exit_code == 0
    assert flexkg("check", good, "--profile", "strict", "--format", "json").exit_code in (0, 1)


def test_check_takes_options_from_the_environment(good, monkeypatch):
    """The settings of the service hold for the commands too."""
    monkeypatch.setenv("FLEXKG_MAX_PAYLOAD_BYTES", "100")
    assert "more than the 100 bytes allowed" in flexkg("check", good).stdout
    monkeypatch.setenv("FLEXKG_ENGINE", "nothing")
    complaint(flexkg("check", good), "no SHACL engine is called 'nothing'", "shacl, pyshacl")


@pytest.mark.parametrize("form", ["json", "junit", "turtle"])
@pytest.mark.parametrize("option", [("--engine", "x"), ("--profile", "x")])
def test_check_writes_nothing_when_it_cannot_begin(good, form, option):
    """No format is begun before it is known that payloads can be checked."""
    result = flexkg("check", good, "--format", form, *option)
    complaint(result, "'x'")
    assert result.stdout == ""


def test_check_goes_on_past_a_file_that_cannot_be_read(good, tmp_path):
    """It is told on standard error, the run goes on, what is written stays whole, the exit code is 2."""
    (tmp_path / "gone.xml").symlink_to(tmp_path / "nowhere.xml")
    (tmp_path / "more.xml").write_bytes(GOOD)
    result = flexkg("check", tmp_path, "--format", "junit")
    complaint(result, "gone.xml", "No such file or directory", "check the path")
    suite = etree.fromstring(result.stdout.encode())
    assert suite.get("tests") == "5"
    assert suite.xpath("//error[@type='READ-file']/../@name") == [str(tmp_path / "gone.xml")]


def test_check_lets_no_payload_steer_the_terminal(tmp_path):
    """Control characters of names and payloads are replaced where people read."""
    hidden = BAD.replace(b"<xcal:duration>PT2H", "<!--\x9b2J\u202e--><xcal:duration>PT2H".encode())
    (tmp_path / "x\x1b[2J.xml").write_bytes(hidden)
    result = flexkg("check", tmp_path)
    assert all(character.isprintable() or character == "\n" for character in result.stdout)
    assert json.loads(flexkg("check", tmp_path, "--format", "json").stdout)["path"].endswith("x\x1b[2J.xml")


def test_check_reads_names_that_are_no_text(tmp_path):
    """A file name of any bytes is checked in every format."""
    name = os.fsencode(tmp_path) + b"/\xff.xml"
    Path(os.fsdecode(name)).write_bytes(NONE)
    for form in ("text", "junit", "turtle"):
        assert flexkg("check", tmp_path, "--format", form).exit_code == 1
    assert os.fsencode(json.loads(flexkg("check", tmp_path, "--format", "json").stdout)["path"]) == name


# Payloads that cannot be read

HOSTILE = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t", "empty"),
    "not XML": (b"hello", "not-xml"),
    "cut off": (GOOD[:700], "not-xml"),
    "Latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'.encode("latin-1"), "encoding"),
    "no UTF-8": (b"<a>\xe9</a>", "encoding"),
    "UTF-32": (GOOD.decode().encode("utf-32"), "encoding"),
    "NUL": (GOOD[:300] + b"\0" + GOOD[300:], "encoding"),
    "DOCTYPE": (b"<!DOCTYPE a><a/>", "doctype"),
    "bomb": (b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>', "doctype"),
    "50 MB": (b"<a>" + b"x" * 50_000_000 + b"</a>", "too-large"),
    "100,000 attributes": (b"<a " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>", None),
    "depth 10,000": (b"<a>" * 10_000 + b"</a>" * 10_000, "too-deep"),
    "unknown root": (b"<html/>", "unknown-message"),
    "2.0a": (b'<oadrPoll xmlns="http://openadr.org/oadr-2.0a/2012/07"/>', None),
    "wrong namespace": (poll().replace(b"2.0b/2012", b"2.0b/2013"), "unknown-message"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_commands_refuse_what_cannot_be_read(name, tmp_path):
    """check, lift and ingest say why and what to do in a line, and keep nothing of the bytes."""
    data, code = HOSTILE[name]
    path = tmp_path / "payload.xml"
    path.write_bytes(data)
    checked = flexkg("check", path, "--format", "json", "--max-bytes", 10_000_000)
    if name == "50 MB":
        checked = flexkg("check", path, "--format", "json")
    assert (checked.exit_code, checked.stderr) == (1, "")
    found = json.loads(checked.stdout)
    (finding,) = found["violations"]
    assert (found["verdict"], finding["severity"]) == ("unreadable", "Violation")
    assert code is None or finding["rule"] == f"READ-{code}"
    assert finding["message"]
    assert finding["cure"]
    complaint(flexkg("lift", path))
    store = tmp_path / "store"
    taken = flexkg("ingest", path, "--store", store)
    assert (taken.exit_code, taken.stderr) == (1, "")
    assert taken.stdout.splitlines()[0].startswith(f"{path}: unreadable: ")
    assert taken.stdout.splitlines()[1:] == ["0 accepted, 1 refused"]
    assert flexkg("rebuild", "--store", store).stdout.startswith("0 accepted payloads")


@needs_data
@pytest.mark.parametrize("path", sorted((DATA / "hostile-xml").glob("*.xml")), ids=lambda path: path.name)
def test_check_refuses_hostile_samples(path):
    """Each is unreadable, for a reason of its own."""
    result = flexkg("check", path, "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (1, "unreadable")


# Paths and options that are wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("check {0}/none", ("no such file or folder", "none")),
        ("check {0}/a.xml {0}/none", ("no such file or folder", "none")),
        ("check {0}/a.xml/b", ("no such file or folder",)),
        ("check {0}/" + "x" * 300, ("too long",)),
        ("check {0}/empty", ("no payload", "empty")),
        ("check {0}/a.xml --format yaml", ("'yaml'", "--format", "text, json, junit, turtle")),
        ("check {0}/a.xml --context {0}/none", ("the context cannot be read", "none")),
        ("check {0}/a.xml --context {0}/bad.ttl", ("broken Turtle", "bad.ttl:1")),
        ("check {0}/a.xml --context {0}/empty", ("the folder has no context", "empty")),
        ("check {0}/a.xml --now yesterday", ("'yesterday' is no time with a zone", "--now")),
        ("explain {0}/none", ("no such file or folder",)),
        ("reply {0}/none", ("no such file or folder",)),
        ("lift {0}/a.xml --format xml", ("'xml'", "turtle, nt, jsonld")),
        ("lift {0}", ("one payload is asked for",)),
        ("lift {0}/none", ("no such file or folder",)),
        ("lift {0}/schema.xml", ("line 5", "flexkg check")),
        ("ingest {0}/a.xml {0}/none --store {0}/new", ("no such file or folder",)),
        ("ingest {0}/a.xml --store {0}/new --profile x", ("no profile",)),
        ("ingest {0}/a.xml --store {0}/a.xml", ("a.xml",)),
        ("ingest {0}/a.xml --store {0}/a.xml/store", ("a.xml",)),
        ("ingest {0}/a.xml --store /proc/flexkg-store", ("/proc/flexkg-store",)),
        ("ingest {0}/a.xml --store {0}", ("no FlexKG store", "a new directory")),
        ("query events --store {0}/new", ("no FlexKG store", "flexkg ingest")),
        ("query events --store {0}", ("no FlexKG store",)),
        ("query events --store {0}/new --format xml", ("'xml'", "table, csv, json")),
        ("rebuild --store {0}/new", ("no store",)),
        ("rebuild --store {0}", ("no FlexKG store",)),
        ("serve --host 0.0.0.0", ("not a loopback address", "127.0.0.1")),
        ("serve --host example.org", ("not a loopback address",)),
        ("serve --port 70000", ("port", "65535")),
        ("serve --store {0} --port 0", ("no FlexKG store",)),
    ],
)
def test_commands_tell_a_wrong_argument_in_a_line(arguments, words, tmp_path):
    """Cause and cure in one line, exit code 2, no output, nothing made."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.xml").write_bytes(GOOD)
    (tmp_path / "schema.xml").write_bytes(GOOD.replace(b"eventStatus", b"eventState"))
    (tmp_path / "bad.ttl").write_text("no turtle", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    result = flexkg(*(a.format(tmp_path) for a in arguments.split()))
    complaint(result, *words)
    assert result.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "--nothing"), ("chek",), ("check", "-", "--max-bytes", "0"), ("query", "events")],
)
def test_wrong_usage_shows_the_way_to_help(arguments):
    """What is missing or misspelt is named, with the command that explains."""
    result = flexkg(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--help' for help" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_tells_a_file_that_cannot_be_read():
    """The reason is the system's."""
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs a file that cannot be read by anyone")
    complaint(flexkg("check", "/proc/self/mem"), "/proc/self/mem", "cannot be read")
    result = flexkg("check", "/proc/self/mem", "--format", "json")
    (entry,) = map(json.loads, result.stdout.splitlines())
    (finding,) = entry["violations"]
    assert (result.exit_code, entry["path"], entry["verdict"]) == (2, "/proc/self/mem", "unreadable")
    assert (finding["rule"], finding["focus"]) == ("READ-file", "file:///proc/self/mem")
    suite = etree.fromstring(flexkg("check", "/proc/self/mem", "--format", "junit").stdout.encode())
    assert (suite.get("errors"), suite[0][0][0].get("type")) == ("1", "READ-file")


def test_a_folder_that_cannot_be_read_ends_nothing(tmp_path, monkeypatch):
    """Its neighbours are checked; it is told, with exit code 2."""
    for name in ("a/x.xml", "b/y.xml", "c/z.xml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(GOOD)
    iterate = Path.iterdir

    def iterdir(path):
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return iterate(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    result = flexkg("check", tmp_path, "--format", "json")
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert [entry["verdict"] for entry in entries] == ["conforms", "unreadable", "conforms"]
    assert result.exit_code == 2
    assert "b); check its permissions" in result.stderr
    result = flexkg("ingest", tmp_path / "b", tmp_path / "a", "--store", tmp_path / "store")
    assert (result.exit_code, "1 accepted" in result.stdout) == (2, True)


# lift


def graph_of(text, form):
    return frozenset(map(str, ox.parse(text, form)))


def test_lift_writes_the_same_graph_in_each_form(good):
    """Turtle, N-Triples and JSON-LD are one graph: the one that the library gives."""
    forms = {
        "turtle": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    meant = graph_of(kg.lift(kg.read(GOOD)).ntriples, ox.RdfFormat.N_TRIPLES)
    for name, form in forms.items():
        result = flexkg("lift", good, "--format", name)
        assert result.exit_code == 0
        assert result.stdout.endswith("\n")
        assert graph_of(result.stdout, form) == meant
    assert flexkg("lift", good).stdout == flexkg("lift", "-", "--format", "turtle", stdin=GOOD).stdout
    assert flexkg("lift", good).stdout.startswith("@prefix ")


# ingest, query, rebuild


def test_ingest_tells_what_became_of_each_payload(inbox, tmp_path):
    """A line for each, the count at the end; the same bytes again add nothing."""
    first = flexkg("ingest", inbox, "--store", tmp_path / "store")
    assert first.exit_code == 1
    assert [line.partition("inbox/")[2].partition(": SIG")[0] for line in first.stdout.splitlines()[:2]] == [
        "a.xml: oadrDistributeEvent accepted as row 1",
        "b.XML: oadrDistributeEvent refused as row 2",
    ]
    assert first.stdout.splitlines()[2:] == [
        f"{inbox}/deep/c.xml: unreadable: the root element 'html' in namespace none"
        " is no OpenADR 2.0b message",
        "1 accepted, 2 refused",
    ]
    again = flexkg("ingest", inbox / "a.xml", "-", "--store", tmp_path / "store", stdin=poll())
    assert again.exit_code == 0
    assert again.stdout.splitlines() == [
        f"{inbox}/a.xml: oadrDistributeEvent was accepted before, as row 1",
        "-: oadrPoll accepted as row 3",
        "2 accepted, 0 refused",
    ]


def test_ingest_goes_on_past_a_file_that_cannot_be_read(inbox, tmp_path):
    """The others are taken in; the exit code is 2."""
    (inbox / "aa.xml").symlink_to(tmp_path / "nowhere.xml")
    result = flexkg("ingest", inbox, "--store", tmp_path / "store")
    complaint(result, "aa.xml", "No such file or directory")
    assert result.stdout.endswith("1 accepted, 2 refused\n")


def test_query_answers_a_stored_query(store):
    """By name, with parameters as name=value, anywhere on the line."""
    result = flexkg("query", "requested", "event=E-1", "--store", store, "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    (row,) = csv.DictReader(StringIO(result.stdout))
    assert (row["event"], row["signal"], row["value"]) == ("E-1", "SIMPLE", "1")
    none = flexkg("query", "--store", store, "requested", "event=E-2", "--format", "csv")
    assert len(none.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", sorted(stored_queries()))
def test_query_answers_every_stored_query(store, name):
    """Each shipped query runs as it is."""
    assert flexkg("query", name, "--store", store).exit_code == 0


def test_stored_queries_give_names_as_the_messages_spell_them(tmp_path):
    """Not as IRIs encode them; what is sent again or cancelled is no further row."""
    sent = [
        opt(ven="VEN 1/ä", opt_id="O 1"),
        opt(ven="VEN 1/ä", opt_id="O 1", request="R-5"),
        opt(opt_id="O-2"),
        cancel_opt("O-2"),
        register(ven="VEN 1/ä").replace(b">Mean<", b">Direct Read<"),
        register(ven="VEN 1/ä", request="R-6").replace(b">Mean<", b">Direct Read<"),
        event(event_id="E 1"),
    ]
    for n, data in enumerate(sent):
        (tmp_path / f"{n}.xml").write_bytes(data)
    store = tmp_path / "store"
    assert flexkg("ingest", tmp_path, "--store", store).exit_code == 0
    answers = {}
    for name in ("opt-outs", "series", "events", "point"):
        text = flexkg("query", name, "--store", store, "--format", "csv").stdout
        answers[name] = list(csv.reader(StringIO(text)))[1:]
    assert answers["opt-outs"] == [["VEN 1/ä", "O 1", "economic", "E-1", "", ""]]
    bound = ["ActivePower", "KiloW", "import", "instantaneous"]
    assert answers["series"] == [["VEN 1/ä", "power", "PUMP-1", "usage", "Direct Read", *bound]]
    assert [row[:4] for row in answers["point"]] == [["VEN 1/ä", "USAGE", "power", "PUMP-1"]]
    assert [row[0] for row in answers["events"]] == ["E 1"]


def test_query_answers_sparql_in_each_format(store):
    """A table for people, CSV, SPARQL JSON; the project's prefixes need no declaration."""
    text = "SELECT ?event ?id { ?event a flex:Event ; flex:eventID ?id }"
    table = flexkg("query", text, "--store", store)
    assert [line.split() for line in table.stdout.splitlines() if line.isascii()] == [
        ["event", "id"],
        ["id:event/VTN-1/E-1", "E-1"],
        ["1", "row"],
    ]
    rows = list(csv.reader(StringIO(flexkg("query", text, "--store", store, "--format", "csv").stdout)))
    assert rows == [["event", "id"], ["https://w3id.org/flexkg/id/event/VTN-1/E-1", "E-1"]]
    found = json.loads(flexkg("query", text, "--store", store, "--format", "json").stdout)
    assert found["head"]["vars"] == ["event", "id"]
    assert [binding["id"]["value"] for binding in found["results"]["bindings"]] == ["E-1"]


def test_query_answers_ask_and_construct(store):
    """yes or no; a graph as Turtle, N-Triples or JSON-LD."""
    asked = {
        "table": "yes\n",
        "csv": "yes\n",
    }
    for form, text in asked.items():
        assert flexkg("query", "ASK { ?e a flex:Event }", "--store", store, "--format", form).stdout == text
    assert flexkg("query", "ASK { ?e a flex:Nothing }", "--store", store).stdout == "no\n"
    assert (
        json.loads(flexkg("query", "ASK {}", "--store", store, "--format", "json").stdout)["boolean"] is True
    )
    text = "CONSTRUCT { ?e flex:eventID ?id } WHERE { ?e flex:eventID ?id }"
    forms = {"table": ox.RdfFormat.TURTLE, "csv": ox.RdfFormat.N_TRIPLES, "json": ox.RdfFormat.JSON_LD}
    graphs = [
        graph_of(flexkg("query", text, "--store", store, "--format", name).stdout, form)
        for name, form in forms.items()
    ]
    assert graphs[0] == graphs[1] == graphs[2] != frozenset()


def test_query_reads_a_file(store, tmp_path, monkeypatch):
    """A file with a query; a stored query goes before a file that is called like it."""
    monkeypatch.chdir(tmp_path)
    for name in ("ids.rq", "ids", "events"):
        (tmp_path / name).write_text("\ufeffSELECT ?id { ?e a flex:Event ; flex:eventID ?id }", "utf-8")
    for name in ("ids.rq", "ids", "./events"):
        assert flexkg("query", name, "--store", store, "--format", "csv").stdout == "id\nE-1\n"
    assert "modification" in flexkg("query", "events", "--store", store, "--format", "csv").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["SELECT * { ?s"], ("does not parse", "line 1, column 14")),
        (["SELECT *\n{ ?s ?p }"], ("does not parse", "line 2, column ")),
        (["SELECT ?e { ?e a flex:Event ; flex:eventID }"], ("line 1, column 44",)),
        (
            ["SELECT * { ?s nothing:p ?o }"],
            ("the prefix nothing: is not declared", "column 15", "PREFIX nothing:"),
        ),
        (["nothing"], ("no stored query is called 'nothing'", "requested")),
        (["nothing/at all"], ("no query, no file and no stored query",)),
        ([""], ("no query",)),
        (["nothing.rq"], ("nothing.rq", "No such file")),
        ([__file__ + "/x.rq"], ("cannot be read",)),
        (["requested", "foo=1"], ("no parameter 'foo'", "it takes: event")),
        (["requested", "E-1"], ("'E-1' is no parameter", "name=value")),
        (["readings", "from=yesterday"], ("'yesterday' is no dateTime", "2026-01-31")),
        (["SELECT * { ?s ?p ?o }", "a=b"], ("only stored queries take parameters",)),
        (["DELETE WHERE { ?s ?p ?o }"], ("DELETE is an update",)),
        (["PREFIX a: <b:c> INSERT DATA { a:b a:c 1 }"], ("INSERT is an update",)),
        (["LOAD <file:///etc/passwd>"], ("LOAD is an update",)),
        (["SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"], ("SERVICE is not served", "column 12")),
        (["SELECT * { service silent ?x { ?s ?p ?o } }"], ("SERVICE is not served",)),
        (["SELECT * { SERV\\u0049CE <http://127.0.0.1:9/> { ?s ?p ?o } }"], ("does not parse",)),
        (["SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }"], ("FROM names", "GRAPH")),
        (["SELECT * " + "{" * 5000 + "}" * 5000], ("nests brackets more than 60 deep",)),
        (["SELECT * { ?s ?p " + "ABS(" * 1000 + "1" + ")" * 1000 + "}"], ("nests brackets",)),
        (["SELECT * { ?s ?p '" + "x" * 30_000 + "' }"], ("characters", "20,000 allowed")),
        (["SELECT * { " + "?s ?p ?o . " * 1700 + "}"], ("tokens", "6,000 allowed")),
    ],
    ids=lambda value: value[0][:30].replace("/", "_") if isinstance(value, list) else "",
)
def test_query_refuses_in_a_line(store, arguments, words, tmp_path, monkeypatch):
    """What is wrong, where, and what to do; exit code 2."""
    monkeypatch.chdir(tmp_path)
    result = flexkg("query", *arguments, "--store", store)
    complaint(result, *words)
    assert result.stdout == ""


def test_rebuild_gives_the_same_answers(store):
    """The graph made anew answers as the one that grew."""
    asked = [
        ("query", name, "--store", store, "--format", "csv")
        for name in ("events", "refusals", "readings", "series")
    ]
    before = [flexkg(*one).stdout for one in asked]
    result = flexkg("rebuild", "--store", store)
    assert result.exit_code == 0
    assert result.stdout.startswith("4 accepted payloads applied, reports on 1 refused ones kept")
    assert [flexkg(*one).stdout for one in asked] == before
    assert all(len(text.splitlines()) > 1 for text in before)


def test_lists_name_queries_and_mappings():
    """Each stored query with its parameters and summary; each mapping file with its profile."""
    text = flexkg("queries").stdout
    assert "requested event=string\n    What an event's current version asks for" in text
    assert "openadr-2.0b.yml: OpenADR 2.0b, " in flexkg("mappings").stdout


def test_stored_queries_come_from_a_folder_too(store, tmp_path, monkeypatch):
    """The operator's own are listed and asked like ours, and go before ours of the same name."""
    folder = tmp_path / "queries"
    folder.mkdir()
    monkeypatch.setenv("FLEXKG_QUERIES", str(folder))
    for name in ("ids", "events"):
        text = '#+ summary: "Which events."\nSELECT ?id { ?e a flex:Event ; flex:eventID ?id }\n'
        (folder / f"{name}.rq").write_text("PREFIX flex: <https://w3id.org/flexkg/def#>\n" + text, "utf-8")
        assert flexkg("query", name, "--store", store, "--format", "csv").stdout == "id\nE-1\n"
    assert "ids\n    Which events.\n" in flexkg("queries").stdout
    (folder / "bad.rq").write_text("ASK {}", "utf-8")
    complaint(flexkg("queries"), "bad.rq", "#+ summary")
    monkeypatch.setenv("FLEXKG_QUERIES", str(tmp_path / "nowhere"))
    complaint(flexkg("queries"), "FLEXKG_QUERIES", "directory")


# Stores that cannot be used


def test_commands_say_who_holds_a_store(store, good):
    """A second process is told the first one's number; what the first one does is not disturbed."""
    code = """if True:
        import sys
        from kg.ingest import Ingest
        with Ingest(sys.argv[1]):
            print(flush=True)
            input()"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        holder.stdout.readline()
        for arguments in (("ingest", good), ("query", "events"), ("rebuild",), ("serve", "--port", "0")):
            complaint(
                flexkg(*arguments, "--store", store), f"in use by process {holder.pid}", "stop that process"
            )
    finally:
        holder.communicate(b"\n", timeout=30)
    assert flexkg("query", "events", "--store", store).exit_code == 0


def test_commands_refuse_a_store_of_a_newer_version(store, good):
    """Nothing in it is touched."""
    marker = store / "flexkg.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text("utf-8")), "format_version": 99}), "utf-8")
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    for arguments in (("ingest", good), ("query", "events"), ("rebuild",)):
        complaint(flexkg(*arguments, "--store", store), "format 99", "install the newer FlexKG")
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def _flip(path):
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data), 97):
        data[at] ^= 0x55
    path.write_bytes(data)


def _delete(path):
    import sqlite3

    db = sqlite3.connect(path)
    db.execute("DELETE FROM journal WHERE seq = 2")
    db.commit()
    db.close()


DAMAGE = {
    "bytes flipped": _flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:9000]),
    "emptied": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"hello" * 1000),
    "a row deleted": _delete,
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_rebuild_refuses_a_corrupt_journal(store, name):
    """The damage is told in a line, and the graph that is there stays."""
    graph = {path.name for path in (store / "graph").iterdir()}
    DAMAGE[name](store / "journal.sqlite")
    complaint(flexkg("rebuild", "--store", store), "journal", "restore")
    assert {path.name for path in (store / "graph").iterdir()} == graph


@pytest.mark.parametrize("name", ["cut", "emptied", "no database", "removed"])
def test_ingest_refuses_a_corrupt_journal(store, good, name):
    """Nothing is taken in that could not be kept."""
    DAMAGE[name](store / "journal.sqlite")
    result = flexkg("ingest", good, "--store", store)
    complaint(result, "restore")
    assert result.stdout == ""


@pytest.mark.parametrize("file", ["flexkg.json", "keys.sqlite", "journal.head"])
def test_commands_tell_a_damaged_file_of_a_store(store, file):
    """Whichever file it is."""
    (store / file).write_bytes(b"\0\1\2" * 50)
    complaint(flexkg("query", "events", "--store", store), file.partition(".")[0])


# Surroundings


def surrounded(error):
    """Run a command that ends with this error, as all commands are run."""
    faulty = typer.Typer(cls=Commands)

    @faulty.command()
    def fail():
        raise error

    @faulty.command()
    def other():
        """So that there is a group of commands."""

    return CliRunner().invoke(faulty, ["fail"])


def test_a_fault_is_told_without_a_traceback(monkeypatch):
    """What nobody foresaw is one line too, which says how to report it."""
    for error in (
        KeyError("x"),
        NameError("y"),
        MemoryError(),
        RecursionError(),
        AssertionError("two\nlines"),
    ):
        complaint(surrounded(error), f"a fault of FlexKG, {type(error).__name__}", "FLEXKG_DEBUG=1")
    monkeypatch.setenv("FLEXKG_DEBUG", "1")
    assert "Traceback" in surrounded(KeyError("x")).stderr


def test_interruption_is_calm():
    """Ctrl-C leaves with 130 and one word."""
    result = surrounded(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "flexkg: interrupted\n")


def test_interruption_while_the_command_line_is_read_is_calm(monkeypatch):
    """Ctrl-C between loading and running."""

    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.core.TyperGroup.parse_args", interrupted)
    result = surrounded(ValueError())
    assert (result.exit_code, result.stderr) == (130, "flexkg: interrupted\n")


def test_interruption_while_loading_is_calm(monkeypatch, capsys):
    """Ctrl-C before the command line is there."""

    class Interrupted:
        def find_spec(self, name, *_):
            if name == "kg.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "kg.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "flexkg: interrupted\n")


def shell(command, cwd):
    """Run a command line with ``flexkg`` in it; gives exit codes of the pipe, standard error."""
    flexkg_ = f"{shlex.quote(sys.executable)} -c 'from api.command import main; main()'"
    text = command.replace("flexkg", flexkg_, 1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", f"{text}; echo ${{PIPESTATUS[0]}} >&2"],
        cwd=cwd,
        env=environment,
        capture_output=True,
        timeout=120,
        check=True,
    )
    *lines, code = done.stderr.decode().splitlines()
    return int(code), lines, done.stdout.decode()


def test_a_closed_pipe_is_calm(tmp_path):
    """``| head`` ends the program without a word."""
    for n in range(200):
        (tmp_path / f"{n}.xml").write_bytes(NONE)
    code, lines, out = shell("flexkg check . . . . | head -n 1", tmp_path)
    assert (code, lines, out) == (2, [], "0.xml: no message unreadable\n")


def test_a_full_disk_under_the_output_is_told(good, tmp_path):
    """Output that cannot be written is an error, not a verdict."""
    code, lines, _ = shell(f"flexkg lift {good} > /dev/full", tmp_path)
    assert code == 2
    assert lines == ["flexkg: No space left on device; check the file, its permissions and the free space"]


def test_output_is_utf8_in_any_locale(tmp_path):
    """A name outside of the locale's characters is written, not refused."""
    (tmp_path / "Zürich-東.xml").write_bytes(GOOD)
    code, lines, out = shell("PYTHONUTF8=0 LC_ALL=C PYTHONCOERCECLOCALE=0 flexkg check Z*", tmp_path)
    assert (code, lines) == (0, [])
    assert out.endswith(": oadrDistributeEvent conforms\n")


def test_check_is_interrupted_calmly(tmp_path):
    """A signal while payloads come in: one line, no traceback."""
    running = process("check", "-", stdin=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        running.stdin.write(b"<a>")
        running.stdin.flush()
        # the shell's interrupt reaches a process that waits for its input
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=3)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert (running.returncode, out, err) == (130, b"", b"flexkg: interrupted\n")


def test_serve_serves_until_it_is_told_to_stop(store):
    """It says where it listens, answers, stops on SIGTERM with exit code 0, and leaves the store free."""
    serving = process("serve", "--store", store, "--port", "0")
    try:
        first = serving.stdout.readline().decode()
        address = first.partition("http://")[2].partition(" ")[0]
        kept = f"store {store}; no provider: loopback only"
        assert first == f"flexkg serves on http://{address} ({kept}); stop with Ctrl-C\n"
        port = address.rpartition(":")[2]
        with socket.create_connection(("127.0.0.1", int(port))) as cut_off:
            cut_off.sendall(b"POST /payloads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n<a>")
        with urllib.request.urlopen(f"http://{address}/health", timeout=30) as answer:
            told = json.load(answer)
            del told["sandbox"]
            waiting = {"unapplied_rows": 0, "unapplied_seconds": 0.0, "unapplied_reason": ""}
            assert told == {"status": "ok", "version": kg.__version__, "store": True, **waiting}
        complaint(flexkg("serve", "--port", port), f"port {port} cannot be listened on", "another port")
        serving.send_signal(signal.SIGTERM)
        out, err = serving.communicate(timeout=30)
    finally:
        serving.kill()
    assert (serving.returncode, out, err) == (0, b"", b"")
    assert flexkg("query", "events", "--store", store).exit_code == 0


def test_check_of_an_empty_path_is_wrong_usage():
    """An empty path, as an unset variable of a script gives, is not the current folder."""
    complaint(flexkg("check", ""), "the path is empty")


def test_check_accepts_one_standard_where_it_is_asked_for():
    """`--standard` refuses messages of another profile as unreadable, and says which is asked for."""
    payload = ROOT / "examples/01-price-event/price.xml"
    done = flexkg("check", payload, "--standard", "2.0a")
    assert done.exit_code == 1
    assert "OpenADR 2.0a is asked for" in done.stdout
    assert flexkg("check", payload, "--standard", "2.0b").exit_code == 0
