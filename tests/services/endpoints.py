"""SPARQL endpoints that tests start on loopback and stop again."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_VIRTUOSO = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{isql}
NumberOfBuffers = 2000
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 5
[SPARQL]
DefaultGraph =
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(address: str, process: subprocess.Popen, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}?query=ASK%7B%7D", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")


@contextlib.contextmanager
def oxigraph(folder: Path):
    """``oxigraph serve`` from PyPI; gives the addresses for queries and updates."""
    program = Path(sys.executable).with_name("oxigraph")
    port = free_port()
    process = subprocess.Popen(
        [program, "serve", "--location", folder / "oxigraph", "--bind", f"127.0.0.1:{port}"],
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{base}/query", process, 20)
        yield f"{base}/query", f"{base}/update"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def virtuoso(folder: Path):
    """Virtuoso 7 from Debian, with updates allowed to anybody on loopback."""
    program = shutil.which("virtuoso-t") or "/usr/bin/virtuoso-t"
    port, isql = free_port(), free_port()
    settings = folder / "virtuoso.ini"
    settings.write_text(_VIRTUOSO.format(folder=folder, port=port, isql=isql))
    process = subprocess.Popen(
        [program, "-f", "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
    )
    try:
        _wait(f"http://127.0.0.1:{port}/sparql", process, 120)
        grant = "GRANT SPARQL_UPDATE TO \"SPARQL\"; DB.DBA.RDF_DEFAULT_USER_PERMS_SET('nobody', 7);"
        client = shutil.which("isql-vt") or "isql-vt"
        subprocess.run(
            [client, str(isql), "dba", "dba", f"EXEC={grant}"], check=True, capture_output=True, timeout=60
        )
        yield f"http://127.0.0.1:{port}/sparql", f"http://127.0.0.1:{port}/sparql"
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
