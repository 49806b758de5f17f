"""A turnstile: readers go in and out, and wait while it is closed, those aside who are inside already."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kg.errors import StoreUnavailable


class Turnstile:
    """Lets the readers of something that is now and then put aside end first.

    Args:
        what: what is read, for what is told of it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._changed = threading.Condition()
        self._inside: Counter[int] = Counter()
        self._closed = False

    def enter(self) -> Callable[[], None]:
        """Go in; gives what goes out again, to be called once, by any thread."""
        thread = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not self._closed or thread in self._inside)
            self._inside[thread] += 1

        def leave() -> None:
            with self._changed:
                self._inside[thread] -= 1
                if not self._inside[thread]:
                    del self._inside[thread]
                self._changed.notify_all()

        return leave

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside."""
        leave = self.enter()
        try:
            yield
        finally:
            leave()

    @property
    def reads(self) -> bool:
        """Whether this thread is inside."""
        return threading.get_ident() in self._inside

    @contextmanager
    def closed(self, patience: float) -> Iterator[None]:
        """Let nobody in, and wait until everybody is out; for one thread at a time.

        Args:
            patience: seconds to wait.

        Raises:
            StoreUnavailable: somebody is still inside.
        """
        try:
            with self._changed:
                self._closed = True
                if not self._changed.wait_for(lambda: not self._inside, patience):
                    raise StoreUnavailable(f"{self._what} are being read", cure="try again", code="busy")
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()
