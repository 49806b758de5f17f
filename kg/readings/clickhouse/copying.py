"""Copies readings into tables of their own, in the servers, without what some payloads delivered."""

from collections.abc import Collection, Sequence
from typing import Final

from kg.readings.clickhouse.cluster import Cluster

#: Tables whose rows say by which row of the journal they came.
_BY_ROW: Final = ("stored", "former")


def copy_without(old: Cluster, new: Cluster, rows: Sequence[int]) -> bool:
    """Copy tables without what some payloads delivered; nothing of it is left in the new ones.

    Args:
        old: the tables.
        new: empty tables on the same nodes.
        rows: journal rows of the payloads.

    Returns:
        Whether it could be done: not where series have readings of these payloads and of others, or where a
        payload was written in part. The new tables are to be thrown away then.

    Raises:
        kg.errors.StoreUnavailable: a shard does not answer.
    """
    if old.rows("SELECT count() FROM batches WHERE id NOT IN (SELECT id FROM finished)")[0][0]:
        return False
    gone = _series(old, f"seq IN {_set(rows)}")
    kept = _series(old, f"seq NOT IN {_set(rows)}")
    if gone & kept:
        return False
    source = old.database
    for table in _BY_ROW:
        new.run(f"INSERT INTO {table} SELECT * FROM {source}.{table} WHERE seq NOT IN {_set(rows)}")
    new.run(f"INSERT INTO batches SELECT * FROM {source}.batches WHERE seq NOT IN {_set(rows)}")
    over = _numbers(old, f"SELECT DISTINCT id FROM batches WHERE seq IN {_set(rows)}")
    new.run(f"INSERT INTO finished SELECT * FROM {source}.finished WHERE id NOT IN {_set(over)}")
    new.run(f"INSERT INTO hours_stored SELECT * FROM {source}.hours_stored WHERE series IN {_set(kept)}")
    new.run(f"INSERT INTO names_stored SELECT * FROM {source}.names_stored WHERE id IN {_set(kept)}")
    new.run(f"INSERT INTO qualities SELECT * FROM {source}.qualities")
    return True


def _series(old: Cluster, condition: str) -> set[int]:
    found = (_numbers(old, f"SELECT DISTINCT series FROM {table} WHERE {condition}") for table in _BY_ROW)
    return set().union(*found)


def _numbers(old: Cluster, sql: str) -> set[int]:
    return {int(row[0]) for row in old.rows(sql)}


def _set(numbers: Collection[int]) -> str:
    """Write numbers as a set; an empty one has a number that nothing has."""
    return f"({', '.join(map(str, sorted(numbers))) or '0'})"
