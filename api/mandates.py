"""``/mandates``: mandates that owners gave on paper, for who keeps the papers and sees no readings."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.models import ProblemModel
from api.stores import desk_of, service_of
from kg.clients import clients, nameable
from kg.mandates import as_dict

router = APIRouter(prefix="/mandates", tags=["identity"])
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemModel, "description": "No token, or one that does not hold."},
    403: {"model": ProblemModel, "description": "The token does not allow this."},
    404: {"model": ProblemModel, "description": "There is no such party, or no such mandate."},
    422: {"model": ProblemModel, "description": "The request is not valid."},
    503: {"model": ProblemModel, "description": "The service has no store, or it is being made anew."},
}


class Paper(BaseModel):
    """A mandate on paper."""

    model_config = ConfigDict(extra="forbid")

    party: str = Field(min_length=1, max_length=200, description="venID of who grants")
    assignee: str = Field(min_length=1, max_length=200, description="client that may see, by its client ID")
    purpose: str = Field(max_length=40, description="settlement, operation, advice or research")
    until: datetime = Field(description="when it ends, with zone")
    basis: str = Field(
        min_length=1, max_length=500, pattern=r"\S", description="where the paper is, for whoever asks later"
    )


@router.get("", responses=_REFUSED)
async def listed(
    request: Request, party: str = Query("", max_length=200, description="only those of this venID")
) -> JSONResponse:
    """List mandates: those in force, those that ended, those withdrawn."""
    mandates = desk_of(request).mandates(service_of(request))
    found = await run_in_threadpool(mandates.of, [party]) if party else await run_in_threadpool(mandates.all)
    return JSONResponse([as_dict(one) for one in found], headers={"Cache-Control": "no-store"})


@router.post("", status_code=201, responses=_REFUSED)
async def record(request: Request, paper: Paper) -> JSONResponse:
    """Record a mandate that an owner gave on paper."""
    service = service_of(request)
    mandates = desk_of(request).mandates(service)

    def grant() -> dict[str, Any]:
        nameable(paper.assignee, clients(service.settings.clients))
        mandates.must_know(paper.party)
        basis = paper.basis.strip()
        return as_dict(mandates.grant(paper.party, paper.assignee, paper.purpose, paper.until, basis=basis))

    return JSONResponse(await run_in_threadpool(grant), status_code=201)


@router.delete("/{party}/{mandate_id}", responses=_REFUSED)
async def withdraw(request: Request, party: str, mandate_id: str) -> JSONResponse:
    """Record that an owner withdrew a mandate; it counts no more at once."""
    mandates = desk_of(request).mandates(service_of(request))
    return JSONResponse(as_dict(await run_in_threadpool(mandates.withdraw, [party], mandate_id)))
