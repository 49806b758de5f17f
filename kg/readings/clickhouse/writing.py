"""The one who writes readings into ClickHouse: in an order in which a step that is done again does no harm.

Payloads are noted, then their readings written, then the payloads finished. What a shard that went away left
unfinished is written again with the same numbers, so that the same rows fall together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kg.readings.clickhouse.cluster import SLOTS, Cluster
from kg.readings.clickhouse.dialect import filled
from kg.readings.column_batch import Batch

#: Columns of a reading, in order.
ROW = (
    *("series", "starts", "length", "milli", "micro", "exact", "quality", "confidence", "accuracy"),
    *("batch", "seq", "received", "gone"),
)
_ALL = ", ".join(ROW)
_HOUR = 3_600_000_000
_AT_ONCE = 5_000
#: What a row of a batch has before its payload's number.
_WIDTH = 9
Shown = tuple[str | None, str | None, str | None]


class Writing:
    """Writes, and remembers what writing needs.

    Args:
        cluster: the servers, with their tables.
        slot_of: gives the slot of a series.

    Attributes:
        series: numbers of the series, by IRI.
        iris: the same the other way round.
        constants: resource, property and unit, by IRI of the series.
        qualities: numbers of the qualities, by IRI.
        torn: whether a batch was written, or an order done, in part.
    """

    def __init__(self, cluster: Cluster, slot_of: Callable[[str], int]) -> None:
        self._cluster, self._slot_of = cluster, slot_of
        rows = cluster.rows("SELECT id, iri, resource, property, unit FROM names")
        self.series: dict[str, int] = {row[1]: row[0] for row in rows}
        self.iris: dict[int, str] = {row[0]: row[1] for row in rows}
        self.constants: dict[str, Shown] = {row[1]: (row[2], row[3], row[4]) for row in rows}
        self.qualities: dict[str, int] = {
            iri: number for number, iri in cluster.rows("SELECT id, iri FROM qualities")
        }
        self._names = 1 + max(self.iris, default=0) // SLOTS
        self._batches = 1 + int(cluster.rows("SELECT max(id) FROM batches")[0][0] or 0) // SLOTS
        versions = (
            cluster.rows(f"SELECT max(version) FROM {table}")[0][0]
            for table in ("hours_stored", "names_stored")
        )
        self._turn = 1 + max(int(version or 0) for version in versions)
        self.torn = bool(
            cluster.rows("SELECT count() FROM batches WHERE id NOT IN (SELECT id FROM finished)")[0][0]
        )

    def append(self, batch: Batch) -> int:
        """Write the readings of payloads that are not finished; gives how many became visible.

        Raises:
            kg.errors.StoreUnavailable: a shard does not answer; what was done is done again with the batch.
        """
        ids, finished = self._known([payload.digest for payload in batch.payloads])
        fresh = [
            payload.digest not in ids or not finished.issuperset(ids[payload.digest].values())
            for payload in batch.payloads
        ]
        self._note(batch, fresh, ids)
        kept, lost = batch.visible(fresh)
        self.name(batch.constants)
        self._grade(batch.quality)
        shown, replaced = self._clash(self._rows(batch, kept, ids))
        with self._half_done():
            self._cluster.insert("former", ROW, [*self._rows(batch, lost, ids), *replaced])
            self._store(shown)
            done = {
                number
                for payload, new in zip(batch.payloads, fresh, strict=True)
                if new
                for number in ids.get(payload.digest, {}).values()
            }
            self._cluster.insert("finished", ("id",), [(number,) for number in sorted(done)])
        return len(shown)

    @contextmanager
    def _half_done(self) -> Iterator[None]:
        """Note that a change is made, until it is made wholly."""
        self.torn = True
        yield
        self.torn = False

    def name(self, constants: Mapping[str, Shown]) -> None:
        """Give numbers to series that are new, and keep what is constant of series."""
        rows = []
        for iri, shown in constants.items():
            if self.constants.get(iri) == shown:
                continue
            number = self.series.get(iri)
            if number is None:
                number = self._names * SLOTS + self._slot_of(iri)
                self._names += 1
            rows.append((number, iri, *shown, self._turn))
            self._turn += 1
        self._cluster.insert("names_stored", ("id", "iri", "resource", "property", "unit", "version"), rows)
        for number, iri, resource, prop, unit, _ in rows:
            self.series[iri], self.iris[number] = number, iri
            self.constants[iri] = (resource, prop, unit)

    def withdraw(self, series: int, start: int, end: int, at: int) -> int:
        """Write over the readings of a window that they are gone; gives their number."""
        where = f"series = {series} AND starts >= {start} AND starts < {end}"
        found = self._cluster.rows(f"SELECT {_ALL} FROM stored FINAL WHERE {where} AND gone = 0")
        with self._half_done():
            self._cluster.insert("former", ROW, found)
            self._store([(*row[:-2], at, 1) for row in found])
            if not found:  # all were taken away, perhaps by this order, which was cut off before the hours
                low, high = start // _HOUR * _HOUR, -(-end // _HOUR) * _HOUR
                self._sum_up(f"series = {series} AND starts >= {low} AND starts < {high}")
        return len(found)

    def erase(self, series: int) -> None:
        """Remove all readings of a series."""
        with self._half_done():
            for table in ("stored", "former", "hours_stored"):
                self._cluster.delete(table, f"series = {series}")

    def retain(self, since: int) -> None:
        """Remove what started before a time."""
        with self._half_done():
            for table in ("stored", "former"):
                self._cluster.delete(table, f"starts < {since}")
            self._cluster.delete("hours_stored", f"hour < {-(-since // _HOUR)}")
            if since % _HOUR:
                self._sum_up(f"starts >= {since} AND starts < {-(-since // _HOUR) * _HOUR}")

    def digests(self, batches: Iterable[int]) -> dict[int, str]:
        """Give the digests of payloads by their numbers."""
        found: dict[int, str] = {}
        for part in _parts(sorted(batches)):
            found.update(self._cluster.rows(filled("SELECT id, digest FROM batches WHERE id IN ?", [part])))
        return found

    def quality_of(self, number: int) -> str:
        """Give the IRI of a quality."""
        return next(iri for iri, found in self.qualities.items() if found == number)

    def _known(self, digests: Sequence[str]) -> tuple[dict[str, dict[int, int]], set[int]]:
        """Give the numbers of payloads that were noted, by digest and slot, and those that are finished."""
        ids: dict[str, dict[int, int]] = {}
        finished: set[int] = set()
        for part in _parts(list(dict.fromkeys(digests))):
            rows = self._cluster.rows(filled("SELECT id, digest FROM batches WHERE digest IN ?", [part]))
            for number, digest in rows:
                ids.setdefault(digest, {})[number % SLOTS] = number
            sql = filled("SELECT id FROM finished WHERE id IN ?", [[row[0] for row in rows]])
            finished.update(row[0] for row in self._cluster.rows(sql))
        return ids, finished

    def _note(self, batch: Batch, fresh: Sequence[bool], ids: dict[str, dict[int, int]]) -> None:
        rows = []
        slots = {iri: self._slot_of(iri) for iri in batch.constants}
        for number, slot in dict.fromkeys(
            zip(batch.payload, map(slots.__getitem__, batch.series), strict=True)
        ):
            payload = batch.payloads[number]
            known = ids.setdefault(payload.digest, {})
            if fresh[number] and slot not in known:
                known[slot] = self._batches * SLOTS + slot
                self._batches += 1
                rows.append((known[slot], *payload))
        self._cluster.insert("batches", ("id", "digest", "seq", "received"), rows)

    def _grade(self, qualities: Iterable[str | None]) -> None:
        """Give numbers to qualities that are new."""
        new = [iri for iri in dict.fromkeys(qualities) if iri is not None and iri not in self.qualities]
        first = 1 + max(self.qualities.values(), default=0)
        rows = [(first + n, iri) for n, iri in enumerate(new)]
        self._cluster.insert("qualities", ("id", "iri"), rows)
        self.qualities.update({iri: number for number, iri in rows})

    def _rows(
        self, batch: Batch, rows: Sequence[int], ids: dict[str, dict[int, int]]
    ) -> list[tuple[Any, ...]]:
        columns = batch.columns(rows, self.series, self.qualities, range(len(batch.payloads)))
        made = []
        for row in zip(*columns, strict=True):
            payload = batch.payloads[row[_WIDTH]]
            number = ids[payload.digest][row[0] % SLOTS]
            made.append((*row[:_WIDTH], number, payload.seq, payload.received, 0))
        return made

    def _clash(self, rows: Sequence[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Part rows into those that show, and those, new or old, that are replaced."""
        old: dict[tuple[int, int], tuple[Any, ...]] = {}
        for part in _parts(rows):
            low, high = min(row[1] for row in part), max(row[1] for row in part)
            about = f"starts BETWEEN {low} AND {high} AND series IN ?"
            series = sorted({row[0] for row in part})
            if not self._cluster.rows(filled(f"SELECT series FROM stored WHERE {about} LIMIT 1", [series])):
                continue
            sql = f"SELECT {_ALL} FROM stored FINAL WHERE {about} AND (series, starts) IN ?"
            for row in self._cluster.rows(filled(sql, [series, [(row[0], row[1]) for row in part]])):
                old[row[0], row[1]] = row
        shown, replaced = [], []
        for row in rows:
            found = old.get((row[0], row[1]))
            if found is not None and found[9] != row[9]:
                if found[10] >= row[10]:
                    replaced.append(row)
                    continue
                replaced.append(found)
            shown.append(row)
        return shown, replaced

    def _store(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Let rows show, and sum up anew the hours that they are in."""
        self._cluster.insert("stored", (*ROW, "version"), [(*row, row[10] * 2 + row[12]) for row in rows])
        hours: dict[int, set[int]] = {}
        for row in rows:
            hours.setdefault(row[1] // _HOUR, set()).add(row[0])
        together: dict[tuple[int, ...], list[int]] = {}
        for hour, series in hours.items():
            together.setdefault(tuple(sorted(series)), []).append(hour)
        for of, when in together.items():
            low, high = min(when) * _HOUR, (max(when) + 1) * _HOUR
            for part in _parts(of):
                self._sum_up(filled(f"starts >= {low} AND starts < {high} AND series IN ?", [part]))

    def _sum_up(self, where: str) -> None:
        """Write the hours of rows anew."""
        self._turn += 1
        self._cluster.run(
            "INSERT INTO hours_stored (series, hour, number, milli, micro, least, most, texts, version)"
            f" SELECT series, intDiv(starts, {_HOUR}) - (starts % {_HOUR} < 0) AS hour, countIf(gone = 0),"
            " sum(if(gone = 0, toDecimal128(milli, 0), NULL)),"
            " sum(if(gone = 0, toDecimal128(micro, 0), NULL)),"
            " min(if(gone = 0, coalesce(milli * 1000, micro), NULL)),"
            " max(if(gone = 0, coalesce(milli * 1000, micro), NULL)),"
            f" countIf(gone = 0 AND exact IS NOT NULL), {self._turn} FROM stored FINAL WHERE {where}"
            " GROUP BY series, hour"
        )


def _parts(rows: Sequence[Any]) -> Iterable[list[Any]]:
    for at in range(0, len(rows), _AT_ONCE):
        yield list(rows[at : at + _AT_ONCE])
