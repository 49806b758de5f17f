"""Engines that answer SPARQL beside the service: each over the same quads, started and ended here."""

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from bench.servers import free_port, serving, started

#: Seconds for one question.
PATIENCE: Final = 60.0
#: Takes a query, gives SPARQL JSON; raises where it fails or takes too long.
Engine = Callable[[str], bytes]

_ISQL: Final = "ld_dir('{folder}', 'plain.nq', ''); rdf_loader_run(); checkpoint;"
_VIRTUOSO: Final = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = 127.0.0.1:{isql}
NumberOfBuffers = 85000
MaxDirtyBuffers = 62500
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 5
[SPARQL]
ResultSetMaxRows = 10000000
DefaultGraph =
"""
#: Writes the answer of each question as one line, an empty one where it took too long.
_IN_RDFLIB: Final = """
import json, signal, sys
from rdflib import Dataset
graph = Dataset(default_union=True)
graph.parse(sys.argv[1], format="nquads")
print("ready", flush=True)
def late(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, late)
for line in sys.stdin:
    text, seconds = json.loads(line)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        told = json.dumps(json.loads(graph.query(text).serialize(format="json")))
    except TimeoutError:
        told = ""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    print(told, flush=True)
"""


@contextmanager
def _over_http(address: str, path: str, headers: dict[str, str] | None = None) -> Iterator[Engine]:
    def ask(text: str) -> bytes:
        body = urlencode({"query": text})
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/sparql-results+json",
        }
        with closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as connection:
            connection.request("POST", path, body, sent | (headers or {}))
            answer = connection.getresponse()
            data = answer.read()
            if answer.status != 200:
                raise RuntimeError(data[:300].decode("utf-8", "replace"))
            return data

    yield ask


@contextmanager
def service(store: Path) -> Iterator[Engine]:
    code = "from api.command import main; main()"
    bounds = {"FLEXKG_QUERY_SECONDS": str(PATIENCE), "FLEXKG_QUERY_MEMORY": "4096"}
    command = ("-c", code, "serve", "--store", str(store), "--port", "0")
    with (
        serving(*command, ready="serves on", environment=bounds) as port,
        _over_http(f"127.0.0.1:{port}", "/sparql") as ask,
    ):
        yield ask


@contextmanager
def oxigraph(store: Path) -> Iterator[Engine | None]:
    """Oxigraph's own server over the same files, of the same version."""
    beside = Path(sys.executable).with_name("oxigraph")
    program = str(beside) if beside.exists() else shutil.which("oxigraph")
    if program is None:
        yield None
        return
    port = free_port()
    command = [program, "serve-read-only", "--location", str(store / "graph"), "--bind", f"127.0.0.1:{port}"]
    with (
        started([*command, "--union-default-graph"], port),
        _over_http(f"127.0.0.1:{port}", "/query") as ask,
    ):
        yield ask


@contextmanager
def virtuoso(folder: Path, quads: Path) -> Iterator[Engine | None]:
    """Virtuoso 7; it stores no xsd:duration, so durations are plain strings there."""
    program, client = shutil.which("virtuoso-t"), shutil.which("isql-vt")
    if program is None or client is None:
        yield None
        return
    with quads.open(encoding="utf-8") as source, (folder / "plain.nq").open("w", encoding="utf-8") as plain:
        for line in source:
            plain.write(line.replace("^^<http://www.w3.org/2001/XMLSchema#duration>", ""))
    port, isql = free_port(), free_port()
    settings = folder / "virtuoso.ini"
    settings.write_text(_VIRTUOSO.format(folder=folder, port=port, isql=isql), "utf-8")
    with ExitStack() as held:
        held.enter_context(started([program, "-f", "-c", str(settings)], port, folder))
        load = [client, str(isql), "dba", "dba", f"EXEC={_ISQL.format(folder=folder)}"]
        subprocess.run(load, check=True, capture_output=True, timeout=1800)
        yield held.enter_context(_over_http(f"127.0.0.1:{port}", "/sparql"))


@contextmanager
def rdflib(quads: Path) -> Iterator[Engine]:
    """Give rdflib in a process of its own, which is interrupted where a question takes too long."""
    with subprocess.Popen(
        [sys.executable, "-c", _IN_RDFLIB, str(quads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        put, got = process.stdin, process.stdout
        assert put is not None
        assert got is not None

        def ask(text: str) -> bytes:
            put.write(json.dumps([text, PATIENCE]) + "\n")
            put.flush()
            told = got.readline()
            if not told.strip():
                raise RuntimeError("too long, or it ended")
            return told.encode()

        try:
            got.readline()
            yield ask
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                put.close()
