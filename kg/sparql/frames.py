"""Frames: what a query worker and the service say to each other over two pipes.

A frame is one letter, the length of its body (4 bytes, big endian) and the body. Bodies are JSON but for
``DATA``, which is the answer in its own media type.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, Final

HEADER: Final = struct.Struct(">cI")
#: From the worker, once: it is confined, and by what.
READY: Final = b"R"
#: To the worker: a query and its dataset.
JOB: Final = b"J"
#: From the worker, for each job: the kind of the answer and its media type, data, the end; or an error.
HEAD: Final = b"H"
DATA: Final = b"D"
END: Final = b"E"
ERROR: Final = b"X"


def frame(kind: bytes, body: bytes) -> bytes:
    r"""Write one frame.

    >>> frame(END, b"{}")
    b'E\x00\x00\x00\x02{}'
    """
    return HEADER.pack(kind, len(body)) + body


def told(kind: bytes, /, **facts: Any) -> bytes:
    """Write one frame with a JSON body."""
    return frame(kind, json.dumps(facts).encode())


def received(read: Callable[[int], bytes]) -> tuple[bytes, bytes] | None:
    """Read one frame from a blocking pipe; None where it has ended.

    Args:
        read: gives at most so many bytes, none at the end.
    """
    header = _exactly(read, HEADER.size)
    if header is None:
        return None
    kind, size = HEADER.unpack(header)
    body = _exactly(read, size)
    return None if body is None else (kind, body)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
