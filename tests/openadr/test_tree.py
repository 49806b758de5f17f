"""The tree: an event is split over those below, opts and reports come back up; and push mode."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.openadr.delivered import Delivered
from kg.openadr.distribution import response
from kg.openadr.event_request import zulu
from kg.openadr.node import Node, read_shares
from kg.openadr.pushing import Pusher
from kg.openadr.splitting import Share, split
from kg.openadr.upstream import Upstream
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import RawVen
from tests.stores import new_store

LIMITS = st.lists(st.integers(0, 10**7), min_size=1, max_size=8)


@given(LIMITS, st.integers(-(10**8), 10**8), st.sampled_from(["proportional", "priority", "equal"]))
@settings(max_examples=200, deadline=None)
def test_parts_add_up_and_none_is_beyond_its_limit(limits, value, rule):
    """Whatever the rule; more than all can take is refused."""
    shares = [Share(f"V{n}", Decimal(limit), n % 3) for n, limit in enumerate(limits)]
    if abs(value) > sum(limits):
        with pytest.raises(UsageError, match="can take"):
            split(Decimal(value), shares, rule)
        return
    parts = split(Decimal(value), shares, rule)
    assert sum(parts.values()) == value
    assert all(abs(parts[s.ven]) <= s.limit_w for s in shares)


def test_priority_asks_the_first_first():
    shares = [Share("A", Decimal(5), 2), Share("B", Decimal(3), 1)]
    assert split(Decimal(-4), shares, "priority") == {"A": Decimal(-1), "B": Decimal(-3)}


def a_request(vens, *, name="E-1", watts=-6000, hours=1):
    start = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    item = {"base": "powerReal", "units": "W", "scale": "k"}
    signal = {"name": "LOAD_DISPATCH", "type": "delta", "item": item}
    signal["intervals"] = [{"duration": "PT1H", "value": watts / 1000}]
    return {"event_id": name, "vens": vens, "starts_at": start.isoformat(), "signals": [signal]}


def issued(service, body):
    from pydantic import TypeAdapter

    from kg.openadr.event_request import EventRequest

    return service.operator.issue(TypeAdapter(EventRequest).validate_python(body))


class Endpoint:
    """A VTN or VEN on a loopback port, answering by a function of service and bytes."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                data = self.rfile.read(int(self.headers["content-length"]))
                body = answer(self.path.rpartition("/")[2], data)
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def opened(folder):
    """A service over a new store, VTN under the folder's name."""
    name, store = folder.name, new_store(folder, vtn_id=folder.name)
    return Service(load_settings(store=store, vtn_id=name, report_every="PT1M"))


@pytest.fixture
def tree(tmp_path):
    """A VTN above, a node, and two raw VENs below it."""
    above, node = (opened(tmp_path / name) for name in ("TOP", "AGG"))
    end = Endpoint(lambda service, data: above.vtn.answer(data, service))
    shares = tmp_path / "shares.csv"
    shares.write_text("ven,limit_w,priority\nG-1,8000,1\nG-2,4000,2\n")
    below = Node(node.vtn, node.operator, read_shares(shares), "proportional")
    up = Upstream(end.url, "AGG", node.store, below)
    vens = [RawVen(lambda service, data: node.vtn.answer(data, service), name) for name in ("G-1", "G-2")]
    for ven in vens:
        ven.register()
    yield above, node, up, vens
    end.close()
    above.close()
    node.close()


def values(node):
    return {
        e["ven_id"]: (
            e["status"],
            [float(v) for s in node.vtn.roster.event(e["event_id"]).steps for _, _, v in s],
        )
        for e in node.operator.list_events()
    }


def test_event_is_split_answered_changed_and_cancelled_through_the_node(tree):
    above, node, up, (one, two) = tree
    up.step()
    issued(above, a_request(["AGG"]))
    up.step()
    assert values(node) == {"G-1": ("far", [-4.0]), "G-2": ("far", [-2.0])}
    assert above.operator.list_events()[0]["opt"] == "optIn"
    up.step()
    assert [e["modification_number"] for e in node.operator.list_events()] == [0, 0]
    sent = two.poll()
    two.created_event(sent.one("eventID"), 0, sent.one("requestID"), "optOut")
    up.step()
    assert values(node)["G-1"] == ("far", [-6.0])
    assert above.operator.list_events()[0]["opt"] == "optIn"
    sent = one.poll()
    one.created_event(sent.one("eventID"), 1, sent.one("requestID"), "optOut")
    up.step()
    assert above.operator.list_events()[0]["opt"] == "optOut"
    assert {state for state, _ in values(node).values()} == {"cancelled"}
    above.operator.cancel("E-1")
    up.step()


def test_event_beyond_what_is_below_is_opted_out_of(tree):
    above, node, up, _ = tree
    up.step()
    issued(above, a_request(["AGG"], watts=-13000))
    up.step()
    assert above.operator.list_events()[0]["opt"] == "optOut"
    assert node.operator.list_events() == []


def test_cancellation_goes_down(tree):
    above, node, up, _ = tree
    up.step()
    issued(above, a_request(["AGG"]))
    up.step()
    above.operator.cancel("E-1")
    up.step()
    assert {state for state, _ in values(node).values()} == {"cancelled"}


def test_node_goes_on_after_a_restart(tree, tmp_path):
    above, node, up, _ = tree
    up.step()
    issued(above, a_request(["AGG"]))
    up.step()
    again = Upstream(up.url, "AGG", node.store, up._below)
    assert (again.registration_id, again.requests) == (up.registration_id, up.requests)
    again.sync()
    again.step()
    assert Counter(e["ven_id"] for e in node.operator.list_events()) == {"G-1": 1, "G-2": 1}


