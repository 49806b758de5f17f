"""Many VENs on one VTN, over real HTTP: each gets each version of an event once, and its answer is taken."""

import pytest

from bench import fleet


@pytest.mark.parametrize(
    "size", [{"quick": True}, pytest.param({"long": True}, marks=pytest.mark.long)], ids=str
)
def test_event_reaches_every_ven_of_a_fleet_once(size):
    """Registered, polling, answering; the figures were all taken, what they are is no matter of tests."""
    rows = fleet.measure(**size)
    assert len(rows) == 26
    assert [row["flexkg"] for row in rows if row["figure"].endswith("without it")] == [0.0] * 3
    assert [row["figure"] for row in rows if row["flexkg"] is None] == []
