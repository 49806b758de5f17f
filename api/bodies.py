"""Reads request bodies, but never more of them than is allowed."""

from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.patience import Patience
from kg.errors import QueryError, UnreadablePayload

_EXAMPLE = """<oadr:oadrPoll xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"
  xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110" ei:schemaVersion="2.0b">
  <ei:venID>VEN-1</ei:venID>
</oadr:oadrPoll>
"""

#: OpenAPI description of a request whose body is one OpenADR payload.
PAYLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One OpenADR 2.0b message, as it goes over the wire.",
        "content": {
            "application/xml": {"schema": {"type": "string", "format": "binary"}, "example": _EXAMPLE},
        },
    }
}
_FILE: dict[str, Any] = {"type": "string", "format": "binary"}
#: The same for a check, which also takes what was sent before.
CHECK_BODY: dict[str, Any] = {
    "requestBody": {
        **PAYLOAD_BODY["requestBody"],
        "content": {
            **PAYLOAD_BODY["requestBody"]["content"],
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["payload"],
                    "properties": {"payload": _FILE, "context": {"type": "array", "items": _FILE}},
                }
            },
        },
    }
}


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body up to one byte beyond a limit.

    Args:
        request: the request.
        limit: bytes allowed.

    Raises:
        UnreadablePayload: the body is larger (code ``too-large``), the rest of it is not read; it does not
            come in time (``too-slow``); or the client went away before its end (``cut-off``).
    """
    patience: Patience = request.app.state.patience
    parts: list[bytes] = []
    try:
        async with patience.at_most(patience.seconds):
            await _read(request, limit, parts)
    except ClientDisconnect as error:
        raise UnreadablePayload("the body is cut off", cure="send it whole", code="cut-off") from error
    except TimeoutError as error:
        why = "the service stops" if patience.ended else f"it takes longer than {patience.seconds:g} s"
        raise UnreadablePayload(
            f"the body did not come whole: {why}", cure="send it again", code="too-slow"
        ) from error
    return b"".join(parts)


async def _read(request: Request, limit: int, parts: list[bytes]) -> None:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise UnreadablePayload(
                f"the body has more than the {limit:,} bytes allowed",
                cure="send less in one message, or raise FLEXKG_MAX_PAYLOAD_BYTES",
                code="too-large",
            )
        parts.append(part)


async def readable(request: Request) -> None:
    """Refuse an address whose fields are no UTF-8; a dependency of every route.

    Raises:
        QueryError: they are not (code ``encoding``).
    """
    given: bytes = request.scope["query_string"]
    if b"%" in given:
        decoded(unquote_to_bytes(given.replace(b"+", b" ")), "the fields of the address are")


def decoded(data: bytes, what: str) -> str:
    """Decode what was sent.

    Args:
        data: the bytes.
        what: what they are, for the error: ``"the query is"``.

    Raises:
        QueryError: they are no UTF-8; says which byte and where (code ``encoding``).
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise QueryError(
            f"{what} not UTF-8: byte 0x{data[error.start]:02X} cannot stand there",
            where=f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}",
            cure="save or send it as UTF-8; in an address each byte of it is %XX",
            code="encoding",
        ) from error
