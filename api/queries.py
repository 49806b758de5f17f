"""``/queries``: the stored queries, each with typed parameters, answered as JSON, CSV, XML or TSV."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from api.access import caller_of
from api.answers import OFFERED, ROWS
from api.models import ProblemModel, StoredQueryModel
from api.negotiation import choose
from api.stores import desk_of, service_of
from kg.errors import QueryError
from kg.service import Service
from kg.sparql.stored import Parameter, StoredQuery

router = APIRouter(tags=["stored queries"])
#: Short names of media types, for addresses that are typed into spreadsheets.
_FORMATS = {
    "json": "application/sparql-results+json",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xml": "application/sparql-results+xml",
}
_FORMAT = "format"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_SCHEMAS: dict[str, dict[str, str]] = {
    "dateTime": {"type": "string", "format": "date-time"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "duration": {"type": "string", "format": "duration"},
    "anyURI": {"type": "string", "format": "uri"},
    "iri": {"type": "string", "format": "iri"},
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The rows.", "content": {media: {} for media in ROWS}},
    400: {"model": ProblemModel, "description": "A parameter is unknown, repeated, or no value of its type."},
    404: {"model": ProblemModel, "description": "No stored query has that name."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
    503: {"model": ProblemModel, "description": "The service has no store."},
}


@router.head("/queries", include_in_schema=False)
@router.get("/queries", response_model=list[StoredQueryModel])
def list_queries(request: Request) -> JSONResponse:
    """List the stored queries with what they answer and the parameters that they take."""
    service = service_of(request)
    return JSONResponse([_listed(query) for _, query in sorted(service.stored().items())])


@router.head("/queries/{name}", include_in_schema=False)
@router.get("/queries/{name}", responses=_RESPONSES, response_class=Response)
async def answer(request: Request, name: str, accept: Annotated[str | None, Header()] = None) -> Response:
    """Answer a stored query; its parameters are fields of the address, what is left out stays free.

    ``format=csv|json|tsv|xml`` stands for an Accept header where a program cannot send one.
    """
    caller, sight = caller_of(request), desk_of(request).sight
    service = service_of(request)
    values = _values(request.query_params.multi_items())
    wanted = values.pop(_FORMAT, None)
    if wanted is not None and wanted not in _FORMATS:
        raise QueryError(f"{wanted!r} is no format", where=_FORMAT, cure=f"use one of {', '.join(_FORMATS)}")

    def run() -> tuple[bytes, str]:
        return sight.answer(
            service,
            caller,
            name,
            values,
            lambda kind: _FORMATS[wanted] if wanted else choose(accept, OFFERED[kind]),
        )

    content, media = await run_in_threadpool(run)
    headers = {"Vary": "Accept"}
    if media == "text/csv":
        headers["Content-Disposition"] = f'inline; filename="{_UNSAFE.sub("", name)}.csv"'
    return Response(content, media_type=media, headers=headers)


def describe(app: FastAPI, service: Service) -> None:
    """Let OpenAPI show each stored query with its parameters."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        for name, query in sorted(service.stored().items()):
            document["paths"].setdefault(f"/queries/{name}", {"get": _operation(document, query)})
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _operation(document: dict[str, Any], query: StoredQuery) -> dict[str, Any]:
    """Describe one stored query as an operation."""
    general = document["paths"]["/queries/{name}"]["get"]
    responses = {
        status: body for status, body in general["responses"].items() if status not in ("404", "422")
    }
    return {
        "tags": general["tags"],
        "summary": query.name,
        "description": query.summary,
        "operationId": f"query_{query.name.replace('-', '_')}",
        "parameters": [*map(_field, query.parameters.values()), _format_field()],
        "responses": responses,
    }


def _field(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_SCHEMAS.get(parameter.type, {"type": "string"}))
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": schema,
    }


def _format_field() -> dict[str, Any]:
    schema = {"type": "string", "enum": list(_FORMATS)}
    return {
        "name": _FORMAT,
        "in": "query",
        "required": False,
        "description": "Form of the answer, before the Accept header.",
        "schema": schema,
    }


def _values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Read parameters, each once."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise QueryError(f"{name} is given twice", where=f"parameter {name}", cure="give it once")
        values[name] = value
    return values


def _listed(query: StoredQuery) -> dict[str, Any]:
    return {
        "name": query.name,
        "summary": query.summary,
        "parameters": [
            {"name": p.name, "type": p.type, "description": p.description, "default": p.default}
            for p in query.parameters.values()
        ],
        "text": query.text,
    }
