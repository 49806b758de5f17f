"""Turns: who may run a query next, so that no client can keep the others from theirs.

Clients take turns, whatever the number of queries that each has waiting, and none has more than its share of
the workers at once. So the queries of one client wait behind each other, never in front of another's.
"""

import asyncio
import contextlib
from collections import deque

from kg.errors import QueryError


class Turns:
    """Gives turns to clients; for one event loop.

    Args:
        size: turns that are out at once.
        share: turns that one client has at once, at most.
        waiting: turns that one client may wait for, at most.
        patience: seconds after which waiting is given up.
    """

    def __init__(self, size: int, share: int, waiting: int, patience: float) -> None:
        self._free, self._share, self._most, self._patience = size, share, waiting, patience
        self._running: dict[str, int] = {}
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """How many turns are waited for."""
        return sum(map(len, self._queues.values()))

    @property
    def running(self) -> int:
        """How many turns are out."""
        return sum(self._running.values())

    async def take(self, client: str) -> None:
        """Wait for a turn; it must be given back.

        Raises:
            QueryError: too many of the client's queries wait (code ``queue-full``), or none got its turn in
                time (code ``queue-time``).
        """
        if self._free > 0 and self._running.get(client, 0) < self._share and client not in self._queues:
            self._start(client)
            return
        queue = self._queues.setdefault(client, deque())
        if len(queue) >= self._most:
            raise QueryError(
                f"{len(queue)} of your queries wait already",
                cure="let them finish first, then ask again",
                code="queue-full",
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await asyncio.wait_for(turn, self._patience)
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give(client)  # it came in the moment of giving up
            if isinstance(error, TimeoutError):
                raise QueryError(
                    f"no query worker became free within {self._patience:g} s",
                    cure="ask again later",
                    code="queue-time",
                ) from None
            raise
        finally:
            with contextlib.suppress(ValueError):
                queue.remove(turn)
            if not queue:
                self._queues.pop(client, None)

    def give(self, client: str) -> None:
        """Give a turn back; the next client gets it."""
        self._free += 1
        left = self._running.get(client, 1) - 1
        if left:
            self._running[client] = left
        else:
            self._running.pop(client, None)
        self._next()

    def _start(self, client: str) -> None:
        self._free -= 1
        self._running[client] = self._running.get(client, 0) + 1

    def _next(self) -> None:
        """Hand the free turns to the clients in the order in which they were served last."""
        for client in list(self._queues):
            if self._free <= 0:
                return
            queue = self._queues[client]
            turn = next((each for each in queue if not each.done()), None)
            if turn is None or self._running.get(client, 0) >= self._share:
                continue
            self._start(client)
            turn.set_result(None)
            # whoever had a turn goes to the end of the row
            self._queues[client] = self._queues.pop(client)
