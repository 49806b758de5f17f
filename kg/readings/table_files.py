"""Whole files of columns: copied without what some payloads delivered, and read through."""

from collections.abc import Sequence
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.readings.tables import Tables


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
