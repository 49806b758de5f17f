"""The application: routers put together over one service."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi_offline import FastAPIOffline

from api import checks, health, ontology, payloads, sparql
from api.problems import TYPE, install
from kg.namespaces import VERSION
from kg.service import Service

#: Names by which a service on loopback may be called, and of pages that may call it.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def create_app(service: Service) -> FastAPI:
    """Make the application.

    Args:
        service: what it serves; closed when the application stops.

    Returns:
        An ASGI application for loopback use.
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
    for module in (checks, payloads, sparql, ontology, health):
        app.include_router(module.router)

    @app.middleware("http")
    async def _loopback(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if _name(host) not in LOOPBACK:
            return _stranger(421, "host", f"called as {host!r}", "call it as http://127.0.0.1")
        if origin is not None and _name(origin.partition("://")[2]) not in LOOPBACK:
            return _stranger(403, "origin", f"called by a page of {origin!r}", "call it from a program")
        return await go_on(request)

    return app


def _name(host: str) -> str:
    """Take the port off a host."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _stranger(status: int, code: str, detail: str, cure: str) -> JSONResponse:
    """Answer a stranger's page, or a page that had its own name resolved to this host."""
    title = "The service is for this host only"
    return JSONResponse(
        {"type": TYPE + code, "title": title, "status": status, "detail": detail, "cure": cure},
        status_code=status,
        media_type="application/problem+json",
    )
