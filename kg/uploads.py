"""What a request brings to a check: the payload, and earlier messages or graphs beside it."""

import tempfile
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from typing import Final

from kg.context_files import FileContext
from kg.errors import AssetError, FlexKGError, UsageError

MULTIPART: Final = "multipart/form-data"
#: Parts of one request at most.
MOST_PARTS: Final = 256


@dataclass(frozen=True, slots=True)
class Upload:
    """The parts of a request.

    Attributes:
        payload: what is to be checked.
        context: name and bytes of each earlier message (``*.xml``) or graph (``*.ttl``, ``*.nt``), in order.
    """

    payload: bytes
    context: tuple[tuple[str, bytes], ...] = ()


def read_upload(content_type: str, body: bytes) -> Upload:
    """Read a request body: multipart where its media type says so, else the payload alone.

    Args:
        content_type: the request's media type with its parameters; may be empty.
        body: the whole body.

    Raises:
        UsageError: the parts are not those that a check takes.

    Source:
        RFC 7578, section 4.

    >>> read_upload("application/xml", b"<x/>").payload
    b'<x/>'
    """
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        return Upload(body)
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    payloads: list[bytes] = []
    context: list[tuple[str, bytes]] = []
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not parts or len(parts) > MOST_PARTS:
        raise UsageError(
            "the body has no parts" if not parts else f"the body has more than {MOST_PARTS} parts",
            cure="send a part named payload, and parts named context",
        )
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        data = None if part.is_multipart() else part.get_payload(decode=True)
        if name not in ("payload", "context") or not isinstance(data, bytes):
            raise UsageError(
                f"a check takes no part {name!r}", cure="send a part named payload, and parts named context"
            )
        if name == "payload":
            payloads.append(data)
        else:
            context.append((part.get_filename() or "context.xml", data))
    if len(payloads) != 1:
        raise UsageError(f"the body has {len(payloads)} parts named payload", cure="send one")
    return Upload(payloads[0], tuple(context))


def context_of(parts: tuple[tuple[str, bytes], ...], max_bytes: int) -> FileContext | None:
    """Make a context of uploaded messages and graphs, None where there are none.

    Args:
        parts: name and bytes of each, in the order in which they were sent or received.
        max_bytes: largest message accepted.

    Raises:
        UsageError: a part is no message or graph; names it.
    """
    if not parts:
        return None
    with tempfile.TemporaryDirectory(prefix="flexkg-context-") as folder:
        files: dict[str, str] = {}
        for n, (name, data) in enumerate(parts):
            path = Path(folder) / f"{n:03}{PurePosixPath(name).suffix.lower()[:8]}"
            path.write_bytes(data)
            files[str(path)] = name
        try:
            return FileContext(list(files), max_bytes=max_bytes)
        except (UsageError, AssetError) as error:
            raise _placed(error, files) from error


def _placed(error: FlexKGError, files: dict[str, str]) -> UsageError:
    """Say the name of the part where the error says that of a file here."""
    where = error.where
    for path, name in files.items():
        where = where.replace(path, name)
    return UsageError(error.what, where=where, cure=error.cure)
