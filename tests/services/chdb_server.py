"""Today's ClickHouse engine, as chdb has it in a process, behind what clients use of its HTTP interface."""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

_NOT_SETTINGS = {
    *("query", "database", "session_id", "query_id", "default_format", "wait_end_of_query", "compress"),
    *("client_protocol_version", "decompress", "buffer_size", "cancel_http_readonly_queries_on_client_close"),
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "enable_http_compression",
}
_LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: Any
    told: ClassVar[dict[str, str]] = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        sql = "\n".join(filter(None, (given.get("query", ""), body.decode())))
        form = re.search(r"\sFORMAT\s+(\w+)\s*;?\s*$", sql, re.IGNORECASE)
        if form is not None and not sql.lstrip().upper().startswith("INSERT"):
            sql = sql[: form.start()]
        with _LOCK:
            try:
                self.tell("USE", given.get("database") or "default")
                for name, value in given.items():
                    if name not in _NOT_SETTINGS:
                        self.tell(f"SET {name} =", f"'{value}'")
                found = self.engine.query(
                    sql, form[1] if form else given.get("default_format", "TabSeparated")
                )
                status, data = 200, found.bytes() or b""
            except Exception as error:  # noqa: BLE001 - told to the client
                status, data = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("Connection", "close")
        if status != 200:
            code = re.search(rb"Code: (\d+)", data)
            self.send_header("X-ClickHouse-Exception-Code", code[1].decode() if code else "1002")
        self.end_headers()
        self.wfile.write(data)

    def tell(self, what, value):
        """Change what holds for the session, where it is not so already."""
        if self.told.get(what) != value:
            self.engine.query(f"{what} {value}")
            self.told[what] = value

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_):
        return


if __name__ == "__main__":
    from chdb import session  # here, so that collecting this file needs no chdb

    Handler.engine = session.Session(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
