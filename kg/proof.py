"""The proof of an erasure: the raw bytes of every file are searched for the names, in several encodings."""

from base64 import b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

#: Bytes read at a time; names that cross a border are found by the overlap.
_CHUNK = 1 << 22
_AROUND = 256


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a name was found.

    Attributes:
        file: the file, from the store's directory.
        offset: bytes from its beginning.
        encoding: how the name was written.
    """

    file: str
    offset: int
    encoding: str

    def __str__(self) -> str:
        return f"{self.file} at byte {self.offset} ({self.encoding})"


def patterns(name: str) -> dict[str, bytes]:
    """Give a name in each encoding in which it could be written.

    >>> sorted(patterns("ven-1"))
    ['UTF-16BE', 'UTF-16LE', 'UTF-8', 'hexadecimal']
    """
    raw = name.encode()
    found = {
        "UTF-8": raw,
        "UTF-16LE": name.encode("utf-16-le"),
        "UTF-16BE": name.encode("utf-16-be"),
        "hexadecimal": raw.hex().encode(),
    }
    if quote(name, safe="") != name:
        found["percent-encoded"] = quote(name, safe="").encode()
    for shift in range(
        3
    ):  # base64 of a text that holds the name somewhere: its inner part for each alignment
        inner = b64encode(b"\x00" * shift + raw)[shift + 1 if shift else 0 : (shift + len(raw)) // 3 * 4]
        if len(inner) >= 8:
            found[f"base64 ({shift})"] = inner
    return found


def search(
    folder: Path, names: Collection[str], *, others: Iterable[str] = (), without: Collection[str] = ()
) -> tuple[int, int, list[Hit]]:
    """Search every file of a folder for names.

    Args:
        folder: the folder, with everything below it.
        names: the names.
        others: names of others; a name that is found as a part of one of them is no hit.
        without: entries of the folder that are left out.

    Returns:
        Number of files, number of bytes, and where a name was found.
    """
    wanted = {raw.lower(): form for name in names for form, raw in patterns(name).items()}
    if not wanted:
        return 0, 0, []
    several = [raw.lower() for other in others for raw in patterns(other).values()]
    longer = [raw for raw in several if any(part in raw for part in wanted)]
    files = size = 0
    hits: list[Hit] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        if path.relative_to(folder).parts[0] in without:
            continue
        try:
            length, found = path.stat().st_size, _matches(path, wanted, longer)
        except FileNotFoundError:  # a store in use clears its files away
            continue
        files += 1
        size += length
        for offset, raw in found:
            hits.append(Hit(str(path.relative_to(folder)), offset, wanted[raw]))
    return files, size, hits


def _matches(path: Path, wanted: Iterable[bytes], longer: list[bytes]) -> list[tuple[int, bytes]]:
    """Find what is wanted in a file, capital letters like small ones; of several at one place the longest."""
    found: dict[int, bytes] = {}
    with path.open("rb") as file:
        kept, start = b"", 0
        while part := file.read(_CHUNK):
            data = kept + part.lower()
            for raw in wanted:
                at = data.find(raw)
                while at >= 0:
                    if not _part_of(data, at, at + len(raw), longer):
                        found[start + at] = max(found.get(start + at, b""), raw, key=len)
                    at = data.find(raw, at + 1)
            kept = data[-_AROUND:]
            start += len(data) - len(kept)
    return sorted(found.items())


def _part_of(data: bytes, start: int, end: int, longer: list[bytes]) -> bool:
    """Whether what was found is a part of another's name."""
    for other in longer:
        at = data.find(other, max(0, start - len(other) + 1), end + len(other))
        while at >= 0:
            if at <= start and at + len(other) >= end:
                return True
            at = data.find(other, at + 1, end + len(other))
    return False
