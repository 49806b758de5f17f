"""How long the service waits for the other end of a connection; not at all once it is told to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Patience:
    """Bounds every wait for a client, so that none of them holds the service up.

    Args:
        seconds: for a client to send the whole body of a request.

    Attributes:
        ended: whether the service was told to stop.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ended = False
        self._waits: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def at_most(self, seconds: float) -> AsyncIterator[None]:
        """Bound what is awaited within a block.

        Args:
            seconds: how long; the service's end cuts it short.

        Raises:
            TimeoutError: it took longer.
        """
        async with asyncio.timeout(0 if self.ended else seconds) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def end(self) -> None:
        """Let every wait end now, and every later one at once."""
        self.ended = True
        now = asyncio.get_running_loop().time()
        for wait in list(self._waits):
            if not wait.expired():
                wait.reschedule(now)
