"""Spreads readings over other shards: makes new tables equal to the old ones, portion by portion.

A portion is compared before it is copied and after, by its number of rows and a sum of their fingerprints. So
what was cut off goes on where it was, nothing is lost and nothing double. The old tables stay as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from kg.errors import StoreUnavailable
from kg.readings.clickhouse.cluster import SLOTS, Cluster

#: Most rows that one statement copies.
PORTION: Final = 5_000_000
#: Tables, and what their portions are told apart by: months of time, or ids.
_MONTH = "toYYYYMM(toDateTime(intDiv(starts, 1000000), 'UTC'))"
_TABLES: Final = {
    "names_stored": ("id", ""),
    "qualities": ("id", ""),
    "batches": ("id", ""),
    "stored": ("series", _MONTH),
    "former": ("series", _MONTH),
    "hours_stored": ("series", "toYYYYMM(toDateTime(hour * 3600, 'UTC'))"),
    "finished": ("id", ""),
}
Tell = Callable[[str], None]
#: Number of rows and the sum of their fingerprints.
State = tuple[int, int]


class Rebalancing:
    """Copies the tables of one database into those of another, on nodes that both are reached from.

    Args:
        old: the tables that count.
        new: the tables that are to be equal to them.
        tell: gets a line on each portion that was copied.
        portion: most rows of one.
    """

    def __init__(self, old: Cluster, new: Cluster, tell: Tell, portion: int = PORTION) -> None:
        self._old, self._new, self._tell, self._portion = old, new, tell, portion
        self.rows = self.copied = 0

    def run(self) -> None:
        """Make the new tables equal to the old ones.

        Raises:
            kg.errors.StoreUnavailable: a shard does not answer, or a portion stays unlike; to be run again.
        """
        for table in _TABLES:
            columns = {
                row[0]: row[1] for row in self._old.rows(f"DESCRIBE TABLE {self._old.database}.{table}")
            }
            wanted = self._sizes(self._old, table)
            for other in self._sizes(self._new, table).keys() - wanted.keys():  # of a run before
                self._new.delete(table, _of(table, other))
            for condition in self._portions(table, wanted):
                self.rows += self._alike(table, columns, condition)

    def _alike(self, table: str, columns: Mapping[str, str], condition: str) -> int:
        """Make a portion of a table equal; gives its number of rows."""
        wanted = self._state(self._old, table, columns, condition)
        if self._state(self._new, table, columns, condition) == wanted:
            return wanted[0]
        self._copy(table, columns, condition)
        if self._state(self._new, table, columns, condition) != wanted:  # there were others before
            self._new.delete(table, condition)
            self._copy(table, columns, condition)
        found = self._state(self._new, table, columns, condition)
        if found != wanted:
            raise StoreUnavailable(
                f"{found[0]} rows of {table} were copied, {wanted[0]} there are, or some are unlike",
                where=condition,
                cure="see that nobody else writes these tables, and run it again",
            )
        self.copied += wanted[0]
        self._tell(f"{table}: {wanted[0]:,} rows copied" + (f" ({condition})" if condition != "1" else ""))
        return wanted[0]

    def _copy(self, table: str, columns: Mapping[str, str], condition: str) -> None:
        listed, source = ", ".join(columns), f"{self._old.database}.{table}"
        self._new.spread(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {source} WHERE {condition}")

    def _portions(self, table: str, sizes: Mapping[int, int]) -> Iterator[str]:
        """Give conditions that part a table."""
        for month, number in sorted(sizes.items()):
            parts = -(-number // self._portion)
            for part in range(parts):
                more = f" AND modulo(intDiv({_TABLES[table][0]}, {SLOTS}), {parts}) = {part}" * (parts > 1)
                yield _of(table, month) + more

    @staticmethod
    def _sizes(cluster: Cluster, table: str) -> dict[int, int]:
        """Give the number of rows by month; of a table that has none, by 0."""
        month = _TABLES[table][1]
        sql = f"SELECT {month or '0'} AS m, count() FROM {cluster.database}.{table} GROUP BY m"
        return {int(when): int(number) for when, number in cluster.rows(sql)}

    @staticmethod
    def _state(cluster: Cluster, table: str, columns: Mapping[str, str], condition: str) -> State:
        """Give the number of rows of a portion as they count, and the sum of their fingerprints."""
        cells = ", ".join(_cell(name, kind) for name, kind in columns.items())
        what = f"count(), sum(cityHash64({cells}))"
        sql = f"SELECT {what} FROM {cluster.database}.{table} FINAL WHERE {condition}"
        number, fingerprint = cluster.rows(sql)[0]
        return int(number), int(fingerprint or 0)


def _of(table: str, month: int) -> str:
    """Write the condition that picks out a month."""
    text = _TABLES[table][1]
    return f"{text} = {month}" if text else "1"


def _cell(name: str, kind: str) -> str:
    """Write what of a column goes into the fingerprint of its row.

    >>> _cell("id", "UInt64"), _cell("unit", "Nullable(String)")
    ('id', "isNull(unit), ifNull(unit, '')")
    """
    if not kind.startswith("Nullable"):
        return name
    if "Decimal" in kind:
        return f"isNull({name}), ifNull(toString({name}), '')"
    return f"isNull({name}), ifNull({name}, {chr(39) * 2 if 'String' in kind else 0})"
