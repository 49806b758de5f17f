"""Faults of a running VTN over HTTP: killed, disk full, skewed clocks, replays, others that are gone."""

import json
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.journal import Journal
from kg.signing import sign
from tests.openadr.raw import Answer, RawVen
from tests.openadr.serving import Served, serving
from tests.openadr.test_tls import certified
from tests.test_full_disk import own_mounts

HOUR = timedelta(hours=1)


def an_event(*vens, name="E-1"):
    """An event of one level for an hour, from an hour from now on."""
    start = (datetime.now(UTC) + HOUR).replace(microsecond=0)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 1}]}
    body = {"event_id": name, "vens": list(vens), "starts_at": start.isoformat(), "signals": [signal]}
    return json.dumps(body).encode()


def until(done, seconds=30):
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.1)
    return found


def test_vtn_that_is_killed_while_it_tells_many_tells_each_of_them(tmp_path):
    """Issued again after the restart, each VEN has the event once; who answered is not asked again.

    Killed while they answer, it knows each answer that it took, and asks the others again.
    """
    served = Served(tmp_path / "store")
    names = [f"VEN-{n:03}" for n in range(130)]

    def vens():
        return [RawVen(served.post, name) for name in names]

    with ThreadPoolExecutor(8) as pool:
        assert {answer.code for answer in pool.map(lambda ven: ven.register(), vens())} == {"200"}
        asked = an_event(*names)
        issuing = pool.submit(lambda: served.ask("POST", "/events", asked))
        first = vens()[0]
        told = until(lambda: (answer := first.poll()).type == "oadrDistributeEvent" and answer)
        assert first.created_event(told.one("eventID"), 0, told.one("requestID")).code == "200"
        served.kill()
        assert issuing.exception(30) or issuing.result()[0] == 201
    served = Served(tmp_path / "store")
    try:
        status, body = served.ask("POST", "/events", asked)
        assert (status, len(json.loads(body))) == (201, len(names))
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda ven: ven.poll(), vens()))
        assert [one.type for one in got] == ["oadrResponse", *["oadrDistributeEvent"] * (len(names) - 1)]
        assert [one.all("eventID") for one in got[1:]] == [[f"E-1@{name}"] for name in names[1:]]
        assert {one.one("modificationNumber") for one in got[1:]} == {"0"}
        first = vens()[0]
        first.count = 900
        asked = first.register_reports()
        assert first.report(asked.one("reportRequestID")).code == "200"
        taken, told = names[:1], dict(zip(names, got, strict=True))

        def answer(name):
            event, request = told[name].one("eventID"), told[name].one("requestID")
            assert RawVen(served.post, name).created_event(event, 0, request).code == "200"
            taken.append(name)
            if len(taken) == 30:
                served.process.kill()

        for name in names[1:4]:  # from now on such answers are known by their form
            answer(name)
        with ThreadPoolExecutor(8) as pool:
            answering = [pool.submit(answer, name) for name in names[4:]]
            assert any(one.exception(30) for one in answering)
    finally:
        served.kill()
    served = Served(tmp_path / "store")
    try:
        state = {one["ven_id"]: one for one in json.loads(served.ask("GET", "/vens")[1])}
        opted = [name for name in names if state[name]["events"][0]["opt"] == "optIn"]
        assert {*taken} <= {*opted}
        assert [name for name in names if state[name]["last_report"]] == names[:1]
        with ThreadPoolExecutor(8) as pool:
            again = dict(zip(names, pool.map(lambda ven: ven.poll().type, vens()), strict=True))
        assert [name for name in names if again[name] == "oadrResponse"] == opted
        assert {*again.values()} == {"oadrResponse", "oadrDistributeEvent"}
    finally:
        served.stop()
    journal = Journal(tmp_path / "store")
    journal.verify()
    kinds = [row.message_type for row in journal.rows()]
    journal.close()
    assert (kinds.count("oadrDistributeEvent"), kinds.count("oadrCreatedEvent")) == (len(names), len(opted))


