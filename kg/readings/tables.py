"""The DuckDB file behind readings in columns: its tables, how it is opened, and what its errors mean.

A value lies in the narrowest of three columns that holds it exactly: thousandths, millionths, or its text.
Rows lie in the order in which they came, which is nearly that of time: so times, lengths and payloads
compress to almost nothing, and a window reads only the blocks that it touches.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from kg.errors import StoreUnavailable
from kg.turnstile import Turnstile

FORMAT = 1
#: Bytes of a block of a new file: a column of a row group fills a few of them nearly.
BLOCK = 65_536
#: Columns of ``current`` and ``former``, in order; a series or quality is a number, see the tables of names.
COLUMNS = (
    "series",
    "starts",
    "length",
    "milli",
    "micro",
    "exact",
    "quality",
    "confidence",
    "accuracy",
    "batch",
)
_ROWS = """(series INTEGER NOT NULL, starts TIMESTAMP NOT NULL, length BIGINT, milli BIGINT, micro BIGINT,
 exact VARCHAR, quality INTEGER, confidence INTEGER, accuracy VARCHAR, batch INTEGER NOT NULL"""
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS about (name VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, iri VARCHAR NOT NULL UNIQUE,
 resource VARCHAR, property VARCHAR, unit VARCHAR);
CREATE TABLE IF NOT EXISTS qualities (id INTEGER PRIMARY KEY, iri VARCHAR NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY, digest VARCHAR NOT NULL UNIQUE,
 seq BIGINT NOT NULL, received TIMESTAMP NOT NULL);
CREATE TABLE IF NOT EXISTS current {_ROWS});
CREATE TABLE IF NOT EXISTS former {_ROWS}, until TIMESTAMP NOT NULL);
"""


class Tables:
    """One DuckDB database: a writer at a time, readers beside it.

    Args:
        path: the file; None for one in memory.
        memory: the most memory that it may use, as DuckDB writes it, for example ``"1GB"``.
        threads: threads that it may use.

    Raises:
        kg.errors.StoreUnavailable: the file cannot be opened, is damaged, in use, or of a newer format.
    """

    def __init__(self, path: Path | None, *, memory: str = "1GB", threads: int = 2) -> None:
        self.where = str(path or "memory")
        self.lock = threading.RLock()
        self._path, self._memory, self._threads = path, memory, threads
        self._turnstile = Turnstile("the readings")
        self._open()
        self._closed = False

    def _open(self) -> None:
        with self.guard():
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            config: dict[str, str | bool | int | float | list[str]] = {
                "threads": self._threads,
                "memory_limit": self._memory,
                "preserve_insertion_order": True,
                "default_block_size": str(BLOCK),
                "enable_external_access": True,
            }
            self._db = duckdb.connect(str(self._path) if self._path else ":memory:", config=config)
            self._db.execute("SET TimeZone='UTC'")
            self._db.execute(SCHEMA)
            found = self._db.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
            if found is None:
                self._db.execute("INSERT INTO about VALUES ('format', ?)", [str(FORMAT)])
            elif int(found[0]) > FORMAT:
                raise StoreUnavailable(
                    f"the readings have format {found[0]}, this FlexKG knows formats up to {FORMAT}",
                    where=self.where,
                    cure="install the newer FlexKG that made it",
                )

    @contextmanager
    def reading(self, starts: Sequence[str] | None = None) -> Iterator["Snapshot"]:
        """Give one consistent view of everything, beside a writer.

        Args:
            starts: how the IRIs of the series begin that are seen; others are not there. None: all are seen.
        """
        with self._turnstile.inside(), self.guard():
            cursor = self.cursor()
            try:
                if starts is not None:
                    _mask(cursor, starts)
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                yield Snapshot(cursor)
            finally:
                cursor.close()

    @contextmanager
    def away(self, patience: float) -> Iterator[None]:
        """Close the file while another is put in its place; who reads or writes waits until it is open.

        Args:
            patience: seconds that those who read have to end.

        Raises:
            kg.errors.StoreUnavailable: somebody reads on (code ``busy``), or the new file cannot be opened.
        """
        with self.lock, self._turnstile.closed(patience), self.guard():
            self._db.execute("PRAGMA disable_checkpoint_on_shutdown")  # what is in it goes
            self._db.close()
            try:
                yield
            finally:
                self._open()

    @contextmanager
    def writing(self) -> Iterator["Snapshot"]:
        """Give a transaction that is on disk when it ends, and undone where it fails."""
        with self.lock, self.guard():
            cursor = self.cursor()
            try:
                cursor.execute("BEGIN TRANSACTION")
                yield Snapshot(cursor)
                cursor.execute("COMMIT")
            finally:
                cursor.close()

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the file."""
        with self.lock, self.guard():
            cursor = self.cursor()
            try:
                cursor.execute("CHECKPOINT")
            finally:
                cursor.close()

    def renew(self, order: str) -> tuple[int, int]:
        """Write everything into a new file, the readings in an order, and put it in the place of the old.

        Returns:
            Bytes before and after; zeros where there is no file.
        """
        if self._path is None:
            return 0, 0
        with self.lock, self.guard():
            fresh = self._path.with_name(self._path.name + ".new")
            for left in (fresh, fresh.with_name(fresh.name + ".wal")):  # by a process that was killed
                left.unlink(missing_ok=True)
            self.checkpoint()
            before = self._path.stat().st_size
            with closing(self.cursor()) as cursor:
                self._copy(cursor, fresh, order)
            self._db.close()
            fresh.replace(self._path)
            self._open()
            return before, self._path.stat().st_size

    def _copy(self, cursor: duckdb.DuckDBPyConnection, fresh: Path, order: str) -> None:
        """Write everything into a new file, whole when this returns; after an error it is not held open."""
        told = "SELECT database_name FROM duckdb_databases() WHERE path = ?"
        old = (cursor.execute(told, [self.where]).fetchone() or ("columns",))[0]
        named = str(fresh).replace("'", "''")
        cursor.execute(f"ATTACH '{named}' AS fresh (BLOCK_SIZE {BLOCK})")
        leave = (f'USE "{old}"', "DETACH fresh")
        try:
            cursor.execute("BEGIN TRANSACTION")
            cursor.execute("USE fresh")
            cursor.execute(SCHEMA)
            for table in ("about", "names", "qualities", "batches", "current", "former"):
                ordered = f" ORDER BY {order}" if table in ("current", "former") else ""
                cursor.execute(f'INSERT INTO fresh.{table} TABLE "{old}".main.{table}{ordered}')
            for statement in ("COMMIT", *leave):
                cursor.execute(statement)
        except BaseException:
            for statement in ("ROLLBACK", *leave):
                with suppress(duckdb.Error):
                    cursor.execute(statement)
            raise

    def close(self) -> None:
        """Put everything on disk and close the file; closing twice does nothing."""
        with self.lock:
            if not self._closed:
                self._closed = True
                with self.guard():
                    self._db.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Give a connection of one's own, to be closed."""
        if self._closed:
            raise StoreUnavailable("the readings are closed", where=self.where)
        return self._db.cursor()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn what DuckDB raises about its file into an error that says what to do."""
        try:
            yield
        except (duckdb.Error, OSError) as error:
            text = str(error).partition("\n")[0]
            full = "No space left" in text or "disk is full" in text.lower()
            raise StoreUnavailable(
                "the disk is full" if full else f"the readings cannot be read or written: {text}",
                where=self.where,
                cure="make room and try again"
                if full
                else "check the file; where it is damaged: flexkg rebuild makes it anew from the journal",
                code="store-full" if full else "",
            ) from error


class Snapshot:
    """What one transaction sees.

    Args:
        cursor: DuckDB's; it is used by one thread at a time.
    """

    joins = True
    writes = True
    hours = False

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and give all of its rows."""
        return self._cursor.execute(sql, list(values)).fetchall()

    def attach(self, file: Path) -> None:
        """Let statements read another file, as ``old``."""
        quoted = str(file).replace("'", "''")
        self._cursor.execute(f"ATTACH '{quoted}' AS old (READ_ONLY)")

    def number(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that gives one whole number, none being 0."""
        row = self._cursor.execute(sql, list(values)).fetchone()
        return int(row[0]) if row is not None and row[0] is not None else 0

    def pages(self, sql: str, values: Sequence[Any] = (), size: int = 4096) -> Iterator[tuple[Any, ...]]:
        """Run a statement and give its rows one after the other, a page at a time."""
        self._cursor.execute(sql, list(values))
        while page := self._cursor.fetchmany(size):
            yield from page

    def arrow(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement and give its rows as a ``pyarrow.Table``."""
        return self._cursor.execute(sql, list(values)).to_arrow_table()


def _mask(cursor: duckdb.DuckDBPyConnection, starts: Sequence[str]) -> None:
    """Let a connection see some series alone: tables and views of its own stand before the tables."""
    own = (cursor.execute("SELECT current_database()").fetchone() or ("",))[0]
    cursor.execute(
        f'CREATE TEMP TABLE names AS SELECT * FROM "{own}".main.names'  # noqa: S608 - DuckDB's own name
        " WHERE list_contains(?::VARCHAR[], regexp_extract(iri, '^.*?/series/[^/]*/'))",
        [list(starts)],
    )
    for table, more in (("current", ", rowid"), ("former", "")):
        cursor.execute(
            f'CREATE TEMP VIEW {table} AS SELECT *{more} FROM "{own}".main.{table}'  # noqa: S608 - names above
            " WHERE series IN (SELECT id FROM temp.names)"
        )
