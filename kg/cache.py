"""What can be worked out again, kept by content: a folder of the user's, never needed to be there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path | None:
    """Find the folder: ``FLEXKG_CACHE``, else ``flexkg`` in the user's cache; None where there is no home."""
    stated = os.environ.get("FLEXKG_CACHE")
    if stated:
        return Path(stated)
    base = os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):
        return (Path(base) if base else Path.home() / ".cache") / "flexkg"
    return None


def recall(name: str) -> str | None:
    """Give what was kept under a name; None where there is nothing, or nothing that can be read."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        return (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def keep(name: str, text: str) -> None:
    """Keep a text, whole or not at all; a cache that cannot be written is no error.

    Args:
        name: file name that holds a digest of everything that the text was made from.
        text: what to keep.
    """
    folder = cache_folder()
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
            file.write(text)
        Path(file.name).replace(folder / name)
