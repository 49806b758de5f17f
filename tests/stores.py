"""New stores for tests: copies of one for each kind in a process, since making one reads the ontology in."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from kg.service import Service
from kg.settings import load_settings


def new_store(path: Path, **settings: str) -> Path:
    """Put a new store at a path that does not exist yet.

    Args:
        path: where.
        settings: what it is made with, as ``load_settings`` takes it; ``readings`` and ``vtn_id`` matter.

    Returns:
        The path.
    """
    shutil.copytree(_made(**settings), path)
    return path


@functools.cache
def _made(**settings: str) -> Path:
    """A store that nobody opens again."""
    folder = Path(tempfile.mkdtemp(prefix="flexkg-new-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Service(load_settings(store=folder / "store", **settings)):
        pass
    return folder / "store"
