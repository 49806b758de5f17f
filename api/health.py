"""``/health`` tells that the process is alive and what it serves."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from kg.namespaces import VERSION
from kg.service import Service

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """State of the process."""

    status: str
    version: str
    store: bool


@router.get("/health")
async def health(request: Request) -> Health:
    """Tell that the process is alive, its version, and whether it has a store."""
    service: Service = request.app.state.service
    return Health(status="ok", version=VERSION, store=service.has_store)
