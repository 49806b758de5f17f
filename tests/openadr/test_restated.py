"""What is read out of an event asks for the same event again."""

from datetime import UTC, datetime

from kg.lift import Lifted
from kg.openadr.event_request import EventRequest, Interval, Item, Signal, version_lines
from kg.openadr.restated import request_of
from kg.openadr.told import Message

KILOWATTS = Item("powerReal", "W", "RealPower", "k")
HALVES = [Interval("PT30M", -4000.5), Interval("PT30M", 1)]


def test_request_read_from_an_event_is_the_one_that_made_it():
    asked = EventRequest(
        ["VEN-1"],
        datetime(2031, 1, 1, 10, tzinfo=UTC),
        [
            Signal("LOAD_DISPATCH", "delta", HALVES, KILOWATTS),
            Signal("SIMPLE", "level", [Interval("PT1H", 2)]),
        ],
        event_id="E 1",
        duration="PT1H",
        resources=["PUMP", "CAR"],
        priority=2,
        response_required="never",
        test=True,
        start_after="PT5M",
        notification="PT2H",
        ramp_up="PT3M",
        recovery="PT4M",
        comment="words",
    )
    lines = version_lines(asked, "VTN", "VEN-1", "E 1", 3, datetime(2030, 1, 1, tzinfo=UTC))
    message = Message(Lifted("", "oadrDistributeEvent", "2.0b", lines))
    made = request_of(message.event("<https://w3id.org/flexkg/id/event/VTN/E%201/3>"), "VTN")
    made.resources.sort(reverse=True)
    assert made == asked
