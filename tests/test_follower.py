"""The follower applies rows in their order and tells each batch what became of it."""

import threading

import pytest

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
