"""``/me``: what is kept about whoever asks, and what they may do with it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as Segment
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import caller_of
from api.models import ProblemModel
from api.page import origins
from api.stores import desk_of, service_of
from kg.errors import Forbidden, UsageError
from kg.identity.office import Office
from kg.mandates import as_dict

router = APIRouter(prefix="/me", tags=["me"])
_FOLDER = Path(__file__).parent / "static" / "me"
_MEDIA = {"me.js": "text/javascript", "me.css": "text/css"}
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemModel, "description": "No token, or one that does not hold."},
    403: {"model": ProblemModel, "description": "The token does not allow this."},
    404: {"model": ProblemModel, "description": "Nothing of this kind is kept about the caller."},
    409: {"model": ProblemModel, "description": "A legal hold forbids it."},
    422: {"model": ProblemModel, "description": "The request is not valid."},
    503: {"model": ProblemModel, "description": "The service has no store, or it is being made anew."},
}


class Wish(BaseModel):
    """A mandate to be granted."""

    model_config = ConfigDict(extra="forbid")

    assignee: str = Field(min_length=1, max_length=200, description="client that may see, by its client ID")
    purpose: str = Field(max_length=40, description="settlement, operation, advice or research")
    until: datetime = Field(description="when it ends, with zone")


@router.get("", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def page(request: Request) -> Response:
    """Give the page; it signs its user in at the provider and asks the routes below."""
    asked = " ".join(["'self'", *origins(request.app.state.service.settings)])
    policy = f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src {asked}"
    policy += "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return Response((_FOLDER / "me.html").read_bytes(), media_type="text/html", headers=headers)


@router.get("/page/{name}", response_class=Response, responses={404: _REFUSED[404]})
def part(request: Request, name: str) -> Response:
    """Give a part of the page, or how it signs in (``login.json``)."""
    if name == "login.json":
        settings = request.app.state.service.settings
        said = {"issuer": settings.issuer, "client": settings.page_client, "audience": settings.audience}
        return JSONResponse(said | {"origins": origins(settings)}, headers={"Cache-Control": "no-cache"})
    if name not in _MEDIA:
        raise UsageError("the page has no such part", cure="see /me", code="unknown-subject")
    return Response(
        (_FOLDER / name).read_bytes(), media_type=_MEDIA[name], headers={"Cache-Control": "no-cache"}
    )


@router.get("/data", responses=_REFUSED)
async def data(request: Request) -> JSONResponse:
    """Tell what is kept: venIDs, certificates, mandates, and the events that named them."""
    found = await run_in_threadpool(desk_of(request).summary, service_of(request), caller_of(request))
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"description": "An archive.", "content": {"application/zip": {}}}, **_REFUSED},
)
async def export(request: Request) -> Response:
    """Give all that is kept as an archive: payloads, Turtle, CSV; it can be imported elsewhere."""
    found = await run_in_threadpool(desk_of(request).export, service_of(request), caller_of(request))
    headers = {"Content-Disposition": 'attachment; filename="export.zip"', "Cache-Control": "no-store"}
    return Response(found, media_type="application/zip", headers=headers)


@router.delete("", responses=_REFUSED)
async def erase(request: Request) -> JSONResponse:
    """Erase all that is kept, for ever; answers with the proof."""
    service, caller = service_of(request), caller_of(request)
    return JSONResponse(await run_in_threadpool(desk_of(request).erase, service, caller))


@router.post("/mandates", status_code=201, responses=_REFUSED)
async def grant(request: Request, wish: Wish) -> JSONResponse:
    """Let a client see one's data for a purpose until a time."""
    service, caller = service_of(request), caller_of(request)
    made = await run_in_threadpool(
        desk_of(request).grant, service, caller, wish.assignee, wish.purpose, wish.until
    )
    return JSONResponse([as_dict(one) for one in made], status_code=201)


@router.delete("/mandates/{mandate_id}", responses=_REFUSED)
async def withdraw(request: Request, mandate_id: str) -> JSONResponse:
    """Withdraw a mandate; it counts at once."""
    service, desk = service_of(request), desk_of(request)
    parties = desk.parties(caller_of(request))
    found = await run_in_threadpool(desk.mandates(service).withdraw, parties, mandate_id)
    return JSONResponse(as_dict(found))


@router.delete("/devices/{party}", responses=_REFUSED)
async def revoke(request: Request, party: str) -> JSONResponse:
    """Revoke the certificates of one's own device; it counts at once."""
    office: Office | None = request.app.state.office
    caller = caller_of(request)
    if office is None or party not in desk_of(request).parties(caller):
        raise Forbidden("this is not the caller's", cure="look at the list", code="not-yours")
    done = await run_in_threadpool(office.registry.revoke, party=party, tenant=caller.tenant)
    return JSONResponse({"revoked": done})


@router.post("/events/{event_id}/opt-out", status_code=201, responses=_REFUSED)
async def opt_out(
    request: Request, event_id: Annotated[str, Segment(description="The eventID.")]
) -> JSONResponse:
    """Opt out of an event that named one's device."""
    service, caller = service_of(request), caller_of(request)
    party = await run_in_threadpool(desk_of(request).opt_out, service, caller, event_id)
    return JSONResponse({"party": party, "event": event_id, "opt": "optOut"}, status_code=201)
