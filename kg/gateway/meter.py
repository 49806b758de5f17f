"""Samples of a power become the mean values of intervals, as reports carry them."""

import threading
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from kg.devices.points import Point
from kg.openadr.event_request import zulu
from kg.times import seconds
from kg.units import rounded

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Meter:
    """Collects samples of one point.

    Args:
        point: the point that is read.
        watts: watts of what is drawn for one unit of the point: -1000 for kilowatts that are fed in.
    """

    def __init__(self, point: Point, watts: Decimal) -> None:
        self.point, self._watts = point, watts
        self._samples: deque[tuple[datetime, Decimal]] = deque(maxlen=100_000)
        self._told: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def add(self, at: datetime, value: Decimal) -> None:
        """Note a sample, in the unit of the point."""
        with self._lock:
            self._samples.append((at, value * self._watts))

    def readings(self, request: str, length: str, now: datetime | None = None) -> dict[str, Decimal]:
        """Give the mean of each interval that is over and was not reported yet.

        Args:
            request: under which request of the VTN.
            length: length of the intervals, an OpenADR duration; they begin at whole multiples of it (UTC).
            now: the time; the clock's without it.

        Returns:
            Start of interval -> mean in watts, to the milliwatt; an interval without a sample is left out.
        """
        size = seconds(length) or 60
        now = now or datetime.now(UTC)
        found: dict[datetime, list[Decimal]] = {}
        with self._lock:
            for at, value in self._samples:
                start = datetime.fromtimestamp(at.timestamp() // size * size, UTC)
                if start + timedelta(seconds=size) <= now and start > self._told.get(request, _NEVER):
                    found.setdefault(start, []).append(value)
        means = ((start, sum(values, Decimal()) / len(values)) for start, values in sorted(found.items()))
        return {zulu(start): rounded(mean) for start, mean in means}

    def reported(self, request: str, starts: Iterable[str]) -> None:
        """Note what was delivered under a request: starts of intervals."""
        last = max(map(datetime.fromisoformat, starts), default=_NEVER)
        with self._lock:
            self._told[request] = max(last, self._told.get(request, _NEVER))
