"""Readings in ClickHouse on their way to other shards: begun, ended, thrown away, and told of."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import StoreUnavailable, UsageError
from kg.readings.marks import MARK, MOVING, Mark, Moving, remove

if TYPE_CHECKING:
    from kg.readings.clickhouse.cluster import Cluster, Place


def rebalance(folder: Path, place: "Place", tell: Callable[[str], None]) -> str:
    """Spread readings over the shards of the cluster that is named now; gives a line on it.

    Args:
        folder: of the store's marks; nobody uses the store.
        place: where ClickHouse is: the nodes of both clusters, the name of the new one.
        tell: gets a line on each portion.

    Raises:
        kg.errors.UsageError: the readings are not in ClickHouse, or no cluster is named.
        kg.errors.StoreUnavailable: a shard does not answer; the former tables count, and it can be run again.
    """
    from kg.readings.clickhouse.rebalancing import Rebalancing

    mark, moving = _mark(folder), Moving.read(folder)
    if not place.cluster:
        raise UsageError(
            "readings are spread over a cluster, and none is named",
            where="FLEXKG_CLICKHOUSE_CLUSTER",
            cure="name it; to one server alone: flexkg rebuild",
        )
    if moving is not None and moving.new == mark:
        return _ended(folder, place, moving)
    of = place.cluster if mark.cluster is None else mark.cluster
    old = _cluster(place, replace(mark, cluster=of))
    shards = _cluster(place, Mark(place.database, 0, place.cluster)).shards()
    if moving is None and (of, mark.shards) == (place.cluster, shards):
        return f"the readings are spread over the {shards} shards of {of} already"
    if of and old.shards() < mark.shards:
        raise StoreUnavailable(
            f"the readings are on {mark.shards} shards of {of}, which has {old.shards()} now",
            where="FLEXKG_CLICKHOUSE_CLUSTER",
            cure="let the servers know it as it was, and give the one with fewer shards another name",
        )
    if moving is not None and (moving.new.cluster, moving.new.shards) != (place.cluster, shards):
        undo(folder, place)
        moving = None
    if moving is None:
        aim = Mark(f"{place.database}_{secrets.token_hex(5)}", shards, place.cluster)
        moving = Moving(mark, aim)
        moving.write(folder)
    new = _cluster(place, moving.new)
    if of == place.cluster:
        old.make()  # on the nodes that came newly, so that all can be asked
    new.make()
    for one in (old, new):
        one.ask_where(old.database)
    work = Rebalancing(old, new, tell)
    work.run()
    moving.new.write(folder / MARK)
    ended = _ended(folder, place, moving)
    return f"{ended}; {work.rows:,} rows in all, {work.copied:,} copied now"


def undo(folder: Path, place: "Place") -> str:
    """Throw away the tables that readings were on their way to; gives a line on it.

    Raises:
        kg.errors.UsageError: they are on no way, or there already.
        kg.errors.StoreUnavailable: a node does not answer.
    """
    mark, moving = _mark(folder), Moving.read(folder)
    if moving is None:
        raise UsageError(
            "the readings are not being spread anew", cure="flexkg readings shards tells of them"
        )
    if moving.new == mark:
        raise UsageError(
            "the new tables count already", cure="remove the former ones with: flexkg readings rebalance"
        )
    _drop(place, moving.new)
    remove(folder / MOVING)
    return f"{moving.new.database} is removed, the readings are where they were"


def shards(folder: Path, place: "Place") -> list[str]:
    """Tell where readings are: lines on the database, each node, and what is on its way.

    Raises:
        kg.errors.UsageError: the readings are not in ClickHouse.
    """
    mark, moving = _mark(folder), Moving.read(folder)
    of = place.cluster if mark.cluster is None else mark.cluster
    lines = [f"database {mark.database}, {mark.shards} shards" + (f" of cluster {of}" if of else "")]
    for address, rows, size in _cluster(place, replace(mark, cluster=of)).held():
        told = "does not answer" if rows is None else f"{rows:,} readings, {size:,} bytes"
        lines.append(f"{address}: {told}")
    if moving is not None:
        what = "the former tables are to be removed" if moving.new == mark else "cut off, or under way"
        lines.append(f"being spread over {moving.new.shards} shards of {moving.new.cluster}: {what}")
    return lines


def discard(folder: Path, place: "Callable[[], Place]") -> None:
    """Remove the tables that the marks of a folder name.

    Raises:
        kg.errors.StoreUnavailable: a node does not answer, so that something would stay behind.
    """
    if (folder / MARK).exists():
        moving = Moving.read(folder)
        for mark in {Mark.read(folder / MARK), *((moving.old, moving.new) if moving else ())}:
            _drop(place(), mark)


def _mark(folder: Path) -> Mark:
    if not (folder / MARK).exists():
        raise UsageError(
            "the readings are not in ClickHouse",
            where=str(folder),
            cure="move them with: flexkg readings move --to clickhouse",
        )
    return Mark.read(folder / MARK)


def _cluster(place: "Place", mark: Mark) -> "Cluster":
    from kg.readings.clickhouse.cluster import Cluster

    named = place.cluster if mark.cluster is None else mark.cluster
    return Cluster(replace(place, database=mark.database, cluster=named))


def _drop(place: "Place", mark: Mark) -> None:
    cluster = _cluster(place, mark)
    cluster.drop()
    cluster.close()


def _ended(folder: Path, place: "Place", moving: Moving) -> str:
    _drop(place, moving.old)
    remove(folder / MOVING)
    return f"the readings are spread over the {moving.new.shards} shards of {moving.new.cluster} now"
