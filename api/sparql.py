"""``/sparql``: the SPARQL 1.1 Protocol's query operation, over one store, on loopback."""

import traceback
from collections.abc import Container
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi_problem.error import Problem

from api.bodies import read_body
from api.models import ProblemModel
from api.negotiation import choose
from api.problems import TYPE
from kg.errors import QueryError
from kg.service import Service

router = APIRouter(tags=["query"])
ROWS = (
    "application/sparql-results+json",
    "application/json",
    "text/csv",
    "application/sparql-results+xml",
    "text/tab-separated-values",
)
GRAPHS = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer.", "content": {media: {} for media in (*ROWS, *GRAPHS)}},
    400: {"model": ProblemModel, "description": "The query is refused or does not parse."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
    413: {"model": ProblemModel, "description": "The query is too large."},
    415: {"model": ProblemModel, "description": "The body is neither a form nor a SPARQL query."},
    503: {"model": ProblemModel, "description": "The service has no store."},
}
_EXAMPLE = "SELECT ?event ?id { ?event a flex:Event ; flex:eventID ?id } LIMIT 10"


@router.get("/sparql", responses=_RESPONSES, response_class=Response)
async def get(
    request: Request,
    query: Annotated[
        str | None, Query(description="SELECT, ASK, CONSTRUCT or DESCRIBE.", examples=[_EXAMPLE])
    ] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Answer a query given in the address."""
    _single(request.query_params.getlist("query"), "address")
    _no_dataset(request.query_params)
    return await _answer(request, query or "", accept)


@router.post(
    "/sparql",
    responses=_RESPONSES,
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/sparql-query": {"schema": {"type": "string"}, "example": _EXAMPLE},
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["query"],
                        "properties": {"query": {"type": "string", "example": _EXAMPLE}},
                    }
                },
            },
        }
    },
)
async def post(
    request: Request,
    accept: Annotated[str | None, Header()] = None,
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Answer a query given as the body, directly or in a form."""
    service: Service = request.app.state.service
    media = content_type.partition(";")[0].strip().lower()
    if media not in ("application/sparql-query", "application/x-www-form-urlencoded"):
        raise Problem(
            "The body's media type is not served",
            type_=TYPE + "media-type",
            status=415,
            detail=media or "none given",
            cure="send application/sparql-query or a form with the field query",
        )
    body = await read_body(request, 8 * service.settings.max_query_characters)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryError("the query is not UTF-8", where=f"byte {error.start}", cure="send UTF-8") from error
    if media == "application/x-www-form-urlencoded":
        fields = parse_qs(text, keep_blank_values=True)
        text = _single(fields.get("query", []), "form")
        _no_dataset(fields)
    _no_dataset(request.query_params)
    return await _answer(request, text, accept)


def _single(found: list[str], where: str) -> str:
    if len(found) != 1:
        raise QueryError(f"the {where} has {len(found) or 'no'} queries", cure="send query=... once")
    return found[0]


def _no_dataset(fields: Container[str]) -> None:
    """Refuse to choose graphs, rather than to answer from others than were asked for."""
    for name in ("default-graph-uri", "named-graph-uri"):
        if name in fields:
            raise QueryError(
                f"{name} is not served: a query reads the whole store",
                cure="name a graph with GRAPH <...> { ... }",
                code="from",
            )


async def _answer(request: Request, query: str, accept: str | None) -> Response:
    service: Service = request.app.state.service

    def run() -> tuple[bytes, str]:
        answer = service.ask(query)
        try:
            media = choose(accept, GRAPHS if answer.kind == "graph" else ROWS)
            form = "application/sparql-results+json" if media == "application/json" else media
            return answer.serialize(form), media
        except Exception as error:
            _forget(error)
            raise
        finally:
            del answer

    content, media = await run_in_threadpool(run)
    return Response(content, media_type=media)


def _forget(error: BaseException | None) -> None:
    """Let go of what the frames of an error hold: the engine's answer must end in the thread that made it."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
