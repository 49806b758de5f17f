"""A query worker: a process that answers queries over snapshots and can be killed at any moment.

It is started with ``BOOT`` and loads nothing of ``kg`` but its neighbours here: a worker has to be there in
tens of milliseconds. It serves one tenant, the one of its first job: from then on the kernel shows it no
other files.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import IO, Any, Final, cast

import pyoxigraph as ox

from kg.sparql.confinement import Memory, confine, confine_files, files_by
from kg.sparql.frames import DATA, END, ERROR, HEAD, READY, frame, received, told
from kg.sparql.tally import CHUNK, Full, Tally

#: ``python -I -c BOOT <folder of kg>``: a package kg that imports its modules but runs no ``__init__``.
BOOT: Final = (
    "import sys, types; kg = types.ModuleType('kg'); kg.__path__ = [sys.argv[1]]; sys.modules['kg'] = kg; "
    "from kg.sparql.worker import main; main()"
)
_OPENING: Final = 1 << 30


class Worker:
    """Answers jobs one after the other."""

    def __init__(self) -> None:
        self._memory = Memory()
        self.bounded = self._memory.bound(_OPENING)
        self._path = ""
        self._store: ox.Store | None = None
        self._files = ""
        self._unsent = b""

    def answer(self, job: dict[str, Any]) -> None:
        """Answer one job: head, data and end, or an error; nothing is raised."""
        try:
            end = self._answer(job)
        except Full as full:
            self._say(told(ERROR, code=str(full), message=""), last=True)
        except SyntaxError as error:
            self._say(told(ERROR, code="syntax", message=str(error)), last=True)
        except (ValueError, RuntimeError, OSError, MemoryError) as error:
            code = "memory" if isinstance(error, MemoryError) else "evaluation"
            self._say(told(ERROR, code=code, message=str(error)), last=True)
        else:
            self._say(told(END, **end), last=True)

    def _answer(self, job: dict[str, Any]) -> dict[str, Any]:
        store = self._opened(job)
        result = store.query(
            job["query"],
            base_iri=job["base"] or None,
            use_default_graph_as_union=job["default"] is None,
            default_graph=_default(job["default"]),
            named_graphs=[ox.NamedNode(iri) for iri in job["named"]],
        )
        kind = _kind(result)
        media = job["media"][kind]
        if media is None:
            raise ValueError(f"not-acceptable {kind}")
        self._say(told(HEAD, kind=kind, media=media))
        tally = Tally(media, job["rows"], job["bytes"], lambda chunk: self._say(frame(DATA, chunk)))
        out = cast(IO[bytes], tally)
        rows = 0
        if isinstance(result, ox.QueryTriples):

            def counted(triples: Iterator[ox.Triple]) -> Iterator[ox.Triple]:
                nonlocal rows
                for triple in triples:
                    rows += 1
                    if rows > job["rows"]:
                        raise Full("rows")
                    yield triple

            form = ox.RdfFormat.from_media_type(media)
            ox.serialize(counted(result), out, format=form, prefixes=job["prefixes"])
        else:
            results = ox.QueryResultsFormat.from_media_type(media)
            result.serialize(out, format=results)
        tally.pass_on()
        return {"rows": rows or tally.rows, "bytes": tally.bytes}

    def _say(self, data: bytes, *, last: bool = False) -> None:
        """Send a frame; a short answer goes in one piece, which wakes the service once."""
        self._unsent += data
        if last or len(self._unsent) >= CHUNK:
            data, self._unsent = self._unsent, b""
            _send(data)

    def _opened(self, job: dict[str, Any]) -> ox.Store:
        if not self._files:
            self._files = confine_files(job["root"])
        if job["require"] and self._files == "none":
            raise RuntimeError("this host cannot keep a query from files; see the setting FLEXKG_SANDBOX")
        if self._store is None or self._path != job["path"]:
            self._store = None
            self._memory.bound(_OPENING)
            self._store, self._path = ox.Store.read_only(job["path"]), job["path"]
            self._memory.bound(job["memory"])
        return self._store


def _default(iris: list[str] | None) -> list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None:
    return None if iris is None else [ox.NamedNode(iri) if iri else ox.DefaultGraph() for iri in iris]


def _kind(result: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples) -> str:
    if isinstance(result, ox.QuerySolutions):
        return "select"
    return "ask" if isinstance(result, ox.QueryBoolean) else "graph"


def _send(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def main() -> None:
    """Confine this process, then answer jobs from standard input until it ends."""
    held = confine()
    threads = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0  # noqa: PTH208
    worker = Worker()
    _send(told(READY, **held, threads=threads, files=files_by(), memory=worker.bounded))
    with contextlib.suppress(BrokenPipeError):
        while got := received(lambda size: os.read(0, size)):
            worker.answer(json.loads(got[1]))
