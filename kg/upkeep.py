"""Upkeep of a store that no process holds: rebuild it, move its readings, put an ontology in."""

from collections.abc import Callable
from pathlib import Path

from kg.directory import open_directory
from kg.errors import UsageError
from kg.imports import import_ontology
from kg.lock import Lock
from kg.service import Service
from kg.settings import load_settings


def import_into(store: Path, file: Path) -> str:
    """Put a copy of an ontology into a store; gives a few lines on what was found.

    Raises:
        FlexKGError: there is no store, it is in use, or the file is no ontology.
    """
    settings = load_settings(store=store)
    with Service(settings, create=False):
        found = import_ontology(store, file)
    with Service(settings, create=False):
        return str(found)


def rebuild(store: Path) -> str:
    """Make a store's graph anew from its journal; gives one line on what was done.

    Raises:
        FlexKGError: there is no store, or the journal does not verify.
    """
    from kg.ingest import rebuild as rebuild_store

    if not store.is_dir():
        raise UsageError("there is no store", where=str(store), cure="name the directory of a store")
    return str(rebuild_store(store, bindings=load_settings().bindings))


def move_readings(store: Path, to: str) -> str:
    """Move the readings of a store to another back end, by applying its journal anew; gives a line on it.

    Args:
        store: the store's directory.
        to: ``"graph"``, ``"columns"`` or ``"clickhouse"``.

    Raises:
        FlexKGError: there is no store, it is in use, or the journal does not verify; nothing is changed.
    """
    from kg.ingest import rebuild as rebuild_store
    from kg.readings.backends import KINDS

    if to not in KINDS:
        raise UsageError(f"{to!r} is no back end of readings", cure=f"use one of {', '.join(KINDS)}")
    if not store.is_dir():
        raise UsageError("there is no store", where=str(store), cure="name the directory of a store")
    done = rebuild_store(store, bindings=load_settings().bindings, readings=to)
    return f"readings are in {to} now: {done}"


def order_readings(store: Path, what: str, series: str, start: str, end: str) -> int:
    """Withdraw, erase or retain readings of a store; gives how many were taken away.

    Args:
        store: the store's directory.
        what: ``"withdraw"``, ``"erase"`` or ``"retain"``.
        series: IRI of a series, or what stands behind ``series/`` in it; empty for all.
        start: a time with zone, or nothing.
        end: a time with zone, or nothing.

    Raises:
        FlexKGError: there is no store, it is in use, or it has no such series; nothing is changed.
    """
    from kg.readings.orders import Order

    with Service(load_settings(store=store), create=False) as service:
        held = service.store.readings.series() if series else []
        found = [iri for iri in held if series in (iri, iri.partition("/series/")[2])]
        if series and not found:
            near = [iri for iri in held if series.casefold() in iri.casefold()][:5] or held[:5]
            raise UsageError(
                f"the store has no readings of a series {series}",
                where="--series",
                cure=f"name one of: {', '.join(near)}" if near else "see the stored query series",
            )
        stated = {"what": what, "series": found[0] if found else "", "start": start, "end": end}
        return service.store.order([Order(**stated)])  # type: ignore[arg-type]


def rebalance_readings(store: Path, tell: Callable[[str], None], *, undo: bool = False) -> str:
    """Spread readings in ClickHouse over the shards that there are now; gives a line on it.

    Args:
        store: the store's directory.
        tell: gets a line on each portion that was copied.
        undo: throw away what was copied instead.

    Raises:
        FlexKGError: there is no store, it is in use, its readings are elsewhere, or a shard does not answer.
    """
    from kg.readings import spreading
    from kg.readings.backends import told

    directory = open_directory(store, create=False)
    lock = Lock(directory.lock)
    try:
        if undo:
            return spreading.undo(directory.readings, told())
        return spreading.rebalance(directory.readings, told(), tell)
    finally:
        lock.release()


def shards_of_readings(store: Path) -> list[str]:
    """Tell on which servers of ClickHouse the readings of a store are, in lines; another process may use it.

    Raises:
        FlexKGError: there is no store, or its readings are elsewhere.
    """
    from kg.readings import spreading
    from kg.readings.backends import told

    return spreading.shards(open_directory(store, create=False).readings, told())


def compact_readings(store: Path) -> str:
    """Write the readings of a store anew so that they take the least room; gives a line on it.

    Raises:
        FlexKGError: there is no store, it is in use, or its readings are not in columns of its own.
    """
    from kg.readings.columns import ColumnReadings

    with Service(load_settings(store=store), create=False) as service:
        readings = service.store.readings
        if not isinstance(readings, ColumnReadings):
            raise UsageError(
                "only readings in columns are made compact", cure="flexkg readings move --to columns"
            )
        before, after = readings.compact()
        number = readings.count()
    each = f", {after / number:.1f} bytes a reading" if number else ""
    return f"{number} readings: {before:,} bytes before, {after:,} now{each}"
