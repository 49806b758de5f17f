"""Who is at the other end of a connection: the TLS peer's certificate, direct or told by a trusted proxy."""

import asyncio
import hashlib
import ipaddress
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import TYPE
from kg.errors import Forbidden, UsageError
from kg.identity.caller import NOBODY, Caller
from kg.identity.enrolment import Enrolment

_FIELD = re.compile(r":([A-Za-z0-9+/]+={0,2}):")
_EXTENSION = "flexkg.peer"
#: Where a request has what ends its connection in the middle of an answer: nobody is to take it for whole.
CUT: Final = "flexkg.cut"
#: What a request has whose body came with its head: whoever reads it waits for nobody.
WHOLE: Final = "flexkg.whole"
#: Bytes that the head of a request may have: its address and its fields.
HEAD: Final = 65_536
#: Bytes around each byte of a body that is sent in pieces: the length of a piece and two line ends.
_AROUND: Final = 16
_HEADS: Final = {
    status: json.dumps(
        {"type": TYPE + code, "title": title, "status": status, "detail": detail, "cure": cure}
    ).encode()
    for status, code, title, detail, cure in (
        (
            431,
            "head-too-large",
            "The request is too large",
            f"its address and fields are longer than the {HEAD:,} bytes allowed",
            "send a long query as the body of a POST",
        ),
        (400, "host", "The request is not valid", "it names no host, or several", "send one field Host"),
    )
}


class PeerProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which also hands the peer's certificate to the application (DER).

    The head of a request is bounded in size and time, which the parser does not do by itself. Fields behind a
    body (trailers) are read past: nobody was to look at them, and what was looked at already stays as it was.

    Args:
        patience: seconds for the head of a request to come; a connection that takes longer is closed.
    """

    def __init__(self, *args: Any, patience: float = 30.0, **named: Any) -> None:
        super().__init__(*args, **named)
        self._patience = patience
        self._late: asyncio.TimerHandle | None = None

    def hang_up(self) -> None:
        """End the connection now, whatever of its answers was not read; nothing more is written to it."""
        self.pipeline.clear()
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Take the certificate of a new connection along."""
        super().connection_made(transport)
        self._head: int = 0
        self._beheaded = self._in_body = False
        self._expect()
        found = transport.get_extra_info("ssl_object")
        der = found.getpeercert(binary_form=True) if found is not None else None
        if der:
            self.app: Any = _with(self.app, der)

    def data_received(self, data: bytes) -> None:
        """Read on, as far as the head of a request is not too long and does not take too long."""
        if self._beheaded:
            return
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD and not self._beheaded:
            self._give_up() if self._in_body else self._refuse_head()
        elif self.cycle is not None and not self.cycle.response_complete:
            self._rest()
        else:
            self._expect()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin with the request, unless its head came in one piece that was too long."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD:
            self._refuse_head()
        elif (
            sum(name == b"host" for name, _ in self.headers) != 1 and self.parser.get_http_version() != "1.0"
        ):
            self._refuse_head(400)
        if not self._beheaded:
            super().on_headers_complete()
            scope: Any = self.scope
            scope["extensions"] = {CUT: partial(self._cut, self.cycle)}
        self._head, self._in_body = 0, True  # counts now what is sent around the body, and behind it

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._head -= (1 + _AROUND) * len(body)
        if not self._beheaded:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand on the end of the body; what comes next is another head."""
        self._head, self._in_body = 0, False
        if not self._beheaded:
            super().on_message_complete()
            scope: Any = self.scope
            scope["extensions"][WHOLE] = True

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who asks for another protocol goes on with this one."""

    def _refuse_head(self, status: int = 431) -> None:
        """Answer a request whose head cannot be taken, and end the connection.

        Source:
            RFC 6585, section 5 (431); RFC 9112, section 3.2 (400 without exactly one Host).
        """
        self._beheaded = True
        body = _HEADS[status]
        self.transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (status, HTTPStatus(status).phrase.encode(), len(body), body)
        )
        self.transport.close()

    def _cut(self, cycle: Any) -> None:
        """End the connection in the middle of an answer; who cuts it says why, so uvicorn need not."""
        cycle.disconnected = True
        self.transport.close()

    def _give_up(self) -> None:
        """End the connection of a client that sends next to nothing but what is around the body."""
        self._beheaded = True
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._rest()
        super().connection_lost(exc)

    def _expect(self) -> None:
        """Close the connection where no request begins in time."""
        if self._late is None:
            self._late = self.loop.call_later(self._patience, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _with(app: ASGIApp, der: bytes) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[_EXTENSION] = der
        await app(scope, receive, send)

    return wrapped


class Peers:
    """Recognises the other end of a connection.

    Args:
        enrolment: knows the registered certificates.
        proxies: addresses or networks of proxies that may tell of their peer's certificate.

    Raises:
        UsageError: an address is none.
    """

    def __init__(self, enrolment: Enrolment, proxies: Iterable[str] = ()) -> None:
        self._enrolment = enrolment
        try:
            self._proxies = [ipaddress.ip_network(text) for text in proxies]
        except ValueError as error:
            raise UsageError(
                f"{error}", where="FLEXKG_PROXIES", cure="write 10.0.0.5 or 10.0.0.0/24"
            ) from error

    def of(self, scope: Scope, headers: Headers) -> Caller:
        """Give the caller that a peer's certificate stands for; nobody where none was shown.

        Raises:
            Forbidden: the certificate is revoked, out of its time or not registered; or somebody who is no
                trusted proxy tells of one.

        Source:
            RFC 9440, sections 2.2 and 4.
        """
        der = scope.get("extensions", {}).get(_EXTENSION)
        told = headers.getlist("client-cert")
        if told:
            der = self._told(scope, told)
        if not der:
            return NOBODY
        found = self._enrolment.peer(der)
        if found is None:
            raise Forbidden(
                "the certificate is not accepted",
                cure="enrol the device anew",
                code="certificate",
                reason=f"certificate {hashlib.sha256(der).hexdigest()} unknown, revoked or out of its time",
            )
        return Caller(
            subject=found.party,
            tenant=found.tenant,
            party=found.party,
            scopes=frozenset(("read_ven_objects", "write_reports")),
            certificate=found.sha256,
        )

    def _told(self, scope: Scope, told: list[str]) -> bytes:
        client = (scope.get("client") or ("",))[0]
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            address = None
        match = _FIELD.fullmatch(told[0].strip()) if len(told) == 1 else None
        if address is None or not any(address in network for network in self._proxies):
            raise Forbidden(
                "the header Client-Cert is for proxies",
                code="certificate",
                reason=f"Client-Cert from {client!r}",
            )
        try:
            return b64decode(match[1], validate=True) if match else _none()
        except ValueError as error:
            raise Forbidden(
                "the header Client-Cert cannot be read", code="certificate", reason="Client-Cert malformed"
            ) from error


def _none() -> bytes:
    raise ValueError("no byte sequence of RFC 8941")
