"""``/activations``: the registry of what was done for an event, and the evidence of it."""

import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from api.access import caller_of
from api.models import ProblemModel, RefusalModel
from api.stores import desk_of, service_of
from kg.registry_entry import RegistryEntry

router = APIRouter(tags=["activations"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemModel, "description": "There is no such event."},
    503: {"model": ProblemModel, "description": "The service has no store, or the store is not available."},
}
Vtn = Annotated[str, Query(description="vtnID, where several VTNs have such an event.")]


class StepModel(BaseModel):
    """What an entry of the registry says, whatever it is of."""

    ven: str = Field(description="venID of the VEN that is in front of the plant")
    at: str = Field(description="when it happened, with a zone")
    entry: str = Field("", description="identifier of the entry; made from its content without one")
    agent: str = Field("", description="party that did it; the VEN without one")
    on_behalf_of: str = Field("", description="party in whose name")
    resource: str = ""
    device: str = ""
    point: str = ""


class EntryModel(StepModel):
    """One step of an activation."""

    vtn: str = Field(description="vtnID of the VTN whose event is carried out")
    number: int = Field(0, description="modificationNumber of the version that is carried out")
    step: Literal["command", "answer", "baseline", "delivery", "deviation"]
    value: str = Field("", description="a decimal number")
    unit: str = Field("", description="local name of the QUDT unit, for example KiloW-HR")
    answer: str = Field("", description="words of the device, or the reason of a deviation")
    corrects: str = Field("", description="the entry that this one takes the place of")


class SettlementModel(BaseModel):
    """What became of a settlement."""

    outcome: Literal["settled", "unchanged", "nothing"] = Field(
        description="settled: entries were made; unchanged: they were there before and say the same; "
        "nothing: there is nothing to settle"
    )
    made: list[dict[str, Any]] = Field(description="the entries that were made")
    unchanged: list[str] = Field(description="entries of before that say what would be said again")
    without_readings: list[str] = Field(description="data points without a reading of the event")
    without_baseline: list[str] = Field(description="data points with nothing to compare their readings with")
    opted_out: list[str] = Field(description="VENs that only ever opted out: they deliver nothing")


@router.get("/activations/{event_id}", responses=_ANSWERS)
async def entries(request: Request, event_id: str, vtn: Vtn = "") -> list[dict[str, Any]]:
    """List the entries of the registry for an event, in the order in which they were made."""
    service = service_of(request)
    return await run_in_threadpool(service.registry.entries, event_id, vtn)


@router.post(
    "/activations/{event_id}",
    status_code=201,
    responses={
        **_ANSWERS,
        422: {
            "model": RefusalModel,
            "description": "It does not follow from what is known; nothing is kept.",
        },
    },
)
async def record(request: Request, event_id: str, asked: EntryModel) -> dict[str, Any]:
    """Record a command, a device's answer, a baseline, a delivery or a deviation; it is never changed."""
    if not caller_of(request).may("write_events"):
        caller_of(request).must_own(asked.ven)
    return await _recorded(request, asked, event_id)


@router.post(
    "/activations/{event_id}/settlement",
    status_code=201,
    responses={
        **_ANSWERS,
        200: {"model": SettlementModel, "description": "There was nothing to enter; says why."},
        409: {"model": ProblemModel, "description": "The event is not over."},
        422: {"model": RefusalModel, "description": "The event was cancelled, or an entry is refused."},
    },
)
async def settlement(request: Request, response: Response, event_id: str, vtn: Vtn = "") -> SettlementModel:
    """Work out baseline, delivery and deviation of an event that is over, and record them."""
    service = service_of(request)
    made = await run_in_threadpool(service.settle, event_id, vtn)
    if not made.made:
        response.status_code = 200
    return SettlementModel(**made.as_dict())


class InterventionModel(StepModel):
    """Somebody acts on a plant outside of any event: an emergency, or a grid operator's limit."""

    step: Literal["emergency", "limit"]
    value: str = Field("", description="emergency: 1 for the stop, 0 for its end; limit: the power")
    unit: str = Field("", description="local name of the QUDT unit of a limit")
    answer: str = Field("", description="why, and what the device said")


@router.get("/interventions", responses=_ANSWERS)
async def interventions(
    request: Request, ven: Annotated[str, Query(description="Only those of this VEN.")] = ""
) -> list[dict[str, Any]]:
    """List emergencies and limits, in the order in which they were recorded."""
    service = service_of(request)
    return await run_in_threadpool(service.registry.interventions, ven)


@router.post(
    "/interventions",
    status_code=201,
    responses={
        503: _ANSWERS[503],
        422: {"model": RefusalModel, "description": "It does not conform; nothing is kept."},
    },
)
async def intervene(request: Request, asked: InterventionModel) -> dict[str, Any]:
    """Record an emergency or a limit; it is never changed."""
    caller_of(request).must_own(asked.ven)
    return await _recorded(request, asked)


async def _recorded(request: Request, asked: StepModel, event_id: str = "") -> dict[str, Any]:
    service = service_of(request)
    entry = RegistryEntry.made(event=event_id, **asked.model_dump())
    receipt = await run_in_threadpool(service.registry.record, entry)
    return {"entry": entry.entry, "sequence": receipt.seq, "digest": entry.digest}


@router.get(
    "/activations/{event_id}/evidence",
    response_class=Response,
    responses={**_ANSWERS, 200: {"description": "A zip file.", "content": {"application/zip": {}}}},
)
async def evidence(
    request: Request,
    event_id: str,
    vtn: Vtn = "",
    reports: Annotated[
        bool, Query(description="With the whole reports of the days that a baseline is the mean of.")
    ] = False,
) -> Response:
    """Give the evidence pack of an event, for ``flexkg evidence verify``.

    Reports, and the readings that figures were worked out from, are in it for parties whose readings the
    caller may see.
    """
    service, caller = service_of(request), caller_of(request)
    sight = desk_of(request).sight

    def packed() -> bytes:
        seen = sight.proven(service, caller)
        with tempfile.TemporaryDirectory() as folder:
            service.pack(event_id, Path(folder) / "pack", vtn, reports=reports, parties=seen)
            made = BytesIO()
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted((Path(folder) / "pack").rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(Path(folder) / "pack"))
            return made.getvalue()

    data = await run_in_threadpool(packed)
    headers = {"Content-Disposition": 'attachment; filename="evidence.zip"'}
    return Response(data, media_type="application/zip", headers=headers)
