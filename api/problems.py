"""Errors as RFC 9457 problems: one table from error class to status and title."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem, StatusProblem
from fastapi_problem.handler import ExceptionHandler, add_exception_handler, new_exception_handler
from starlette.exceptions import HTTPException
from starlette.routing import Match

from kg.activation.registry import EntryRefused
from kg.errors import (
    AssetError,
    FlexKGError,
    Forbidden,
    JournalCorrupt,
    QueryError,
    StoreError,
    StoreUnavailable,
    StoreVersion,
    Unauthenticated,
    UnreadablePayload,
    UsageError,
)
from kg.namespaces import MODULE
from kg.openadr.issuing import Refused

#: First base of problem types; what follows is the error's code.
TYPE = MODULE + "problem/"

#: Error class -> status and title; the first class that fits counts.
TABLE: tuple[tuple[type[FlexKGError], int, str], ...] = (
    (Refused, 422, "It does not conform"),
    (EntryRefused, 422, "It does not follow from what is known"),
    (UnreadablePayload, 422, "The payload cannot be read"),
    (QueryError, 400, "The query cannot be answered"),
    (StoreVersion, 503, "The store was made by a newer version"),
    (JournalCorrupt, 500, "The journal does not verify"),
    (StoreUnavailable, 503, "The store is not available"),
    (StoreError, 500, "The store failed"),
    (Unauthenticated, 401, "Who asks is not known"),
    (Forbidden, 403, "This is not allowed"),
    (UsageError, 400, "The request cannot be served"),
    (AssetError, 500, "A file of the service is broken"),
    (FlexKGError, 500, "The service failed"),
)
#: Codes whose status differs from that of their class.
CODES = {
    "too-large": 413,
    "query-too-large": 413,
    "too-slow": 408,
    "store-full": 507,
    "no-store": 503,
    "no-identity": 503,
} | {
    **{
        "unknown-ven": 404,
        "unknown-subject": 404,
        "unknown-mandate": 404,
        "legal-hold": 409,
        "unknown-event": 404,
        "unknown-report": 404,
        "unknown-query": 404,
    },
    **{"no-devices": 503, "event-exists": 409, "event-over": 409, "event-runs": 409},
    "entry-exists": 409,
    "event-past": 422,
    "unknown-client": 422,
    **{"tenant": 404, "rows": 422, "bytes": 422, "memory": 422, "depth": 422, "crash": 422},
    **{"deadline": 504, "queue-full": 429, "queue-time": 503, "sandbox": 503, "worker": 503},
}
#: Codes after which asking again helps, and after how many seconds.
RETRY = {"queue-full": "1", "queue-time": "5", "worker": "5", "store-unavailable": "5", "store-full": "10"}

_PROBLEM = "application/problem+json"
#: Where what is refused is logged, whatever it was: devices, persons, and what they let others see.
_OF_PERSONS = ("/me", "/mandates", "/identity", "/.well-known/est/")
_log = logging.getLogger("flexkg.api")


def problem(error: FlexKGError, **extras: Any) -> Problem:
    """Turn an error into a problem.

    Args:
        error: what happened.
        extras: further members of the problem.
    """
    status, title = next((status, title) for kind, status, title in TABLE if isinstance(error, kind))
    if status >= 500:
        _log.error("%s: %s", error.code, error)
    if isinstance(error, Forbidden):
        _log.warning("refused: %s", error.reason)
    members = {"where": error.where, "cure": error.cure, **extras}
    return Problem(
        title,
        type_=TYPE + error.code,
        detail=error.what,
        status=CODES.get(error.code, status),
        headers=_headers(error.code),
        **{name: value for name, value in members.items() if value},
    )


def _headers(code: str) -> dict[str, str] | None:
    if code == "too-slow":  # what still comes of the body is not read
        return {"Connection": "close"}
    return {"Retry-After": RETRY[code]} if code in RETRY else None


def _handle(_handler: ExceptionHandler, request: Request, error: FlexKGError) -> Problem:
    if isinstance(error, UsageError) and request.url.path.startswith(_OF_PERSONS):
        _log.warning("%s %r refused: %s", request.method, request.url.path, error.what)
    if isinstance(error, Refused | EntryRefused):
        return problem(error, violations=[one.as_dict() for one in error.report.violations])
    return problem(error)


def _http(_handler: ExceptionHandler, request: Request, error: HTTPException) -> Problem:
    """Tell of an unknown address or method."""
    phrase = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return Problem(
        phrase,
        type_=TYPE + phrase.lower().replace(" ", "-"),
        detail=f"{request.method} {request.url.path}",
        status=error.status_code,
        headers=headers,
        cure="see /openapi.json for what is served",
    )


def _methods(request: Request) -> list[str]:
    """List the methods that are served at a request's address: each may be a route of its own."""
    routes, scope = request.app.routes, dict(request.scope)
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE")
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in routes)
    ]


def _invalid(_handler: ExceptionHandler, _request: Request, error: RequestValidationError) -> Problem:
    """Tell of a parameter that has no such value."""
    first = error.errors()[0]
    place, name = [*map(str, first["loc"]), "", ""][:2]
    return Problem(
        "The request is not valid",
        type_=TYPE + "request",
        detail=f"{name}: {first['msg']}",
        status=422,
        where=f"{place} {name}".strip(),
        cure="see /openapi.json for what is served",
    )


def install(app: FastAPI) -> None:
    """Make an application answer every error with a problem, and say so in its OpenAPI document."""
    handler = new_exception_handler(
        handlers={FlexKGError: _handle},
        unhandled_wrappers={"default": _Unexpected},
        http_exception_handler=_http,
        request_validation_handler=_invalid,
    )
    add_exception_handler(app, handler, generic_swagger_defaults=False)
    app.add_exception_handler(FlexKGError, handler)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _as_problems(describe())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _as_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Give every error that OpenAPI describes the media type and the model of problems."""
    model: Any = {"$ref": "#/components/schemas/ProblemModel"}
    for operation in (each for path in document["paths"].values() for each in path.values()):
        answers = operation["responses"]
        for status in (status for status in answers if status >= "4"):
            content: dict[str, Any] = answers[status].get("content", {})
            stated = next((each["schema"] for each in content.values() if "schema" in each), model)
            ours = str(stated.get("$ref", "")).endswith("Model")
            answers[status]["content"] = {_PROBLEM: {"schema": stated if ours else model}}
        answers["default"] = {"description": "Any other problem.", "content": {_PROBLEM: {"schema": model}}}
    for unused in ("HTTPValidationError", "ValidationError", "Problem"):
        document["components"]["schemas"].pop(unused, None)
    return document


class _Unexpected(StatusProblem):
    """What nobody foresaw: logged in full, told without detail."""

    type_ = TYPE + "unexpected"
    title = "The service failed"
    status = 500

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        super().__init__("The fault is logged.")
