"""The application: routers put together over one service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline

from api import checks, events, health, meanings, ontology, openadr, payloads, queries, sparql
from api.access import Access, listed
from api.problems import install
from kg.identity.tokens import Tokens, tokens_of
from kg.namespaces import VERSION
from kg.service import Service


def create_app(service: Service, *, tokens: Tokens | None = None) -> FastAPI:
    """Make the application.

    Args:
        service: what it serves; closed when the application stops.
        tokens: checks tokens; made from the settings when it is left out.

    Returns:
        An ASGI application; without an OpenID provider in the settings it is for loopback alone.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPIOffline(  # /docs loads nothing from elsewhere
        title="FlexKG",
        version=VERSION,
        summary="Meaning for flexibility messages",
        description="Check OpenADR payloads against what they mean, keep them as RDF, ask in SPARQL.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
    )
    app.state.service = service
    install(app)
    queries.describe(app, service)
    for module in (checks, meanings, payloads, queries, sparql, ontology, openadr, events, health):
        app.include_router(module.router, dependencies=[Depends(listed)])

    tenant = service.store.journal.directory.tenant if service.has_store else service.settings.tenant
    app.add_middleware(Access, tokens=tokens or tokens_of(service.settings), tenant=tenant)
    return app
