"""What an operator orders of the readings of a store: kept in the journal, so that a rebuild does it again.

An order has its place among the payloads: what was withdrawn stays withdrawn, what came later stays.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal, Self, get_args
from urllib.parse import unquote

from kg.errors import UsageError
from kg.namespaces import ID
from kg.readings import ReadingStore
from kg.times import moment

#: Message type of orders in the journal.
MESSAGE_TYPE: Final = "readingsOrder"
_SERIES: Final = ID + "series/"
What = Literal["withdraw", "erase", "retain", "simulate"]


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        what: ``withdraw`` readings of a series, ``erase`` a series, ``retain`` what starts since a time, or
            ``simulate`` those of one VEN of a portfolio that is made up.
        series: IRI of the series.
        start: of what is withdrawn, or first start that is retained; with zone.
        end: what is withdrawn starts before it.
        ven: the VEN that is made up.
        portfolio: how many VENs and days, seconds of an interval, and what chance starts from.
    """

    what: What
    series: str = ""
    start: str = ""
    end: str = ""
    ven: str = ""
    portfolio: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def party(self) -> str:
        """The VEN that it is about, empty for all."""
        if self.series.startswith(_SERIES):
            return unquote(self.series.removeprefix(_SERIES).partition("/")[0])
        return self.ven

    def payload(self) -> bytes:
        """Write it as the journal keeps it."""
        stated = {name: value for name, value in asdict(self).items() if value not in ("", (0, 0, 0, 0))}
        return json.dumps(stated, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Read one as the journal keeps it.

        Raises:
            kg.errors.UsageError: it is none.
        """
        try:
            stated = json.loads(payload)
            order = cls(**{**stated, "portfolio": tuple(stated.get("portfolio", (0, 0, 0, 0)))})
        except (ValueError, TypeError) as error:
            raise UsageError("this is no order about readings", where=str(payload[:80])) from error
        if order.what not in get_args(What):
            raise UsageError(f"{order.what!r} is no order about readings")
        return order


def concerned(order: Order, readings: ReadingStore) -> int:
    """Count the readings in view that an order takes away."""
    match order.what:
        case "erase":
            return readings.count(order.series)
        case "retain":
            return readings.count(end=instant(order.start))
        case "withdraw":
            return readings.count(order.series, instant(order.start), instant(order.end))
        case _:
            return 0


def instant(text: str) -> datetime:
    """Read a time of an order.

    Raises:
        kg.errors.UsageError: it is none, or has no zone.
    """
    time = moment(text)
    if time is None or time.tzinfo is None:
        raise UsageError(f"{text!r} is no time with zone", cure="write 2026-06-01T00:00:00Z")
    return time
