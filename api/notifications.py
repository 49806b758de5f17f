"""``/notifications``: what VENs and VTN say, as Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.models import ProblemModel
from api.patience import Patience
from kg.service import Service

router = APIRouter(tags=["events"])
#: Notifications that may wait for one reader; what comes beyond is told as lost.
_WAITING = 1000


@router.get(
    "/notifications",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One event for each message; its data is JSON: message type, VEN, direction, row.",
            "content": {"text/event-stream": {}},
        },
        503: {"model": ProblemModel, "description": "No VTN is served."},
    },
)
async def notifications(request: Request) -> StreamingResponse:
    """Tell of each message that changes what is known: registrations, events, answers, opts, reports."""
    service: Service = request.app.state.service
    vtn, loop = service.vtn, asyncio.get_running_loop()
    patience: Patience = request.app.state.patience
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)

    def put(told: dict[str, Any]) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(told)

    def listen(told: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(put, told)

    async def stream() -> AsyncIterator[str]:
        vtn.listeners.append(listen)
        try:
            yield ": ready\n\n"
            while not patience.ended and not await request.is_disconnected():
                try:
                    async with patience.at_most(15):
                        told = await queue.get()
                except TimeoutError:
                    yield ": alive\n\n"
                    continue
                yield f"id: {told['row']}\nevent: {told['message_type']}\ndata: {json.dumps(told)}\n\n"
        finally:
            vtn.listeners.remove(listen)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
