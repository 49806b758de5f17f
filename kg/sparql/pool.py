"""The pool: users' queries, each in a process that ends at its deadline whatever it does.

For one event loop. A query waits for its turn, gets a worker of its tenant, and is answered in a stream; one
that goes beyond a limit is told which. A worker that was killed is replaced by a spare one at once.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

from kg.errors import QueryError
from kg.sparql.bounds import Bounds, Outcome, Question, refusal
from kg.sparql.frames import DATA, END, ERROR, HEAD
from kg.sparql.processes import Died, WorkerProcess
from kg.sparql.turns import Turns

#: Bytes of an answer that are held back, so that a limit can still be told with a status.
HELD: Final = 1 << 20


class Pool:
    """A pool of workers.

    Args:
        bounds: what a query may take.
        require: refuse to answer where the kernel does not keep a worker from network and files.
    """

    def __init__(self, bounds: Bounds | None = None, *, require: bool = False) -> None:
        self.bounds = bounds or Bounds()
        self.ended: Counter[str] = Counter()
        self.killed = 0
        #: What the kernel keeps a worker from; empty before the first was started.
        self.holds: dict[str, str | bool] = {}
        self._require = require
        self._turns = Turns(self.bounds.workers, self.bounds.share, self.bounds.waiting, self.bounds.patience)
        self._idle: list[WorkerProcess] = []
        self._spare: asyncio.Task[WorkerProcess] | None = None
        self._ends: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Queries that wait."""
        return self._turns.waiting

    @property
    def running(self) -> int:
        """Queries that run."""
        return self._turns.running

    def warm(self) -> None:
        """Start a worker in the background, so that the next query finds it."""
        if self._spare is None and not self._closed:
            self._spare = asyncio.ensure_future(WorkerProcess.start())

    async def ask(self, question: Question, client: str) -> Outcome:
        """Answer a query.

        Args:
            question: the query.
            client: who asks; clients take turns.

        Returns:
            The answer; ``HELD`` bytes of it, or all, are here.

        Raises:
            QueryError: it does not parse, or reached a limit; the code says which: ``queue-full``,
                ``queue-time``, ``deadline``, ``memory``, ``depth``, ``crash``, ``rows``, ``bytes``,
                ``syntax``, ``evaluation`` or ``not-acceptable``.
        """
        await self._turns.take(client)
        # a client that does not read its answer keeps nothing for longer than one that does
        run = _Run(self, client, self.bounds.seconds)
        try:
            run.take(await self._worker(question.root))
            frames = run.frames(self._job(question))
            held: list[bytes] = []
            head: dict[str, Any] = {}
            size, complete = 0, False
            async for kind, body in frames:
                if kind == HEAD:
                    head = json.loads(body)
                elif kind == DATA:
                    held.append(body)
                    size += len(body)
                    if size >= HELD:
                        break
                elif kind == END:
                    complete = True
            if complete:
                run.finish()
        except BaseException:
            run.finish()
            raise
        return Outcome(head["kind"], head["media"], _chunks(held, frames, run), complete)

    async def close(self) -> None:
        """End all workers."""
        self._closed = True
        if self._spare is not None:
            with contextlib.suppress(Exception):
                self._idle.append(await self._spare)
            self._spare = None
        idle, self._idle = self._idle, []
        await asyncio.gather(*(worker.kill() for worker in idle), *self._ends)

    def _job(self, question: Question) -> dict[str, Any]:
        return {
            "query": question.text,
            "root": question.root,
            "path": question.path,
            "default": question.default,
            "named": question.named,
            "media": question.media,
            "base": question.base,
            "prefixes": question.prefixes,
            "rows": self.bounds.rows,
            "bytes": self.bounds.size,
            "memory": self.bounds.memory,
            "require": self._require,
        }

    async def _worker(self, root: str) -> WorkerProcess:
        """Give a worker that serves a tenant, or one that served nobody yet."""
        for wanted in (root, ""):
            for worker in self._idle:
                if worker.root == wanted and worker.alive:
                    self._idle.remove(worker)
                    return worker
        if len(self._idle) >= 2 * self.bounds.workers:
            self.dismiss(self._idle.pop(0))
        spare, self._spare = self._spare, None
        made = await (spare or WorkerProcess.start())
        self.holds = {name: made.holds[name] for name in ("network", "files", "memory")}
        self.warm()
        if self._require and made.holds.get("network") == "none":
            self.dismiss(made)
            raise QueryError(
                "this host cannot keep a query from the network",
                cure="run on Linux (x86-64 or arm64), or set FLEXKG_SANDBOX=best",
                code="sandbox",
            )
        return made

    def dismiss(self, worker: WorkerProcess) -> None:
        """End a worker in the background."""
        self.killed += 1
        end = asyncio.ensure_future(worker.kill())
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    def give_back(self, worker: WorkerProcess | None, client: str, *, clean: bool) -> None:
        """Take a worker and a turn back.

        Args:
            worker: the worker, None where none was there yet.
            client: whose turn it was.
            clean: the worker has finished its job.
        """
        if worker is not None:
            if clean and worker.alive and not worker.spent and not self._closed:
                self._idle.append(worker)
            else:
                self.dismiss(worker)
                self.warm()
        self._turns.give(client)


class _Run:
    """One query that has its turn; at its deadline its worker is killed, whatever goes on.

    Args:
        pool: the pool.
        client: whose turn it is.
        seconds: until the deadline.
    """

    def __init__(self, pool: Pool, client: str, seconds: float) -> None:
        self.worker: WorkerProcess | None = None
        self._pool, self._client = pool, client
        self._clean = self._finished = self._late = False
        self._end = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def take(self, worker: WorkerProcess) -> None:
        """Begin with a worker; one that came too late is not begun with."""
        self.worker = worker
        if self._late:
            self._pool.dismiss(worker)
            raise self._refused("deadline", "")

    def _too_late(self) -> None:
        self._late = True
        self.finish()

    def finish(self) -> None:
        """Give worker and turn back; twice does nothing."""
        if not self._finished:
            self._finished = True
            self._end.cancel()
            self._pool.give_back(self.worker, self._client, clean=self._clean)

    async def frames(self, job: dict[str, Any]) -> AsyncIterator[tuple[bytes, bytes]]:
        """Go through the frames of the answer, until its end or its deadline."""
        assert self.worker is not None
        frames = self.worker.ask(job)
        try:
            async for kind, body in frames:
                if kind in (END, ERROR):
                    self._clean = True
                if kind == ERROR:
                    raise self._refused(**json.loads(body))
                yield kind, body
        except Died:
            raise self._refused("deadline" if self._late else await self.worker.post_mortem(), "") from None
        finally:
            await frames.aclose()  # type: ignore[attr-defined]

    def _refused(self, code: str, message: str) -> QueryError:
        self._pool.ended[code] += 1
        return refusal(code, message, self._pool.bounds)


async def _chunks(
    held: list[bytes], frames: AsyncIterator[tuple[bytes, bytes]], run: _Run
) -> AsyncIterator[bytes]:
    """Go through an answer's bytes: those that were held back, then the rest as it comes."""
    try:
        for part in held:
            yield part
        held.clear()
        async for kind, body in frames:
            if kind == DATA:
                yield body
    finally:
        await frames.aclose()  # type: ignore[attr-defined]
        run.finish()
