"""Engines that answer SPARQL beside the service: each over the same quads, started and ended here."""

import http.client
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from bench.clock import below
from bench.servers import flexkg, free_port, isql, started, virtuoso_running

#: Seconds of processor time for one question, and by the clock: others may use the machine as well.
PATIENCE: Final = 30.0
WAIT: Final = 300.0
#: Seconds for the loading of the quads.
_LOADING: Final = 1800.0
#: Takes a query, gives the seconds of processor time that it took and SPARQL JSON; raises where it fails or
#: takes too long.
Engine = Callable[[str], tuple[float, bytes]]

_ISQL: Final = "ld_dir('{folder}', 'plain.nq', ''); rdf_loader_run(); checkpoint;"
#: What loads the quads, and answers a question, in a process of its own.
_IN_RDFLIB: Final = """
from rdflib import Dataset
def late(*_):
    raise TimeoutError
signal.signal(signal.SIGPROF, late)
graph = Dataset(default_union=True)
graph.parse(sys.argv[1], format="nquads")
def answer(text):
    return json.dumps(json.loads(graph.query(text).serialize(format="json"))).encode()
"""
_IN_PYOXIGRAPH: Final = """
import pyoxigraph as ox
store = ox.Store.read_only(sys.argv[1])
def answer(text):
    return store.query(text, use_default_graph_as_union=True).serialize(format=ox.QueryResultsFormat.JSON)
"""
#: Writes of each question how long it took and its answer; an alarm ends a question, or the process.
_LOOP: Final = """
import json, resource, signal, sys, time
{answer}
took = time.process_time()
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, flush=True)
for line in sys.stdin:
    text, seconds = json.loads(line)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    begin = time.thread_time()
    try:
        told = answer(text)
    except TimeoutError:
        told = b""
    took = time.thread_time() - begin
    signal.setitimer(signal.ITIMER_PROF, 0)
    sys.stdout.buffer.write(b"%f %s\\n" % (took, told))
    sys.stdout.buffer.flush()
"""


class _Apart:
    """An engine in a process of its own, which is started anew where a question has ended it.

    Args:
        code: loads what the argument names, and defines ``answer``.
        argument: what it is given.
    """

    def __init__(self, code: str, argument: Path) -> None:
        self._command = [sys.executable, "-c", _LOOP.format(answer=code), str(argument)]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._put, self._got = self._process.stdin, self._process.stdout
        late = threading.Timer(_LOADING, self._process.kill)
        late.start()
        told = self._got.readline().split()
        late.cancel()
        if len(told) != 2:
            raise RuntimeError("it does not load")
        #: Seconds and MiB that loading took.
        self.loading, self.memory = float(told[0]), int(told[1])

    def ask(self, text: str) -> tuple[float, bytes]:
        self._put.write(json.dumps([text, PATIENCE]).encode() + b"\n")
        self._put.flush()
        took, _, told = self._got.readline().partition(b" ")
        if not took:
            self.close()
            self._start()
        if not told.strip():
            raise RuntimeError("too long")
        return float(took), told

    def close(self) -> None:
        self._process.kill()
        self._process.wait(30)
        with suppress(BrokenPipeError):
            self._put.close()
        self._got.close()


@contextmanager
def _over_http(address: str, path: str, headers: dict[str, str] | None = None) -> Iterator[Engine]:
    headers = headers or {}
    with closing(http.client.HTTPConnection(address, timeout=WAIT)) as connection:

        def ask(text: str) -> tuple[float, bytes]:
            sent = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/sparql-results+json",
            }
            begin = below()
            try:  # kept open: the time of a thread that ends with its connection could not be read
                connection.request("POST", path, urlencode({"query": text}), sent | headers)
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                raise
            if answer.status != 200:
                raise RuntimeError(data[:300].decode("utf-8", "replace"))
            return below() - begin, data

        yield ask


@contextmanager
def service(store: Path) -> Iterator[Engine]:
    """Give the service, with the bounds of a question as wide as the others'."""
    with (
        flexkg(store, query_seconds=WAIT, query_memory=4096) as address,
        _over_http(address, "/sparql") as ask,
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
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        yield None
        return
    with quads.open(encoding="utf-8") as source, (folder / "plain.nq").open("w", encoding="utf-8") as plain:
        for line in source:
            plain.write(line.replace("^^<http://www.w3.org/2001/XMLSchema#duration>", ""))
    with virtuoso_running(folder, 85_000) as (port, door):
        isql(door, _ISQL.format(folder=folder), _LOADING)
        with _over_http(f"127.0.0.1:{port}", "/sparql") as ask:
            yield ask


@contextmanager
def pyoxigraph(store: Path) -> Iterator[Engine]:
    """Give raw pyoxigraph, which has all quads as one graph: the fastest way that it has."""
    with closing(_Apart(_IN_PYOXIGRAPH, store / "graph")) as made:
        yield made.ask


@contextmanager
def rdflib(quads: Path, told: dict[str, Any]) -> Iterator[Engine]:
    """Give rdflib; ``told`` gets what loading took."""
    with closing(_Apart(_IN_RDFLIB, quads)) as made:
        told |= {"rdflib_ms": made.loading * 1e3, "rdflib_mib": made.memory}
        yield made.ask
