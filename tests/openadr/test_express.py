"""Answers that are taken by their form: what is recorded and answered is what the long way gives."""

import threading
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from kg.openadr import distribution
from kg.openadr.circulars import lines_of
from kg.openadr.event_request import EventRequest, Interval, Signal
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import Answer, RawVen

VENS = ("VEN-1", "a'b(c)", "200", "VEN-4", "VEN-5")


def request(name, vens, level=1):
    start = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    return EventRequest(
        list(vens), start, [Signal("SIMPLE", "level", [Interval("PT1H", level)])], event_id=name
    )


class World:
    """A VTN with VENs that were told of an event."""

    def __init__(self, store):
        self.service = Service(load_settings(store=store, vtn_id="VTN-1"))
        self.service.start()
        self.vtn, self.express = self.service.vtn, self.service.vtn.express
        self.forms, self.ingest = self.vtn._forms, self.vtn.ingest
        self.sent = []

    def post(self, service, data):
        """Keep what is sent, and answer it on the long way."""
        self.sent.append(data)
        return self.vtn.answer(data, service)

    def ven(self, name):
        return RawVen(self.post, name)

    def told(self, name):
        """Poll; gives eventIDs and requestID."""
        answer = self.ven(name).poll()
        assert answer.type == "oadrDistributeEvent"
        return answer.all("eventID"), answer.one("requestID")

    def quiet(self, name, event, number, request, opt="optIn"):
        """The bytes of an answer, which is not sent."""
        sent = []
        ven = RawVen(lambda _service, data: sent.append(data) or b"", name)
        ven.created_event(event, number, request, opt=opt)
        return sent[0]

    def take(self, data, party=""):
        """Let the express take a message; gives its answer, None where it takes the long way."""
        came, answers = threading.Event(), []
        if not self.express.take(data, party, lambda made: answers.append(made) or came.set()):
            return None
        assert came.wait(20)
        return answers[0]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "store")
    for name in VENS:
        assert made.ven(name).register().code == "200"
    yield made
    made.service.close()


def learned(world):
    """Have two VENs answer, so that forms are known; gives eventID and requestID of the others."""
    world.service.operator.issue(request("E-1", VENS))
    told = {name: world.told(name) for name in VENS}
    for opt in ("optIn", "optOut"):
        for name in VENS[3:]:
            assert world.ven(name).created_event(told[name][0][0], 0, told[name][1], opt=opt).code == "200"
    return {name: (told[name][0][0], told[name][1]) for name in VENS[:3]}


def test_what_a_form_gives_is_what_checking_and_answering_each_gives(world):
    """Bytes, graph, report, subjects, sender, and the same of the answer."""
    told = learned(world)
    accepting = world.vtn._accepting
    for name, (event, asked) in told.items():
        for opt in ("optIn", "optOut"):
            data = world.quiet(name, event, 0, asked, opt)
            form, texts = world.forms.find(data)
            work, alone = form.work(data, texts), world.ingest.examine(data, "", "in")
            answer = accepting(alone)
            for made, wanted in ((work, alone), (work.answer, answer)):
                assert made.data == wanted.data
                assert made.report == wanted.report
                assert made.lifted.message == wanted.lifted.message
                assert sorted(made.lifted.lines) == sorted(wanted.lifted.lines)
                assert (made.subjects, made.sender, made.direction) == (
                    *(wanted.subjects, wanted.sender),
                    wanted.direction,
                )
            assert made.tells == frozenset()
            assert form.said(texts)[0].opt_type == opt


def test_what_is_taken_is_what_the_long_way_accepts_without_a_word(world):
    """Every answer is offered; what the express takes, gate and rules across messages find nothing on."""
    told = learned(world)
    operator = world.service.operator
    operator.issue(request("E-2", VENS[:1]))
    (event, first), other = told["VEN-1"], told["200"]
    both, last = world.told("VEN-1")
    world.ven("VEN-5").cancel(world.vtn.roster.vens["VEN-5"].registration_id)
    operator.change(f"E-1@{VENS[1]}", request("", VENS[:1], 2))
    operator.cancel("E-1@200")
    cancelled = world.told("200")[1]
    world.ingest.follower.settle()
    offered = {
        "latest": ("VEN-1", event, 0, last),
        "both told": ("VEN-1", both[-1], 0, last),
        "told before": ("VEN-1", event, 0, first),
        "number to come": ("VEN-1", event, 1, last),
        "of nobody": ("VEN-1", "E-9", 0, last),
        "of another": ("VEN-1", other[0], 0, last),
        "by another": ("VEN-4", event, 0, last),
        "by nobody": ("VEN-9", event, 0, last),
        "by one who left": ("VEN-5", "E-1@VEN-5", 0, last),
        "unknown request": ("VEN-1", event, 0, "req-0"),
        "older version": (VENS[1], told[VENS[1]][0], 0, told[VENS[1]][1]),
        "cancelled": ("200", other[0], 1, cancelled),
    }
    taken = {}
    for name, said in offered.items():
        for opt in ("optIn", "optOut"):
            data = world.quiet(*said, opt)
            for _ in range(2):
                world.forms.learn(data)  # the number to come and the cancelled version are forms of their own
            form, texts = world.forms.find(data)
            ven = world.vtn.roster.ven(form.ven(texts))
            fits = ven is not None and form.agrees(ven, texts, datetime.now(UTC))
            work = world.ingest.examine(data, "", "in")
            found = world.vtn._gate.of("EiEvent")(work.lifted)
            found += world.ingest._judge.judge(work, behind=False).report.violations
            assert not (fits and found), (name, opt, found)
            answer = world.take(data)
            assert (answer is not None) == fits, (name, opt)
            taken[name, opt] = fits
    assert {name for name, fits in taken.items() if fits} == {
        *(("latest", "optIn"), ("latest", "optOut"), ("both told", "optIn"), ("both told", "optOut")),
        ("cancelled", "optIn"),
    }


