"""Which back end holds the readings of a store: it is said in the graph, which comes and goes with them."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import StoreUnavailable, UsageError
from kg.graphs import META, GraphStore, lexical
from kg.literals import string
from kg.namespaces import FLEX
from kg.readings import ReadingStore, spreading
from kg.readings.graph import GraphReadings
from kg.readings.marks import MARK, Mark, settled

if TYPE_CHECKING:
    from kg.readings.clickhouse.cluster import Place
    from kg.readings.clickhouse.store import ClickHouseReadings
    from kg.settings import Settings

#: Opens the readings of a graph store, in a folder.
Opener = Callable[[GraphStore, Path], ReadingStore]
KINDS = ("graph", "columns", "clickhouse")
_KIND = FLEX + "readingsIn"
FILE = "columns.duckdb"


def kind_of(graphs: GraphStore) -> str:
    """Name the back end that a graph store says its readings are in; empty for a store that is new."""
    for statement in graphs.match(f"<{META}>", f"<{_KIND}>", None, META):
        return lexical(statement.object)
    return "graph" if graphs.applied() else ""


def kind_in(folder: Path) -> str:
    """Name the back end whose files lie in a folder; empty where there are none."""
    if (folder / MARK).exists():
        return "clickhouse"
    return "columns" if folder.exists() else ""


def open_readings(
    graphs: GraphStore,
    folder: Path,
    kind: str = "",
    *,
    usual: str = "graph",
    memory: str = "1GB",
    place: "Callable[[], Place] | None" = None,
) -> ReadingStore:
    """Open the readings that belong to a graph store.

    Args:
        graphs: the graph store.
        folder: where the files of back ends other than ``graph`` lie.
        kind: ``"graph"``, ``"columns"`` or ``"clickhouse"`` for a new store; for an existing one empty or
            the same.
        usual: back end of a new store where ``kind`` is empty.
        memory: the most memory that ``columns`` may use, for example ``"1GB"``.
        place: tells where ``clickhouse`` is; the settings of the process where it is left out.

    Raises:
        kg.errors.UsageError: the readings are in another back end.
        kg.errors.StoreUnavailable: their file is lost, damaged or in use, or a server does not answer.
    """
    found = kind_of(graphs)
    if kind and found and kind != found:
        raise UsageError(
            f"the readings are in the back end {found!r}, not {kind!r}",
            where="FLEXKG_READINGS",
            cure=f"move them with: flexkg readings move --to {kind}",
        )
    chosen = found or kind or usual
    file = folder / {"columns": FILE, "clickhouse": MARK}.get(chosen, FILE)
    if found and found != "graph" and not file.exists():
        raise StoreUnavailable(
            "the file of the readings is lost",
            where=str(file),
            cure="restore it from a backup, or make it anew from the journal with: flexkg rebuild",
        )
    if chosen == "graph":
        return GraphReadings(graphs)
    store: ReadingStore
    if chosen == "clickhouse":
        store = _in_cluster(file, (place or told)(), new=not found)
    else:
        from kg.readings.columns import ColumnReadings

        store = ColumnReadings(file, memory=memory)
    if not found:
        graphs.add(META, f"<{META}> <{_KIND}> {string(chosen)} .")
        graphs.flush()
    return store


def copy_without(old: Path, new: Path, graphs: GraphStore, rows: Sequence[int]) -> ReadingStore | None:
    """Copy readings that are no triples into a new folder, without what some payloads delivered.

    Args:
        old: folder of their files; nobody has them open.
        new: the new folder, which is made.
        graphs: the graph store that they will belong to.
        rows: journal rows of the payloads.

    Returns:
        The copy, open; None where there can be none, so that they have to be made from the journal.

    Raises:
        kg.errors.StoreUnavailable: a file or a server cannot be read or written.
    """
    if (old / FILE).exists():
        from kg.readings import table_files

        table_files.copy_without(old / FILE, new / FILE, rows)
        return open_readings(graphs, new, "columns")
    if not (old / MARK).exists():
        return None
    from kg.readings.clickhouse.cluster import Cluster
    from kg.readings.clickhouse.copying import copy_without as copied

    settled(old)
    opened = _in_cluster(new / MARK, told(), new=True)
    source = Cluster(replace(told(), database=Mark.read(old / MARK).database))
    try:
        done = copied(source, opened.cluster, rows)
    finally:
        source.close()
        opened.close()
    return open_readings(graphs, new, "clickhouse") if done else None


def discard(folder: Path) -> None:
    """Remove what readings whose files lie in a folder have elsewhere, before the folder goes.

    Raises:
        kg.errors.StoreUnavailable: a server does not answer, so that something would stay behind.
    """
    spreading.discard(folder, told)


def place_of(settings: "Settings") -> "Place":
    """Tell where ClickHouse is, by the settings."""
    from kg.readings.clickhouse.cluster import Place

    password = settings.clickhouse_password.get_secret_value() if settings.clickhouse_password else ""
    return Place(settings.clickhouse, settings.clickhouse_cluster, password, settings.clickhouse_database)


def told() -> "Place":
    """Tell where ClickHouse is, by the settings of the process."""
    from kg.settings import load_settings

    return place_of(load_settings())


def _in_cluster(file: Path, place: "Place", *, new: bool) -> "ClickHouseReadings":
    """Open the database that a file names; a new one, that the file names then, where there is no file."""
    from kg.readings.clickhouse.cluster import Cluster
    from kg.readings.clickhouse.store import ClickHouseReadings

    settled(file.parent)
    if not place.cluster and len(place.addresses.split()) > 1:
        raise UsageError(
            "several ClickHouse servers are named, and no cluster: each would have a part of all",
            where="FLEXKG_CLICKHOUSE_CLUSTER",
            cure="name the cluster that they are of, under remote_servers; or one server alone",
        )
    if file.exists():
        mark = Mark.read(file)
        cluster = Cluster(replace(place, database=mark.database))
        if new:  # making the tables was cut off
            cluster.make()
        if mark.cluster not in (None, place.cluster):
            raise StoreUnavailable(
                f"the readings are on {mark.cluster or 'one server'}, and {place.cluster or 'none'} is named",
                where="FLEXKG_CLICKHOUSE_CLUSTER",
                cure="name the one that they are on; to spread them over another: flexkg readings rebalance",
            )
        cluster.find(mark.shards)
        return ClickHouseReadings(cluster)
    place = replace(place, database=f"{place.database}_{secrets.token_hex(5)}")
    cluster = Cluster(place)
    Mark(place.database, cluster.shards(), place.cluster).write(file)
    cluster.make()
    return ClickHouseReadings(cluster)
