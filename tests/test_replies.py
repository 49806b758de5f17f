"""Replies: whatever is received, the answer is a message that OpenADR's own checks and ours accept."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from openleadr.enums import STATUS_CODES
from openleadr.messaging import parse_message, validate_xml_schema

from kg.answering import CODES, FINAL, OK, OTHER, REPLIES, Status, status
from kg.check import checker
from kg.errors import UsageError
from kg.lift import lift
from kg.replies import Answerer, reply, reply_to
from kg.report import Violation
from kg.schema import messages
from kg.xml import read
from tests.openleadr_messages import MESSAGES, message
from tests.paths import DATA, PAYLOADS, ROOT, needs_data
from tests.shape_cases import NAMESPACES, cases

#: Who answers where nothing else is said.
BY = Answerer(party="us-1", ven="ven-9", registration="registration-9", poll_frequency="PT10S")


def answered(data: bytes, by: Answerer = BY):
    """Check and answer a payload; the reply has passed the schema and openleadr's parser."""
    report, answer = reply_to(data, checker(), by=by)
    assert answer is not None
    validate_xml_schema(answer)
    kind, content = parse_message(answer)
    return report, answer, kind, content


def conforming(answer: bytes) -> None:
    """A reply has no finding, beyond that its request named nothing to repeat."""
    report = checker().check(answer)
    assert report.conforms, report.violations
    assert {one.rule for one in report.violations} <= {"RSP-8"}


@cache
def violating() -> dict[str, tuple[bytes, ...]]:
    """Message type -> golden payloads that are refused at level core."""
    found: dict[str, list[bytes]] = {}
    for case in cases():
        refused = any(severity == "Violation" for _, _, severity in case.finds)
        if refused and not {"drop", "add", "context", "now", "complete"} & set(case.edits):
            document = case.document()
            if document.profile == "2.0b" and not checker().check(document.data).conforms:
                found.setdefault(document.message_type, []).append(document.data)
    return {kind: tuple(payloads) for kind, payloads in found.items()}


#: Violating messages of types that no golden case shows refused: what is blanked in openleadr's.
BLANKED = {
    "oadrCancelOpt": "//pyld:requestID",
    "oadrCancelReport": "//pyld:requestID",
    "oadrCanceledPartyRegistration": "//ei:venID",
    "oadrCanceledReport": "//ei:venID",
    "oadrRegisteredReport": "//oadr:oadrRegisteredReport/ei:venID",
    "oadrRequestReregistration": "//ei:venID",
    "oadrUpdatedReport": "//oadr:oadrUpdatedReport/ei:venID",
}


def changed(data: bytes, edits: dict[str, str | None]) -> bytes:
    """Set texts, or take elements away."""
    root = etree.fromstring(data)
    for path, text in edits.items():
        for element in root.xpath(path, namespaces=NAMESPACES):
            if text is None:
                element.getparent().remove(element)
            else:
                element.text = text
    return etree.tostring(root)


# ------------------------------------------------------------------ the tables


def test_every_message_type_is_answered_or_final():
    """Each message of the schema has a reply or ends an exchange, and each reply is a message."""
    assert set(REPLIES) | FINAL == set(messages("2.0b"))
    assert not set(REPLIES) & FINAL
    assert {row.message_type for row in REPLIES.values()} <= set(messages("2.0b"))
    assert all(
        re.fullmatch(r"OpenADR 2\.0b Profile Specification, .+", row.source) for row in REPLIES.values()
    )


def test_codes_are_those_of_the_profile():
    """The order of codes has each code that openleadr knows, and no other."""
    known = {str(code) for name, code in vars(STATUS_CODES).items() if name.isupper()}
    assert set(CODES) == known
    assert OTHER in CODES
    assert OK not in CODES


def finding(rule: str, code: str, severity: str = "Violation") -> Violation:
    return Violation(rule, severity, f"{rule} is broken.", response_code=code)


