"""Messages with damage, at any endpoint: each is answered, none is a fault, and a restart knows the same."""

from random import Random

from kg.openadr.guard import Guard
from kg.service import Service
from kg.settings import load_settings
from tests.openadr.raw import Answer, RawVen
from tests.openleadr_messages import MESSAGES, message

ENDPOINTS = ("EiEvent", "EiReport", "EiRegisterParty", "EiOpt", "OadrPoll")


def damaged(chance, base, number):
    """One message with flipped or missing bytes, or with other identifiers."""
    data = bytearray(chance.choice(base))
    kind = chance.random()
    if kind < 0.3:
        data[chance.randrange(len(data))] = chance.randrange(256)
    elif kind < 0.5:
        at = chance.randrange(len(data))
        del data[at : at + chance.randrange(1, 60)]
    else:
        old = chance.choice([b"ven-1", b"request-1", b"opt-1", b"event-1"])
        new = chance.choice([b"", b"x&amp;y", b"'\"", b"a" * 300, b"ven-1"])
        data = bytearray(bytes(data).replace(b"req-1", str(number).encode()).replace(old, new))
    return bytes(data)


def test_damaged_messages_are_answered_and_forgotten_by_nobody(tmp_path):
    chance, base, guard = Random(20261127), [message(name) for name in MESSAGES], Guard()
    settings = load_settings(store=tmp_path / "store", vtn_id="vtn-1")
    with Service(settings) as service:
        ven = RawVen(lambda at, data: service.vtn.answer(data, at), "ven-1")
        ven.register()
        ven.register_reports()
        for number in range(250):
            data, at = damaged(chance, base, number), chance.choice(ENDPOINTS)
            answer = service.vtn.answer(data, at)
            assert answer == b"" or Answer(answer).type.startswith("oadr")
            guard.judge(data, chance.choice(("ven", "vtn")), at)
        before = service.operator.state()
    with Service(settings) as service:
        after = service.operator.state()
    for one in (*before, *after):
        del one["last_report"]
    assert after == before
