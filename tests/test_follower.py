"""The follower applies rows in their order and tells each batch what became of it."""

import threading
import time

import pytest

from kg import follower as follower_module
from kg.apply import Recorded
from kg.errors import StoreUnavailable
from kg.follower import Follower


def row(seq):
    return Recorded(seq, "2026-12-01T00:00:00.000000Z", "00")


@pytest.fixture
def gate():
    return threading.Event()


def test_rows_that_wait_together_are_applied_together_in_order(gate):
    """What comes while a batch is applied shares the next transaction, up to a bound."""
    seen = []

    def apply(rows):
        gate.wait()
        seen.append([row.seq for row in rows])

    follower = Follower(apply, lambda: None)
    answers = [follower.put([row(n)], frozenset({str(n)})) for n in range(5)]
    assert {key for flight in follower.flying() for key in flight.told} == set("01234")
    gate.set()
    assert [answer.result() for answer in answers] == [True] * 5
    assert follower.flying() == []
    assert [seq for batch in seen for seq in batch] == [0, 1, 2, 3, 4]
    assert len(seen) <= 3
    follower.close()


def test_a_store_that_cannot_be_written_is_made_up_for_with_the_next_rows():
    """Rows are left to the journal then, and their receipts say so."""
    made_up = []

    def apply(_rows):
        raise StoreUnavailable("full")

    follower = Follower(apply, lambda: made_up.append(True))
    assert follower.put([row(1)]).result() is False
    assert follower.behind
    assert follower.put([row(2)]).result() is True
    assert (made_up, follower.behind) == ([True], False)
    follower.close()


def test_an_error_reaches_whoever_waits_and_does_not_end_the_follower():
    """What nobody foresaw is raised where the rows came from; the next rows are made up for."""

    def apply(_rows):
        raise ZeroDivisionError

    follower = Follower(apply, lambda: None)
    with pytest.raises(ZeroDivisionError):
        follower.put([row(1)]).result()
    assert follower.put([row(2)]).result() is True
    follower.close()


def test_closing_applies_what_waits(gate):
    """Nothing that was handed over is dropped."""
    seen = []

    def apply(rows):
        gate.wait()
        seen.extend(rows)

    follower = Follower(apply, lambda: None)
    for n in range(3):
        follower.put([row(n)])
    gate.set()
    follower.close()
    assert [one.seq for one in seen] == [0, 1, 2]
    with pytest.raises(StoreUnavailable, match="closed"):
        follower.put([]).result()


def test_follower_rests_where_others_are_busy_and_nobody_waits(monkeypatch):
    """As long as it worked; not once somebody hurries it, not while too much waits, not at its end."""
    monkeypatch.setattr(follower_module, "_GATHER", 0.01)
    seen = []
    made = Follower(lambda rows: seen.extend(row.seq for row in rows), lambda: None)
    rest = made._rest
    # it worked for a hundred seconds, and others did as much
    made._rest = lambda begin, process, own: rest(begin - 100, process - 100, own)

    def patiently(seq, size=0):
        answer = made.put([row(seq)], patient=True, size=size)
        with pytest.raises(TimeoutError):  # behind the rows before there is a rest
            answer.result(0.2)
        return answer

    try:
        assert made.put([row(1)], patient=True).result(20) is True
        answer = patiently(2)
        assert made.lag[0] == 1
        assert made.lag[1] > 0.1
        made.hurry()
        assert answer.result(20) is True  # and behind rows that were hurried there is none
        assert made.put([row(3)], patient=True).result(20) is True
        answers = [patiently(4), made.put([row(5)], patient=True, size=follower_module._MOST + 1)]
        assert [one.result(20) for one in answers] == [True, True]
        answers = [patiently(6), made.put([row(7)])]
        assert [one.result(20) for one in answers] == [True, True]
        assert made.lag == (0, 0.0)
        assert made.put([row(8)], patient=True).result(20) is True
        patiently(9)
    finally:
        made.close()
    assert seen == [*range(1, 10)]


def test_what_could_not_be_applied_is_tried_again_by_itself(monkeypatch, caplog):
    """No further row has to come; that it began and ended is told once each."""
    monkeypatch.setattr(follower_module, "_AGAIN", 0.01)
    tries, back = [], threading.Event()

    def make_up():
        tries.append(True)
        if len(tries) < 3:
            raise StoreUnavailable("gone", code="somewhere")
        back.set()

    def apply(_rows):
        raise StoreUnavailable("gone", where="a server", code="somewhere")

    follower = Follower(apply, make_up)
    assert follower.put([row(1)]).result() is False
    assert follower.reason == "somewhere"
    assert back.wait(10)
    follower.settle()
    follower.close()
    assert (follower.behind, follower.reason, follower.stuck) == (False, "", 0.0)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "a server" in caplog.text


def test_rows_do_not_wait_for_a_store_that_takes_long_to_fail(monkeypatch):
    """As long as it took to fail, rows are left to the journal at once; then it is tried again."""
    monkeypatch.setattr(follower_module, "_LONG", 0.05)
    monkeypatch.setattr(follower_module, "_AGAIN", 0.02)
    tries, back = [], threading.Event()

    def apply(_rows):
        time.sleep(0.1)
        raise StoreUnavailable("silent")

    def make_up():
        tries.append(time.monotonic())
        back.set()

    follower = Follower(apply, make_up)
    assert follower.put([row(1)]).result() is False
    failed = time.monotonic()
    assert follower.put([row(2)]).result() is False
    assert tries == []
    assert back.wait(10)
    assert tries[0] - failed > 0.05
    follower.close()
