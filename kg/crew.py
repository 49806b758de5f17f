"""Checks in several processes: a check holds the interpreter, so threads take turns and processes do not."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from kg.check import Checker, checker
from kg.context import Context
from kg.errors import StoreUnavailable, UsageError
from kg.report import Report

#: Bytes and payloads after which a batch is handed over, and batches under way for each process.
_BYTES, _MANY, _AHEAD = 1 << 20, 64, 3

#: A payload, or why it cannot be read, by name.
Named = tuple[str, bytes | UsageError]


@dataclass(frozen=True, slots=True)
class Orders:
    """How every payload is checked; see ``kg.check.check``.

    Attributes:
        context: files and folders of what was sent before; empty for none.
    """

    profile: str = "core"
    engine: str = "compiled"
    max_bytes: int = 1_048_576
    standard: str = ""
    context: tuple[Path, ...] = ()
    now: datetime | None = None


class Worker:
    """Checks payloads as ordered, in the process that it is made in.

    Raises:
        kg.errors.UsageError: no such profile, engine or context.
        kg.errors.AssetError: a shape, mapping or vocabulary file is broken.
    """

    def __init__(self, orders: Orders) -> None:
        self.orders, self.checker = orders, checker(orders.profile, orders.engine)
        self.context: Context | None = None
        if orders.context:
            from kg.context_files import FileContext

            self.context = FileContext(list(orders.context), max_bytes=orders.max_bytes)

    def report(self, data: bytes) -> Report:
        """Check one payload."""
        o = self.orders
        return self.checker.check(
            data, max_bytes=o.max_bytes, standard=o.standard, context=self.context, now=o.now
        )


class Crew:
    """Checks many payloads, in so many processes.

    Args:
        orders: how.
        jobs: how many processes; 1 for this one, 0 for one for each processor.
    """

    def __init__(self, orders: Orders, jobs: int = 1) -> None:
        self.orders, self.jobs = orders, jobs or os.cpu_count() or 1
        self._worker = Worker(orders)  # also with several: what is wrong is told at once

    @property
    def checker(self) -> Checker:
        """The checker of this process."""
        return self._worker.checker

    def reports(self, payloads: Iterable[Named]) -> Iterator[tuple[str, bytes | UsageError, Report | None]]:
        """Give each payload with its report, in the order given; None for one that cannot be read.

        Raises:
            kg.errors.StoreUnavailable: a process ended, for want of memory perhaps.
        """
        if self.jobs == 1:
            for name, data in payloads:
                yield name, data, None if isinstance(data, UsageError) else self._worker.report(data)
            return
        waiting: deque[tuple[list[Named], Future[list[Report]]]] = deque()
        pool = ProcessPoolExecutor(self.jobs, get_context("spawn"), _begin, (self.orders,))
        try:
            for batch in _batches(payloads):
                work = [data for _, data in batch if isinstance(data, bytes)]
                waiting.append((batch, pool.submit(_work, work)))
                if len(waiting) > self.jobs * _AHEAD:
                    yield from _done(*waiting.popleft())
            while waiting:
                yield from _done(*waiting.popleft())
        except BrokenProcessPool as error:
            raise StoreUnavailable(
                "a process that checks payloads ended", cure="ask for fewer with --jobs, or check memory"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _batches(payloads: Iterable[Named]) -> Iterator[list[Named]]:
    batch: list[Named] = []
    size = 0
    for named in payloads:
        batch.append(named)
        size += len(named[1]) if isinstance(named[1], bytes) else 0
        if size >= _BYTES or len(batch) >= _MANY:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _done(
    batch: list[Named], future: "Future[list[Report]]"
) -> Iterator[tuple[str, bytes | UsageError, Report | None]]:
    reports = iter(future.result())
    for name, data in batch:
        yield name, data, None if isinstance(data, UsageError) else next(reports)


_worker: Worker | None = None


def _begin(orders: Orders) -> None:
    global _worker
    _worker = Worker(orders)


def _work(payloads: list[bytes]) -> list[Report]:
    assert _worker is not None
    return [_worker.report(data) for data in payloads]
