"""Finds payloads: files, folders of files, standard input."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Source:
    """One payload to be read: ``name`` is its path as given, below the folder that was given."""

    name: str
    path: Path | None

    def data(self, limit: int) -> bytes:
        """Read the bytes, but no more than one beyond a limit: enough to see that it is too large.

        Raises:
            UsageError: the file cannot be read.
        """
        try:
            if self.path is None:
                return sys.stdin.buffer.read(limit + 1)
            with self.path.open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", where=self.name, cure="check the path"
            ) from error


def find(paths: Iterable[str]) -> Iterator[Source]:
    """Find the payloads that paths name.

    Args:
        paths: files, folders (all ``*.xml`` below them, sorted) or ``-`` for standard input.

    Raises:
        UsageError: a path does not exist, or a folder has no payload.
    """
    for text in paths:
        path = Path(text)
        if text == "-":
            yield Source("-", None)
        elif path.is_dir():
            found = False
            for file in _below(path):
                found = True
                yield Source(str(file), file)
            if not found:
                raise UsageError(
                    "the folder has no payload (*.xml)", where=text, cure="name a folder with payloads"
                )
        elif path.exists():
            yield Source(text, path)
        else:
            raise UsageError("no such file or folder", where=text, cure="check the path")


def _below(folder: Path) -> Iterator[Path]:
    """Give the XML files of a folder and its folders, sorted, without listing all of them first."""
    entries = sorted(folder.iterdir())
    for entry in entries:
        if entry.is_dir():
            yield from _below(entry)
        elif entry.suffix.lower() == ".xml":
            yield entry
