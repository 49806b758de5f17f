"""A latch: many readers at once, or one writer; a writer that waits goes before new readers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Latch:
    """Keeps what a reader sees the same as long as it looks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._inside: dict[int, int] = {}
        self._writes = False
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep writers out; a thread that reads already goes in at once."""
        me = threading.get_ident()
        with self._changed:
            if me not in self._inside:
                self._changed.wait_for(lambda: not self._writes and not self._waiting)
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[me] -= 1
                if not self._inside[me]:
                    del self._inside[me]
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep everybody else out; a thread that reads may write too, and sees then what it wrote."""
        me = threading.get_ident()
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._writes and not self._inside.keys() - {me})
                self._writes = True
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._writes = False
                self._changed.notify_all()
