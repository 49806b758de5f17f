"""Counts the rows of an answer while its bytes go by, so that a cap holds before anybody has them all."""

import io
from collections.abc import Callable
from typing import Any, Final

#: Bytes that are gathered before they are counted and sent on.
CHUNK: Final = 65_536


class Full(Exception):
    """An answer has more rows or bytes than are allowed; its text is ``rows`` or ``bytes``."""


class Tally(io.RawIOBase):
    r"""A file to write an answer to; counts, then hands on.

    Args:
        media_type: what is written; rows are counted in the four formats of SPARQL results, not in graphs.
        rows: rows allowed.
        size: bytes allowed.
        send: takes each chunk.

    Raises:
        Full: on writing, when there is more than is allowed.

    >>> sent = []
    >>> tally = Tally("text/csv", 10, 1000, sent.append)
    >>> _ = tally.write(b'a\r\n"one\r\nvalue"\r\n2\r\n')
    >>> tally.pass_on()
    >>> tally.rows, len(sent)
    (2, 1)
    """

    def __init__(self, media_type: str, rows: int, size: int, send: Callable[[bytes], None]) -> None:
        super().__init__()
        self.rows = 0
        self.bytes = 0
        self._most_rows, self._most_bytes, self._send = rows, size, send
        self._count = _COUNTERS.get(media_type, _nothing)()
        self._parts: list[bytes] = []
        self._held = 0

    def write(self, data: Any) -> int:
        """Take some bytes of the answer."""
        self.bytes += len(data)
        if self.bytes > self._most_bytes:
            raise Full("bytes")
        self._parts.append(data)
        self._held += len(data)
        if self._held >= CHUNK:
            self.pass_on()
        return len(data)

    def pass_on(self) -> None:
        """Count what was gathered and send it."""
        if not self._held:
            return
        chunk = b"".join(self._parts)
        self._parts, self._held = [], 0
        self.rows += self._count(chunk)
        if self.rows > self._most_rows:
            raise Full("rows")
        self._send(chunk)

    def writable(self) -> bool:
        """Say that it is written to."""
        return True


def _nothing() -> Callable[[bytes], int]:
    """Count nothing."""
    return lambda _chunk: 0


def _xml() -> Callable[[bytes], int]:
    """Count elements; ``<`` stands in no value, but an element may be cut in two."""
    held = b""

    def count(chunk: bytes) -> int:
        nonlocal held
        text = held + chunk
        held = text[-7:] if not text.endswith(b"<result>") else b""
        return text.count(b"<result>")

    return count


def _lines(header: int) -> Callable[[], Callable[[bytes], int]]:
    """Count the lines that end outside of quotes, less the header."""

    def start() -> Callable[[bytes], int]:
        quoted = False
        before = header

        def count(chunk: bytes) -> int:
            nonlocal quoted, before
            pieces = chunk.split(b'"')
            found = sum(piece.count(b"\n") for piece in pieces[int(quoted) :: 2])
            quoted ^= len(pieces) % 2 == 0
            skipped = min(before, found)
            before -= skipped
            return found - skipped

        return count

    return start


def _tsv() -> Callable[[bytes], int]:
    """Count lines: a line break in a value is escaped."""
    header = 1

    def count(chunk: bytes) -> int:
        nonlocal header
        found = chunk.count(b"\n")
        skipped = min(header, found)
        header -= skipped
        return found - skipped

    return count


def _json() -> Callable[[bytes], int]:
    """Count the objects that are members of an array, outside of strings."""
    quoted, escaped, last = False, b"", b""

    def count(chunk: bytes) -> int:
        nonlocal quoted, escaped, last
        text = escaped + chunk
        ends = len(text) - len(text.rstrip(b"\\"))
        escaped = b"\\" if ends % 2 else b""
        text = text[: len(text) - len(escaped)].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = text.split(b'"')
        found = 0
        for at in range(int(quoted), len(pieces), 2):
            piece = last + pieces[at] if at == 0 else pieces[at]
            found += piece.count(b"[{") + piece.count(b",{")
        quoted ^= len(pieces) % 2 == 0
        last = b"" if quoted or not pieces[-1] else pieces[-1][-1:]
        return found

    return count


_COUNTERS: dict[str, Callable[[], Callable[[bytes], int]]] = {
    "application/sparql-results+json": _json,
    "application/sparql-results+xml": _xml,
    "text/csv": _lines(1),
    "text/tab-separated-values": _tsv,
}
