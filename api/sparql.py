"""``/sparql``: the SPARQL 1.1 Protocol's query operation; users' queries run in killable workers."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote_to_bytes

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi_problem.error import Problem

from api.access import caller_of
from api.answers import GRAPHS, OFFERED, ROWS, apart, chosen, deliver, endpoint
from api.bodies import decoded, read_body
from api.models import ProblemModel
from api.negotiation import choose
from api.problems import TYPE
from api.stores import desk_of, service_of
from kg.errors import QueryError
from kg.graphs.formats import convert_graph
from kg.service import Service
from kg.sparql.description import describe

router = APIRouter(tags=["query"])
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
_LIMITS: dict[int | str, dict[str, Any]] = {
    422: {"model": ProblemModel, "description": "The query reached a limit; the problem says which."},
    429: {"model": ProblemModel, "description": "Too many queries of this client wait."},
    504: {"model": ProblemModel, "description": "The query took too long."},
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer.", "content": {media: {} for media in (*ROWS, *GRAPHS)}},
    400: {"model": ProblemModel, "description": "The query is refused or does not parse."},
    403: {"model": ProblemModel, "description": "The caller may not ask."},
    404: {"model": ProblemModel, "description": "There is no such tenant."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
    413: {"model": ProblemModel, "description": "The query is too large."},
    415: {"model": ProblemModel, "description": "The body is neither a form nor SPARQL."},
    503: {"model": ProblemModel, "description": "The service has no store, or no worker is free."},
    **_LIMITS,
}
_EXAMPLE = "SELECT ?event ?id { ?event a flex:Event ; flex:eventID ?id } LIMIT 10"
_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "query",
        "in": "query",
        "description": "SELECT, ASK, CONSTRUCT or DESCRIBE.",
        "schema": {"type": "string", "examples": [_EXAMPLE]},
    },
    *(
        {
            "name": name,
            "in": "query",
            "description": told,
            "schema": {"type": "array", "items": {"type": "string"}},
        }
        for name, told in (
            ("default-graph-uri", "Graph that is read without GRAPH."),
            ("named-graph-uri", "Graph that GRAPH may name."),
        )
    ),
    {"name": "accept", "in": "header", "schema": {"type": "string"}},
]
_AGE = re.compile(r"\bmax-age\s*=\s*(\d{1,9})")


@router.head("/sparql", include_in_schema=False)
@router.get(
    "/sparql", responses=RESPONSES, response_class=Response, openapi_extra={"parameters": _PARAMETERS}
)
async def get(request: Request) -> Response:
    """Answer a query given in the address.

    The header `Snapshot-Age` says by how many seconds the answer may be behind the store; a request with
    `Cache-Control: no-cache` sees all that was taken in before it.
    """
    # read here: what the framework would make of the fields costs as much as a short query
    fields, accept = parse_qs(request.url.query, keep_blank_values=True), request.headers.get("accept")
    if "update" in fields:
        raise QueryError(
            "an update is sent with POST", cure="send it as application/sparql-update", code="update"
        )
    if not fields:
        return await described(request, accept)
    return await answer(request, single(fields.get("query", []), "address"), fields, accept)


@router.post(
    "/sparql",
    responses=RESPONSES,
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                QUERY: {"schema": {"type": "string"}, "example": _EXAMPLE},
                UPDATE: {"schema": {"type": "string"}},
                FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["query"],
                        "properties": {
                            "query": {"type": "string", "example": _EXAMPLE},
                            "default-graph-uri": {"type": "array", "items": {"type": "string"}},
                            "named-graph-uri": {"type": "array", "items": {"type": "string"}},
                        },
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
    """Answer a query given as the body, directly or in a form; perform an update, for administrators."""
    media = content_type.partition(";")[0].strip().lower()
    if media == UPDATE:
        return await perform(request, *await update_of(request))
    if media not in (QUERY, FORM):
        raise Problem(
            "The body's media type is not served",
            type_=TYPE + "media-type",
            status=415,
            detail=media or "none given",
            cure=f"send {QUERY}, {UPDATE} or a form with the field query or update",
        )
    text = await body_text(request, service_of(request))
    address = parse_qs(request.url.query, keep_blank_values=True)
    if media == QUERY:
        return await answer(request, text, address, accept)
    decoded(unquote_to_bytes(text.replace("+", " ")), "the form is")
    fields = parse_qs(text, keep_blank_values=True)
    if "update" in fields and "query" in fields:
        raise QueryError("the form has a query and an update", cure="send one of them", code="query")
    if "update" in fields:
        return await perform(request, single(fields["update"], "form"), fields)
    # the protocol puts the dataset of a form into the form; one in the address counts as well
    for name in ("default-graph-uri", "named-graph-uri"):
        fields[name] = fields.get(name, []) + address.get(name, [])
    return await answer(request, single(fields.get("query", []), "form"), fields, accept)


async def update_of(request: Request) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Read an update that is the body."""
    text = await body_text(request, service_of(request))
    return text, parse_qs(request.url.query, keep_blank_values=True)


