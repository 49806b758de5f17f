"""What the service tells of itself: a request id, one log line and one measure for each request."""

import logging
import re
import time
from collections.abc import Iterator
from contextvars import ContextVar
from uuid import uuid4

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.sparql.pool import Pool
from kg.tenants import Tenants

_log = logging.getLogger("flexkg.request")
_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: Id of the request that is being answered; stands in each line of the log.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class Telemetry:
    """Gives each request an id, logs and measures it.

    Args:
        app: the application.
        registry: where measures go.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "flexkg_request_seconds",
            "Time to answer a request, the sending included.",
            ("method", "route", "status", "tenant"),
            buckets=_SECONDS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else uuid4().hex
        token = request_id.set(name)
        began, status = time.perf_counter(), 499  # a client that went away gets no status

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            took = time.perf_counter() - began
            self._note(scope, status, took)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, took: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        state = scope.get("state", {})
        found = state.get("flexkg.caller")
        tenant = state.get("flexkg.tenant") or (found[0].tenant if found else "")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._seconds.labels(method, route, str(status), tenant).observe(took)
        facts = {
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(took, 6),
            "tenant": tenant,
            "request_id": request_id.get(),
        }
        _log.info("request", extra={"facts": facts})


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))


class State(Collector):
    """Measures that are taken when they are asked for: queries, stores, snapshots.

    Args:
        pool: the query workers.
        tenants: the stores.
    """

    def __init__(self, pool: Pool, tenants: Tenants) -> None:
        self._pool, self._tenants = pool, tenants

    def collect(self) -> Iterator[Metric]:
        """Take them."""
        yield _gauge("flexkg_queries_running", "Queries that run.", self._pool.running)
        yield _gauge("flexkg_queries_waiting", "Queries that wait for a worker.", self._pool.waiting)
        ended = CounterMetricFamily(
            "flexkg_query_refusals", "Queries that ended at a limit or did not parse.", labels=["reason"]
        )
        for reason, count in sorted(self._pool.ended.items()):
            ended.add_metric([reason], count)
        yield ended
        killed = CounterMetricFamily("flexkg_worker_kills", "Query workers that were killed.")
        killed.add_metric([], self._pool.killed)
        yield killed
        sizes = GaugeMetricFamily("flexkg_store_bytes", "Size of a store's files.", labels=["tenant", "part"])
        rows = GaugeMetricFamily("flexkg_journal_rows", "Rows of the journal.", labels=["tenant"])
        lag = GaugeMetricFamily("flexkg_unapplied_rows", "Rows not in the graph yet.", labels=["tenant"])
        ages = GaugeMetricFamily(
            "flexkg_snapshot_age_seconds", "How far queries are behind the store.", labels=["tenant"]
        )
        for name, service in self._tenants.open().items():
            facts = service.measures()
            for part, size in facts.sizes.items():
                sizes.add_metric([name, part], size)
            rows.add_metric([name], facts.rows)
            lag.add_metric([name], facts.rows - facts.applied)
            ages.add_metric([name], facts.snapshot_age)
        yield from (sizes, rows, lag, ages)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def measure(app: FastAPI, pool: Pool, tenants: Tenants) -> None:
    """Let an application measure itself; ``GET /metrics`` shows what it measured."""
    registry = CollectorRegistry()
    registry.register(State(pool, tenants))
    app.state.registry = registry
    app.add_middleware(Telemetry, registry=registry)
