"""One worker process, as the service holds it."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from kg.errors import StoreError
from kg.sparql.frames import END, ERROR, HEADER, JOB, READY, told
from kg.sparql.worker import BOOT

_KG: Final = str(Path(__file__).parents[1])
#: What a worker may say on standard error that is kept.
_LAST_WORDS: Final = 4096
_START_SECONDS: Final = 20.0
#: A worker that was busy for longer is put behind the others by the scheduler, and not used again.
_LONG: Final = 0.5


_log = logging.getLogger("flexkg.query")


class Died(Exception):
    """A worker ended in the middle of an answer; its text says how."""


class WorkerProcess:
    """A running worker; made by ``start``.

    Attributes:
        root: directory of the snapshots that it was given with its first job, empty before.
        holds: what the kernel keeps it from, as it said itself.
        spent: it was busy so long that it is not to be used again.
    """

    def __init__(self, process: Process) -> None:
        self.root = ""
        self.holds: dict[str, Any] = {}
        self.spent = False
        self._process = process
        self._pidfd = -1
        with contextlib.suppress(OSError, AttributeError):
            self._pidfd = os.pidfd_open(process.pid)
        self._words = asyncio.ensure_future(self._listen())

    @classmethod
    async def start(cls) -> "WorkerProcess":
        """Start a worker.

        Raises:
            StoreError: it does not come up.
        """
        environment = {"MALLOC_ARENA_MAX": "2", "LANG": "C.UTF-8", "TMPDIR": "/nonexistent"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", BOOT, _KG, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        made = cls(process)
        try:
            kind, body = await asyncio.wait_for(made._frame(), _START_SECONDS)
            if kind != READY:
                raise Died(f"it began with {kind!r}")
        except (TimeoutError, Died, OSError) as error:
            await made.kill()
            raise StoreError(
                f"a query worker does not start: {error}", cure="see the log; is memory short?", code="worker"
            ) from error
        except BaseException:
            await made.kill()
            raise
        made.holds = json.loads(body)
        return made

    async def ask(self, job: dict[str, Any]) -> AsyncIterator[tuple[bytes, bytes]]:
        """Give a job and go through the frames of the answer, the end or the error included.

        Raises:
            Died: the process ended first.
        """
        self.root = job["root"]
        stdin = self._process.stdin
        assert stdin is not None
        slow = asyncio.get_running_loop().call_later(_LONG, self._slow_down)
        try:
            stdin.write(told(JOB, **job))
            await stdin.drain()
            while True:
                kind, body = await self._frame()
                yield kind, body
                if kind in (END, ERROR):
                    return
        except OSError as error:
            raise Died(str(error)) from error
        finally:
            slow.cancel()

    async def kill(self) -> None:
        """End the process, now."""
        if self.alive:
            self._signal()
        transport: Any = getattr(self._process, "_transport", None)
        if transport is not None and (answers := transport.get_pipe_transport(1)) is not None:
            answers.close()  # asyncio waits for the end of every pipe: one that is full and unread has none
        await self._process.wait()
        await self._words
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if transport is not None:
            transport.close()

    def _signal(self) -> None:
        """Send SIGKILL; not by ``Process.kill``, which takes the exit code from who waits for it."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                os.kill(self._process.pid, signal.SIGKILL)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    async def post_mortem(self) -> str:
        """Say why a process that died did: ``memory``, ``depth`` or ``crash``."""
        await self.kill()
        words = self._words.result()
        if "memory allocation" in words or "MemoryError" in words or "bad_alloc" in words:
            return "memory"
        if "overflowed its stack" in words or self._process.returncode == -signal.SIGSEGV:
            return "depth"
        _log.error("a query worker ended with %s: %s", self._process.returncode, words.strip() or "no word")
        return "crash"

    async def _frame(self) -> tuple[bytes, bytes]:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            kind, size = HEADER.unpack(await stdout.readexactly(HEADER.size))
            return kind, await stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise Died("its pipe ended") from error

    async def _listen(self) -> str:
        """Keep the last of what the process says on standard error."""
        stderr, kept = self._process.stderr, b""
        assert stderr is not None
        while part := await stderr.read(_LAST_WORDS):
            kept = (kept + part)[-_LAST_WORDS:]
        return kept.decode("utf-8", "replace")

    def _slow_down(self) -> None:
        """Let the queries of others go before one that takes long."""
        self.spent = True
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, 10)