@pytest.mark.skipif(not own_mounts(), reason="no mount namespaces here: unshare -rm does not work")
def test_full_disk_stops_what_would_be_kept_and_nothing_else(tmp_path):
    """507 for deliveries and events, polls go on; with room again all goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=48m tmpfs "$0" && exec "$@"'
    with serving(disk / "store", before=("unshare", "-rm", "sh", "-c", mount, disk)) as served:
        ven = RawVen(served.post)
        ven.register()
        asked = ven.register_reports()
        name = asked.one("reportRequestID")
        ven.created_report(asked.one("requestID"), name)
        assert ven.report(name).code == "200"
        inside = Path(f"/proc/{served.process.pid}/root{disk}/fill")
        with inside.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue
        full = RawVen(lambda service, data: str(served.ask("POST", f"/OpenADR2/Simple/2.0b/{service}", data)))
        full.count = 500
        assert until(lambda: "507" in full.report(name, values=range(500)).text)
        assert served.ask("POST", "/events", an_event("VEN-1"))[0] == 507
        assert ven.poll().type == "oadrResponse"
        assert RawVen(served.post, "VEN-9").poll().code == "463"
        assert served.ask("GET", "/events") == (200, b"[]")
        inside.unlink()
        ven.count = 900
        until(lambda: served.ask("POST", "/events", an_event("VEN-1"))[0] == 201, 10)
        assert ven.report(name).code == "200"
        assert ven.poll().one("eventID") == "E-1"
        assert "Traceback" not in served.said()


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """Signs as VEN-1, whose certificate the VTN knows; with the folder of all certificates."""
    folder = tmp_path_factory.mktemp("signer")
    (folder / "trusted").mkdir()
    authority = certified(folder, "CA")
    for name in ("VEN-1", "VTN-1"):
        certified(folder, name, authority)
    shutil.copy(folder / "VEN-1.pem", folder / "trusted")
    pair = (folder / "VEN-1.key").read_bytes(), (folder / "VEN-1.pem").read_bytes()
    return folder, lambda data, **more: sign(data, *pair, **more)


def test_signed_messages_count_once_and_in_time(tmp_path, signer):
    """Skewed clocks, replays at once, of polls too, and after kill -9: 463, signed; without effect."""
    folder, signed = signer
    settings = {
        "signatures": "enforce",
        "certificates": folder / "trusted",
        "signing_key": folder / "VTN-1.key",
        "signing_certificate": folder / "VTN-1.pem",
    }
    served = Served(tmp_path / "store", **settings)
    skew, sent = [timedelta()], []

    def post(service, data):
        sent.append((service, signed(data, now=datetime.now(UTC) + skew[0])))
        return served.post(*sent[-1])

    ven = RawVen(post)
    for skew[0] in (timedelta(minutes=-10), timedelta(minutes=5)):
        late = ven.register()
        assert (late.code, "SIGN-" in late.text, "Signature>" in late.text) == ("463", True, True)
    skew[0] = timedelta(seconds=30)
    assert ven.register().code == "200"
    assert ven.poll().code == "200"
    for service, data in sent[-2:]:
        assert Answer(served.post(service, data)).code == "463"
    served.kill()
    served = Served(tmp_path / "store", **settings)
    try:
        for service, data in sent[-2:]:
            assert Answer(served.post(service, data)).code == "463"
        assert ven.poll().code == "200"
        assert ven.request_events().code == "200"
        forged = sent[-1][1].replace(b"VEN-1-", b"VEN-2-", 1)
        assert Answer(served.post("EiEvent", forged)).code in ("463", "450")
        assert [v["registered"] for v in json.loads(served.ask("GET", "/vens")[1])] == [True]
    finally:
        served.stop()
    journal = Journal(tmp_path / "store")
    refused = [r for r in journal.rows() if (r.direction, r.verdict) == ("in", "violates")]
    journal.close()
    assert len(refused) >= 4  # two of the wrong time, a replay before and after the kill


def test_push_ven_that_does_not_answer_holds_up_nobody(tmp_path):
    """Not the other one, and not the end of the service."""
    got = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as other:

        def take():
            with other.accept()[0] as one:
                one.recv(4096)
                got.set()
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        served = Served(tmp_path / "store")
        try:
            for name, at in (("PUSH-1", silent), ("PUSH-2", other)):
                address = f"http://127.0.0.1:{at.getsockname()[1]}"
                assert RawVen(served.post, name).register(address=address, pull=False).code == "200"
            assert served.ask("POST", "/events", an_event("PUSH-1", "PUSH-2"))[0] == 201
            assert got.wait(10)
            begin = time.monotonic()
        finally:
            said = served.stop()
        assert time.monotonic() - begin < 10  # it waits 15 s for an answer
        assert "Traceback" not in said
        thread.join(10)


def test_node_goes_on_while_the_vtn_above_is_gone(tmp_path):
    """It serves those below; it registers when the one above is there, and goes on over its end."""
    shares = tmp_path / "shares.csv"
    shares.write_text("ven,limit_w,priority\nG-1,8000,1\n")
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    above = f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b"
    with serving(tmp_path / "node", vtn="AGG", upstream=above, shares=shares, poll_frequency="PT1S") as node:
        below = RawVen(node.post, "G-1")
        assert below.register().code == "200"
        top = Served(tmp_path / "top", vtn="TOP", port=port)
        until(lambda: "AGG" in top.ask("GET", "/vens")[1].decode())
        top.kill()
        assert below.poll().type == "oadrResponse"
        top = Served(tmp_path / "top", vtn="TOP", port=port)
        try:
            assert top.ask("POST", "/events", an_event("AGG"))[0] == 201
            told = until(lambda: (answer := below.poll()).type == "oadrDistributeEvent" and answer)
            assert told.one("eventID") == "TOP:E-1~G-1"
            until(lambda: json.loads(top.ask("GET", "/events")[1])[0]["opt"] == "optIn")
        finally:
            top.stop()


def test_stop_does_not_wait_for_whoever_reads_slowly(tmp_path):
    """A client that asks for much and reads nothing."""
    served = Served(tmp_path / "store")
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as slow:
        slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
        time.sleep(0.5)
        begin = time.monotonic()
        served.stop()
        assert time.monotonic() - begin < 10