def test_message_with_a_comment_takes_the_long_way(world):
    """Two hyphens are fine in a name, and end the document in a comment."""
    told = learned(world)
    event, asked = told["VEN-1"]
    plain = world.quiet("VEN-1", event, 0, asked)
    end = plain.rindex(b"</")
    noted = [
        plain[:end] + b"<!-- <venID>%s</venID> -->" % name + plain[end:] for name in (b"a", b"b", b"c--d")
    ]
    for data in noted[:2]:
        assert world.ingest.examine(data, "", "in").report.conforms
        world.forms.learn(data)
    assert not world.ingest.examine(noted[2], "", "in").report.conforms
    assert [world.take(data) for data in noted] == [None, None, None]


def test_taken_answer_counts_at_once_once_and_after_a_restart(world, tmp_path):
    """Roster, journal and graph; sent twice it has one row; another's certificate takes the long way."""
    told = learned(world)
    event, asked = told["VEN-1"]
    data = world.quiet("VEN-1", event, 0, asked, "optOut")
    assert world.take(data, "VEN-2") is None
    before = world.ingest.journal.head.seq
    first = world.take(data, "VEN-1")
    assert Answer(first).code == "200"
    assert world.vtn.roster.event(event).answer == "optOut"
    assert world.ingest.journal.head.seq == before + 2
    assert world.take(data) == first == world.vtn.answer(data, "EiEvent")
    assert world.ingest.journal.head.seq == before + 2
    assert world.ven("VEN-1").poll().type == "oadrResponse"
    state, vens = world.ingest.graphs.digest, world.vtn.roster.vens
    world.ingest.follower.settle()
    digest = state()
    world.service.close()
    again = Service(load_settings(store=tmp_path / "store", vtn_id="VTN-1"))
    try:
        assert again.store.graphs.digest() == digest
        for name, ven in again.vtn.roster.vens.items():
            assert facts_of(ven) == facts_of(vens[name]), name
    finally:
        again.close()


def facts_of(ven):
    """What is known of a VEN, but for when it was heard of, and what was sent since the start."""
    passing = {"lines", "form", "sent"}
    events = {
        name: [getattr(event, field.name) for field in fields(event) if field.name not in passing]
        for name, event in ven.events.items()
    }
    lines = [sorted(lines_of(event)) for event in ven.events.values()]
    last = ven.distributed
    told = (last.message_type, last.request_id, last.seq) if last is not None else None
    return (ven.registration_id, events, lines, told, ven.told, sorted(ven.answerable), list(ven.outgoing))


def test_express_that_has_stopped_takes_nothing(world):
    told = learned(world)
    world.express.stop()
    assert world.take(world.quiet("VEN-1", told["VEN-1"][0], 0, told["VEN-1"][1])) is None


def test_poll_of_a_known_form_is_answered_as_one_that_is_checked(world):
    """A new VEN's first poll; what is not like the others, or of nobody who is registered, is checked."""
    glance, names = world.vtn.glance, [*VENS, "&amp;", "VEN-6"]
    world.ven("&amp;").register()
    world.ven("VEN-6").register()

    def polling(name, answer=lambda _service, _data: b""):
        sent = []
        RawVen(lambda service, data: sent.append(data) or answer(service, data), name).poll()
        return sent[0]

    for name in VENS[:2]:
        assert glance(polling(name)) is None
        assert Answer(world.vtn.answer(polling(name), "OadrPoll")).code == "200"
    for name in names[2:]:
        data = polling(name)
        found = glance(data)
        assert (found is None) == (name == "&amp;")
        assert found in (None, world.vtn.answer(data, "OadrPoll"))
        assert glance(data) == world.vtn.answer(data, "OadrPoll")
        assert glance(data) == distribution.response("", name.replace("&amp;", "&"))
    assert glance(polling("VEN-6"), "VEN-7") is None
    for other in (polling("VEN-8"), polling("VEN-6").replace(b"2.0b", b"2.0a"), polling("VEN-6") + b"<x/>"):
        assert glance(other) is None
        assert Answer(world.vtn.answer(other, "OadrPoll")).code != "200"
        assert glance(other) is None
    world.service.operator.issue(request("E-3", ["VEN-6"]))
    assert b"oadrDistributeEvent" in glance(polling("VEN-6"))
