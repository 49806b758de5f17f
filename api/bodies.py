"""Reads request bodies, but never more of them than is allowed."""

from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from kg.errors import UnreadablePayload

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
        UnreadablePayload: the body is larger (code ``too-large``), the rest of it is not read; or the client
            went away before its end (code ``cut-off``).
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise UnreadablePayload(
                    f"the body has more than the {limit:,} bytes allowed",
                    cure="send less in one message, or raise FLEXKG_MAX_PAYLOAD_BYTES",
                    code="too-large",
                )
            parts.append(part)
    except ClientDisconnect as error:
        raise UnreadablePayload("the body is cut off", cure="send it whole", code="cut-off") from error
    return b"".join(parts)
