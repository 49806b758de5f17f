"""What comes from whom it should not, to what there is not, or out of order: one answer, no effect."""

import pytest

from kg.openadr.event_request import EventRequest, Interval, Signal
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import RawVen
from tests.openadr.test_live_faults import HOUR, UTC, datetime


@pytest.fixture(scope="module")
def vtn(tmp_path_factory):
    """A VTN with VEN-1, which was told of E-1 and asked for a report, VEN-2 with E-2; LEFT, which left."""
    with Service(load_settings(store=tmp_path_factory.mktemp("order") / "store", vtn_id="VTN-1")) as service:

        def ven(name):
            return RawVen(lambda at, data: service.vtn.answer(data, at), name)

        one, two, left = ven("VEN-1"), ven("VEN-2"), ven("LEFT")
        for each in (one, two, left):
            assert each.register().code == "200"
        level = Signal("SIMPLE", "level", [Interval("PT1H", 1)])
        for name, event in (("VEN-1", "E-1"), ("VEN-2", "E-2")):
            service.operator.issue(EventRequest([name], datetime.now(UTC) + HOUR, [level], event_id=event))
        one.told = one.poll().one("requestID")
        answer = one.register_reports()
        one.asked, one.offered = answer.one("reportRequestID"), answer.one("requestID")
        two.offered = two.register_reports(specifier="others").one("requestID")
        two.another = one.offered
        two.others, one.others = one.told, two.poll().one("requestID")
        assert left.cancel().code == "200"
        two.other = one.registration
        yield service, {"VEN-1": one, "VEN-2": two, "LEFT": left, "NOBODY": ven("NOBODY")}


FROM_ANY = {
    "oadrRequestEvent": lambda ven: ven.request_events(),
    "oadrCreatedEvent": lambda ven: ven.created_event("E-1", 0, "req"),
    "oadrRegisterReport": lambda ven: ven.register_reports(),
    "oadrCreatedReport": lambda ven: ven.created_report("req", "R"),
    "oadrCanceledReport": lambda ven: ven.canceled_report("req"),
    "oadrUpdateReport": lambda ven: ven.report("R"),
    "oadrCreateOpt": lambda ven: ven.opt("O-1", "E-1", 0),
    "schedule": lambda ven: ven.schedule("O-1", "2031-01-01T00:00:00Z"),
    "oadrCancelOpt": lambda ven: ven.cancel_opt("O-1"),
}
WRONG = {
    "event of another": ("VEN-1", "452", lambda ven: ven.created_event("E-2", 0, ven.told)),
    "event of nobody": ("VEN-1", "452", lambda ven: ven.created_event("E-9", 0, ven.told)),
    "request of nobody": ("VEN-1", "452", lambda ven: ven.created_event("E-1", 0, "never")),
    "version to come": ("VEN-1", "450", lambda ven: ven.created_event("E-1", 5, ven.told)),
    "opt of another's event": ("VEN-1", "452", lambda ven: ven.opt("O-1", "E-2", 0)),
    "opt of no event": ("VEN-1", "452", lambda ven: ven.opt("O-1", "E-9", 0)),
    "no such opt": ("VEN-1", "452", lambda ven: ven.cancel_opt("O-9")),
    "no such report request": ("VEN-1", "452", lambda ven: ven.report("R-9")),
    "report of another": ("VEN-2", "452", lambda ven: ven.report(ven.asked)),
    "unregistered rID": ("VEN-1", "461", lambda ven: ven.report(ven.asked, point="voltage")),
    "unregistered specifier": ("VEN-1", "461", lambda ven: ven.report(ven.asked, specifier="others")),
    "created report before asked": ("VEN-2", "452", lambda ven: ven.created_report("never", "R")),
    "canceled report before asked": ("VEN-2", "452", lambda ven: ven.canceled_report("never-2")),
    "request of another": ("VEN-1", "452", lambda ven: ven.created_event("E-1", 0, ven.others)),
    "created report of another's request": ("VEN-2", "452", lambda ven: ven.created_report(ven.others)),
    "created report under no request": ("VEN-1", "452", lambda ven: ven.created_report(ven.offered, "R-9")),
    "report of another promised": ("VEN-2", "452", lambda ven: ven.created_report(ven.offered, ven.asked)),
    "canceled report of another's offer": ("VEN-2", "452", lambda ven: ven.canceled_report(ven.another)),
    "stale registrationID": ("VEN-1", "452", lambda ven: ven.cancel("REG-OLD")),
    "registrationID of another": ("VEN-2", "452", lambda ven: ven.cancel(ven.other)),
}


def state(service):
    """What is known of VENs and events, without when they were seen."""
    found = service.operator.state()
    return [{k: v for k, v in one.items() if not k.startswith(("last_", "online"))} for one in found]


@pytest.mark.parametrize("who", ["NOBODY", "LEFT"])
@pytest.mark.parametrize("message", FROM_ANY)
def test_whoever_is_not_registered_is_told_so(vtn, who, message):
    """463, for every message; of one that left, and of one that never came."""
    service, vens = vtn
    before = state(service)
    assert FROM_ANY[message](vens[who]).code == "463"
    assert state(service) == before


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_without_effect(vtn, name):
    """By its code; recorded as refused; what is known of all VENs stays."""
    service, vens = vtn
    who, code, send = WRONG[name]
    before = state(service)
    vens["VEN-2"].asked = vens["VEN-1"].asked
    assert send(vens[who]).code == code
    assert state(service) == before
    assert service.store.journal.head.seq
    rows = [row.verdict for row in service.store.journal.rows(service.store.journal.head.seq - 2)]
    assert rows == ["violates", "conforms"]  # the message, and its answer


def test_answer_that_ends_an_exchange_and_names_what_was_never_sent_is_recorded_as_refused(vtn):
    """An oadrResponse gets no answer."""
    service, vens = vtn
    one, before = vens["VEN-1"], state(service)
    for name in ("never-3", one.others):
        said = f"<ei:responseCode>200</ei:responseCode><pyld:requestID>{name}</pyld:requestID>"
        one.send(
            "EiEvent",
            f'<oadr:oadrResponse ei:schemaVersion="2.0b"><ei:eiResponse>{said}</ei:eiResponse>'
            f"<ei:venID>{one.ven_id}</ei:venID></oadr:oadrResponse>",
        )
        head = service.store.journal.head.seq
        assert [row.verdict for row in service.store.journal.rows(head - 1)] == ["violates"]
    assert state(service) == before


def test_duplicate_opts_are_one_and_the_last_one_counts(vtn):
    """The same optID again replaces; another VEN's opt of that name is its own."""
    service, vens = vtn
    one, two = vens["VEN-1"], vens["VEN-2"]
    for opt in ("optOut", "optIn"):
        assert one.opt("D-1", "E-1", 0, opt).code == "200"
    assert two.opt("D-1", "E-2", 0).code == "200"
    assert one.cancel_opt("D-1").code == "200"
    known = {v["ven_id"]: [(o["opt_id"], o["opt_type"]) for o in v["opts"]] for v in service.operator.state()}
    assert (known["VEN-1"], known["VEN-2"]) == ([], [("D-1", "optOut")])
    assert {e["event_id"]: e["opt"] for e in service.operator.list_events()} == {
        "E-1": "optIn",
        "E-2": "optOut",
    }
