"""S1: mutated payloads never crash anything: each is checked, refused or found unreadable."""

import random
import time

import pytest
from fastapi.testclient import TestClient

import kg
from api.app import create_app
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import BASE
from tests.messages import event, opt, poll, register, report

SEEDS = [event(), event(hours=2), report("1.5", "2"), register(), opt(), poll()]
#: What parsers stumble over.
PIECES = [
    *(
        b"<",
        b">",
        b"&",
        b"&#0;",
        b"&#x110000;",
        b"&x;",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<?x",
        b"\x00",
        b"\xff",
    ),
    *(
        b"\xef\xbb\xbf",
        b"<!DOCTYPE x [<!ENTITY x 'y'>]>",
        b"xmlns:",
        b"xmlns=''",
        b"xsi:nil='true'",
        b"\xed\xa0\x80",
    ),
    *(
        b"9" * 400,
        b"-PT1H",
        b"PT1Y",
        b"NaN",
        b"1e999",
        b"2026-13-41T99:99:99Z",
        b"0001-01-01T00:00:00Z",
        b"\t" * 50,
    ),
    *(b"<a>" * 60, b"{", b"}", b'"', b"[" * 300, b'{"a":' * 300, b"<ei:venID>", b"</ei:venID>"),
]


def mutated(chance):
    """A payload with one to four random changes: values put in, bytes flipped, cut, doubled, crossed."""
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.choice((0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 6))
        if kind == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + chance.randrange(1, 200)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randrange(1, 400)]
        elif kind == 3:
            data[at:at] = chance.choice(PIECES)
        elif kind == 4:
            other = chance.choice(SEEDS)
            data[at:] = other[chance.randrange(len(other)) :]
        elif kind == 5:
            text = bytes(data)
            values = [n for n in range(len(text)) if text[n : n + 1] == b">"]
            if values:
                begin = chance.choice(values) + 1
                end = text.find(b"<", begin)
                data[begin : end if end >= 0 else begin] = chance.choice(PIECES)
        else:
            data[at : at + chance.randrange(1, 9)] = chance.randbytes(chance.randrange(1, 9))
    return bytes(data)


@pytest.mark.parametrize("count", [1500, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_mutated_payloads_never_crash_the_check(count):
    """Every one gets a verdict; nothing else is raised, and none takes long (20,000 in the services tier)."""
    survive(count)


def survive(count):
    """Check so many mutated payloads."""
    chance = random.Random(20261127)
    verdicts = {"conforms": 0, "violates": 0, "unreadable": 0}
    slowest = 0.0
    for _ in range(count):
        data = mutated(chance)
        begin = time.process_time()
        verdicts[kg.check(data).verdict] += 1
        slowest = max(slowest, time.process_time() - begin)
    print(f"{count} payloads: {verdicts}, slowest {slowest * 1000:.0f} ms of CPU")
    assert min(verdicts.values()) > count // 200
    assert slowest < 5


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.long)])
def test_mutated_payloads_are_answered(tmp_path, count):
    """Taken in over HTTP: 200, 201 or 422, never 5xx; the journal verifies after them."""
    chance = random.Random(20261128)
    service = Service(load_settings(store=tmp_path / "store"))
    with TestClient(create_app(service), base_url=BASE, raise_server_exceptions=False) as client:
        found = {client.post("/payloads", content=mutated(chance)).status_code for _ in range(count)}
        assert found <= {200, 201, 422}
        service.store.journal.verify()
