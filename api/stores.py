"""Whose store a request is about."""

from fastapi import Request

from api.access import caller_of
from kg.errors import Forbidden
from kg.identity.caller import LOCAL_CALLER, Caller
from kg.service import Service


def service_of(request: Request) -> Service:
    """Give the service over the caller's store.

    Where the service has several tenants, a token names the caller's; a caller on this host, where no
    provider is set, names it in the header ``FlexKG-Tenant``.

    Raises:
        kg.errors.UsageError: there is no such tenant (code ``tenant``).
        kg.errors.StoreError: its store cannot be opened.
    """
    service: Service = request.app.state.tenants.service(tenant_of(request))
    return service


def tenant_of(request: Request) -> str:
    """Name the tenant whose store a request is about; empty where the service has one store."""
    caller = caller_of(request)
    if request.app.state.service.settings.tenants is None:
        return ""
    return request.headers.get("flexkg-tenant", "") if caller is LOCAL_CALLER else caller.tenant


def asker(request: Request) -> Caller:
    """Give the caller of a query: one that sees all of its tenant.

    Raises:
        Forbidden: it sees only what mandates cover, and no store that holds just that is served yet.
    """
    caller = caller_of(request)
    caller.must_have("sparql:query")
    if not caller.may("read_all"):
        raise Forbidden(
            "the token sees what mandates cover, and free queries over that are not served",
            cure="ask for the scope read_all",
            code="mandates",
            reason=f"{caller.subject} has sparql:query without read_all",
        )
    return caller


def queue_of(request: Request) -> str:
    """Name the line in which a caller's queries wait: its client, else its address."""
    caller = caller_of(request)
    if caller is LOCAL_CALLER:
        peer = request.client.host if request.client else ""
        return request.headers.get("flexkg-client", "")[:100] or peer
    return f"{caller.tenant} {caller.client or caller.subject}"
