"""openleadr's VEN, guarded: what fails the check is neither sent nor acted on. One door for openleadr.

Loaded by those who use it only: ``from kg.openadr.openleadr_client import GuardedClient``.
"""

import asyncio
import logging
from types import TracebackType
from typing import Any

from openleadr import OpenADRClient

from kg.openadr.guard import Guard

_log = logging.getLogger("flexkg.guard")


class GuardedClient(OpenADRClient):  # type: ignore[misc] # openleadr has no types
    """An OpenADRClient with a guard in it; takes the same arguments.

    Args:
        guard: judges what goes out and comes in; one with the shipped rules without it.
    """

    def __init__(self, *args: Any, guard: Guard | None = None, **kwargs: Any) -> None:
        self.client_session: Any = None
        super().__init__(*args, **kwargs)
        self.guard = guard or Guard()

    async def _perform_request(self, service: str, message: str | bytes) -> Any:
        """Send a message that passes and take an answer that passes; else what openleadr gives on a fault."""
        data = message.encode() if isinstance(message, str) else message
        passage = await asyncio.to_thread(self.guard.judge, data, "ven", service)
        if not passage.passes:
            first = passage.report.violations[0]
            _log.error("not sent: %s: %s", first.rule, first.message)
            return None, {}
        return await super()._perform_request(service, message)

    async def _ensure_client_session(self) -> None:
        await super()._ensure_client_session()
        if not isinstance(self.client_session, _Session):
            self.client_session = _Session(self.client_session, self)

    async def answer_refused(self, service: str, data: bytes) -> None:
        """Tell the VTN why what it sent was refused."""
        async with self.client_session.plain.post(f"{self.vtn_url}/{service}", data=data) as answer:
            await answer.read()


class _Session:
    """A session whose answers are judged before openleadr reads them."""

    def __init__(self, plain: Any, client: GuardedClient) -> None:
        self.plain, self._client = plain, client

    def post(self, url: str, data: Any) -> "_Exchange":
        return _Exchange(self.plain.post(url, data=data), self._client)

    async def close(self) -> None:
        await self.plain.close()


class _Exchange:
    """One request, as an asynchronous context."""

    def __init__(self, request: Any, client: GuardedClient) -> None:
        self._request, self._client = request, client
        self._answer: Any = None

    async def __aenter__(self) -> "_Exchange":
        self._answer = await self._request.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._request.__aexit__(kind, error, trace)

    @property
    def status(self) -> int:
        status: int = self._answer.status
        return status

    async def read(self) -> bytes:
        """Give the answer, or what stands for one that does not pass."""
        guard, asked = self._client.guard, self._client.ven_id or ""
        data: bytes = await self._answer.content.read(guard.max_bytes + 1)
        if self.status != 200:
            return data
        passage = await asyncio.to_thread(guard.judge, data, "vtn", "", asked)
        if passage.passes:
            return data
        if passage.service and passage.answer:
            await self._client.answer_refused(passage.service, passage.answer)
        return guard.substitute(passage, asked)
