"""The VTN beside a VEN that is written to the standard: each exchange, each refusal, each restart."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from kg.errors import UsageError
from kg.openadr.event_request import EventRequest, Interval, Signal
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import RawVen
from tests.stores import new_store


def opened(store):
    """A client of the service over a store, with a VTN."""
    if not store.exists():
        new_store(store, vtn_id="VTN-1")
    service = Service(load_settings(store=store, vtn_id="VTN-1"))
    return TestClient(create_app(service), base_url="http://127.0.0.1", raise_server_exceptions=False)


def ven_of(client, name="VEN-1"):
    def post(service, data):
        answer = client.post(
            f"/OpenADR2/Simple/2.0b/{service}", content=data, headers={"content-type": "application/xml"}
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    return RawVen(post, name)


@pytest.fixture
def client(tmp_path):
    with opened(tmp_path / "store") as made:
        yield made


@pytest.fixture
def ven(client):
    made = ven_of(client)
    assert made.register().code == "200"
    return made


def an_event(*vens, name="E-1", hours=1, **more):
    start = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 1}]}
    return {"event_id": name, "vens": list(vens), "starts_at": start.isoformat(), "signals": [signal], **more}


@pytest.mark.parametrize(
    "more",
    [
        *({"starts_at": f"{start}:00"} for start in ("0001-01-01T00:00:00+14", "9999-12-31T23:59:59-14")),
        {"starts_at": "9999-12-31T23:59:59Z"},
        *({name: "P900000D"} for name in ("ramp_up", "notification", "recovery", "start_after", "duration")),
        {
            "signals": [
                {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "P900000D", "value": 1}]}
            ]
        },
        {"comment": "\ud800"},
    ],
    ids=ascii,
)
def test_times_beyond_the_calendar_are_told(client, ven, more):
    """Nobody can reckon with them: a fault of whoever asks, not of the service."""
    asked = json.dumps(an_event("VEN-1") | more)
    answer = client.post("/events", content=asked, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert client.get("/events").json() == []


def test_registration_is_queried_made_repeated_and_cancelled(client):
    ven = ven_of(client)
    offered = ven.query()
    assert (offered.type, offered.code) == ("oadrCreatedPartyRegistration", "200")
    assert (offered.one("vtnID"), offered.one("registrationID")) == ("VTN-1", "")
    made = ven.register()
    assert (made.code, made.one("venID"), made.one("duration")) == ("200", "VEN-1", "PT10S")
    first = ven.registration
    assert ven.register().one("registrationID") == first
    assert ven.poll().type == "oadrResponse"
    assert ven.cancel("another").code == "452"
    gone = ven.cancel()
    assert (gone.type, gone.code) == ("oadrCanceledPartyRegistration", "200")
    assert ven.request_events().code == "463"
    assert ven.poll().type == "oadrRequestReregistration"
    ven.registration = ""
    ven.register()
    assert ven.registration not in ("", first)


def test_ven_without_an_id_gets_one(client):
    answer = ven_of(client, "").register()
    assert answer.code != "200"  # a blank venID is none
    body = ven_of(client)
    body.ven_id = "VEN-X"
    assert body.poll().code == "463"


def test_changes_at_once_are_versions_of_their_own(client, ven):
    """Two versions of one number would leave a VEN with the one that another VEN does not have."""
    operator = client.app.state.service.operator
    signals = [[Signal("SIMPLE", "level", [Interval("PT1H", level)])] for level in (1, 2, 3)]
    at = datetime.now(UTC) + timedelta(hours=1)
    with ThreadPoolExecutor(3) as pool:
        issued = list(
            pool.map(
                lambda one: tried(operator.issue, EventRequest(["VEN-1"], at, one, event_id="E-1")), signals
            )
        )
        assert sorted(map(bool, issued)) == [False, False, True]
        changed = list(pool.map(lambda one: operator.change("E-1", EventRequest([], at, one)), signals * 3))
    assert sorted(one[0].number for one in changed) == list(range(1, 10))


def tried(act, *what):
    """What comes of something; nothing where it is refused."""
    try:
        return act(*what)
    except UsageError:
        return None


def test_event_is_distributed_answered_changed_and_cancelled(client, ven):
    made = client.post("/events", json=an_event("VEN-1", start_after="PT5M"))
    assert (made.status_code, made.json()[0]["status"]) == (201, "far")
    sent = ven.poll()
    assert (sent.type, sent.one("eventID"), sent.one("startafter")) == ("oadrDistributeEvent", "E-1", "PT5M")
    assert ven.poll().type == "oadrResponse"  # given out just now
    assert ven.created_event("E-1", 0, sent.all("requestID")[-1]).code == "200"
    assert client.get("/events").json()[0]["opt"] == "optIn"
    assert client.post("/events", json=an_event("VEN-1", hours=2)).status_code == 409
    changed = client.put("/events/E-1", json=an_event("VEN-1", hours=3))
    assert (changed.json()[0]["modification_number"], changed.json()[0]["opt"]) == (1, None)
    sent = ven.poll()
    assert sent.one("modificationNumber") == "1"
    assert ven.created_event("E-1", 0, sent.one("requestID"), "optOut").code == "200"
    assert client.get("/events").json()[0]["opt"] is None  # that answered the version before
    assert ven.created_event("E-1", 1, sent.one("requestID"), "optOut").code == "200"
    assert client.get("/events").json()[0]["opt"] == "optOut"
    assert client.delete("/events/E-1").json()[0]["status"] == "cancelled"
    sent = ven.poll()
    assert (sent.one("eventStatus"), sent.one("modificationNumber")) == ("cancelled", "2")
    assert ven.created_event("E-1", 2, sent.one("requestID")).code == "200"
    assert ven.request_events().all("eventID") == []
    assert client.put("/events/E-1", json=an_event("VEN-1")).status_code == 409
    assert client.delete("/events/E-1").status_code == 200


def test_each_ven_of_an_event_gets_one_of_its_own_and_all_events_together(client, ven):
    other = ven_of(client, "VEN-2")
    other.register()
    names = [e["event_id"] for e in client.post("/events", json=an_event("VEN-1", "VEN-2")).json()]
    assert names == ["E-1@VEN-1", "E-1@VEN-2"]
    client.post("/events", json=an_event("VEN-2", name="E-2", response_required="never"))
    assert ven.poll().all("eventID") == ["E-1@VEN-1"]
    sent = other.poll()
    assert sorted(sent.all("eventID")) == ["E-1@VEN-2", "E-2"]
    assert "VEN-1" not in sent.text
    assert other.request_events().all("oadrResponseRequired") == ["always", "never"]
    assert [e["status"] for e in client.delete("/events/E-1").json()] == ["cancelled"] * 2


def test_reports_are_registered_asked_for_delivered_and_cancelled(client, ven):
    asked = ven.register_reports()
    name = asked.one("reportRequestID")
    assert (asked.type, asked.one("granularity") or asked.one("duration")) == (
        "oadrRegisteredReport",
        "PT15M",
    )
    assert ven.created_report(asked.one("requestID"), name).code == "200"
    assert ven.report(name, values=range(24)).code == "200"
    assert ven.report("never-asked").code == "452"
    assert ven.report(name, point="voltage").code == "461"
    once = client.post(
        "/vens/VEN-1/reports", json={"specifier": "meters", "granularity": "PT0S", "back": "PT0S"}
    )
    assert once.status_code == 201, once.text
    sent = ven.poll()
    assert (sent.type, sent.one("reportRequestID")) == ("oadrCreateReport", once.json()["request_id"])
    assert ven.created_report(sent.one("requestID"), sent.one("reportRequestID")).code == "200"
    assert ven.report(sent.one("reportRequestID")).code == "200"
    assert client.delete(f"/vens/VEN-1/reports/{name}").status_code == 202
    sent = ven.poll()
    assert (sent.type, sent.one("reportRequestID")) == ("oadrCancelReport", name)
    assert ven.canceled_report(sent.one("requestID")).code == "200"
    assert ven.poll().type == "oadrResponse"
    state = client.get("/vens").json()[0]
    assert [r["cancelled"] for r in state["reports"]] == [True, False]
    assert state["last_report"]
    unknown = client.post("/vens/VEN-1/reports", json={"specifier": "meters", "points": ["x"]})
    assert unknown.status_code == 400


def test_report_is_called_off_in_the_answer_to_its_delivery(tmp_path):
    """Whoever delivers before it polls learns of it then; after a restart too; told once, and answered."""
    store = tmp_path / "store"
    with opened(store) as client:
        ven = ven_of(client)
        ven.register()
        asked = ven.register_reports()
        name = asked.one("reportRequestID")
        ven.created_report(asked.one("requestID"), name)
        assert client.delete(f"/vens/VEN-1/reports/{name}?to_follow=true").status_code == 202
    with opened(store) as client:
        again = ven_of(client)
        again.count = 100
        told = again.report(name)
        assert (told.type, told.code) == ("oadrUpdatedReport", "200")
        assert "<oadr:oadrCancelReport" in told.text
        assert (told.one("reportRequestID"), told.one("reportToFollow")) == (name, "true")
        assert again.poll().type == "oadrResponse"
        assert "oadrCancelReport" not in again.report(name, values=[2.5]).text
        assert again.canceled_report(told.all("requestID")[-1]).code == "200"
        assert client.get("/vens").json()[0]["waiting"] == 0


def test_opts_are_made_replaced_and_cancelled(client, ven):
    client.post("/events", json=an_event("VEN-1"))
    sent = ven.poll()
    ven.created_event("E-1", 0, sent.one("requestID"))
    made = ven.opt("O-1", "E-1", 0)
    assert (made.type, made.code, made.one("optID")) == ("oadrCreatedOpt", "200", "O-1")
    assert client.get("/events").json()[0]["opt"] == "optOut"
    assert ven.schedule("O-2", "2027-01-01T00:00:00Z").code == "200"
    assert [o["opt_id"] for o in client.get("/vens").json()[0]["opts"]] == ["O-1", "O-2"]
    assert ven.cancel_opt("O-2").code == "200"
    assert ven.cancel_opt("O-9").code == "452"
    assert ven.opt("O-3", "no-event", 0).code == "452"
    assert ven.opt("O-3", "E-1", 7).code == "450"


def test_what_is_refused_is_answered_with_its_code_and_harms_nobody(client, ven):
    other = ven_of(client, "VEN-2")
    assert other.report("r").code == "463"
    assert other.created_event("E-1", 0, "r").code in ("463", "452")
    assert ven.created_event("never-sent", 0, "never-made").code == "452"
    poll = f"<oadr:oadrPoll ei:schemaVersion='2.0b'><ei:venID>{ven.ven_id}</ei:venID></oadr:oadrPoll>"
    assert ven.send("EiEvent", poll).code == "459"
    assert ven.send("EiEvent", "<oadr:oadrNonsense/>").code == "450"
    asked = ven.register_reports()
    assert ven.poll().type == "oadrResponse"
    assert asked.code == "200"
    post = "/OpenADR2/Simple/2.0b/"
    assert client.post(post + "EiNothing", content=b"x").status_code == 422
    assert client.post(post + "EiEvent", content=b"<a" * 700_000).status_code == 413
    bomb = b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'
    assert "READ-doctype" in client.post(post + "OadrPoll", content=bomb).text


def test_the_same_message_again_is_answered_again_and_does_nothing_more(client, ven):
    bodies = []
    post, ven.post = ven.post, lambda service, data: (bodies.append((service, data)), post(service, data))[1]
    first = ven.register_reports().one("reportRequestID")
    again = post(*bodies[-1])
    assert first in again
    assert len(client.get("/vens").json()[0]["reports"]) == 1


def test_everything_is_known_after_a_restart(tmp_path):
    store = tmp_path / "store"
    with opened(store) as client:
        ven = ven_of(client)
        ven.register()
        asked = ven.register_reports()
        ven.created_report(asked.one("requestID"), asked.one("reportRequestID"))
        assert ven.report(asked.one("reportRequestID")).code == "200"
        client.post("/events", json=an_event("VEN-1"))
        client.post("/vens/VEN-1/reports", json={"specifier": "meters"})
        ven.schedule("O-2", "2027-01-01T00:00:00Z")
        before = client.get("/vens").json()
    with opened(store) as client:
        again = ven_of(client)
        again.count, again.registration = 100, ven.registration
        after = client.get("/vens").json()
        assert after == before
        assert after[0]["last_report"]
        sent = again.poll()
        assert (sent.type, sent.one("eventID")) == ("oadrDistributeEvent", "E-1")
        again.created_event("E-1", 0, sent.one("requestID"))
        assert again.poll().type == "oadrCreateReport"
    with opened(store) as client:
        assert client.get("/events").json()[0]["opt"] == "optIn"


def test_operator_asks_a_ven_to_register_anew_and_ends_its_registration(client, ven):
    assert client.post("/vens/VEN-1/reregistration").status_code == 202
    assert ven.poll().type == "oadrRequestReregistration"
    assert ven.register().code == "200"
    assert ven.poll().type == "oadrResponse"
    assert client.delete("/vens/VEN-1").status_code == 202
    sent = ven.poll()
    assert (sent.type, sent.one("registrationID")) == ("oadrCancelPartyRegistration", ven.registration)
    done = ven.send(
        "EiRegisterParty",
        '<oadr:oadrCanceledPartyRegistration ei:schemaVersion="2.0b"><ei:eiResponse><ei:responseCode>200'
        f"</ei:responseCode><pyld:requestID>{sent.one('requestID')}</pyld:requestID></ei:eiResponse>"
        f"<ei:registrationID>{ven.registration}</ei:registrationID><ei:venID>VEN-1</ei:venID>"
        "</oadr:oadrCanceledPartyRegistration>",
    )
    assert done.code == "200"
    assert client.get("/vens").json()[0]["registered"] is False
    assert client.post("/events", json=an_event("VEN-1")).status_code == 404


def test_event_that_does_not_conform_is_refused_and_changes_nothing(client, ven):
    wrong = an_event("VEN-1")
    wrong["signals"][0]["intervals"][0]["value"] = 7
    refused = client.post("/events", json=wrong)
    assert refused.status_code == 422
    assert any("SIMPLE" in v["message"] for v in refused.json()["violations"])
    assert client.get("/events").json() == []
    assert ven.poll().type == "oadrResponse"
    assert client.post("/events", json=an_event("VEN-9")).status_code == 404


@pytest.mark.parametrize(
    ("least", "most", "asked", "back"),
    [
        ("PT1M", "PT1H", "PT15M", "PT15M"),
        ("PT2S", "PT2S", "PT2S", "PT1M"),
        ("PT30M", "PT1H", "PT30M", "PT30M"),
        ("PT0S", "PT0S", "PT15M", "PT15M"),
    ],
)
def test_reports_are_asked_for_as_often_as_they_are_sampled(client, ven, least, most, asked, back):
    """Within oadrMinPeriod and oadrMaxPeriod; a period of zero states none."""
    post = ven.post
    ven.post = lambda service, data: post(
        service,
        data.replace(b"MinPeriod>PT1M", f"MinPeriod>{least}".encode()).replace(
            b"PT1H</oadr:oadrMax", f"{most}</oadr:oadrMax".encode()
        ),
    )
    answer = ven.register_reports()
    assert answer.code == "200"
    granularity = answer.text.partition("granularity>")[2].partition("granularity>")[0]
    often = answer.text.partition("reportBackDuration>")[2].partition("reportBackDuration>")[0]
    assert (f">{asked}<" in granularity, f">{back}<" in often) == (True, True), answer.text


def test_event_that_would_be_over_already_is_refused(client, ven):
    """Nobody could carry it out; one that runs is issued."""
    refused = client.post("/events", json=an_event("VEN-1", hours=-2))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "event-past")
    assert "ends at" in refused.json()["detail"]
    assert client.get("/events").json() == []
    assert client.post("/events", json=an_event("VEN-1", hours=-0.5)).json()[0]["status"] == "active"
    changed = client.put("/events/E-1", json=an_event("VEN-1", hours=-3))
    assert (changed.status_code, changed.json()["type"].rpartition("/")[2]) == (422, "event-past")
    assert ven.poll().one("modificationNumber") == "0"


def test_event_for_many_is_issued_again_to_those_that_lack_it(tmp_path):
    """As after a stop in the middle: each VEN has it once; who left is no hindrance to cancelling."""
    store = tmp_path / "store"
    asked = an_event("VEN-1", "VEN-2", "VEN-3", comment="for all")
    with opened(store) as client:
        vens = [ven_of(client, f"VEN-{n}") for n in (1, 2, 3)]
        for one in vens[:2]:
            one.register()
        assert client.post("/events", json=asked).status_code == 404
        assert client.get("/events").json() == []
        assert client.post("/events", json=asked | {"vens": ["VEN-1", "VEN-2"]}).status_code == 201
    with opened(store) as client:
        vens = [ven_of(client, f"VEN-{n}") for n in (1, 2, 3)]
        vens[2].register()
        again = client.post("/events", json=asked)
        assert [one["modification_number"] for one in again.json()] == [0, 0, 0]
        assert [one.poll().all("eventID") for one in vens] == [[f"E-1@VEN-{n}"] for n in (1, 2, 3)]
        for comment in ("another", ""):
            assert client.post("/events", json=asked | {"comment": comment}).status_code == 409
        vens[0].registration = client.get("/vens").json()[0]["registration_id"]
        assert vens[0].cancel().code == "200"
        assert [e["status"] for e in client.delete("/events/E-1").json()] == ["cancelled"] * 3
        assert [one.poll().one("eventStatus") for one in vens[1:]] == ["cancelled"] * 2
