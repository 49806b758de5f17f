"""Readings in ClickHouse, as a ReadingStore: for what one machine does not hold.

A shard that is down is an error, never an answer without it. The store has one writer, as every store has;
what it wrote in part, because a shard went away, is not shown until the batch has come again.
"""

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kg.errors import StoreUnavailable
from kg.namespaces import ID
from kg.readings import Constants, Reading, series_of
from kg.readings.clickhouse.cluster import SLOTS, Cluster
from kg.readings.clickhouse.dialect import filled, translate
from kg.readings.clickhouse.latch import Latch
from kg.readings.clickhouse.writing import ROW, Writing
from kg.readings.column_batch import Batch, micros
from kg.readings.column_rows import exact

_SERIES = ID + "series/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 100_000
_SCANNED = ", ".join(ROW[:-1])


def slot_of(series: str) -> int:
    """Give the slot of a series: that of its VEN.

    >>> slot_of("https://w3id.org/flexkg/id/series/ven-1/usage/a") == slot_of(_SERIES + "ven-1/other/b")
    True
    """
    return zlib.crc32(series.removeprefix(_SERIES).partition("/")[0].encode()) % SLOTS


class ClickHouseReadings:
    """Readings in ClickHouse.

    Args:
        cluster: the servers, with their tables.

    Raises:
        kg.errors.StoreUnavailable: a server does not answer.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._latch = Latch()
        self._writing = Writing(cluster, slot_of)

    def reopen(self) -> None:
        """Read anew what is remembered of the tables."""
        with self._latch.writing():
            self._writing = Writing(self.cluster, slot_of)

    def append(self, readings: Sequence[Reading]) -> int:
        """Add the readings of whole payloads; see ``kg.readings.ReadingStore.append``."""
        return self.append_batch(Batch.of(readings)) if readings else 0

    def append_batch(self, batch: Batch) -> int:
        """Add the readings of whole payloads that are in columns already; see ``append``."""
        with self._latch.writing():
            return self._writing.append(batch)

    def describe(self, series: Mapping[str, Constants]) -> None:
        """Let all readings of series show what is constant of them; see ``ReadingStore.describe``."""
        with self._latch.writing():
            known = {iri: one for iri, one in series.items() if iri in self._writing.series}
            self._writing.name({iri: (one.resource, one.property, one.unit) for iri, one in known.items()})

    def scan(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Reading]:
        """Go through readings ordered by series and start; see ``kg.readings.ReadingStore.scan``."""
        with self._seen():
            where = _window(start, end)
            counts = dict(
                self.cluster.rows(f"SELECT series, count() FROM current WHERE {where} GROUP BY series")
                if series is None
                else [(self._number(series), 0)]
            )
            for iris in self._pages(series, counts):
                listed = ", ".join(str(self._writing.series[iri]) for iri in iris)
                after = ""
                while True:
                    found = self.cluster.rows(
                        f"SELECT {_SCANNED} FROM current WHERE {where} AND series IN ({listed}){after}"
                        f" ORDER BY {'starts' if len(iris) == 1 else 'series, starts'}"
                        + (f" LIMIT {_PAGE}" if len(iris) == 1 else "")
                    )
                    yield from self._read(found)
                    if len(iris) > 1 or len(found) < _PAGE:
                        break
                    after = f" AND starts > {found[-1][1]}"

    def latest(self, series: str) -> Reading | None:
        """Give the reading of a series that starts last."""
        with self._seen():
            sql = (
                f"SELECT {_SCANNED} FROM current WHERE series = {self._number(series)}"
                " ORDER BY starts DESC LIMIT 1"
            )
            return next(self._read(self.cluster.rows(sql)), None)

    def count(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Count what ``scan`` would give."""
        with self._seen():
            where = _window(start, end) + (f" AND series = {self._number(series)}" if series else "")
            return int(self.cluster.rows(f"SELECT count() FROM current WHERE {where}")[0][0])

    def series(self) -> list[str]:
        """Give the IRIs of the series that have readings, sorted."""
        with self._seen():
            found = self.cluster.rows("SELECT series FROM hours GROUP BY series")
            return sorted(self._writing.iris[row[0]] for row in found)

    def withdraw(self, series: str, start: datetime, end: datetime, *, at: datetime) -> int:
        """Take readings of a series out of view; see ``kg.readings.ReadingStore.withdraw``."""
        with self._latch.writing():
            return self._writing.withdraw(self._number(series), micros(start), micros(end), micros(at))

    def erase(self, series: str) -> int:
        """Remove all readings of a series, the replaced ones too; gives how many were in view."""
        number = self.count(series)
        with self._latch.writing():
            if series in self._writing.series:
                self._writing.erase(self._writing.series[series])
        return number

    def retain(self, since: datetime) -> int:
        """Remove what started before a time; see ``kg.readings.ReadingStore.retain``."""
        number = self.count(None, None, since)
        with self._latch.writing():
            self._writing.retain(micros(since))
        return number

    @contextmanager
    def view(self, parties: Collection[str] | None = None) -> "Iterator[ClickHouseView]":
        """Give one consistent view of the tables; of some parties' series alone, where they are named."""
        with self._seen():
            shown = None if parties is None else tuple(map(series_of, parties))
            known = self._writing.series.items()
            seen = None if shown is None else [number for iri, number in known if iri.startswith(shown)]
            yield ClickHouseView(self.cluster, self._writing.qualities, seen)

    def flush(self) -> None:
        """Nothing waits: what was appended is with the servers."""

    def close(self) -> None:
        """Close the connections; closing twice does nothing."""
        self.cluster.close()

    @contextmanager
    def _seen(self) -> Iterator[None]:
        with self._latch.reading():
            if self._writing.torn:
                raise StoreUnavailable(
                    "a batch of readings, or an order about them, is written in part: a shard did not answer",
                    where=self.cluster.place.addresses.rpartition("@")[2],
                    cure="when all shards are up, the next payload ends it, or opening the store anew",
                )
            yield

    def _number(self, series: str) -> int:
        """Give the number of a series; of one that there is not, a number that no series has."""
        return self._writing.series.get(series, 0)

    def _pages(self, series: str | None, counts: Mapping[int, int]) -> Iterator[list[str]]:
        """Give series in their order, as many together as fit into a page."""
        if series is not None:
            if series in self._writing.series:
                yield [series]
            return
        page: list[str] = []
        size = 0
        for iri in sorted(self._writing.iris[number] for number in counts):
            number = counts[self._writing.series[iri]]
            if page and size + number > _PAGE:
                yield page
                page, size = [], 0
            page.append(iri)
            size += number
        if page:
            yield page

    def _read(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[Reading]:
        """Read rows, in the order of series and start."""
        digests = self._writing.digests({row[9] for row in rows})
        kept = self._writing
        for row in sorted(rows, key=lambda row: (kept.iris[row[0]], row[1])):
            iri = kept.iris[row[0]]
            resource, prop, unit = kept.constants[iri]
            yield Reading(
                series=iri,
                starts_at=_EPOCH + timedelta(microseconds=row[1]),
                value=exact(row[3], row[4], row[5]),
                digest=digests[row[9]],
                seq=row[10],
                received=_EPOCH + timedelta(microseconds=row[11]),
                ends_at=None if row[2] is None else _EPOCH + timedelta(microseconds=row[1] + row[2]),
                resource=resource,
                property=prop,
                unit=unit,
                quality=None if row[6] is None else kept.quality_of(row[6]),
                confidence=row[7],
                accuracy=None if row[8] is None else exact(None, None, row[8]),
            )


class ClickHouseView:
    """What the tables hold while nobody writes.

    Args:
        cluster: the servers.
        qualities: numbers of the qualities by IRI.
        seen: numbers of the series that there are for its reader; None: all.
    """

    writes = False
    hours = True

    def __init__(
        self, cluster: Cluster, qualities: Mapping[str, int], seen: Sequence[int] | None = None
    ) -> None:
        self._cluster, self._qualities, self._seen = cluster, qualities, seen
        self.joins = not cluster.old

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the columns and give its rows."""
        old, seen = self._cluster.old, self._seen
        return self._cluster.rows(translate(sql, values, self._qualities, old=old, seen=seen))


def _window(start: datetime | None, end: datetime | None) -> str:
    parts = [
        filled(f"starts {sign} ?", [micros(time)])
        for sign, time in ((">=", start), ("<", end))
        if time is not None
    ]
    return " AND ".join(parts) or "1"


__all__ = ["ClickHouseReadings", "slot_of"]
