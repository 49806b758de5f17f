"""``/events`` and ``/vens``: the operator of the VTN issues, changes and cancels events, sees the VENs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.models import ProblemModel, RefusalModel
from api.stores import service_of
from kg.openadr.event_request import EventRequest

router = APIRouter(tags=["events"])
_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemModel, "description": "There is no such event or VEN."},
    503: {"model": ProblemModel, "description": "No VTN is served, or the store is not available."},
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    **_MISSING,
    409: {"model": ProblemModel, "description": "There is another event of that ID, or it is over."},
    422: {"model": RefusalModel, "description": "It does not conform; nothing was changed."},
}


class EventState(BaseModel):
    """An event as one VEN has it."""

    event_id: str
    ven_id: str
    modification_number: int
    status: str = Field(description="far, near, active, completed or cancelled")
    starts_at: str
    ends_at: str | None
    response_required: bool
    opt: str | None = Field(description="optIn or optOut: the VEN's answer to this version")
    response_code: str | None
    test: bool


class IssuedEvent(EventState):
    """An event as one VEN has it, with what it asks for."""

    asked: EventRequest = Field(description="the request that it would be issued by as it is now")


class VenState(BaseModel):
    """A VEN."""

    ven_id: str
    name: str
    registration_id: str
    registered: bool
    model: str = Field(description="pull or push")
    profile: str
    last_seen: str | None
    online: bool | None = Field(description="heard of within three poll periods; null: it is pushed to")
    last_report: str | None
    offers: list[str] = Field(description="reportSpecifierIDs of the reports that it registered")
    waiting: int = Field(description="messages that wait for its answer")
    events: list[EventState]
    reports: list[dict[str, Any]]
    opts: list[dict[str, Any]]


class ReportRequestModel(BaseModel):
    """A report that a VEN is asked for."""

    specifier: str = Field(description="reportSpecifierID of a report that it registered")
    points: list[str] = Field(default_factory=list, description="rIDs; all of them without any")
    granularity: str = Field("PT15M", description="length of the intervals; PT0S for a single report")
    back: str = Field("PT15M", description="how often a report is to come")


@router.get("/events", responses=_MISSING)
async def events(
    request: Request, ven: Annotated[str, Query(description="Only those of this VEN.")] = ""
) -> list[EventState]:
    """List the events, those that are over included."""
    service = service_of(request)
    return await run_in_threadpool(lambda: [EventState(**one) for one in service.operator.list_events(ven)])


@router.get("/events/{event_id}", responses=_MISSING)
async def event(request: Request, event_id: str) -> list[IssuedEvent]:
    """Give an event, or those that were issued under one ID for several VENs, with what they ask for."""
    service = service_of(request)
    found = await run_in_threadpool(service.operator.asked, event_id)
    return [IssuedEvent(**one) for one in found]


@router.post("/events", status_code=201, responses=_REFUSED)
async def issue(request: Request, event: EventRequest) -> list[EventState]:
    """Issue an event: each of its VENs gets it with its next poll, or at once where it is pushed to."""
    service = service_of(request)
    made = await run_in_threadpool(service.operator.issue, event)
    return [EventState(**service.operator.describe(one)) for one in made]


@router.put("/events/{event_id}", responses=_REFUSED)
async def change(request: Request, event_id: str, event: EventRequest) -> list[EventState]:
    """Change an event; its modificationNumber grows by one."""
    service = service_of(request)
    made = await run_in_threadpool(service.operator.change, event_id, event)
    return [EventState(**service.operator.describe(one)) for one in made]


@router.delete("/events/{event_id}", responses=_REFUSED)
async def cancel(request: Request, event_id: str) -> list[EventState]:
    """Cancel an event; cancelling it again changes nothing."""
    service = service_of(request)
    made = await run_in_threadpool(service.operator.cancel, event_id)
    return [EventState(**service.operator.describe(one)) for one in made]


@router.get("/vens", responses=_MISSING)
async def vens(request: Request) -> list[VenState]:
    """List the VENs: registration, last poll and report, events with their opts, reports, opts."""
    service = service_of(request)
    return await run_in_threadpool(lambda: [VenState(**one) for one in service.operator.state()])


@router.post("/vens/{ven_id}/reports", status_code=201, responses=_REFUSED)
async def request_report(request: Request, ven_id: str, asked: ReportRequestModel) -> dict[str, Any]:
    """Ask a VEN for a report, periodic or single."""
    service = service_of(request)
    made = await run_in_threadpool(
        service.operator.request_report, ven_id, asked.specifier, asked.points, asked.granularity, asked.back
    )
    return {"request_id": made.request_id, "points": list(made.points)}


@router.delete("/vens/{ven_id}/reports/{request_id}", status_code=202, responses=_REFUSED)
async def cancel_report(
    request: Request,
    ven_id: str,
    request_id: str,
    to_follow: Annotated[bool, Query(description="What was collected is still to come.")] = False,
) -> None:
    """Cancel a report request."""
    service = service_of(request)
    await run_in_threadpool(service.operator.cancel_report, ven_id, request_id, to_follow=to_follow)


@router.post("/vens/{ven_id}/reregistration", status_code=202, responses=_REFUSED)
async def reregister(request: Request, ven_id: str) -> None:
    """Ask a VEN to register anew."""
    service = service_of(request)
    await run_in_threadpool(service.operator.reregister, ven_id)


@router.delete("/vens/{ven_id}", status_code=202, responses=_REFUSED)
async def cancel_registration(request: Request, ven_id: str) -> None:
    """End a VEN's registration: it is told with its next poll."""
    service = service_of(request)
    await run_in_threadpool(service.operator.cancel_registration, ven_id)
