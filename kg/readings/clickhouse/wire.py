"""One ClickHouse server over HTTP: statements in, whole answers out, and what its errors mean."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote, urlencode, urlsplit

from kg.errors import StoreUnavailable, UsageError

#: With each statement. An answer comes wholly or as an error: never with shards left out, never cut short.
SETTINGS: Mapping[str, str] = {
    "skip_unavailable_shards": "0",
    "insert_distributed_sync": "1",
    "distributed_product_mode": "local",
    "join_use_nulls": "1",
    # no names of subjects in tables of queries that nobody erases
    "log_queries": "0",
    "max_query_size": "268435456",
    "max_ast_elements": "10000000",
    "max_expanded_ast_elements": "10000000",
}
Row = tuple[Any, ...]
#: Seconds in which a server must take a connection.
CONNECT = 5


class Wire(Protocol):
    """What speaks to one server. Every method may be called from several threads."""

    address: str

    def rows(self, sql: str, settings: Mapping[str, str]) -> list[Row]:
        """Run a SELECT and give all of its rows.

        Raises:
            kg.errors.StoreUnavailable: the server does not answer, or says that it cannot.
        """

    def run(self, sql: str, settings: Mapping[str, str]) -> None:
        """Run a statement that gives nothing; the same errors."""

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], settings: Mapping[str, str]
    ) -> None:
        """Insert rows; the same errors."""

    def close(self) -> None:
        """Give back what is held open."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: ``http://user:password@host:port``, the password better apart."""

    secure: bool
    host: str
    port: int
    user: str = "default"
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str, password: str = "") -> "Address":
        """Read an address.

        Raises:
            kg.errors.UsageError: it is none.

        >>> Address.of("http://10.0.0.1:8123"), Address.of("https://flexkg@ch.example").port
        (Address(secure=False, host='10.0.0.1', port=8123, user='default'), 8443)
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise UsageError(
                f"{text.rpartition('@')[2]!r} is no address of a ClickHouse server",
                where="FLEXKG_CLICKHOUSE",
                cure="write http://host:8123, or several, separated by spaces",
            )
        secure = parts.scheme == "https"
        return cls(
            secure,
            parts.hostname,
            port or (8443 if secure else 8123),
            unquote(parts.username or "default"),
            unquote(parts.password or "") or password,
        )

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


class PlainWire:
    """The HTTP interface itself, as servers of all years have it.

    Args:
        address: the server.
        timeout: seconds that a statement may take.
    """

    def __init__(self, address: Address, timeout: float = 120) -> None:
        self._to, self._timeout = address, timeout
        self.address = str(address)
        pair = f"{address.user}:{address.password}".encode()
        self._head = {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def rows(self, sql: str, settings: Mapping[str, str]) -> list[Row]:
        """Run a SELECT; the answer is JSON, so one that was cut off is none."""
        body = self._send(
            sql.encode() + b" FORMAT JSONCompact",
            {"output_format_json_quote_64bit_integers": "0", **settings},
        )
        try:
            return [tuple(row) for row in json.loads(body)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise unavailable(self.address, "its answer was cut off") from error

    def run(self, sql: str, settings: Mapping[str, str]) -> None:
        """Run a statement that gives nothing."""
        self._send(sql.encode(), settings)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], settings: Mapping[str, str]
    ) -> None:
        """Insert rows as tab-separated values."""
        self._send(
            f"INSERT INTO {table} ({', '.join(columns)}) FORMAT TabSeparated\n".encode() + tabbed(rows),
            settings,
        )

    def close(self) -> None:
        """Hold nothing open."""

    def _send(self, body: bytes, settings: Mapping[str, str]) -> bytes:
        path = "/?" + urlencode({"wait_end_of_query": "1", **settings})
        to = self._to
        line = (
            http.client.HTTPSConnection(
                to.host, to.port, timeout=CONNECT, context=ssl.create_default_context()
            )
            if to.secure
            else http.client.HTTPConnection(to.host, to.port, timeout=CONNECT)
        )
        try:
            line.connect()
            line.sock.settimeout(self._timeout)
            line.request("POST", path, body, self._head)
            answer = line.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise unavailable(self.address, str(error) or type(error).__name__, gone=True) from error
        finally:
            line.close()
        if answer.status != 200:
            raise unavailable(self.address, found.decode("utf-8", "replace"))
        return found


class Unanswered(StoreUnavailable):
    """The server itself was not reached: another one may be asked."""


def unavailable(address: str, text: str, *, gone: bool = False) -> StoreUnavailable:
    """Say what a server's failure means."""
    first = " ".join(text.split())[:300]
    if gone:
        return Unanswered(
            f"ClickHouse does not answer: {first}", where=address, cure="start it, and try again"
        )
    return StoreUnavailable(
        f"ClickHouse cannot answer: {first}",
        where=address,
        cure="see that all shards are up and try again; an answer without one would be half an answer",
    )


def tabbed(rows: Sequence[Row]) -> bytes:
    r"""Write rows as ClickHouse's TabSeparated.

    >>> tabbed([(1, None, "a\tb"), (2, 0, "")])
    b'1\t\\N\ta\\tb\n2\t0\t\n'
    """
    return "".join("\t".join([_tab(value) for value in row]) + "\n" for row in rows).encode()


def _tab(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return str(value)


def wait_until(done: Any, seconds: float, what: str, address: str) -> None:
    """Wait for a change that a server makes in the background.

    Raises:
        kg.errors.StoreUnavailable: it takes too long.
    """
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise unavailable(address, f"{what} was not done within {seconds:.0f} s")
        time.sleep(0.02)
