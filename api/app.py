"""The application: routers put together over one service."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from api import checks, health, ontology, payloads, sparql
from api.problems import TYPE, install
from kg.namespaces import VERSION
from kg.service import Service

#: Names by which a service on loopback may be called; any other Host is a page of a stranger's.
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

    app = FastAPI(
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
        host = request.headers.get("host", "")
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if name not in LOOPBACK:
            return JSONResponse(
                {
                    "type": TYPE + "host",
                    "title": "The service is for this host only",
                    "status": 421,
                    "detail": f"called as {host!r}",
                    "cure": "call it as http://127.0.0.1",
                },
                status_code=421,
                media_type="application/problem+json",
            )
        return await go_on(request)

    return app
