"""``POST /payloads``: take this payload in."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi_problem.error import Problem

from api.access import caller_of
from api.bodies import PAYLOAD_BODY, read_body
from api.models import ProblemModel, ReceiptModel, RefusalModel
from api.problems import TYPE
from kg.service import Service

router = APIRouter(tags=["payloads"])


@router.post(
    "/payloads",
    status_code=201,
    openapi_extra=PAYLOAD_BODY,
    response_model=ReceiptModel,
    responses={
        200: {
            "model": ReceiptModel,
            "description": "The same bytes were taken in before; nothing was added.",
        },
        201: {"description": "The payload conforms, is on disk and in the graph."},
        403: {"model": ProblemModel, "description": "The caller may not send this message for this party."},
        413: {"model": ProblemModel, "description": "The body is too large."},
        422: {
            "model": RefusalModel,
            "description": "The payload was refused; nothing of it is in the graph.",
        },
        503: {
            "model": ProblemModel,
            "description": "The service has no store, or the store is not available.",
        },
        507: {"model": ProblemModel, "description": "The disk is full; nothing was acknowledged."},
    },
)
async def take(request: Request) -> JSONResponse:
    """Check, record and apply one payload.

    Answered only when the payload is on disk. A refused payload gives 422 with a pointer for each violation;
    its report is kept, nothing of it becomes visible.
    """
    service: Service = request.app.state.service
    data = await read_body(request, service.settings.max_payload_bytes)
    caller = caller_of(request)
    receipt = await run_in_threadpool(service.ingest, data, sender=caller.party, permit=caller.must_send)
    body = {
        **receipt.report.as_dict(),
        "sequence": receipt.seq,
        "duplicate": receipt.duplicate,
        "applied": receipt.applied,
    }
    if receipt.accepted:
        return JSONResponse(body, status_code=200 if receipt.duplicate else 201)
    first = receipt.report.violations[0]
    raise Problem(
        "The payload was refused",
        type_=TYPE + ("unreadable" if receipt.report.verdict == "unreadable" else "violates"),
        detail=f"{first.rule}: {first.message}",
        status=422,
        **body,
    )