def test_ven_that_its_vtn_forgot_registers_again(tmp_path):
    """Many VTNs keep nothing over a restart, and answer a poll with 463 then."""
    with Service(load_settings(store=tmp_path / "store", vtn_id="TOP")) as above:
        forgot = []

        def answer(service, data):
            if service == "OadrPoll" and forgot:
                return response("", "AGG", "463", "not registered")
            return above.vtn.answer(data, service)

        end = Endpoint(answer)
        try:
            with Ingest(tmp_path / "ven") as ingest:
                below = {"carry_out": lambda _self, _message: {}, "withdrawn": lambda _self: {}}
                ven = Upstream(end.url, "AGG", ingest, type("Below", (), below)())
                ven.step()
                forgot.append(1)
                ven.step()
                assert not ven.registration_id
                forgot.clear()
                ven.step()
                assert ven.registration_id
        finally:
            end.close()


def test_reports_are_merged_upwards(tree):
    above, _, up, vens = tree
    up.step()
    start = (datetime.now(UTC) - timedelta(minutes=30)).replace(second=0, microsecond=0)
    for ven, value in zip(vens, (1500, 2500), strict=True):
        ven.start = start
        asked = ven.register_reports()
        ven.created_report(asked.one("requestID"), asked.one("reportRequestID"))
        assert ven.report(asked.one("reportRequestID"), values=[value, value + 1]).code == "200"
    assert up.report() == 2
    assert up.report() == 0
    above.store.follower.settle()
    found = [r for r in above.store.readings.scan() if "/AGG/merged/" in r.series]
    assert [r.value for r in found] == [4000, 4002]


def test_report_that_was_called_off_in_the_answer_to_a_delivery_ends(tree):
    """The oadrUpdatedReport holds the oadrCancelReport; what was collected meanwhile still comes."""
    above, node, up, vens = tree
    up.step()
    requests = []
    for ven in vens:
        ven.start = (datetime.now(UTC) - timedelta(minutes=30)).replace(second=0, microsecond=0)
        asked = ven.register_reports()
        requests.append(asked.one("reportRequestID"))
        ven.created_report(asked.one("requestID"), requests[-1])
        assert ven.report(requests[-1], values=[1000]).code == "200"
    (request,) = up.requests
    above.operator.cancel_report("AGG", request, to_follow=True)
    below, up._below = up._below, Late(up._below)
    assert up.report() == 1
    assert up._below.asked == 2  # once more when it was told
    assert up.requests == {}
    assert above.vtn.roster.vens["AGG"].outgoing == {}
    assert above.vtn.roster.vens["AGG"].requests[request].cancelled
    kinds = [row.message_type for row in node.store.journal.rows() if row.direction == "out"]
    assert kinds[-1] == "oadrUpdateReport"
    assert "oadrCanceledReport" in kinds
    assert Upstream(up.url, "AGG", node.store, below).requests == {}
    above.store.follower.settle()
    found = [r.value for r in above.store.readings.scan() if "/AGG/merged/" in r.series]
    assert found == [2000, 7]


class Late:
    """A node below which another reading comes in while one is delivered."""

    def __init__(self, below):
        self._below, self.asked = below, 0

    def reported(self, request, starts):
        self._below.reported(request, starts)

    def readings(self, request, length):
        self.asked += 1
        if self.asked == 1:
            return self._below.readings(request, length)
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
        return {start.isoformat().replace("+00:00", "Z"): Decimal(7)}


def test_push_ven_is_posted_to(tmp_path):
    got = []
    ven = None

    def answer(service, data):
        got.append(service)
        return b""

    end = Endpoint(answer)
    with Service(load_settings(store=tmp_path / "store", vtn_id="VTN-1")) as service:
        ven = RawVen(lambda at, data: service.vtn.answer(data, at), "PUSH-1")
        assert ven.register(address=end.url, pull=False).code == "200"
        pusher = Pusher(service.vtn)
        issued(service, a_request(["PUSH-1"]))
        pusher.step()
        assert got == ["EiEvent"]
        pusher.step()
        assert got == ["EiEvent"]  # it waits for the answer before it posts again
        end.close()
        service.vtn.roster.vens["PUSH-1"].distributed.sent_at = float("-inf")
        pusher.step()  # gone: told in the log, tried again later
        assert service.vtn.roster.vens["PUSH-1"].events


def test_last_seen_outlives_the_process(tmp_path):
    settings_ = load_settings(store=tmp_path / "store", vtn_id="VTN-1")
    with Service(settings_) as service:
        ven = RawVen(lambda at, data: service.vtn.answer(data, at))
        ven.register()
        ven.poll()
        seen = service.operator.state()[0]["last_seen"]
    with Service(settings_) as service:
        assert service.operator.state()[0]["last_seen"] == seen


def test_what_was_delivered_is_known_after_a_restart(tmp_path):
    """For a day, as far back as readings are looked for; a file that is broken is told and begins anew."""
    file, now = tmp_path / "delivered.json", datetime.now(UTC)
    fresh, old = (zulu(now - timedelta(hours=hours)) for hours in (1, 30))
    Delivered(timedelta(days=1), file).note("R-1", [fresh, old])
    assert Delivered(timedelta(days=1), file).of("R-1") == {fresh}
    file.write_text("[")
    assert Delivered(timedelta(days=1), file).of("R-1") == set()
