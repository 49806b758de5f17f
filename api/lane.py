"""A lane of its own for what comes by thousands: polls, and answers to events, before the routes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import decided
from api.openadr import XML, router
from api.patience import Patience
from api.peers import WHOLE
from kg.errors import FlexKGError
from kg.identity.caller import LOCAL_CALLER
from kg.openadr.vtn import Vtn
from kg.service import Service

_POLL: Final = "/OpenADR2/Simple/2.0b/OadrPoll"
_EVENT: Final = "/OpenADR2/Simple/2.0b/EiEvent"
#: What measures are told that answered: the same route as on the long way.
_ROUTE: Final = router.routes[0]


class Lane:
    """Answers what is known by its bytes or by its form; everything else goes on to the application.

    It takes a fraction of the processor time that the routes take; what is answered is the same.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a message, or hand the request on."""
        if (
            scope["type"] != "http"
            or scope["path"] not in (_POLL, _EVENT)
            or scope["method"] != "POST"
            or scope["query_string"]
        ):
            await self._app(scope, receive, send)
            return
        served: Service = scope["app"].state.service
        caller, grant = decided(scope)
        vtn = _vtn(served)
        if vtn is None or grant is None or not (caller is LOCAL_CALLER or caller.party):
            await self._app(scope, receive, send)  # the long way tells what is wrong
            return
        messages, most = [], served.settings.max_payload_bytes
        if WHOLE in scope.get("extensions", ()):
            messages.append(await receive())
        else:
            patience: Patience = scope["app"].state.patience
            try:
                async with patience.at_most(patience.seconds):
                    await _receive(receive, messages, most)
            except TimeoutError:
                await self._app(scope, _late, send)
                return
        data = b"".join(message.get("body", b"") for message in messages)
        made = None
        if _whole(messages) and len(data) <= most:
            if scope["path"] == _POLL:
                made = vtn.glance(data, caller.party)
            else:
                made = await _taken(vtn, data, caller.party)
        if made is None:
            await self._app(scope, _again(messages, receive), send)
            return
        scope["route"] = _ROUTE
        fields = [(b"content-length", b"%d" % len(made)), (b"content-type", XML.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": made})


def _vtn(served: Service) -> Vtn | None:
    try:
        return served.vtn
    except FlexKGError:
        return None


async def _taken(vtn: Vtn, data: bytes, party: str) -> bytes | None:
    """Let an answer to an event be recorded with others; None where it takes the long way."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes | None] = loop.create_future()

    def settle(made: bytes | None) -> None:
        if not answer.done():
            answer.set_result(made)

    def done(made: bytes | None) -> None:
        with suppress(RuntimeError):  # the service has ended, and nobody waits
            loop.call_soon_threadsafe(partial(settle, made))

    return await answer if vtn.express.take(data, party, done) else None


def _whole(messages: Sequence[Message]) -> bool:
    """Whether a body came whole."""
    return messages[-1]["type"] == "http.request" and not messages[-1].get("more_body", False)


async def _receive(receive: Receive, messages: list[Message], most: int) -> None:
    """Receive a body until it is whole, too long, or cut off."""
    size = 0
    while not messages or (messages[-1].get("more_body", False) and size <= most):
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """Let what was received be received again, and then what comes behind it."""
    waiting = iter(messages)

    async def replayed() -> Message:
        found = next(waiting, None)
        return found if found is not None else await receive()

    return replayed


async def _late() -> Message:
    """Tell the long way that the body did not come in time."""
    raise TimeoutError
