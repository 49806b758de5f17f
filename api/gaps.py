"""``/readings/gaps``: the spans of a window for which series have no reading, as JSON or CSV."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.access import caller_of
from api.models import ProblemModel
from api.negotiation import choose
from api.readings import MOST, iri
from api.stores import desk_of, service_of
from kg.errors import UsageError
from kg.readings.gap_table import gap_table
from kg.readings.selecting import Selection

router = APIRouter(tags=["query"])
MEDIA = ("application/json", "text/csv")
_FORMATS = {"json": "application/json", "csv": "text/csv"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The gaps, by series and start.", "content": {media: {} for media in MEDIA}},
    400: {"model": ProblemModel, "description": "A value is none of its type, or there are too many rows."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
    503: {"model": ProblemModel, "description": "The service has no store."},
}


@router.head("/readings/gaps", include_in_schema=False)
@router.get("/readings/gaps", responses=_RESPONSES, response_class=Response)
async def answer(
    request: Request,
    start: Annotated[
        datetime, Query(alias="from", description="Start of the window.", examples=["2026-12-01T00:00:00Z"])
    ],
    end: Annotated[datetime, Query(alias="to", description="Its end.", examples=["2026-12-02T00:00:00Z"])],
    resource: Annotated[list[str] | None, Query(description="resourceID or IRI; may be repeated.")] = None,
    series: Annotated[list[str] | None, Query(description="IRI of a series; may be repeated.")] = None,
    property_: Annotated[
        str | None,
        Query(alias="property", description="QUDT quantity kind.", examples=["quantitykind:ActivePower"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most rows.")] = MOST,
    format_: Annotated[str | None, Query(alias="format", description="json or csv.")] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Give the spans that no reading covers; a registered series without any is one from end to end."""
    service = service_of(request)
    if format_ is not None and format_ not in _FORMATS:
        raise UsageError(
            f"{format_!r} is no format", where="format", cure=f"use one of {', '.join(_FORMATS)}"
        )
    media = _FORMATS[format_] if format_ else choose(accept, MEDIA)
    selection = Selection(
        start=start,
        end=end,
        series=tuple(series or ()),
        resources=tuple(resource or ()),
        property=iri(property_),
        limit=limit if "limit" in request.query_params else MOST + 1,
    )

    def run() -> str:
        seen = desk_of(request).sight.parties(service, caller_of(request))
        store = service.store
        store.follower.settle()
        table = gap_table(store.readings, store.graphs, replace(selection, parties=seen))
        if len(table.rows) > MOST:
            raise UsageError(
                f"these are more than {MOST:,} rows",
                where="GET /readings/gaps",
                cure="choose a shorter window or fewer resources",
                code="readings-too-many",
            )
        return table.csv() if media == "text/csv" else table.json()

    content = await run_in_threadpool(run)
    headers = {"Vary": "Accept"}
    if media == "text/csv":
        headers["Content-Disposition"] = 'inline; filename="gaps.csv"'
    return Response(content, media_type=media, headers=headers)
