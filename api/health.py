"""``/health``, ``/ready``, ``/metrics``: whether the process is alive, takes work, and how it does."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi_problem.error import Problem
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.models import ProblemModel
from api.problems import TYPE
from kg.ingest import Ingest
from kg.namespaces import VERSION
from kg.service import Service
from kg.sparql.pool import Pool
from kg.tenants import Tenants

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """State of the process."""

    status: str
    version: str
    store: bool
    sandbox: dict[str, str | bool] = {}
    unapplied_rows: int = Field(0, description="rows on disk that queries do not see yet")
    unapplied_seconds: float = Field(0.0, description="for how long the first of them has waited")
    unapplied_reason: str = Field("", description="code of the error that keeps them; empty: none does")


class Ready(BaseModel):
    """Whether the service takes work."""

    ready: bool
    reasons: list[str] = []


@router.get("/health")
async def health(request: Request) -> Health:
    """Tell that the process is alive, whether it has a store, what holds queries, and how late they are."""
    service: Service = request.app.state.service
    pool: Pool = request.app.state.pool
    rows, late, reason = _unapplied(service.store) if service.has_store else (0, 0.0, "")
    return Health(
        status="ok",
        version=VERSION,
        store=service.has_store,
        sandbox=pool.holds,
        unapplied_rows=rows,
        unapplied_seconds=round(late, 3),
        unapplied_reason=reason,
    )


def _unapplied(store: Ingest) -> tuple[int, float, str]:
    """Give how many rows of the journal queries do not see yet, for how many seconds, and what keeps them."""
    rows, late = store.follower.lag
    if not store.follower.behind:
        return rows, late, ""
    held = store.journal.head.seq - store.graphs.applied()
    return max(rows, held), max(late, store.follower.stuck), store.follower.reason


@router.get(
    "/ready",
    response_model=Ready,
    responses={503: {"model": ProblemModel, "description": "It does not take work now."}},
)
async def ready(request: Request) -> JSONResponse:
    """Tell whether the service takes work: its stores can be written, its queries answered."""
    tenants: Tenants = request.app.state.tenants
    reasons = [
        f"store {name or 'of the service'}: rows cannot be applied now ({service.store.follower.reason})"
        for name, service in tenants.open().items()
        if service.store.follower.behind
    ]
    if reasons:
        raise Problem(
            "The service is not ready", type_=TYPE + "not-ready", status=503, detail="; ".join(reasons)
        )
    return JSONResponse({"ready": True, "reasons": []})


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Show measures for Prometheus: requests by route and tenant, queries, workers, stores."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
