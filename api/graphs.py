"""``/graphs``: the SPARQL 1.1 Graph Store HTTP Protocol; only administrators write."""

from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi_problem.error import Problem

from api.access import caller_of
from api.answers import GRAPHS, deliver
from api.bodies import read_body
from api.models import ProblemModel
from api.negotiation import choose
from api.problems import TYPE
from api.sparql import described
from api.stores import desk_of, service_of
from kg.errors import Forbidden, QueryError
from kg.graphs import META
from kg.graphs.formats import READABLE, read_graph
from kg.namespaces import GRAPH
from kg.service import Service
from kg.sparql.updates import graph_removal, graph_update

router = APIRouter(tags=["graphs"])
_ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {
        "model": ProblemModel,
        "description": "No graph is named, or two; or the data are broken.",
    },
    403: {"model": ProblemModel, "description": "The graph is made from payloads."},
    404: {"model": ProblemModel, "description": "There is no such graph."},
    412: {"model": ProblemModel, "description": "The graph is not what the request expects."},
    503: {"model": ProblemModel, "description": "The service has no store, or the store is not available."},
}
_READING: dict[int | str, dict[str, Any]] = {
    **_PROBLEMS,
    200: {"description": "The graph.", "content": {media: {} for media in GRAPHS}},
    304: {"description": "The graph is as the client has it."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
}
_WRITING: dict[int | str, dict[str, Any]] = {
    **_PROBLEMS,
    201: {"description": "The graph is new."},
    204: {"description": "Done."},
    413: {"model": ProblemModel, "description": "The graph is too large."},
    415: {"model": ProblemModel, "description": "The body is in no form of RDF that is read."},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {media: {"schema": {"type": "string"}} for media in (*READABLE, "multipart/form-data")},
    }
}
Graph = Annotated[str | None, Query(description="IRI of the graph.")]
Default = Annotated[str | None, Query(description="Stated without a value: the graph without a name.")]


