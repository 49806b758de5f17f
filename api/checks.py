"""``POST /check`` tells whether a payload is right."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from api.bodies import PAYLOAD_BODY, read_body
from api.models import ProblemModel, ReportModel
from api.negotiation import choose
from kg.check import checker
from kg.graphs.formats import convert_graph
from kg.render import as_turtle
from kg.service import Service

router = APIRouter(tags=["check"])
_FORMS = ("application/json", "text/turtle", "application/ld+json", "application/n-triples")


@router.post(
    "/check",
    openapi_extra=PAYLOAD_BODY,
    response_model=ReportModel,
    responses={
        200: {
            "description": "The report, whatever the verdict.",
            "content": {"text/turtle": {}, "application/ld+json": {}, "application/n-triples": {}},
        },
        406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
        413: {"model": ProblemModel, "description": "The body is too large."},
        422: {"model": ProblemModel, "description": "There is no such profile."},
    },
)
async def check(
    request: Request,
    accept: Annotated[str | None, Header()] = None,
    profile: Annotated[Literal["core", "strict"] | None, Query(description="Level of strictness.")] = None,
) -> Response:
    """Check one payload without recording it: schema, structure and meaning.

    Answers 200 with the report whatever the verdict; as a SHACL ValidationReport in Turtle, JSON-LD or
    N-Triples where that is accepted.
    """
    service: Service = request.app.state.service
    form = choose(accept, _FORMS)
    data = await read_body(request, service.settings.max_payload_bytes)
    report = await run_in_threadpool(service.check, data, profile=profile)
    if form == "application/json":
        return JSONResponse(report.as_dict())
    made = checker(profile or service.settings.profile, service.settings.engine)
    shapes = {rule.id: rule.shape for rule in made.shapes.rules.values()}
    turtle = "".join(as_turtle(iter([(report.digest, report)]), lambda rule: shapes.get(rule, "")))
    return Response(convert_graph(turtle, form), media_type=form)
