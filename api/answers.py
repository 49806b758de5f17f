"""Answers of query workers on their way to a client: media type, headers, in a stream where they are long."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import Any

from anyio import from_thread
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from fastapi_problem.error import Problem
from starlette.types import Send

from api.negotiation import choose
from api.peers import CUT
from api.stores import queue_of
from kg.errors import QueryError
from kg.sparql.apart import Apart
from kg.sparql.bounds import LIMITS, Outcome, Question
from kg.sparql.pool import Pool
from kg.sparql.prologue import explain
from kg.sparql.question import Asked

ROWS = (
    "application/sparql-results+json",
    "application/json",
    "text/csv",
    "application/sparql-results+xml",
    "text/tab-separated-values",
)
GRAPHS = (
    "text/turtle",
    "application/n-triples",
    "application/ld+json",
    "application/rdf+xml",
    "application/trig",
    "application/n-quads",
)
_log = logging.getLogger("flexkg.query")
OFFERED = {"select": ROWS, "ask": ROWS, "graph": GRAPHS}


def apart(request: Request) -> Apart:
    """Give what answers questions about a caller's query in the caller's turn; for worker threads only."""
    pool: Pool = request.app.state.pool
    client = queue_of(request)

    async def answered(question: Question) -> bytes:
        outcome = await pool.ask(question, client)
        return b"".join([part async for part in outcome.chunks])

    return lambda question: from_thread.run(answered, question)


async def deliver(
    request: Request, asked: Asked, accept: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Put a query to a worker and send its answer, in a stream where it is long.

    Args:
        request: the request.
        asked: the query; it is released.
        accept: the Accept header.
        headers: further headers of the answer.
    """
    pool: Pool = request.app.state.pool
    media = {kind: chosen(accept, offered) for kind, offered in OFFERED.items()}
    try:
        wanted = {kind: _form(each) for kind, each in media.items()}
        outcome = await pool.ask(asked.question(wanted, endpoint(request)), queue_of(request))
    except QueryError as error:
        asked.release()
        if error.code == "not-acceptable":
            choose(accept, OFFERED[error.what])
        if error.code in LIMITS:
            _log.info("a query reached a limit", extra={"facts": _facts(error)})
        raise explain(error, asked.shift, asked.text) if error.code == "syntax" else error from error
    except BaseException:
        asked.release()
        raise
    told = {"Snapshot-Age": f"{asked.age:.3f}", "Vary": "Accept", "Cache-Control": "no-cache"}
    if asked.reads.unknown:
        told["Unknown-Graph"] = ", ".join(f"<{_ascii(iri)}>" for iri in asked.reads.unknown[:10])
    told |= headers or {}
    sent_as = media[outcome.kind]
    if outcome.complete or request.method == "HEAD":
        try:
            content = b"".join([part async for part in outcome.chunks]) if outcome.complete else b""
        finally:
            await outcome.chunks.aclose()  # type: ignore[attr-defined]
            asked.release()
        return Response(content, media_type=sent_as, headers=told)
    cut = request.scope.get("extensions", {}).get(CUT)
    return _Cuttable(_streamed(outcome, asked), cut, media_type=sent_as, headers=told)


class _Cuttable(StreamingResponse):
    """An answer that ends in the middle where it reaches a limit: nobody is to take it for whole.

    Args:
        content: the answer.
        cut: ends the connection; where the server offers none, it does so itself for want of an end.
        named: as ``StreamingResponse`` takes them.
    """

    def __init__(self, content: AsyncIterator[bytes], cut: Callable[[], None] | None, **named: Any) -> None:
        super().__init__(content, **named)
        self._cut = cut

    async def stream_response(self, send: Send) -> None:
        """Send the answer; without its end the server cuts the connection."""
        try:
            await super().stream_response(send)
        except QueryError as error:
            _log.warning("an answer was cut at a limit", extra={"facts": _facts(error)})
            if self._cut is not None:
                self._cut()


def _facts(error: QueryError) -> dict[str, str]:
    """Say for the log which limit a query reached."""
    return {"limit": error.code, "told": error.what}


async def _streamed(outcome: Outcome, asked: Asked) -> AsyncIterator[bytes]:
    """Go through an answer."""
    try:
        async for part in outcome.chunks:
            yield part
    finally:
        await outcome.chunks.aclose()  # type: ignore[attr-defined]
        asked.release()


@lru_cache(maxsize=256)
def chosen(accept: str | None, offered: tuple[str, ...]) -> str | None:
    """Choose as ``choose`` does, but give None where nothing is accepted."""
    try:
        return choose(accept, offered)
    except Problem:
        return None


def _form(media: str | None) -> str | None:
    """Give the media type by which the engine knows a form."""
    return "application/sparql-results+json" if media == "application/json" else media


def endpoint(request: Request) -> str:
    """Give the address of the endpoint, against which relative IRIs are read."""
    return str(request.url.replace(query="", fragment=""))


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\r", "").replace("\n", "")[:200]
