"""An asyncio loop in a thread of its own, for protocols whose libraries need one."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """Runs coroutines for callers that wait; ended by ``close``."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, what: Coroutine[Any, Any, T], seconds: float) -> T:
        """Wait for a coroutine.

        Raises:
            TimeoutError: it took longer; it was cancelled.
        """
        made = asyncio.run_coroutine_threadsafe(asyncio.wait_for(what, seconds), self._loop)
        try:
            return made.result(seconds + 5)
        except CancelledError as error:
            raise TimeoutError("the loop ended") from error

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._loop.is_running():
            self._loop.close()

    async def _cancel(self) -> None:
        others = [one for one in asyncio.all_tasks(self._loop) if one is not asyncio.current_task()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
