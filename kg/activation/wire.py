"""The readings that a report states, read from its bytes alone: in the unit in which they were sent."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kg.errors import FlexKGError
from kg.lift import lift
from kg.readings import Constants
from kg.readings.column_batch import Batch
from kg.readings.delivery import Source, deliver
from kg.self_described import described
from kg.xml import read

#: Types of messages that may state readings; an OpenADR 3 notification may be of a report.
REPORTS: Final = frozenset({"oadrUpdateReport", "report", "reportRequest", "notification"})
#: Where a reading is: its series and its start.
Key = tuple[str, datetime]
_ANY = Source("", 0, datetime(1970, 1, 1, tzinfo=UTC))


def stated(data: bytes) -> dict[Key, Decimal]:
    """Give the readings that a message states; none for what is no report, or cannot be read.

    Args:
        data: the message.

    Returns:
        Series and start -> value, in the unit of the report.
    """
    try:
        lifted = lift(read(data, max_bytes=max(len(data), 1)))
    except FlexKGError:
        return {}
    own, named = described(lifted)
    facts = {**lifted.facts, **own} if own else lifted.facts
    batch = Batch()
    deliver(facts, lifted.message, _ANY, lambda _: Constants(), batch, named)
    return {(one.series, one.starts_at): one.value for one in batch.readings()}
