"""Who is in the portfolio, what their resources draw, when events are, and who takes part.

Power is the mean of an interval in kilowatts, positive where it is drawn from the grid.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from kg.errors import UsageError

START = datetime(2026, 6, 1, tzinfo=UTC)
GOOD, BAD = "Quality Good - Non Specific", "Quality Bad - Non Specific"
_DAY = timedelta(days=1)
#: What a VEN has beside its meter.
_EQUIPMENT = (("heat-pump",), ("battery", "pv"), ("ev-charger",), ("heat-pump", "pv", "ev-charger"), ())


class Sample(NamedTuple):
    """The power of a resource in one interval, in thousandths of a kilowatt."""

    resource: str
    at: int
    watts: int
    quality: str


@dataclass(frozen=True, slots=True)
class Event:
    """A request to draw less.

    Args:
        name: eventID.
        start: when it starts.
        length: how long it is.
        kilowatts: by how much, for each VEN; negative for less.
    """

    name: str
    start: datetime
    length: timedelta
    kilowatts: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Some VENs over some days.

    Args:
        vens: how many.
        days: how many, from 1 June 2026 on.
        interval: length of a reading's span; a day is a whole number of them.
        seed: what chance starts from.

    Raises:
        kg.errors.UsageError: a number is not positive, or the interval does not divide a day.
    """

    vens: int
    days: int
    interval: timedelta = timedelta(minutes=15)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.vens < 1 or self.days < 1:
            raise UsageError("there is nothing to simulate", where="--vens, --days", cure="give at least 1")
        if self.interval < timedelta(seconds=1) or _DAY % self.interval:
            raise UsageError(
                "the interval does not divide a day", where="--interval", cure="give one such as 15m or 1h"
            )

    @property
    def names(self) -> list[str]:
        """IDs of the VENs."""
        return [f"VEN-{number:05}" for number in range(1, self.vens + 1)]

    def resources(self, ven: str) -> tuple[str, ...]:
        """Give the resources of a VEN; the meter, which is the sum of all, comes first."""
        return ("meter", *_EQUIPMENT[int(ven[4:]) % len(_EQUIPMENT)])

    def event(self, day: int) -> Event | None:
        """Give the event of a day: on every third one, two hours in the evening."""
        if day % 3 != 2:
            return None
        start = START + day * _DAY + timedelta(hours=17)
        return Event(f"SHED-{start:%Y%m%d}", start, timedelta(hours=2), -1)

    def takes_part(self, ven: str, event: Event) -> bool:
        """Whether a VEN opts in; one in eight does not."""
        return Random(f"{self.seed}/{ven}/{event.name}").random() >= 0.125

    def day(self, ven: str, day: int) -> Iterator[Sample]:
        """Give what a VEN measured in a day, in the order of time; some of it is missing or bad."""
        chance = Random(f"{self.seed}/{ven}/{day}")
        resources = self.resources(ven)
        event = self.event(day)
        shed = event if event is not None and self.takes_part(ven, event) else None
        gap = chance.randrange(24) if chance.random() < 0.05 else None
        begin = START + day * _DAY
        warm, home, size = chance.uniform(0.5, 1.5), chance.uniform(16.5, 20), chance.uniform(0.6, 1.4)
        for n in range(_DAY // self.interval):
            start = begin + n * self.interval
            hour = start.hour + start.minute / 60
            away = shed is not None and shed.start <= start < shed.start + shed.length
            power = [self._power(name, hour, chance, warm, home, size, away) for name in resources[1:]]
            base = 0.25 + 0.2 * (1 + math.sin((hour - 13) * math.pi / 12)) + chance.random() * 0.15
            watts = [round(1000 * kilowatts) for kilowatts in power]
            watts.insert(0, round(1000 * base) + sum(watts))
            if gap is not None and gap <= hour < gap + 2:
                continue
            at = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            for name, value in zip(resources, watts, strict=True):
                yield Sample(name, at, value, BAD if chance.random() < 0.004 else GOOD)

    @staticmethod
    def _power(
        name: str, hour: float, chance: Random, warm: float, home: float, size: float, away: bool
    ) -> float:
        """Work out the power of one resource, in kilowatts."""
        noise = chance.random()
        if name == "heat-pump":
            usual = warm * (1.2 + 0.8 * math.cos((hour - 6) * math.pi / 12)) + 0.3 * noise
            return usual * 0.25 if away else usual
        if name == "pv":
            return -max(0.0, math.sin((hour - 6) * math.pi / 12)) * 5 * size * (0.4 + 0.6 * noise)
        if name == "ev-charger":
            usual = 7.4 if home <= hour < home + 3 else 0.0
            return 0.0 if away else usual * (0.97 + 0.03 * noise)
        if away or 18 <= hour < 21:
            return -2.5 * size * (0.9 + 0.1 * noise)
        return 1.8 * size * (0.9 + 0.1 * noise) if 10 <= hour < 15 else 0.0
