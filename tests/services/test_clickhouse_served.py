"""`flexkg serve` over ClickHouse while one of its servers is gone: as somebody who follows the guide."""

import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.messages import register, report
from tests.services import clickhouse
from tests.services.test_load import FLEXKG

pytestmark = pytest.mark.services
VENS = [f"VEN-{name}" for name in "ABCDEF"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two shards of today's ClickHouse."""
    made = clickhouse.current(tmp_path_factory.mktemp("pair"), 2)
    if made is None:
        pytest.skip("needs @chdb: make test-services")
    yield made
    for one in made:
        one.stop()


@contextlib.contextmanager
def served(folder, servers):
    """The service, by the settings that the guide names; gives what asks it."""
    settings = {
        "FLEXKG_READINGS": "clickhouse",
        "FLEXKG_CLICKHOUSE": " ".join(one.address for one in servers),
        "FLEXKG_CLICKHOUSE_CLUSTER": clickhouse.CLUSTER,
    }
    with (folder / "told").open("ab") as told:
        running = subprocess.Popen(
            [*FLEXKG, "serve", "--store", str(folder / "store"), "--port", "0"],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
    try:
        yield Asked(running.stdout.readline().partition("serves on ")[2].partition(" ")[0], running)
    finally:
        running.terminate()
        try:
            running.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


class Asked:
    """Asks the service."""

    def __init__(self, address, running):
        self.address, self.running = address, running

    def __call__(self, path, data=None, **given):
        query = "?" + urllib.parse.urlencode(given) if given else ""
        head = {"Content-Type": "application/xml", "Accept": "text/csv, application/json;q=0.5"}
        request = urllib.request.Request(self.address + path + query, data, head)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def values(self):
        query = "SELECT ?v { ?o saref:hasResult/saref:hasValue ?v }"
        return sorted(self("/sparql", query=query)[1].split()[1:], key=float)

    def health(self):
        return json.loads(self("/health")[1])


def test_server_is_gone_for_a_while(pair, tmp_path):
    """Payloads are taken, queries refused, the state is told; by itself all is there when it is back."""
    with served(tmp_path, pair) as ask:
        for ven in VENS:
            assert ask("/payloads", register(f"P-{ven}", ven=ven, request=f"R-{ven}"))[0] == 201
            assert ask("/payloads", report("1", "2", ven=ven, request=f"Q-{ven}"))[0] == 201
        assert ask.values() == ["1.0"] * 6 + ["2.0"] * 6 or ask.values() == ["1"] * 6 + ["2"] * 6
        first = ask.values()
        pair[1].stop()
        late = [report(str(n + 3), ven=ven, request=f"L-{ven}") for n, ven in enumerate(VENS)]
        for data in late:
            status, text = ask("/payloads", data)
            assert status == 201
            assert json.loads(text)["applied"] is False
        health = ask.health()
        assert (health["unapplied_rows"], health["unapplied_reason"]) == (6, "store-unavailable")
        assert "127.0.0.1" not in json.dumps(health)
        assert ask("/ready")[0] == 503
        for path, given in (
            ("/sparql", {"query": "SELECT ?v { ?o saref:hasResult/saref:hasValue ?v }"}),
            ("/readings", {}),
            ("/readings", {"bucket": "PT1H"}),
            ("/queries/latest", {}),
        ):
            status, text = ask(path, **given)
            assert (status, "store-unavailable" in text) == (503, True), text
        assert ask("/sparql", query="SELECT ?s { ?s a flex:Resource }")[0] == 200
        pair[1].start()
        until = time.monotonic() + 40
        while ask.health()["unapplied_rows"] and time.monotonic() < until:
            time.sleep(0.2)
        assert ask.health()["unapplied_reason"] == ""
        assert ask("/ready")[0] == 200
        assert [float(v) for v in ask.values()] == sorted([2.0] * 6 + [float(n + 3) for n in range(6)])
        assert len(first) == 12
        for data in late:
            assert json.loads(ask("/payloads", data)[1])["duplicate"] is True
        assert len(ask.values()) == 12
    assert (tmp_path / "told").read_text().count("made up for") == 1


def test_service_that_starts_without_a_server_says_so(pair, tmp_path):
    """One line, and nothing is changed; with the server back it starts."""
    with served(tmp_path, pair) as ask:
        assert ask("/payloads", register("P", ven="V", request="R"))[0] == 201
        assert ask("/payloads", report("5", ven="V", request="Q"))[0] == 201
        before = ask.values()
    pair[0].stop()
    with served(tmp_path, pair) as ask:
        assert ask.address == ""
        assert ask.running.wait(60) != 0
    told = (tmp_path / "told").read_text()
    assert "ClickHouse" in told
    assert "Traceback" not in told
    pair[0].start()
    with served(tmp_path, pair) as ask:
        assert ask.values() == before
