"""Whole files of columns: copied without what some payloads delivered, and read through."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.readings.tables import BLOCK, FORMAT, SCHEMA, Tables


def read_through(file: Path) -> None:
    """Read every value of a file, so that each block is compared with its checksum.

    Raises:
        kg.errors.StoreUnavailable: the file is lost or damaged.
    """
    if not file.exists():
        raise StoreUnavailable(
            "the file of the readings is lost", where=str(file), cure="make it anew with: flexkg rebuild"
        )
    tables = Tables(file)
    try:
        with tables.reading() as seen:
            for table in ("about", "names", "qualities", "batches", "current", "former"):
                seen.rows(f"SELECT bit_xor(hash(t)) FROM {table} t")  # noqa: S608 - names above
    finally:
        tables.close()


def copy_without(old: Path, new: Path, rows: Sequence[int]) -> None:
    """Write a file anew without what some payloads delivered: nothing of it is left in its free parts.

    Args:
        old: the file; nobody has it open.
        new: the new one, in a folder that is made.
        rows: journal rows of the payloads.

    Raises:
        kg.errors.StoreUnavailable: a file cannot be read or written.
    """
    tables = Tables(new)
    try:
        with tables.writing() as fresh:
            fresh.attach(old)
            fresh.rows("CREATE TEMP TABLE gone AS SELECT unnest(?::BIGINT[]) AS seq", [list(rows)])
            fresh.rows(
                "INSERT INTO batches SELECT * FROM old.batches WHERE seq NOT IN (SELECT seq FROM gone)"
            )
            for table in ("current", "former"):
                fresh.rows(
                    f"INSERT INTO {table} SELECT * FROM old.{table}"  # noqa: S608 - names above
                    " WHERE batch IN (SELECT id FROM batches)"
                )
            fresh.rows(
                "INSERT INTO names SELECT * FROM old.names WHERE id IN"
                " (SELECT series FROM current UNION SELECT series FROM former)"
            )
            fresh.rows("INSERT INTO qualities SELECT * FROM old.qualities")
        tables.checkpoint()
    finally:
        tables.close()


class Copying:
    """A file made beside one that is in use, from what it holds when this is made. Writing goes on meanwhile.

    Args:
        tables: the file in use.
        new: the new one, in a folder that is made.

    Raises:
        kg.errors.StoreUnavailable: a file cannot be read or written.
    """

    def __init__(self, tables: Tables, new: Path) -> None:
        self._guard, self._over = tables.guard, False
        self._new = new
        with self._guard():
            self._cursor = tables.cursor()
            self._old = self._one("SELECT current_database()")
            self._cursor.execute("BEGIN TRANSACTION")
            self._one(f'SELECT count(*) FROM "{self._old}".main.about')  # noqa: S608 - this moment is seen

    def without(self, rows: Sequence[int]) -> None:
        """Write the new file without what some payloads delivered.

        Args:
            rows: journal rows of the payloads.
        """
        old, quoted = f'"{self._old}".main', str(self._new).replace("'", "''")
        self._new.parent.mkdir(parents=True, exist_ok=True)
        with self._guard():
            self._cursor.execute(f"ATTACH '{quoted}' AS fresh (BLOCK_SIZE {BLOCK})")
            self._cursor.execute("USE fresh")
            self._cursor.execute(SCHEMA)
            self._cursor.execute("INSERT INTO fresh.about VALUES ('format', ?)", [str(FORMAT)])
            self._cursor.execute(
                f"INSERT INTO fresh.batches SELECT * FROM {old}.batches"  # noqa: S608 - names above
                " WHERE seq NOT IN (SELECT unnest(?::BIGINT[]))",
                [list(rows)],
            )
            for table in ("current", "former"):
                self._cursor.execute(
                    f"INSERT INTO fresh.{table} SELECT * FROM {old}.{table}"  # noqa: S608
                    " WHERE batch IN (SELECT id FROM fresh.batches)"
                )
            self._cursor.execute(
                f"INSERT INTO fresh.names SELECT * FROM {old}.names WHERE id IN"  # noqa: S608
                " (SELECT series FROM fresh.current UNION SELECT series FROM fresh.former)"
            )
            self._cursor.execute(f"INSERT INTO fresh.qualities SELECT * FROM {old}.qualities")  # noqa: S608
            for statement in ("COMMIT", *self._leave()):
                self._cursor.execute(statement)
        self._cursor.close()
        self._over = True

    def close(self) -> None:
        """Let both files go; what was not written whole is undone. Closing twice does nothing."""
        if self._over:
            return
        self._over = True
        for statement in ("ROLLBACK", *self._leave()):
            with suppress(StoreUnavailable), self._guard():
                self._cursor.execute(statement)
        self._cursor.close()

    def _leave(self) -> tuple[str, str]:
        return f'USE "{self._old}"', "DETACH fresh"

    def _one(self, sql: str) -> str:
        row = self._cursor.execute(sql).fetchone()
        return str(row[0]) if row is not None else ""
