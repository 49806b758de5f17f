"""``/readings``: values straight from the reading store, as JSON, CSV or an Arrow stream."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.access import caller_of
from api.models import ProblemModel
from api.negotiation import choose
from api.stores import desk_of, service_of
from kg.errors import UsageError
from kg.readings.selecting import Selection
from kg.sparql.stored import Parameter
from kg.times import seconds

router = APIRouter(tags=["query"])
ARROW = "application/vnd.apache.arrow.stream"
MEDIA = ("application/json", "text/csv", ARROW)
_FORMATS = {"json": "application/json", "csv": "text/csv", "arrow": ARROW}
#: Most rows of one answer.
MOST = 200_000
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The rows.", "content": {media: {} for media in MEDIA}},
    400: {"model": ProblemModel, "description": "A value is none of its type, or there are too many rows."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
    503: {"model": ProblemModel, "description": "The service has no store."},
}


@router.head("/readings", include_in_schema=False)
@router.get("/readings", responses=_RESPONSES, response_class=Response)
async def answer(
    request: Request,
    start: Annotated[
        datetime | None, Query(alias="from", description="First start.", examples=["2026-12-01T00:00:00Z"])
    ] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Starts before.")] = None,
    bucket: Annotated[
        str | None, Query(description="Mean, sum, least and most for each such span.", examples=["PT1H"])
    ] = None,
    resource: Annotated[list[str] | None, Query(description="resourceID or IRI; may be repeated.")] = None,
    series: Annotated[list[str] | None, Query(description="IRI of a series; may be repeated.")] = None,
    property_: Annotated[
        str | None,
        Query(alias="property", description="QUDT quantity kind.", examples=["quantitykind:ActivePower"]),
    ] = None,
    known_at: Annotated[
        datetime | None, Query(description="What was known at that time; readings in columns only.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most rows.")] = MOST,
    format_: Annotated[str | None, Query(alias="format", description="json, csv or arrow.")] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Give readings of a window, or their buckets, each with unit and direction."""
    service = service_of(request)
    if format_ is not None and format_ not in _FORMATS:
        raise UsageError(
            f"{format_!r} is no format", where="format", cure=f"use one of {', '.join(_FORMATS)}"
        )
    media = _FORMATS[format_] if format_ else choose(accept, MEDIA)
    given = "limit" in request.query_params
    selection = Selection(
        start=start,
        end=end,
        series=tuple(series or ()),
        resources=tuple(resource or ()),
        property=iri(property_),
        bucket=_length(bucket),
        known_at=known_at,
        limit=limit if given else MOST + 1,
    )

    def run() -> bytes:
        seen = desk_of(request).sight.parties(service, caller_of(request))
        table = service.readings(replace(selection, parties=seen))
        if len(table.rows) > MOST:
            raise UsageError(
                f"these are more than {MOST:,} rows",
                where="GET /readings",
                cure="choose a shorter window, a longer bucket or fewer resources",
                code="readings-too-many",
            )
        if media == ARROW:
            return table.stream()
        return (table.csv() if media == "text/csv" else table.json()).encode()

    content = await run_in_threadpool(run)
    headers = {"Vary": "Accept"}
    if media == "text/csv":
        headers["Content-Disposition"] = 'inline; filename="readings.csv"'
    return Response(content, media_type=media, headers=headers)


def _length(text: str | None) -> timedelta | None:
    if text is None:
        return None
    length = seconds(text)
    if length is None or length <= 0:
        raise UsageError(f"{text!r} is no length", where="bucket", cure="write one such as PT15M or P1D")
    return timedelta(seconds=length)


def iri(text: str | None) -> str | None:
    """Read the value of a parameter that is an IRI or a name with a prefix of the project's."""
    return None if text is None else Parameter("property", "iri").term(text)[1:-1]
