"""``POST /check`` tells whether a payload is right."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi_problem.error import Problem

from api.access import caller_of
from api.bodies import CHECK_BODY, read_body
from api.models import ProblemModel, ReportModel
from api.negotiation import choose
from api.problems import TYPE
from kg.check import checker
from kg.errors import Forbidden, UsageError
from kg.graphs.formats import convert_graph
from kg.profiles import tokens
from kg.render import as_turtle
from kg.report import Report
from kg.service import Service
from kg.times import asked_time
from kg.uploads import MULTIPART, Upload, context_of, read_upload

router = APIRouter(tags=["check"])
#: So many times the largest payload a request with a context may have.
_PARTS = 16
_FORMS = ("application/json", "text/turtle", "application/ld+json", "application/n-triples")


@router.post(
    "/check",
    openapi_extra=CHECK_BODY,
    response_model=ReportModel,
    responses={
        200: {
            "description": "The report, whatever the verdict.",
            "content": {"text/turtle": {}, "application/ld+json": {}, "application/n-triples": {}},
        },
        400: {"model": ProblemModel, "description": "A part or the time is not what a check takes."},
        403: {"model": ProblemModel, "description": "The caller may not compare with the store."},
        406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
        413: {"model": ProblemModel, "description": "The body is too large."},
        503: {"model": ProblemModel, "description": "The service has no store to compare with."},
        422: {"model": ProblemModel, "description": "There is no such profile."},
    },
)
async def check(
    request: Request,
    accept: Annotated[str | None, Header()] = None,
    profile: Annotated[
        str | None,
        Query(description="Level of strictness: `core`, `strict`, `site-de`, or one of a package."),
    ] = None,
    context: Annotated[
        Literal["store"] | None, Query(description="`store`: compare with what the store knows.")
    ] = None,
    now: Annotated[str, Query(description="Compare times with this one, with a zone, or with `now`.")] = "",
) -> Response:
    """Check one payload without recording it: schema, structure and meaning.

    Rules across messages need what was said before: `context=store`, or a `multipart/form-data` request with
    the part `payload` and parts `context`, earlier messages (`*.xml`) or graphs (`*.ttl`, `*.nt`) in order.

    Answers 200 with the report whatever the verdict; as a SHACL ValidationReport in Turtle, JSON-LD or
    N-Triples where that is accepted.
    """
    service: Service = request.app.state.service
    form = choose(accept, _FORMS)
    _known(profile)
    if context == "store" and not caller_of(request).may("read_all"):
        raise Forbidden(
            "the token does not allow a check against the store",
            cure="ask for the scope read_all, or send the context along",
            reason="context=store without read_all",
        )
    report = await run_in_threadpool(
        _checked, service, await _upload(request, service), profile, context == "store", now
    )
    if form == "application/json":
        return JSONResponse(report.as_dict())
    made = checker(profile or service.settings.profile, service.settings.engine)
    shapes = {rule.id: rule.shape for rule in made.shapes.rules.values()}
    turtle = "".join(as_turtle(iter([(report.digest, report)]), lambda rule: shapes.get(rule, "")))
    return Response(convert_graph(turtle, form), media_type=form)


async def _upload(request: Request, service: Service) -> Upload:
    """Read what is to be checked, and what comes along."""
    kind = request.headers.get("content-type", "")
    limit = service.settings.max_payload_bytes
    several = kind.lower().startswith(MULTIPART)
    return read_upload(kind, await read_body(request, limit * _PARTS if several else limit))


def _known(profile: str | None) -> None:
    """Refuse a profile that nobody declared; a file is no profile here.

    Raises:
        Problem: 422; lists those that there are.
    """
    if profile is not None and profile not in tokens():
        raise Problem(
            "The request is not valid",
            type_=TYPE + "request",
            detail=f"profile: there is none called {profile!r}",
            status=422,
            where="query profile",
            cure=f"use one of {', '.join(tokens())}",
        )


def _checked(service: Service, upload: Upload, profile: str | None, stored: bool, now: str) -> Report:
    if stored and upload.context:
        raise UsageError("two contexts are asked for", cure="leave out context=store, or the parts")
    known = service.known() if stored else context_of(upload.context, service.settings.max_payload_bytes)
    time = asked_time(now, "query now")
    return service.check(upload.payload, profile=profile, context=known, now=time)
