"""Finds payloads: files, folders of files, standard input."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Source:
    """One payload to be read.

    Attributes:
        name: its path as given, below the folder that was given.
        path: None for standard input.
        problem: why it cannot be read, where that is known already.
        doubtful: whether nobody said that it is a payload: a JSON file in a folder may be anything.
    """

    name: str
    path: Path | None
    problem: UsageError | None = None
    doubtful: bool = False

    def passed_over(self, data: bytes) -> bool:
        """Tell whether it turns out to be no payload at all, by its bytes."""
        if not self.doubtful:
            return False
        from kg.json_reader import speaks_of_openadr

        return not speaks_of_openadr(data)

    def data(self, limit: int) -> bytes:
        """Read the bytes, but no more than one beyond a limit: enough to see that it is too large.

        Raises:
            UsageError: the file cannot be read.
        """
        if self.problem is not None:
            raise self.problem
        try:
            if self.path is None:
                if sys.stdin is None:
                    raise UsageError(
                        "standard input is closed", where="-", cure="send a payload, or name a file"
                    )
                return sys.stdin.buffer.read(limit + 1)
            with self.path.open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", where=self.name, cure="check the path"
            ) from error


def find(paths: Iterable[str]) -> Iterator[Source]:
    """Find the payloads that paths name; each path is looked at before the first payload is given.

    Args:
        paths: files, folders (all ``*.xml`` and ``*.json`` below them, sorted) or ``-`` for standard input.

    Raises:
        UsageError: a path does not exist, or a folder has no payload. What exists and cannot be read is given
            with its problem, and ends nothing.
    """
    named = list(paths)
    for text in named:
        path = Path(text)
        if text == "-":
            continue
        if not text:
            raise UsageError("the path is empty", cure="name a file or a folder, or . for this one")
        try:
            path.stat()
        except (OSError, ValueError) as error:
            gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
            if isinstance(error, PermissionError):
                continue  # told in its turn
            what = "no such file or folder" if gone else f"cannot be read: {_reason(error)}"
            raise UsageError(what, where=text, cure="check the path") from error
        if path.is_dir() and next(_below(path), None) is None:
            raise UsageError(
                "the folder has no payload (*.xml, *.json)", where=text, cure="name a folder with payloads"
            )
    return _each(named)


def _each(paths: Iterable[str]) -> Iterator[Source]:
    for text in paths:
        path = Path(text)
        if text == "-":
            yield Source("-", None)
        elif path.is_dir():
            yield from _below(path)
        else:
            yield Source(text, path)


def _below(folder: Path) -> Iterator[Source]:
    """Give the XML and JSON files of a folder and its folders, sorted, without listing all of them first.

    Links to folders are not followed, so that none is gone through for ever.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        what, cure = f"the folder cannot be read: {_reason(error)}", "check its permissions"
        yield Source(str(folder), folder, UsageError(what, where=str(folder), cure=cure))
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _below(entry)
        elif entry.suffix.lower() in (".xml", ".json"):
            yield Source(str(entry), entry, doubtful=entry.suffix.lower() == ".json")


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
