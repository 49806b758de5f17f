"""Sends a message to another party over simple HTTP, and gives its answer."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from kg.errors import FlexKGError
from kg.xml import MAX_BYTES

#: Seconds for the other side to answer, and to take a connection.
PATIENCE: Final = 15.0
REACH: Final = 5.0
#: Seconds for a whole answer: who sends a byte now and then holds up no lane for longer.
WHOLE: Final = 60.0


class PartyUnreachable(FlexKGError):
    """The other party cannot be reached, or does not answer as OpenADR asks."""

    code = "unreachable"


class Line:
    """The connections of one who posts; cut when it is told to stop, so that it waits for no other side."""

    def __init__(self) -> None:
        self._held: set[_Connection] = set()
        self._mutex = threading.Lock()
        self._is_cut = False

    @contextmanager
    def holding(self, connection: "_Connection") -> Iterator[None]:
        """Let a connection be cut within a block; it is closed at its end.

        Raises:
            OSError: the line was cut already.
        """
        with self._mutex:
            if self._is_cut:
                raise OSError("the service stops")
            self._held.add(connection)
        try:
            yield
        finally:
            with self._mutex:
                self._held.discard(connection)
            connection.close()

    def cut(self) -> None:
        """End every connection now; no other one is begun."""
        with self._mutex:
            self._is_cut, held = True, list(self._held)
        for connection in held:
            cut(connection)


def cut(connection: "_Connection") -> None:
    """End a connection that another thread reads from."""
    end = connection.wire
    if end is not None:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def post(
    url: str,
    data: bytes,
    *,
    tls: ssl.SSLContext | None = None,
    max_bytes: int = MAX_BYTES,
    line: Line | None = None,
    at: str = "",
) -> bytes:
    """Post a message.

    Args:
        url: the endpoint, such as ``http://vtn.example/OpenADR2/Simple/2.0b/OadrPoll``.
        data: the message.
        tls: how TLS is spoken; the system's trust without it.
        max_bytes: of a longer answer no more is read.
        line: cuts the connection when whoever posts is told to stop.
        at: IP address to connect to, where its name was resolved before.

    Returns:
        The answer's body, perhaps empty.

    Raises:
        PartyUnreachable: nobody answers, or with another status than 200.

    Source:
        OpenADR 2.0b Profile Specification, simple HTTP transport.
    """
    try:
        connection = _Connection(url, tls, at)
        with (line or Line()).holding(connection), _ended(connection, WHOLE):
            connection.connect()
            connection.sock.settimeout(PATIENCE)
            connection.request("POST", urlsplit(url).path, data, {"Content-Type": "application/xml"})
            answer = connection.getresponse()
            body = answer.read(max_bytes + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PartyUnreachable(
            f"no answer: {error}", where=url, cure="it is tried again; check address and network"
        ) from error
    if answer.status != 200:
        raise PartyUnreachable(
            f"the answer has status {answer.status}", where=url, cure="it is tried again; ask who runs it"
        )
    return body


@contextmanager
def _ended(connection: "_Connection", seconds: float) -> Iterator[None]:
    """End a connection that takes longer than so many seconds.

    Raises:
        OSError: it did; what was read until then is no answer.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        cut(connection)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise OSError(f"the answer was not whole after {seconds:.0f} s")


class _Connection(http.client.HTTPConnection):
    """A connection to the host of an address, or to an IP address in its place; over TLS by its scheme."""

    def __init__(self, url: str, tls: ssl.SSLContext | None, at: str) -> None:
        parts = urlsplit(url)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self.default_port = 443 if self._tls is not None else 80
        super().__init__(parts.hostname or "", parts.port, timeout=REACH)
        self._at = at or self.host
        #: the socket, which ``http.client`` lets go of before the answer is read
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        """Connect; a certificate is compared with the name, wherever that is."""
        self.sock = self.wire = socket.create_connection((self._at, self.port), self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            self.sock = self.wire = self._tls.wrap_socket(self.sock, server_hostname=self.host)
