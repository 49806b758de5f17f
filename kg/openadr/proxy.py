"""The guard as a reverse proxy in front of any OpenADR 2.0b VTN, and as a middleware for aiohttp."""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import aiohttp
from aiohttp import web

from kg.openadr.guard import Guard, Passage

_log = logging.getLogger("flexkg.guard")
XML: Final = "application/xml"
#: Seconds for a client to send a body, and for the VTN behind to answer.
PATIENCE: Final = 30.0
_VEN: Final = re.compile(rb"<(?:\w+:)?venID>\s*([^<]{1,200}?)\s*</")
_SERVICES: Final = "EiEvent|EiReport|EiRegisterParty|EiOpt|OadrPoll"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def middleware(guard: Guard) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """Make a middleware of aiohttp that guards the application behind it, openleadr's VTN for one.

    Args:
        guard: judges what comes and goes.

    Returns:
        For ``server.app.middlewares.append(...)``, before the server is started.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        data = await request.read()
        service = request.path.rpartition("/")[2]
        passage = await asyncio.to_thread(guard.judge, data, "ven", service)
        if not passage.passes:
            return _xml(passage.answer)
        response = await handler(request)
        body = response.body if isinstance(response, web.Response) else None
        if response.status != 200 or not isinstance(body, bytes):
            return response
        asked = _asked(data)
        back = await asyncio.to_thread(guard.judge, body, "vtn", "", asked)
        return response if back.passes else _xml(guard.substitute(back, asked))

    return guarded


def application(upstream: str, guard: Guard, *, tls: ssl.SSLContext | None = None) -> web.Application:
    """Make the proxy.

    Args:
        upstream: address of the VTN behind it, such as ``"http://127.0.0.1:8080/OpenADR2/Simple/2.0b"``.
        guard: judges what comes and goes.
        tls: how the VTN behind is called over TLS; the system's trust without it.
    """
    base = upstream.rstrip("/")
    app = web.Application(client_max_size=guard.max_bytes)
    session: list[aiohttp.ClientSession] = []

    async def life(_app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(ssl=tls or True, limit=200)
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        session.append(aiohttp.ClientSession(connector=connector, timeout=timeout))
        yield
        await session[0].close()

    async def call(service: str, data: bytes) -> tuple[int, bytes, str]:
        async with session[0].post(f"{base}/{service}", data=data, headers={"content-type": XML}) as answer:
            body = await answer.content.read(guard.max_bytes + 1)
            return answer.status, body, answer.headers.get("content-type", XML)

    async def tell(passage: Passage) -> None:
        """Answer the VTN in the VEN's place, where what it sent does not pass."""
        try:
            await call(passage.service, passage.answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("the VTN was not told of a refusal: %s", error)

    async def serve(request: web.Request) -> web.Response:
        service = request.match_info["service"]
        try:
            data = await asyncio.wait_for(request.read(), PATIENCE)
        except TimeoutError:
            return web.Response(status=408, text="the body did not come in time")
        passage = await asyncio.to_thread(guard.judge, data, "ven", service)
        if not passage.passes:
            return _xml(passage.answer)
        try:
            status, body, kind = await call(service, data)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("the VTN behind is not there: %s", error)
            return web.Response(status=502, text="the VTN behind the guard does not answer; try again later")
        if status != 200:
            return web.Response(status=status, body=body[: guard.max_bytes], headers={"content-type": kind})
        asked = _asked(data)
        back = await asyncio.to_thread(guard.judge, body, "vtn", "", asked)
        if back.passes:
            return web.Response(body=body, headers={"content-type": kind})
        if back.service and back.answer:
            await tell(back)
        return _xml(guard.substitute(back, asked))

    async def health(_request: web.Request) -> web.Response:
        counts = {f"{side}_{outcome}": number for (side, outcome), number in guard.counts.items()}
        return web.json_response({"status": "ok", "upstream": base, **counts})

    app.cleanup_ctx.append(life)
    app.router.add_post(f"/OpenADR2/Simple/2.0b/{{service:{_SERVICES}}}", serve)
    app.router.add_get("/health", health)
    return app


def _xml(data: bytes) -> web.Response:
    return web.Response(body=data, content_type=XML)


def _asked(data: bytes) -> str:
    """Read the venID of a message that passed."""
    found = _VEN.search(data)
    return found[1].decode() if found else ""
