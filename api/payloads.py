"""``POST /payloads``: take this payload in."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi_problem.error import Problem

from api.access import caller_of
from api.bodies import PAYLOAD_BODY, read_body
from api.models import ProblemModel, ReceiptModel, RefusalModel
from api.negotiation import choose
from api.problems import TYPE, problem
from api.stores import service_of
from kg.answering import Answerer
from kg.errors import UsageError

router = APIRouter(tags=["payloads"])
_XML = "application/xml"
_FORMS = ("application/json", _XML)


@router.post(
    "/payloads",
    status_code=201,
    openapi_extra=PAYLOAD_BODY,
    response_model=ReceiptModel,
    responses={
        200: {
            "model": ReceiptModel,
            "description": "The same bytes were taken in before, nothing was added; or the OpenADR reply.",
            "content": {_XML: {}},
        },
        201: {"description": "The payload conforms, is on disk and in the graph."},
        204: {"description": "Taken in; the message ends an exchange and has no OpenADR reply."},
        400: {"model": ProblemModel, "description": "No OpenADR reply can be made; the payload is taken in."},
        403: {"model": ProblemModel, "description": "The caller may not send this message for this party."},
        406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
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
async def take(
    request: Request,
    accept: Annotated[str | None, Header()] = None,
    party: Annotated[str, Query(description="For an OpenADR reply: venID or vtnID of who answers.")] = "",
    ven: Annotated[str, Query(description="Likewise: venID assigned to a VEN that registers.")] = "",
    registration: Annotated[str, Query(description="Likewise: its registrationID.")] = "",
    opt_out: Annotated[
        list[str] | None, Query(description="Likewise: eventIDs to opt out of; the others are opted in.")
    ] = None,
) -> Response:
    """Check, record and apply one payload.

    With `Accept: application/xml` it is answered with the OpenADR message that belongs to it, 200 whether it
    is accepted or refused (the response code says so), or 204 where it has no answer.

    Answered only when the payload is on disk. A refused payload gives 422 with a pointer for each violation;
    its report is kept, nothing of it becomes visible.
    """
    service = service_of(request)
    form = choose(accept, _FORMS)
    data = await read_body(request, service.settings.max_payload_bytes)
    caller = caller_of(request)
    receipt = await run_in_threadpool(service.ingest, data, sender=caller.party, permit=caller.must_send)
    body = {
        **receipt.report.as_dict(),
        "sequence": receipt.seq,
        "duplicate": receipt.duplicate,
        "applied": receipt.applied,
    }
    if form == _XML and receipt.report.verdict != "unreadable":
        opts = dict.fromkeys(opt_out or (), "optOut")
        by = Answerer(
            party=party or service.settings.vtn_id, ven=ven, registration=registration, opts=opts, whole=True
        )
        try:
            answer = await run_in_threadpool(service.reply, data, receipt, by)
        except UsageError as error:  # taken all the same: sent again with identifiers, it is answered
            raise problem(error, **body) from error
        if answer is not None:
            return Response(answer, media_type=_XML)
        if receipt.accepted:
            return Response(status_code=204)
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