@router.head("/graphs", include_in_schema=False)
@router.head("/graphs/{name:path}", include_in_schema=False)
@router.get("/graphs", responses=_READING, response_class=Response, name="graphs")
async def get(
    request: Request,
    graph: Graph = None,
    default: Default = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Give a graph as it is now; without a name, describe the store and list its graphs."""
    wanted = _named(request)
    if wanted is None:
        return await described(request, accept)
    service, form = service_of(request), choose(accept, GRAPHS)
    sight, caller = desk_of(request).sight, caller_of(request)
    asked = await run_in_threadpool(
        sight.asked, service, caller, _ALL, default=[wanted], max_age=0.0, stored_only=True
    )
    if wanted and wanted not in asked.graphs:
        asked.release()
        raise _missing(wanted)
    tag = f'"{asked.revision(wanted)}-{GRAPHS.index(form)}"'
    if _lists(request.headers.get("if-none-match", ""), asked.revision(wanted), exact=tag):
        asked.release()
        return Response(status_code=304, headers={"ETag": tag, "Vary": "Accept"})
    return await deliver(request, asked, accept, {"ETag": tag})


@router.get("/graphs/{name:path}", responses=_READING, response_class=Response)
async def get_direct(request: Request, name: str, accept: Annotated[str | None, Header()] = None) -> Response:
    """Give the graph whose IRI is the address."""
    return await get(request, accept=accept)


@router.put("/graphs", responses=_WRITING, response_class=Response, status_code=204, openapi_extra=_BODY)
async def put(request: Request, graph: Graph = None, default: Default = None) -> Response:
    """Put data in the place of a graph."""
    return await _write(request, replace=True)


@router.put(
    "/graphs/{name:path}", responses=_WRITING, response_class=Response, status_code=204, openapi_extra=_BODY
)
async def put_direct(request: Request, name: str) -> Response:
    """Put data in the place of the graph whose IRI is the address."""
    return await _write(request, replace=True)


@router.post("/graphs", responses=_WRITING, response_class=Response, status_code=204, openapi_extra=_BODY)
async def post(request: Request, graph: Graph = None, default: Default = None) -> Response:
    """Add data to a graph; to a new one, named in Location, where none is stated."""
    return await _write(request, replace=False)


@router.post(
    "/graphs/{name:path}", responses=_WRITING, response_class=Response, status_code=204, openapi_extra=_BODY
)
async def post_direct(request: Request, name: str) -> Response:
    """Add data to the graph whose IRI is the address."""
    return await _write(request, replace=False)


@router.delete("/graphs", responses=_WRITING, response_class=Response, status_code=204)
async def delete(request: Request, graph: Graph = None, default: Default = None) -> Response:
    """Remove a graph."""
    wanted = _named(request)
    if wanted is None:
        raise QueryError("no graph is named", cure="add ?graph=IRI or ?default", code="graph")
    return await _perform(request, wanted, graph_removal(_writable(wanted)), needed=bool(wanted))


@router.delete("/graphs/{name:path}", responses=_WRITING, response_class=Response, status_code=204)
async def delete_direct(request: Request, name: str) -> Response:
    """Remove the graph whose IRI is the address."""
    return await delete(request)


def _named(request: Request) -> str | None:
    """Give the IRI of the graph that a request is about, empty for the one without a name, None for none.

    Source:
        SPARQL 1.1 Graph Store HTTP Protocol, section 4.
    """
    fields = parse_qs(request.url.query, keep_blank_values=True)
    names, default = fields.get("graph", []), "default" in fields
    if len(names) + default > 1:
        raise QueryError("more than one graph is named", cure="name one", code="graph")
    if default:
        return ""
    if names:
        if ":" not in names[0]:
            raise QueryError(f"{names[0][:200]!r} is no absolute IRI", cure="write it in full", code="graph")
        return names[0]
    return None if request.url.path.rstrip("/").endswith("/graphs") else _address(request)


def _address(request: Request) -> str:
    return str(request.url.replace(query="", fragment=""))


def _writable(graph: str) -> str:
    """Refuse to write what is made from payloads."""
    if graph.startswith(GRAPH):
        raise Forbidden(
            "this graph is made from payloads and files of the service",
            where=graph[:200],
            cure="write to a graph with a name of your own",
            code="made-graph",
        )
    return graph


def _missing(graph: str) -> Problem:
    return Problem(
        "There is no such graph",
        type_=TYPE + "no-graph",
        status=404,
        detail=f"<{graph[:200]}>",
        cure="GET /graphs lists the graphs",
    )


async def _write(request: Request, *, replace: bool) -> Response:
    named = _named(request)
    graph = _writable(f"{_address(request).rstrip('/')}/{uuid4()}" if named is None else named)
    if named is None and replace:
        raise QueryError("no graph is named", cure="add ?graph=IRI or ?default", code="graph")
    service = service_of(request)
    body = await read_body(request, service.settings.max_graph_bytes)
    base = graph or _address(request)
    lines = await run_in_threadpool(_lines, request.headers.get("content-type", ""), body, base)
    return await _perform(request, graph, graph_update(graph, lines, replace=replace), new=named is None)


async def _perform(
    request: Request, graph: str, update: str, *, needed: bool = False, new: bool = False
) -> Response:
    """Perform what becomes of a graph, if it is what the request expects."""
    service, caller = service_of(request), caller_of(request)
    caller.must_have("admin")
    existed = False

    def look() -> None:
        nonlocal existed
        existed = not graph or graph in _graphs(service)
        if needed and not existed:
            raise _missing(graph)
        _expect(request.headers, service.store.graphs.revisions()(graph) if existed else "")

    seq = await run_in_threadpool(service.store.update, update, caller.subject, look, None)
    tag = service.store.graphs.revisions()(graph)
    headers = {"Journal-Row": str(seq)}
    if request.method != "DELETE":
        headers["ETag"] = f'"{tag}"'
    if new:
        headers["Location"] = graph
    return Response(status_code=204 if existed else 201, headers=headers)


def _graphs(service: Service) -> set[str]:
    return {*service.store.graphs.graphs()} - {META}


def _expect(headers: Mapping[str, str], revision: str) -> None:
    """Compare a graph with what a request expects of it; the revision is empty where there is none."""
    match, none = headers.get("if-match", ""), headers.get("if-none-match", "")
    wrong = match and not (revision and _lists(match, revision))
    if wrong or (none and revision and _lists(none, revision)):
        raise Problem(
            "The graph is not what the request expects",
            type_=TYPE + "precondition",
            status=412,
            detail="it was changed meanwhile" if revision else "there is no such graph",
            cure="get it again, then decide anew",
        )


def _lists(tags: str, revision: str, exact: str = "") -> bool:
    """Say whether a list of entity tags has one of a revision, in any media type."""
    found = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    if "*" in found:
        return True
    if exact:
        return exact in found
    return any(tag.strip('"').partition("-")[0] == revision for tag in found)


def _lines(content_type: str, body: bytes, base: str) -> list[str]:
    """Read what a request brings; of a form each part that is a file."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        whole = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body
        parts = BytesParser(policy=HTTP).parsebytes(whole)
        if not parts.is_multipart():
            raise QueryError("the form has no parts", cure="see RFC 7578", code="unreadable-graph")
        lines: list[str] = []
        for part in parts.iter_parts():
            data = part.get_payload(decode=True)
            lines += _lines(part.get_content_type(), data if isinstance(data, bytes) else b"", base)
        return lines
    if media not in READABLE:
        raise Problem(
            "The body's media type is not read",
            type_=TYPE + "media-type",
            status=415,
            detail=media or "none given",
            cure=f"send one of {', '.join(READABLE)}",
        )
    return read_graph(body, media, base)
