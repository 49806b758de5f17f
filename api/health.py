"""``/health`` tells that the process is alive and what it serves."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from kg.namespaces import VERSION
from kg.service import Service
from kg.sparql.pool import Pool

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """State of the process."""

    status: str
    version: str
    store: bool
    sandbox: dict[str, str | bool] = {}


@router.get("/health")
async def health(request: Request) -> Health:
    """Tell that the process is alive, its version, whether it has a store, and what holds users' queries."""
    service: Service = request.app.state.service
    pool: Pool = request.app.state.pool
    return Health(status="ok", version=VERSION, store=service.has_store, sandbox=pool.holds)
