"""A ClickHouse cluster as one store of readings uses it: its nodes, its tables, and who is asked."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.errors import StoreUnavailable, UsageError
from kg.readings.clickhouse.wire import (
    SETTINGS,
    Address,
    PlainWire,
    Row,
    Unanswered,
    Wire,
    wait_until,
)

#: Slots of VENs: a slot is wholly on one shard, and what is moved when shards are added.
SLOTS = 4096
_SCHEMA = Path(__file__).with_name("schema.sql")
#: Servers from this year on are spoken to by clickhouse-connect.
_CURRENT = 22


@dataclass(frozen=True, slots=True)
class Place:
    """Where readings are.

    Args:
        addresses: of all nodes, each replica of each shard, separated by spaces.
        cluster: its name in the servers' configuration; empty for one server alone.
        password: of the users who have none in their address.
        database: of this store's tables.
    """

    addresses: str
    cluster: str = ""
    password: str = ""
    database: str = "flexkg"


class Cluster:
    """The nodes of a cluster, or one server.

    Args:
        place: where it is.
        wires: what speaks to its nodes, where that is known already.

    Raises:
        kg.errors.UsageError: no address, or no name of a database or cluster.
        kg.errors.StoreUnavailable: a node does not answer.
    """

    def __init__(self, place: Place, wires: Sequence[Wire] = ()) -> None:
        for name in (place.database, place.cluster or "c"):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,150}", name):
                raise UsageError(f"{name!r} is no name in ClickHouse", cure="use letters, digits and _")
        self.place = place
        self._wires = list(wires) or [
            _wire(Address.of(text, place.password)) for text in place.addresses.split()
        ]
        if not self._wires:
            raise UsageError(
                "no ClickHouse server is named", where="FLEXKG_CLICKHOUSE", cure="write http://host:8123"
            )
        self._first, self._asks = 0, list(self._wires)
        self._lock = threading.Lock()
        self._quorum: dict[str, str] = {}
        version = str(self._asked(lambda wire: wire.rows("SELECT version()", SETTINGS))[0][0])
        self.old = int(version.split(".")[0]) < _CURRENT

    @property
    def database(self) -> str:
        """The database that statements are run in."""
        return self.place.database + ("_all" if self.place.cluster else "")

    def rows(self, sql: str) -> list[Row]:
        """Run a SELECT over all shards.

        Raises:
            kg.errors.StoreUnavailable: a shard does not answer.
        """
        found: list[Row] = self._asked(lambda wire: wire.rows(sql, self._settings()))
        return found

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows; each goes to the shard of its series, and is there when this returns.

        Raises:
            kg.errors.StoreUnavailable: a shard does not answer; it may be that others have their rows.
        """
        if rows:
            self._asked(lambda wire: wire.insert(table, columns, rows, self._settings()))

    def run(self, sql: str) -> None:
        """Run a statement that inserts what it selects, over all shards."""
        self._asked(lambda wire: wire.run(sql, self._settings()))

    def spread(self, sql: str) -> None:
        """Run such a statement so that each row goes to the shard of its series, wherever it was before."""
        settings = dict(self._settings())
        if not self.old:  # else a shard keeps what it has
            settings["parallel_distributed_insert_select"] = "0"
        self._asked(lambda wire: wire.run(sql, settings))

    def ask_where(self, database: str) -> None:
        """Ask those nodes alone that have a database.

        Raises:
            kg.errors.StoreUnavailable: none has it, or none answers.
        """
        sql = f"SELECT count() FROM system.databases WHERE name = '{database}'"
        self._asks = [wire for wire in self._wires if self._answered(wire, sql)]
        self._first = 0
        if not self._asks:
            raise StoreUnavailable(
                f"no server has the database {database}",
                where=self.place.addresses.rpartition("@")[2],
                cure="name the servers that have it, too",
            )

    def held(self) -> list[tuple[str, int | None, int | None]]:
        """Tell of each node its address, readings and bytes; None for what does not answer."""
        sql = (
            "SELECT sum(if(table = 'stored', rows, 0)), sum(bytes_on_disk) FROM system.parts"
            f" WHERE active AND database = '{self.place.database}'"
        )
        found = [(wire.address, self._answered(wire, sql, 2)) for wire in self._wires]
        return [(address, *((int(row[0]), int(row[1])) if row else (None, None))) for address, row in found]

    @staticmethod
    def _answered(wire: Wire, sql: str, cells: int = 1) -> Any:
        """Give the row, or its one cell, that a node answers with; None where it does not."""
        try:
            row = wire.rows(sql, {})[0]
        except Unanswered:
            return None
        return row if cells > 1 else row[0]

    def make(self) -> None:
        """Make the tables on every node, where they are not there."""
        text = re.sub(r"--[^\n]*", "", _SCHEMA.read_text("utf-8"))
        for name, value in {
            "database": self.place.database,
            "cluster": self.place.cluster,
            "slots": str(SLOTS),
        }.items():
            text = text.replace(f"{{{name}}}", value)
        for wire in self._wires:
            replicated = self._learn(wire)
            for statement in filter(None, (part.strip() for part in text.split(";"))):
                if "_all" in statement and not self.place.cluster:
                    continue
                wire.run(self._written(statement, replicated), {})

    def shards(self) -> int:
        """Count the shards.

        Raises:
            kg.errors.UsageError: the servers know no such cluster.
        """
        if not self.place.cluster:
            return 1
        sql = f"SELECT max(shard_num) FROM system.clusters WHERE cluster = '{self.place.cluster}'"
        number = int(self._asked(lambda wire: wire.rows(sql, SETTINGS))[0][0] or 0)
        if not number:
            raise UsageError(
                f"the ClickHouse servers know no cluster {self.place.cluster!r}",
                where="FLEXKG_CLICKHOUSE_CLUSTER",
                cure="name one of their configuration, under remote_servers",
            )
        return number

    def find(self, shards: int) -> None:
        """See that the tables are on every node, over as many shards as when they were made.

        Raises:
            kg.errors.StoreUnavailable: a node has no such tables, or a shard was added or taken away.
        """
        if (now := self.shards()) != shards:
            raise StoreUnavailable(
                f"the readings are on {shards} shards, the cluster has {now} now",
                where="FLEXKG_CLICKHOUSE_CLUSTER",
                cure="name a cluster of as many shards; to spread them over these: flexkg readings rebalance",
            )
        for wire in self._wires:
            sql = f"SELECT count() FROM system.databases WHERE name = '{self.database}'"
            try:
                there = wire.rows(sql, SETTINGS)[0][0]
            except Unanswered:  # a replica may stand in for it; without one, queries fail
                continue
            if not there:
                raise StoreUnavailable(
                    f"there is no database {self.database}",
                    where=wire.address,
                    cure="name the servers that have it; or make the readings anew with: flexkg rebuild",
                )
            self._learn(wire)

    def drop(self) -> None:
        """Remove the tables from every node."""
        for wire in self._wires:
            for name in dict.fromkeys((self.database, self.place.database)):
                wire.run(f"DROP DATABASE IF EXISTS {name}" + ("" if self.old else " SYNC"), {})

    def delete(self, table: str, condition: str) -> None:
        """Delete rows of a table on every node, and wait until they are gone."""
        database = self.place.database
        for wire in self._wires:
            wire.run(f"ALTER TABLE {database}.{table} DELETE WHERE {condition}", {})
        for wire in self._wires:
            sql = (
                f"SELECT count() FROM system.mutations WHERE database = '{database}' AND table = '{table}'"
                " AND NOT is_done"
            )
            wait_until(lambda w=wire, s=sql: not w.rows(s, {})[0][0], 600, "a deletion", wire.address)

    def close(self) -> None:
        """Give back what is held open."""
        for wire in self._wires:
            wire.close()

    def _settings(self) -> Mapping[str, str]:
        return {**SETTINGS, **self._quorum, "database": self.database}

    def _asked(self, ask: Callable[[Wire], Any]) -> Any:
        """Ask a node that answers; the one that answered last comes first."""
        with self._lock:
            order = [*self._asks[self._first :], *self._asks[: self._first]]
        failed: StoreUnavailable | None = None
        for wire in order:
            try:
                found = ask(wire)
            except Unanswered as error:
                failed = failed or error
                continue
            with self._lock:
                self._first = self._asks.index(wire)
            return found
        assert failed is not None
        raise failed

    def _written(self, statement: str, replicated: bool) -> str:
        if not replicated:
            statement = re.sub(
                r"Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?([^)]*)\)", r"\1(\2)", statement
            )
        return re.sub(r" CODEC\((?:[^()]|\([^()]*\))*\)", "", statement) if self.old else statement

    def _learn(self, wire: Wire) -> bool:
        """Find out whether tables are replicated, and by how many nodes."""
        macros = {row[0] for row in wire.rows("SELECT macro FROM system.macros", {})}
        replicated = {"shard", "replica"} <= macros
        if replicated and self.place.cluster:
            self._quorum = self._replicas(wire)
        return replicated

    def _replicas(self, wire: Wire) -> dict[str, str]:
        """Let writes count when most replicas have them, and reads see all writes that count."""
        sql = f"SELECT max(replica_num) FROM system.clusters WHERE cluster = '{self.place.cluster}'"
        number = int(wire.rows(sql, {})[0][0] or 1)
        if number < 2:
            return {}
        settings = {
            "insert_quorum": str(number // 2 + 1),
            "insert_quorum_timeout": "10000",
            "select_sequential_consistency": "1",
        }
        return settings if self.old else {**settings, "insert_quorum_parallel": "0"}


def _wire(address: Address) -> Wire:
    """Choose what speaks to a server: clickhouse-connect, or the plain interface for those of before 2022."""
    plain = PlainWire(address)
    try:
        version = str(plain.rows("SELECT version()", {})[0][0])
    except Unanswered:
        return plain
    if int(version.split(".")[0]) < _CURRENT:
        return plain
    from kg.readings.clickhouse.connected import ConnectedWire

    return ConnectedWire(address)
