"""Whose store a request is about."""

from contextlib import suppress
from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.access import caller_of
from kg.desk import Desk
from kg.errors import FlexKGError
from kg.identity.caller import LOCAL_CALLER
from kg.service import Service

#: Where the state of a request says whose store it was about.
TENANT: Final = "flexkg.tenant"


def service_of(request: Request) -> Service:
    """Give the service over the caller's store.

    Where the service has several tenants, a token names the caller's; a caller on this host, where no
    provider is set, names it in the header ``FlexKG-Tenant``.

    Raises:
        kg.errors.UsageError: there is no such tenant (code ``tenant``).
        kg.errors.StoreError: its store cannot be opened.
    """
    tenant = tenant_of(request)
    service: Service = request.app.state.tenants.service(tenant)
    request.scope["state"][TENANT] = tenant  # it is there, so it may stand in measures
    return service


async def opened(request: Request) -> None:
    """Open the store of a request's tenant beside the event loop; a dependency of every route.

    What is wrong with the store is told by the route, if it needs one.
    """
    tenant = tenant_of(request)
    if not request.app.state.tenants.is_open(tenant):
        with suppress(FlexKGError):
            await run_in_threadpool(request.app.state.tenants.service, tenant)


def tenant_of(request: Request) -> str:
    """Name the tenant whose store a request is about; empty where the service has one store."""
    caller = caller_of(request)
    if request.app.state.service.settings.tenants is None:
        return ""
    return request.headers.get("flexkg-tenant", "") if caller is LOCAL_CALLER else caller.tenant


def desk_of(request: Request) -> Desk:
    """Give the desk, which serves persons and who asks by mandate."""
    desk: Desk = request.app.state.desk
    return desk


def queue_of(request: Request) -> str:
    """Name the line in which a caller's queries wait: its client, else its address."""
    caller = caller_of(request)
    if caller is LOCAL_CALLER:
        peer = request.client.host if request.client else ""
        return request.headers.get("flexkg-client", "")[:100] or peer
    return f"{caller.tenant} {caller.client or caller.subject}"
