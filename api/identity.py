"""``/identity``: the vault, for who keeps it; no token that may see readings gets here."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.access import caller_of
from api.models import ProblemModel
from kg.errors import UsageError
from kg.identity.office import Office

router = APIRouter(prefix="/identity", tags=["identity"])
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemModel, "description": "No token, or one that does not hold."},
    403: {"model": ProblemModel, "description": "The token does not allow this."},
    404: {"model": ProblemModel, "description": "Nobody is behind this pseudonym."},
    503: {"model": ProblemModel, "description": "The service keeps no identities."},
}


@router.get("/{party}", responses=_REFUSED)
async def person(request: Request, party: str) -> JSONResponse:
    """Say who is behind a pseudonym of one's own tenant."""
    office = _office(request)
    found = await run_in_threadpool(office.vault.person, caller_of(request).tenant, party)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


@router.delete("/{party}/certificates", responses=_REFUSED)
async def revoke(request: Request, party: str) -> JSONResponse:
    """Revoke the certificates of a party of one's own tenant; it counts at once."""
    office, caller = _office(request), caller_of(request)
    done = await run_in_threadpool(office.registry.revoke, party=party, tenant=caller.tenant)
    if not done:
        raise UsageError(
            "no certificate counts for this party", cure="look at it again", code="unknown-subject"
        )
    return JSONResponse({"revoked": done})


def _office(request: Request) -> Office:
    office: Office | None = request.app.state.office
    if office is None:
        raise UsageError(
            "the service keeps no identities", cure="start it with FLEXKG_IDENTITY=DIR", code="no-identity"
        )
    return office
