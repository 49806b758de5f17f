"""``POST /commands/check`` is the check before dispatch; ``/devices`` are the mappings that it goes by."""

from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.bodies import read_body
from api.models import ProblemModel, ReportModel
from kg.devices.check import check as check_mapping
from kg.devices.commands import check_command
from kg.devices.documents import parse
from kg.devices.requests import read_request
from kg.devices.sites import Site, load_site
from kg.errors import UsageError
from kg.service import Service

router = APIRouter(tags=["devices"])
_sites: dict[Path, Site] = {}
_lock = Lock()

_COMMAND = {
    "requestBody": {
        "required": True,
        "description": "The resource, a signal with type and value or a point with value, and what is known.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["resource", "value"]},
                "example": {"resource": "HEATPUMP-3", "signal": "SIMPLE", "type": "level", "value": 2},
            }
        },
    }
}
_MAPPING = {
    "requestBody": {
        "required": True,
        "description": "A Thing Description or Thing Model.",
        "content": {
            "application/td+json": {"schema": {"type": "object"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


class WriteModel(BaseModel):
    """A write that is allowed."""

    device: str = Field(description="IRI of the device")
    point: str
    value: float = Field(description="in the unit of the point")
    unit: str = Field(description="IRI of the unit, empty for none")
    raw: float = Field(description="number before scaling, as the device takes it")
    protocol: str
    message: dict[str, Any] = Field(description="what goes over the wire")


class ReasonModel(BaseModel):
    """A reason for refusing a command."""

    rule: str
    message: str
    where: str
    point: str
    cure: str


class VerdictModel(BaseModel):
    """What may be written, or why nothing may."""

    allowed: bool
    writes: list[WriteModel]
    refusals: list[ReasonModel]


class DeviceModel(BaseModel):
    """A device that has a mapping."""

    id: str
    title: str


class DevicesModel(BaseModel):
    """The mappings of the service."""

    devices: list[DeviceModel]
    resources: list[str]


def site_of(service: Service) -> Site:
    """Give the site of the settings, loaded once.

    Raises:
        UsageError: the settings name none (code ``no-devices``), or a mapping does not conform.
    """
    folder = service.settings.devices
    if folder is None:
        raise UsageError(
            "the service has no device mappings", cure="set FLEXKG_DEVICES to their folder", code="no-devices"
        )
    with _lock:
        if folder not in _sites:
            _sites[folder] = load_site([str(folder)])
        return _sites[folder]


@router.post(
    "/commands/check",
    openapi_extra=_COMMAND,
    response_model=VerdictModel,
    responses={
        400: {
            "model": ProblemModel,
            "description": "The command is not one; its member is named by pointer.",
        },
        413: {"model": ProblemModel, "description": "The body is too large."},
        422: {"model": ProblemModel, "description": "The body is no JSON."},
        503: {"model": ProblemModel, "description": "The service has no device mappings."},
    },
)
async def check_a_command(request: Request) -> JSONResponse:
    """Check a command: answers with the exact writes, or with the reasons why there are none.

    Answers 200 whatever the verdict. Nothing is written to a device, and nothing is kept: what was written
    before comes in with the request.
    """
    service: Service = request.app.state.service
    data = await read_body(request, service.settings.max_payload_bytes)
    site = await run_in_threadpool(site_of, service)
    resource, command, now, situation = read_request(parse(data))
    site.look_up(situation)
    verdict = check_command(site.plans, resource, command, now, situation)
    return JSONResponse(verdict.as_dict())


@router.post(
    "/devices/check",
    openapi_extra=_MAPPING,
    response_model=ReportModel,
    responses={413: {"model": ProblemModel, "description": "The body is too large."}},
)
async def check_a_mapping(request: Request) -> JSONResponse:
    """Check one device mapping: its form and the rules, each finding with a JSON pointer and a cure.

    Answers 200 with the report whatever the verdict.
    """
    service: Service = request.app.state.service
    data = await read_body(request, service.settings.max_payload_bytes)
    report = await run_in_threadpool(check_mapping, data)
    return JSONResponse(report.as_dict())


@router.get(
    "/devices",
    response_model=DevicesModel,
    responses={503: {"model": ProblemModel, "description": "The service has no device mappings."}},
)
async def devices(request: Request) -> JSONResponse:
    """List the devices that have a mapping, and the resources that commands can be checked for."""
    site = await run_in_threadpool(site_of, request.app.state.service)
    found = [{"id": iri, "title": document.title} for iri, document in site.things.items()]
    return JSONResponse({"devices": found, "resources": sorted(site.plans)})
