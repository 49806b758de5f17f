"""Readings in columns: DuckDB, for millions of values on one machine.

``current`` holds one row for each series and start, ``former`` what was replaced or withdrawn, with the time
until which it was known to hold. Each append is one transaction that also keeps the digests of its payloads:
what was cut off is applied again from the journal, what was done is passed over.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from kg.readings import Constants, Reading, series_of
from kg.readings.column_batch import Batch, micros
from kg.readings.column_rows import KNOWN, SCAN, handed, reading_of, window
from kg.readings.tables import COLUMNS, Snapshot, Tables

_ALL = ", ".join(COLUMNS)
#: Rows taken out below which they are not written anew.
_ROOM = 100_000
_BATCHES = """INSERT INTO batches SELECT unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::BIGINT[]),
 make_timestamp(unnest(?::BIGINT[]))"""


class ColumnReadings:
    """Readings in DuckDB, as a ReadingStore.

    Args:
        path: the file, made when it is missing; None for one in memory.
        memory: the most memory that DuckDB may use, for example ``"1GB"``.

    Raises:
        kg.errors.StoreUnavailable: the file cannot be opened.
    """

    def __init__(self, path: Path | None = None, *, memory: str = "1GB") -> None:
        self._path, self._memory = path, memory
        self.tables = Tables(path, memory=memory)
        self._series: dict[str, int] = {}
        self._qualities: dict[str, int] = {}
        self._constants: dict[str, tuple[str | None, str | None, str | None]] = {}
        self._gone = 0
        self._load()

    def reopen(self) -> None:
        """Open the file anew: after a full disk DuckDB writes no more until then."""
        if self._path is not None:
            with self.tables.lock:
                self.tables.close()
                self.tables = Tables(self._path, memory=self._memory)
                self._load()

    def append(self, readings: Sequence[Reading]) -> int:
        """Add the readings of whole payloads; see ``kg.readings.ReadingStore.append``."""
        if not readings:
            return 0
        return self.append_batch(Batch.of(readings))

    def append_batch(self, batch: Batch) -> int:
        """Add the readings of whole payloads that are in columns already; see ``append``."""
        with self.tables.lock:
            try:
                with self.tables.writing() as tables:
                    number = self._append(tables, batch)
            except BaseException:
                self._load()
                raise
            self._close_up()
            return number

    def describe(self, series: Mapping[str, Constants]) -> None:
        """Let all readings of series show what is constant of them; see ``ReadingStore.describe``."""
        with self.tables.lock, self.tables.writing() as tables:
            for iri, constants in series.items():
                shown = (constants.resource, constants.property, constants.unit)
                if self._constants.get(iri) != shown and iri in self._series:
                    tables.rows(
                        "UPDATE names SET resource = ?, property = ?, unit = ? WHERE iri = ?", [*shown, iri]
                    )
                    self._constants[iri] = shown

    def scan(
        self,
        series: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        known_at: datetime | None = None,
    ) -> Iterator[Reading]:
        """Go through readings ordered by series and start; see ``kg.readings.ReadingStore.scan``."""
        where, values = window(series, start, end)
        rows = "current"
        if known_at is not None:
            rows, values = KNOWN, [micros(known_at), micros(known_at), *values]
        with self.tables.reading() as tables:
            for row in tables.pages(SCAN.format(rows=rows, where=where), values):
                yield reading_of(row)

    def latest(self, series: str) -> Reading | None:
        """Give the reading of a series that starts last."""
        where, values = window(series, None, None)
        sql = SCAN.format(rows="current", where=where).replace("ORDER BY n.iri, r.starts", "")
        with self.tables.reading() as tables:
            rows = tables.rows(sql + " ORDER BY r.starts DESC LIMIT 1", values)
        return reading_of(rows[0]) if rows else None

    def count(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Count what ``scan`` would give."""
        where, values = window(series, start, end)
        join = "" if series is None else " JOIN names n ON n.id = r.series"
        with self.tables.reading() as tables:
            return tables.number(f"SELECT count(*) FROM current r{join} WHERE {where}", values)

    def series(self) -> list[str]:
        """Give the IRIs of the series that have readings, sorted."""
        with self.tables.reading() as tables:
            return [
                row[0]
                for row in tables.rows(
                    "SELECT iri FROM names WHERE id IN (SELECT series FROM current) ORDER BY iri"
                )
            ]

    def withdraw(self, series: str, start: datetime, end: datetime, *, at: datetime) -> int:
        """Take readings of a series out of view; see ``kg.readings.ReadingStore.withdraw``."""
        where, values = window(series, start, end)
        chosen = f"SELECT r.rowid FROM current r JOIN names n ON n.id = r.series WHERE {where}"
        with self.tables.writing() as tables:
            number = tables.number(f"SELECT count(*) FROM ({chosen})", values)
            tables.rows(
                "UPDATE former SET until = make_timestamp(?) WHERE until > make_timestamp(?)"
                f" AND (series, starts) IN (SELECT (series, starts) FROM current WHERE rowid IN ({chosen}))",
                [micros(at), micros(at), *values],
            )
            tables.rows(
                f"INSERT INTO former SELECT {_ALL}, make_timestamp(?) FROM current WHERE rowid IN ({chosen})",
                [micros(at), *values],
            )
            tables.rows(f"DELETE FROM current WHERE rowid IN ({chosen})", values)
        self._gone += number
        self._close_up()
        return number

    def erase(self, series: str) -> int:
        """Remove all readings of a series, the replaced ones too; gives how many were in view."""
        with self.tables.lock:
            key = self._series.get(series)
            if key is None:
                return 0
            with self.tables.writing() as tables:
                number = tables.number("SELECT count(*) FROM current WHERE series = ?", [key])
                tables.rows("DELETE FROM current WHERE series = ?", [key])
                tables.rows("DELETE FROM former WHERE series = ?", [key])
            self._gone += number
            self._close_up()
            return number

    def retain(self, since: datetime) -> int:
        """Remove what started before a time; see ``kg.readings.ReadingStore.retain``."""
        with self.tables.writing() as tables:
            number = tables.number(
                "SELECT count(*) FROM current WHERE starts < make_timestamp(?)", [micros(since)]
            )
            for table in ("current", "former"):
                tables.rows(f"DELETE FROM {table} WHERE starts < make_timestamp(?)", [micros(since)])
        self.tables.checkpoint()
        return number

    def view(self, parties: Collection[str] | None = None) -> AbstractContextManager[Snapshot]:
        """Give one consistent view of the tables; of some parties' series alone, where they are named."""
        starts = None if parties is None else [series_of(party) for party in parties]
        return self.tables.reading(starts)

    def compact(self) -> tuple[int, int]:
        """Write the file anew, the rows in the order of time, so that they take the least room.

        Nothing else may read or write meanwhile. Until the new file is whole the old one counts.

        Returns:
            Bytes of the file before and after.

        Raises:
            kg.errors.StoreUnavailable: the disk is full, or the file damaged; the old one is left as it is.
        """
        with self.tables.lock:
            sizes = self.tables.renew("starts, series")
            self._load()
        return sizes

    @contextmanager
    def away(self, patience: float) -> Iterator[None]:
        """Close the file while another is put in its place; see ``kg.readings.tables.Tables.away``."""
        with self.tables.lock:
            with self.tables.away(patience):
                yield
            self._load()

    def _close_up(self) -> None:
        """Write the rows anew where those that were taken out have left much room among them."""
        if self._gone < _ROOM:
            return
        with self.tables.lock:
            if self._gone < self.count() // 4:
                return
            with self.tables.writing() as tables:
                tables.rows("CREATE TABLE compacted AS SELECT * FROM current ORDER BY starts, series")
                tables.rows("DROP TABLE current")
                tables.rows("ALTER TABLE compacted RENAME TO current")
            self._gone = 0
            self.tables.checkpoint()

    def flush(self) -> None:
        """Put everything into the file itself."""
        self.tables.checkpoint()

    def close(self) -> None:
        """Put everything on disk and close the file; closing twice does nothing."""
        self.tables.close()

    def _append(self, tables: Snapshot, batch: Batch) -> int:
        digests = [payload.digest for payload in batch.payloads]
        marks = ", ".join("?" * len(digests))
        sql = f"SELECT digest FROM batches WHERE digest IN ({marks})"
        known = {row[0] for row in tables.rows(sql, digests)}
        first = tables.number("SELECT max(id) FROM batches") + 1
        ids = [None if p.digest in known else first + n for n, p in enumerate(batch.payloads)]
        new = [(n, *p) for n, p in zip(ids, batch.payloads, strict=True) if n is not None]
        tables.rows(_BATCHES, [list(column) for column in zip(*new, strict=True)] or [[]] * 4)
        kept, lost = batch.visible([key is not None for key in ids])
        self._name(tables, batch)
        columns = batch.columns(kept, self._series, self._qualities, ids)
        if not columns[0]:
            return 0
        if lost:
            sql, values = handed(batch.columns(lost, self._series, self._qualities, ids))
            tables.rows(f"INSERT INTO former SELECT {_ALL}, TIMESTAMP 'infinity' FROM ({sql})", values)
        sql, values = handed(columns)
        tables.rows(f"CREATE OR REPLACE TEMP TABLE fresh AS {sql}", values)
        return self._merge(tables, min(columns[1]), max(columns[1]), len(columns[0]))

    def _merge(self, tables: Snapshot, low: int, high: int, number: int) -> int:
        """Let what is fresh in; what it replaces, or what is replaced already, goes to the former."""
        tables.rows(
            "CREATE OR REPLACE TEMP TABLE clash AS"
            " SELECT c.rowid AS old, f.rowid AS new, bf.seq > bc.seq AS wins"
            " FROM current c JOIN fresh f ON c.series = f.series AND c.starts = f.starts"
            " JOIN batches bf ON bf.id = f.batch JOIN batches bc ON bc.id = c.batch"
            " WHERE c.starts BETWEEN make_timestamp(?) AND make_timestamp(?)",
            [low, high],
        )
        if tables.number("SELECT count(*) FROM clash"):
            tables.rows(
                f"INSERT INTO former SELECT {_ALL}, TIMESTAMP 'infinity' FROM current"
                " WHERE rowid IN (SELECT old FROM clash WHERE wins)"
            )
            tables.rows(
                f"INSERT INTO former SELECT {_ALL}, TIMESTAMP 'infinity' FROM fresh"
                " WHERE rowid IN (SELECT new FROM clash WHERE NOT wins)"
            )
            tables.rows("DELETE FROM current WHERE rowid IN (SELECT old FROM clash WHERE wins)")
            self._gone += tables.number("SELECT count(*) FROM clash WHERE wins")
            number -= tables.number("SELECT count(*) FROM clash WHERE NOT wins")
            tables.rows("DELETE FROM fresh WHERE rowid IN (SELECT new FROM clash WHERE NOT wins)")
        tables.rows(f"INSERT INTO current SELECT {_ALL} FROM fresh")
        return number

    def _name(self, tables: Snapshot, batch: Batch) -> None:
        """Give numbers to series and qualities that are new, and keep what is constant of the series."""
        for iri, shown in batch.constants.items():
            if iri not in self._series:
                self._series[iri] = tables.number("SELECT max(id) FROM names") + 1
                tables.rows("INSERT INTO names VALUES (?, ?, ?, ?, ?)", [self._series[iri], iri, *shown])
            elif self._constants.get(iri) != shown:
                tables.rows(
                    "UPDATE names SET resource = ?, property = ?, unit = ? WHERE iri = ?", [*shown, iri]
                )
            self._constants[iri] = shown
        for iri in dict.fromkeys(quality for quality in batch.quality if quality is not None):
            if iri not in self._qualities:
                self._qualities[iri] = tables.number("SELECT max(id) FROM qualities") + 1
                tables.rows("INSERT INTO qualities VALUES (?, ?)", [self._qualities[iri], iri])

    def _load(self) -> None:
        """Read the names of series and qualities."""
        with self.tables.reading() as tables:
            named = tables.rows("SELECT iri, id, resource, property, unit FROM names")
            self._qualities = dict(tables.rows("SELECT iri, id FROM qualities"))
        self._series = {row[0]: row[1] for row in named}
        self._constants = {row[0]: (row[2], row[3], row[4]) for row in named}
