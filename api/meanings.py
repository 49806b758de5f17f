"""``POST /lift`` and ``POST /explain``: the graph that a payload means, and the same in words."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from api.bodies import PAYLOAD_BODY, read_body
from api.models import MeaningModel, ProblemModel
from api.negotiation import choose
from api.stores import service_of

router = APIRouter(tags=["meaning"])
_FORMS = {"text/turtle": "turtle", "application/n-triples": "nt", "application/ld+json": "jsonld"}
_REFUSED: dict[int | str, dict[str, Any]] = {
    413: {"model": ProblemModel, "description": "The body is too large."},
    422: {"model": ProblemModel, "description": "The payload cannot be read, or does not fit the schema."},
}


@router.post(
    "/lift",
    openapi_extra=PAYLOAD_BODY,
    response_class=Response,
    responses={
        200: {"description": "The graph.", "content": {media: {} for media in _FORMS}},
        406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
        **_REFUSED,
    },
)
async def lift(request: Request, accept: Annotated[str | None, Header()] = None) -> Response:
    """Show the graph that a payload means; nothing is kept."""
    media = choose(accept, tuple(_FORMS))
    service = service_of(request)
    data = await read_body(request, service.settings.max_payload_bytes)
    text = await run_in_threadpool(service.lift, data, _FORMS[media])
    return Response(text, media_type=media)


@router.post("/explain", openapi_extra=PAYLOAD_BODY, response_model=list[MeaningModel], responses=_REFUSED)
async def explain(request: Request) -> JSONResponse:
    """Say each value of a payload in a sentence: quantity, unit, direction, span, resource, origins.

    What a report's points mean is taken from the store where the service has one; nothing is kept.
    """
    service = service_of(request)
    data = await read_body(request, service.settings.max_payload_bytes)
    found = await run_in_threadpool(service.explain, data)
    return JSONResponse(
        [{"sentence": one.sentence(), **one.as_dict(), "complete": one.binding.complete} for one in found]
    )