@pytest.mark.parametrize(
    ("findings", "code", "text"),
    [
        ((), "200", "OK"),
        ((finding("A", "454", "Warning"), finding("B", "463", "Info")), "200", "OK"),
        ((finding("A", "454"),), "454", "A: A is broken."),
        ((finding("A", ""),), "459", "A: A is broken."),
        ((finding("A", "454"), finding("B", "452")), "452", "B: B is broken. (1 more rule)"),
        (
            (finding("A", "459"), finding("A", "454"), finding("C", "463")),
            "463",
            "C: C is broken. (1 more rule)",
        ),
        (
            (finding("A", "452"), finding("B", "452"), finding("C", "")),
            "452",
            "A: A is broken. (2 more rules)",
        ),
        ((finding("A", "463"), finding("B", "470")), "470", "B: B is broken. (1 more rule)"),
    ],
)
def test_the_code_that_says_most_is_chosen(findings, code, text):
    """Only refusals count; a code that names a cause goes before one that names none."""
    assert status(findings) == Status(code, text)


def test_descriptions_are_short_and_can_be_written():
    """No character that XML forbids, no text without end."""
    said = status([Violation("A", "Violation", "a\x00b\ud800c\x1f" + "x" * 10000)]).description
    assert len(said) <= 400
    assert re.match(r"A: a b c x", said)


# ------------------------------------------------------------------ each message type


@pytest.mark.parametrize("message_type", sorted(REPLIES))
def test_conforming_messages_are_answered_with_200(message_type):
    """Each message of openleadr's gets its reply, with its requestID repeated and nothing found in it."""
    data = message(message_type)
    report, answer, kind, content = answered(data)
    assert report.conforms
    assert kind == REPLIES[message_type].message_type
    conforming(answer)
    assert content["response"]["response_code"] == 200
    own = MESSAGES[message_type].get("request_id")
    if own:
        assert content["response"]["request_id"] == own


@pytest.mark.parametrize("message_type", sorted(REPLIES))
def test_violating_messages_are_answered_with_the_rule(message_type):
    """Each golden payload that is refused gets its reply, which names a rule that was broken and its code."""
    payloads = violating().get(message_type) or [changed(message(message_type), {BLANKED[message_type]: " "})]
    for data in payloads:
        report, answer, _, content = answered(data)
        assert not report.conforms
        conforming(answer)
        said = [content["response"], *content.get("event_responses", ())]
        refusals = [one for one in said if one["response_code"] != 200]
        assert refusals
        rules = {one.rule: one.response_code for one in report.violations if one.severity == "Violation"}
        for one in refusals:
            rule = one["response_description"].partition(":")[0]
            assert str(one["response_code"]) == rules[rule]
        for one in content.get("event_responses", ()):
            assert (one["opt_type"] == "optOut") == (one["response_code"] != 200)


@pytest.mark.parametrize("message_type", sorted(FINAL))
def test_messages_that_end_an_exchange_are_not_answered(message_type):
    """An answer to an answer would never end."""
    assert reply_to(message(message_type), checker(), by=BY)[1] is None
    broken = message(message_type).replace(b"<ei:responseCode>200", b"<ei:responseCode>many")
    assert reply_to(broken, checker(), by=BY)[1] is None


@pytest.mark.parametrize("message_type", sorted(REPLIES))
def test_replies_need_to_know_nothing(message_type):
    """Without a name of one's own there is a valid reply all the same; a registration needs identifiers."""
    data = message(message_type)
    if message_type == "oadrCreatePartyRegistration":
        data = changed(data, {"//ei:registrationID": None})
        with pytest.raises(UsageError, match="registrationID"):
            reply_to(data, checker(), by=Answerer(party="VTN"))
        assert answered(data, Answerer())[2] == "oadrResponse"
        return
    _, answer, _, content = answered(data, Answerer())
    conforming(answer)
    assert content["response"]["response_code"] == 200


@pytest.mark.parametrize("message_type", sorted(REPLIES))
def test_schema_errors_are_answered_with_450_and_the_request(message_type):
    """What the schema refuses is answered too; the requestID is taken where it stands."""
    root = etree.fromstring(message(message_type))
    body = root.find("{*}oadrSignedObject")[0]
    etree.SubElement(body, "unknown")
    report, answer, kind, content = answered(etree.tostring(root))
    assert (report.verdict, kind, content["response"]["response_code"]) == ("violates", "oadrResponse", 450)
    assert content["response"]["response_description"].startswith("XSD: ")
    own = MESSAGES[message_type].get("request_id")
    if own:
        assert content["response"]["request_id"] == own
    conforming(answer)