async def perform(request: Request, text: str, fields: Mapping[str, Sequence[str]]) -> Response:
    """Perform an update; only administrators may."""
    caller, service = caller_of(request), service_of(request)
    caller.must_have("admin")

    def run() -> int:
        return service.update(
            text,
            base=endpoint(request),
            using=fields.get("using-graph-uri", ()),
            named=fields.get("using-named-graph-uri", ()),
            author=caller.subject,
        )

    seq = await run_in_threadpool(run)
    return Response(status_code=204, headers={"Journal-Row": str(seq)})


async def described(request: Request, accept: str | None) -> Response:
    """Describe the service, for a request without a query."""
    form = choose(accept, GRAPHS)
    service = service_of(request)
    names = desk_of(request).sight.graphs(service, caller_of(request))
    address = endpoint(request)
    turtle = await run_in_threadpool(describe, address, str(request.url_for("graphs")), names)
    return Response(convert_graph(turtle, form), media_type=form, headers={"Vary": "Accept"})


async def body_text(request: Request, service: Service) -> str:
    """Read a body that is text; an administrator's may be longer."""
    settings = service.settings
    query = request.headers.get("content-type", "").lower().startswith(QUERY)
    longer = caller_of(request).may("admin") and not query
    limit = settings.max_graph_bytes if longer else 8 * settings.max_query_characters
    body = await read_body(request, limit)
    return decoded(body, "the body is")


def single(found: list[str], where: str) -> str:
    """Give the one query of a request."""
    if len(found) != 1:
        raise QueryError(f"the {where} has {len(found) or 'no'} queries", cure="send query=... once")
    return found[0]


async def answer(
    request: Request, query: str, fields: Mapping[str, Sequence[str]], accept: str | None
) -> Response:
    """Answer a user's query in the best of the accepted media types."""
    caller, sight = caller_of(request), desk_of(request).sight
    caller.must_have("sparql:query")
    service = service_of(request)
    if not any(chosen(accept, offered) for offered in OFFERED.values()):
        choose(accept, (*ROWS, *GRAPHS))

    default, named = fields.get("default-graph-uri", ()), fields.get("named-graph-uri", ())
    late = _freshness(request.headers.get("cache-control", ""))
    ready = sight.at_once(service, caller, query, default=default, named=named, max_age=late)
    if ready is None:
        ready = await run_in_threadpool(
            sight.asked,
            service,
            caller,
            query,
            default=default,
            named=named,
            max_age=late,
            apart=apart(request),
        )
    return await deliver(request, ready, accept)


def _freshness(control: str) -> float | None:
    """Read how old an answer the client takes."""
    found = _AGE.search(control)
    if "no-cache" in control:
        return 0.0
    return float(found[1]) if found else None
