"""backup and restore: a store's record copied while it is in use, and a store made from such a copy.

The record is the journal, the keys and the small files beside them. The graph and the readings are made from
it, so they are not copied: a restore makes them anew, and so needs nothing that could be half written.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from kg.directory import open_directory, sync
from kg.errors import StoreUnavailable, UsageError
from kg.journal import Journal
from kg.rebuild import Rebuilt, rebuild

#: What is made from the record, or belongs to one process.
_MADE = frozenset(("graph", "readings", "snapshots", "lock"))


def backup(store: Path, target: Path, keys: Path | None = None) -> int:
    """Copy a store's record; a service may go on writing it meanwhile.

    Args:
        store: the store's directory.
        target: a new directory.
        keys: a new file for the keys, apart from the journal; in the target where it is left out.

    Returns:
        The number of the last row that the copy holds.

    Raises:
        UsageError: the target exists.
        kg.errors.StoreError: there is no store, or it cannot be read, or the copy does not verify.
    """
    directory = open_directory(store, create=False)
    if target.exists() or (keys is not None and keys.exists()):
        raise UsageError("the backup's place is taken", where=str(target), cure="name a new directory")
    try:
        target.mkdir(parents=True)
        # the head first: it may lag behind its journal, never the other way; keys last: each row has its own
        files = [path for path in sorted(store.iterdir()) if _kept(path)]
        order = {directory.head.name: 0, directory.journal.name: 1, directory.keys.name: 3}
        for path in sorted(files, key=lambda path: order.get(path.name, 2)):
            _copy(path, keys if keys is not None and path == directory.keys else target / path.name)
        sync(target)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise StoreUnavailable(
            f"the backup cannot be written: {error}", where=str(target), cure="check room and permissions"
        ) from error
    with closing(sqlite3.connect(target / directory.journal.name)) as db:
        found = db.execute("SELECT max(seq) FROM journal").fetchone()
    return int(found[0] or 0)


def restore(
    source: Path, store: Path, keys: Path | None = None, *, bindings: Path | None = None
) -> tuple[int, Rebuilt]:
    """Make a store from a backup, at a new place; the journal is verified, the graph made anew.

    Args:
        source: what ``backup`` made.
        store: a new directory.
        keys: the file with the keys, where they were kept apart.
        bindings: folder of a user's own tables of what values mean.

    Returns:
        The number of the last row, and what the rebuild did.

    Raises:
        UsageError: the store's place is taken.
        kg.errors.StoreError: the backup is none, is damaged, or the store cannot be written.
    """
    if store.exists() and (not store.is_dir() or any(store.iterdir())):
        raise UsageError("the store's place is taken", where=str(store), cure="name a new directory")
    open_directory(source, create=False)
    try:
        shutil.copytree(source, store, dirs_exist_ok=True)
        if keys is not None:
            shutil.copy2(keys, store / "keys.sqlite")
    except OSError as error:
        raise StoreUnavailable(
            f"the store cannot be written: {error}", where=str(store), cure="check room and permissions"
        ) from error
    made = rebuild(store, bindings=bindings)
    journal = Journal(open_directory(store, create=False))
    try:
        return journal.verify().seq, made
    finally:
        journal.close()


def _kept(path: Path) -> bool:
    name = path.name
    made = name.partition(".")[0] in _MADE or name.startswith("attempt-")
    return not made and not name.endswith(("-wal", "-shm", ".new"))


def _copy(path: Path, target: Path) -> None:
    if path.suffix == ".sqlite":
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        target.chmod(0o600)
        sync(target)
    elif path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copy2(path, target)
        sync(target)
