"""``/journal/checkpoint``: how far the journal reaches, signed, for whoever has to prove it later."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.models import ProblemModel
from api.stores import service_of
from kg.checkpoints import sign

router = APIRouter(prefix="/journal", tags=["evidence"])
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "A JWS in compact form.", "content": {"application/jose": {}}},
    503: {"model": ProblemModel, "description": "The service has no store."},
}


@router.get("/checkpoint", response_class=Response, responses=_RESPONSES)
async def checkpoint(request: Request) -> Response:
    """Sign number and hash of the journal's last row; keep it elsewhere."""
    text = await run_in_threadpool(lambda: sign(service_of(request).store.journal))
    return Response(text, media_type="application/jose", headers={"Cache-Control": "no-store"})
