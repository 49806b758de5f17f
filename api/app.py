"""The application: routers put together over one service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from api import (
    activations,
    checks,
    commands,
    est,
    events,
    gaps,
    graphs,
    health,
    identity,
    journal,
    mandates,
    me,
    meanings,
    notifications,
    ontology,
    openadr,
    page,
    payloads,
    queries,
    readings,
    sparql,
)
from api.access import Access, listed
from api.bodies import readable
from api.lane import Lane
from api.patience import Patience
from api.peers import Peers
from api.problems import install
from api.stores import opened
from api.telemetry import measure
from kg.desk import Desk
from kg.identity.office import open_office
from kg.identity.tokens import Tokens, tokens_of
from kg.namespaces import VERSION
from kg.service import Service
from kg.sparql.pool import Pool
from kg.tenants import Tenants, bounds

_ROUTERS = (
    *(
        sparql,  # found first: its questions are the shortest
        queries,
        checks,
        meanings,
        payloads,
        readings,
        gaps,
        graphs,
        ontology,
        openadr,
        est,
        events,
        activations,
    ),
    *(notifications, me, mandates, identity, journal, page, health),
    commands,
)


def create_app(service: Service, *, tokens: Tokens | None = None) -> FastAPI:
    """Make the application.

    Args:
        service: over the one store, or over none; closed when the application stops.
        tokens: checks tokens; made from the settings when it is left out.

    Returns:
        An ASGI application; without an OpenID provider in the settings it is for loopback alone.
    """
    settings = service.settings
    tenants = Tenants(settings, service)
    office = open_office(settings)
    desk = Desk(office)
    pool = Pool(bounds(settings), require=settings.sandbox == "require")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if service.has_store or settings.tenants is not None:
            pool.warm()
        service.start()
        yield
        await pool.close()
        desk.close()
        tenants.close()
        if office is not None:
            office.close()

    app = FastAPIOffline(  # /docs loads nothing from elsewhere
        title="FlexKG",
        version=VERSION,
        summary="Meaning for flexibility messages",
        description="Check OpenADR payloads against what they mean, keep them as RDF, ask in SPARQL.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
    )
    app.state.service, app.state.tenants, app.state.pool = service, tenants, pool
    app.state.office, app.state.desk = office, desk
    app.state.patience = Patience(settings.client_seconds)
    app.state.answering, app.state.polling = (
        CapacityLimiter(openadr.ANSWERING),
        CapacityLimiter(openadr.POLLING),
    )
    install(app)
    queries.describe(app, service)
    for module in _ROUTERS:
        app.include_router(module.router, dependencies=[Depends(listed), Depends(readable), Depends(opened)])

    tenant = service.store.journal.directory.tenant if service.has_store else settings.tenant
    peers = Peers(office.enrolment, settings.proxies.split()) if office is not None else None
    app.add_middleware(Lane)  # behind the decision who may call
    app.add_middleware(
        Access,
        tokens=tokens or tokens_of(service.settings),
        tenant=tenant,
        peers=peers,
        nonces=settings.dpop_nonces,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.pages.split(),
        allow_origin_regex=r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?",
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=[
            "Snapshot-Age",
            "Unknown-Graph",
            "ETag",
            "Location",
            "Journal-Row",
            "X-Request-Id",
            "DPoP-Nonce",
        ],
    )
    measure(app, pool, tenants)
    return app
