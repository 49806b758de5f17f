"""views: the folders of what is made from the journal, new ones beside those that count, exchanged."""

import shutil
from pathlib import Path

from kg.directory import StoreDirectory, sync
from kg.errors import StoreUnavailable
from kg.readings.backends import discard


def tidy(directory: StoreDirectory, *, copy: bool = True) -> None:
    """Clear away what a rebuild left that was cut off: the graph is the old one or the new one, never a part.

    Args:
        directory: the store's.
        copy: clear away the copy of the graph, too, from which another was made.

    Raises:
        kg.errors.StoreUnavailable: the directory cannot be written.
    """
    views = (directory.readings, directory.graph)
    try:
        if copy:
            _remove(beside(directory.graph, "copy"))
        done = directory.graph.exists()
        if not beside(directory.graph, "old").exists():
            for view in views:
                _remove(beside(view, "new"))
            return
        for view in views:
            old, fresh = beside(view, "old"), beside(view, "new")
            if done:
                if fresh.exists():
                    fresh.rename(view)
                _remove(old)
            else:
                _remove(fresh)
                if old.exists() and any(old.iterdir()):
                    old.rename(view)
                _remove(old)
    except OSError as error:
        raise StoreUnavailable(
            f"what a rebuild left behind cannot be cleared away: {error.strerror}",
            where=str(directory.path),
            cure="check the directory's permissions",
        ) from error


def swap(directory: StoreDirectory) -> None:
    """Put the new graph and readings in the place of the old ones, which are removed."""
    exchange(directory)
    tidy(directory)
    sync(directory.path)


def exchange(directory: StoreDirectory) -> None:
    """Put the new graph and readings in the place of the old ones; ``tidy`` ends what is cut off in between.

    The new graph in its place is what says that the new ones count.
    """
    for view in (directory.graph, directory.readings):
        if view.exists():
            view.rename(beside(view, "old"))
        elif view == directory.graph:  # an empty one says as well that the new ones are on their way
            beside(view, "old").mkdir()
    beside(directory.graph, "new").rename(directory.graph)
    sync(directory.path)
    if beside(directory.readings, "new").exists():
        beside(directory.readings, "new").rename(directory.readings)
        sync(directory.path)


def _remove(folder: Path) -> None:
    if folder.exists():
        discard(folder)
        shutil.rmtree(folder)


def beside(view: Path, which: str) -> Path:
    """Give the folder of a new or an old view beside the one that counts."""
    return view.with_name(f"{view.name}.{which}")
