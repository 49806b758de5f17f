"""``POST /OpenADR2/Simple/2.0b/...``: the VTN's endpoints, simple HTTP transport."""

from functools import partial
from typing import Annotated, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from api.access import caller_of
from api.bodies import PAYLOAD_BODY, read_body
from api.models import ProblemModel
from kg.errors import Forbidden
from kg.identity.caller import LOCAL_CALLER
from kg.service import Service

router = APIRouter(tags=["OpenADR"])
XML = "application/xml"
#: Messages that are answered at once, and polls beside them that take more than a glance: few enough that the
#: thread that serves connections is never far from its turn, enough to share an fsync.
ANSWERING: Final = 16
POLLING: Final = 8


@router.post(
    "/OpenADR2/Simple/2.0b/{service}",
    openapi_extra=PAYLOAD_BODY,
    response_class=Response,
    responses={
        200: {
            "description": "The answer, whatever its response code; empty where an exchange ends.",
            "content": {XML: {}},
        },
        403: {"model": ProblemModel, "description": "The other end may not send this for this party."},
        413: {"model": ProblemModel, "description": "The body is too large."},
        422: {"model": ProblemModel, "description": "There is no such service, or the body is cut off."},
        503: {"model": ProblemModel, "description": "No VTN is served, or the store is not available."},
        507: {"model": ProblemModel, "description": "The disk is full; nothing was acknowledged."},
    },
)
async def answer(
    request: Request,
    service: Annotated[
        Literal["EiEvent", "EiReport", "EiRegisterParty", "EiOpt", "OadrPoll"],
        Path(description="The OpenADR service that the message belongs to."),
    ],
) -> Response:
    """Answer a message of a VEN, as its VTN.

    Answered only when message and answer are on disk; polls without news are not recorded. What is refused
    gets an OpenADR message with its response code.
    """
    served: Service = request.app.state.service
    vtn, caller = served.vtn, caller_of(request)
    if caller is not LOCAL_CALLER and not caller.party:
        raise Forbidden("the other end showed no registered certificate", cure="enrol, then call with it")
    data = await read_body(request, served.settings.max_payload_bytes)
    made = vtn.glance(data, caller.party) if service == "OadrPoll" else None
    if made is None:
        permit = None if caller is LOCAL_CALLER else caller.must_send
        limiter = request.app.state.polling if service == "OadrPoll" else request.app.state.answering
        work = partial(vtn.answer, data, service, permit=permit, party=caller.party)
        made = await to_thread.run_sync(work, limiter=limiter)
    return Response(made, media_type=XML)
