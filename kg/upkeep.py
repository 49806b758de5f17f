"""Upkeep of a store that no process holds: rebuild it, move its readings, put an ontology in."""

from pathlib import Path

from kg.errors import UsageError
from kg.imports import import_ontology
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