@pytest.mark.parametrize(
    "data",
    [b"", b"<x/>", b"no xml", b"\xff\xfe\x00", b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', b"<a>\x01</a>"],
)
def test_unreadable_bytes_are_answered_with_450(data):
    """Nobody knows what was asked; the answer says why."""
    report, answer, kind, content = answered(data)
    assert (report.verdict, kind, content["response"]["response_code"]) == ("unreadable", "oadrResponse", 450)
    assert content["response"]["response_description"].startswith("READ-")
    assert content["response"]["request_id"] is None
    conforming(answer)


# ------------------------------------------------------------------ events


def two_events(second: dict[str, str]) -> bytes:
    """A message with two events, of which the second is changed."""
    root = etree.fromstring(message("oadrDistributeEvent"))
    event = root.find(".//{*}oadrEvent")
    event.addnext(etree.fromstring(etree.tostring(event)))
    texts = {".//{*}eventID": "event-2", **second}
    for path, text in texts.items():
        for found in root.findall(".//{*}oadrEvent")[1].findall(path):
            found.text = text
    return etree.tostring(root)


BROKEN = {".//{*}eiActivePeriod/{*}properties/{*}duration/{*}duration": "PT7H"}


def test_each_event_is_answered_by_its_own_findings():
    """A broken event does not refuse the one beside it."""
    report, answer, _, content = answered(two_events(BROKEN))
    assert not report.conforms
    first, second = content["event_responses"]
    assert (first["event_id"], first["response_code"], first["opt_type"]) == ("event-1", 200, "optIn")
    assert (second["event_id"], second["opt_type"]) == ("event-2", "optOut")
    assert second["response_code"] != 200
    assert content["response"]["response_code"] == 200
    conforming(answer)


def test_whole_messages_can_be_refused():
    """Who takes all or nothing says so to each event."""
    whole = Answerer(party="us-1", whole=True)
    _, _, _, content = answered(two_events(BROKEN), whole)
    codes = {one["response_code"] for one in content["event_responses"]}
    assert 200 not in codes | {content["response"]["response_code"]}
    assert {one["opt_type"] for one in content["event_responses"]} == {"optOut"}


def test_findings_at_the_message_refuse_each_event():
    """Where the message itself is broken, so is what it brings."""
    data = changed(two_events({}), {"//pyld:requestID": " "})
    report, _, kind, content = answered(data)
    assert (report.conforms, kind) == (False, "oadrCreatedEvent")
    assert content["response"]["response_code"] == 452
    assert {one["response_code"] for one in content["event_responses"]} == {452}


def test_opts_are_those_of_the_user():
    """Out where the user says so, in else."""
    by = Answerer(party="us-1", opts={"event-2": "optOut"})
    opts = [one["opt_type"] for one in answered(two_events({}), by)[3]["event_responses"]]
    assert opts == ["optIn", "optOut"]


def test_events_that_want_no_answer_get_one_only_when_refused():
    """oadrResponseRequired of never is respected; a refusal is told."""
    never = {".//{*}oadrResponseRequired": "never"}
    data = two_events(never)
    assert [one["event_id"] for one in answered(data)[3]["event_responses"]] == ["event-1"]
    data = two_events({**never, **BROKEN})
    assert [one["event_id"] for one in answered(data)[3]["event_responses"]] == ["event-1", "event-2"]
    data = changed(two_events(never), {"//oadr:oadrResponseRequired": "never"})
    assert answered(data)[2] == "oadrResponse"


def test_an_event_is_answered_once():
    """Two modifications of one event get one answer, to the later one."""
    data = two_events({".//{*}eventID": "event-1", ".//{*}modificationNumber": "1"})
    (only,) = answered(data)[3]["event_responses"]
    assert (only["event_id"], only["modification_number"]) == ("event-1", 1)


def test_events_are_answered_by_the_ven_that_they_target():
    """Without a name of one's own the one venID of the targets serves."""
    content = answered(message("oadrDistributeEvent"), Answerer())[3]
    assert content["ven_id"] == "ven-1"
    data = two_events({".//{*}eiTarget/{*}venID": "ven-2"})
    assert answered(data, Answerer())[2] == "oadrResponse"


def test_events_of_a_message_without_events_are_not_answered():
    """There is nothing to opt for."""
    assert answered(changed(message("oadrDistributeEvent"), {"//oadr:oadrEvent": None}))[2] == "oadrResponse"


# ------------------------------------------------------------------ reports, opts, registrations


def test_accepted_report_requests_are_pending():
    """An accepted request is listed with those that were pending; a refused one is not."""
    by = Answerer(pending=("older",))
    found = answered(message("oadrCreateReport"), by)[3]["pending_reports"]
    assert [one["report_request_id"] for one in found] == ["older", "request-1"]
    found = answered(violating()["oadrCreateReport"][0], by)[3]["pending_reports"]
    assert [one["report_request_id"] for one in found] == ["older"]


def test_blank_identifiers_are_not_repeated():
    """A reply that must name what the request does not is an oadrResponse."""
    data = changed(message("oadrCancelOpt"), {"//ei:optID": ""})
    report, answer, kind, _ = answered(data)
    assert (report.conforms, kind) == (False, "oadrResponse")
    conforming(answer)


def test_registrations_are_assigned_or_refused():
    """Accepted: the identifiers that were assigned; refused: none."""
    content = answered(message("oadrCreatePartyRegistration"))[3]
    assert (content["registration_id"], content["ven_id"]) == ("registration-9", "ven-9")
    content = answered(violating()["oadrCreatePartyRegistration"][0])[3]
    assert "registration_id" not in content
    assert content["response"]["response_code"] != 200
    content = answered(message("oadrQueryRegistration"))[3]
    assert "registration_id" not in content
    assert content["profiles"][0]["transports"] == [{"transport_name": "simpleHttp"}]


def test_re_registration_keeps_its_identifiers():
    """Where none are assigned anew, the VEN's own stay."""
    content = answered(message("oadrCreatePartyRegistration"), Answerer(party="VTN"))[3]
    assert (content["registration_id"], content["ven_id"]) == ("registration-1", "ven-1")


# ------------------------------------------------------------------ the corpus, 2.0a, the command


@needs_data
def test_every_payload_of_the_corpus_is_answered():
    """Whatever it is, the reply is valid, and conforms."""
    count = 0
    for path in sorted((PAYLOADS / "2.0b").rglob("*.xml")):
        data = path.read_bytes()
        _, answer = reply_to(data, checker(), by=BY)
        if answer is not None:
            document = read(answer)
            assert document.schema_errors == (), path.name
            assert checker().check(answer).conforms, path.name
            if document.profile == "2.0b":
                validate_xml_schema(answer)
            count += 1
    assert count > 50


@needs_data
def test_messages_of_20a_are_answered_in_20a():
    """Bare, in the namespace of 2.0a, valid against its schema."""
    schema = etree.XMLSchema(etree.parse(DATA / "openadr" / "xsd" / "2.0a" / "oadr_20a.xsd"))
    kinds = set()
    for path in sorted((PAYLOADS / "2.0a").rglob("*.xml")):
        report, answer = reply_to(path.read_bytes(), checker(), by=BY)
        if report.verdict != "unreadable" and answer is not None:
            root = etree.fromstring(answer)
            assert schema.validate(root), (path.name, schema.error_log)
            kinds.add(etree.QName(root).localname)
    assert kinds == {"oadrCreatedEvent", "oadrResponse"}


def test_the_same_check_gives_the_same_reply():
    """A reply follows from its request and who answers."""
    document = read(message("oadrDistributeEvent"))
    report = checker().check(document.data)
    assert reply(report, lift(document), by=BY) == reply(report, lift(document), by=BY)


def run(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", "from kg.cli import main; main()", "reply", *arguments],
        input=data,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )


def test_the_command_prints_the_reply(tmp_path: Path):
    """On standard output alone; the exit code says whether the payload conforms."""
    path = tmp_path / "event.xml"
    path.write_bytes(message("oadrDistributeEvent"))
    done = run(str(path), "--party", "ven-1", "--opt-out", "event-1")
    kind, content = parse_message(done.stdout)
    assert (done.returncode, kind, done.stderr) == (0, "oadrCreatedEvent", b"")
    assert content["event_responses"][0]["opt_type"] == "optOut"
    done = run("-", data=b"<x/>")
    assert (done.returncode, parse_message(done.stdout)[0]) == (1, "oadrResponse")
    done = run("-", data=message("oadrResponse"))
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"not answered" in done.stderr
    done = run(
        "-",
        "--party",
        "VTN",
        data=changed(message("oadrCreatePartyRegistration"), {"//ei:registrationID": None}),
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
