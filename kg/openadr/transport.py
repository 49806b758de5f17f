"""Sends a message to another party over simple HTTP, and gives its answer."""

import http.client
import ssl
from typing import Final
from urllib.parse import urlsplit

from kg.errors import FlexKGError
from kg.xml import MAX_BYTES

#: Seconds for the other side to answer.
PATIENCE: Final = 15.0


class PartyUnreachable(FlexKGError):
    """The other party cannot be reached, or does not answer as OpenADR asks."""

    code = "unreachable"


def post(url: str, data: bytes, *, tls: ssl.SSLContext | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """Post a message.

    Args:
        url: the endpoint, such as ``http://vtn.example/OpenADR2/Simple/2.0b/OadrPoll``.
        data: the message.
        tls: how TLS is spoken; the system's trust without it.
        max_bytes: of a longer answer no more is read.

    Returns:
        The answer's body, perhaps empty.

    Raises:
        PartyUnreachable: nobody answers, or with another status than 200.

    Source:
        OpenADR 2.0b Profile Specification, simple HTTP transport.
    """
    parts = urlsplit(url)
    try:
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=PATIENCE, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("POST", parts.path, data, {"Content-Type": "application/xml"})
            answer = connection.getresponse()
            body = answer.read(max_bytes + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PartyUnreachable(
            f"no answer: {error}", where=url, cure="it is tried again; check address and network"
        ) from error
    if answer.status != 200:
        raise PartyUnreachable(
            f"the answer has status {answer.status}", where=url, cure="it is tried again; ask who runs it"
        )
    return body
