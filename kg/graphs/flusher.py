"""The flusher: lets Oxigraph put into its files what lies in its memory, beside the next writes."""

import contextlib
import threading
from collections.abc import Callable
from typing import Final

from kg.errors import StoreUnavailable
from kg.graphs.oxigraph import guarded

#: Triples that may lie in Oxigraph's memory, at about 1 kB each; beyond it they are put into its files.
_IN_MEMORY: Final = 50_000


class Flusher:
    """Flushes one store; for one thread at a time.

    Args:
        where: the store's directory, for what is told of it.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._unflushed = 0
        self._thread: threading.Thread | None = None

    def wrote(self, triples: int, flush: Callable[[], None]) -> None:
        """Take note of triples that were written; ``flush`` is run on a thread of its own."""
        self._unflushed += triples
        if self._unflushed < _IN_MEMORY:
            return
        self.wait()
        self._thread = threading.Thread(target=self._flush, args=(flush,), name="flush")
        self._thread.start()

    def wait(self) -> None:
        """Wait until it is done: meanwhile it holds the store."""
        self._unflushed = 0
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _flush(self, flush: Callable[[], None]) -> None:
        # what cannot be flushed is met by the next write, and is in the journal
        with contextlib.suppress(StoreUnavailable), guarded(self._where):
            flush()
