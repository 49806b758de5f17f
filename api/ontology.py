"""``/ontology``: the documentation site, and each term, concept, rule and module as Turtle or JSON-LD."""

import hashlib
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi_problem.error import Problem

from api.models import ProblemModel
from api.negotiation import choose
from api.problems import TYPE
from kg.site.served import Served

router = APIRouter(tags=["ontology"])
HTML: Final = "text/html"
TURTLE: Final = "text/turtle"
JSON_LD: Final = "application/ld+json"
OFFERED: Final = (HTML, TURTLE, JSON_LD)
#: Suffix of a file of the site -> media type.
MEDIA: Final = {
    "html": HTML,
    "css": "text/css",
    "js": "text/javascript",
    "json": "application/json",
    "ttl": TURTLE,
    "svg": "image/svg+xml",
}
#: Pages hold no script and no style of their own, and ask for nothing from elsewhere.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_INDEX: Final = "index.html"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The page or the triples.", "content": {media: {} for media in OFFERED}},
    304: {"description": "Nothing changed since the given ETag."},
    406: {"model": ProblemModel, "description": "None of the accepted media types is served."},
}
_UNKNOWN: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": ProblemModel, "description": "The ontology has nothing of that name."}
}
Accept = Annotated[str | None, Header()]
IfNoneMatch = Annotated[str | None, Header()]


@router.head("/ontology", include_in_schema=False)
@router.get(
    "/ontology",
    responses=_RESPONSES | {307: {"description": "The pages stand below /ontology/."}},
    response_class=Response,
)
async def whole(request: Request, accept: Accept = None, if_none_match: IfNoneMatch = None) -> Response:
    """Give the whole ontology as Turtle or JSON-LD, or lead to the index of its pages."""
    if choose(accept, OFFERED) == HTML:
        headers = {"Location": "ontology/", "Vary": "Accept"}
        return Response(status_code=307, headers=headers)
    return await _answer(request, "", accept, if_none_match)


@router.head("/ontology/{name:path}", include_in_schema=False)
@router.get("/ontology/{name:path}", responses=_RESPONSES | _UNKNOWN, response_class=Response)
async def thing(
    request: Request, name: str, accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response:
    """Give what is known of one thing as a page, as Turtle or as JSON-LD.

    ``name`` is the local part of a term (``Event``), ``vocab/optType/optIn``, ``shape/Event-eventID``,
    ``modules/event``, or a file of the site (``site.css``, ``Event.html``).
    """
    return await _answer(request, name, accept, if_none_match)


@cache
def served() -> Served:
    """Give what is served, read when it is first asked for."""
    return Served()


async def _answer(request: Request, name: str, accept: str | None, known: str | None) -> Response:
    content, media, headers = await run_in_threadpool(_content, name, accept)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers |= {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if _matches(known, tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(len(content))
    return Response(b"" if request.method == "HEAD" else content, media_type=media, headers=headers)


def _content(name: str, accept: str | None) -> tuple[bytes, str, dict[str, str]]:
    """Bytes, media type and the headers that follow from them."""
    source = served()
    entry = source.entry(name)
    if entry is None and name:
        content = source.file(name)
        if content is None:
            raise _unknown(source, name)
        media = MEDIA[name.rpartition(".")[2]]
        return content, media, {"Content-Security-Policy": POLICY} if media == HTML else {}
    media = choose(accept, OFFERED)
    vary = {"Vary": "Accept"}
    if media == TURTLE:
        return source.turtle(entry).encode(), media, vary
    if media == JSON_LD:
        return source.jsonld(entry).encode(), media, vary
    page = source.file(entry.file if entry else _INDEX)
    assert page is not None
    return page, media, vary | {"Content-Security-Policy": POLICY}


def _unknown(source: Served, name: str) -> Problem:
    near = source.near(name)
    places = ", ".join(f"/ontology/{key}" for key in near)
    return Problem(
        "The ontology has nothing of that name",
        type_=TYPE + "unknown-term",
        status=404,
        detail=f"unknown: {name[:200]}",
        cure=f"perhaps {places}" if near else "see /ontology/terms.html for all names",
    )


def _matches(header: str | None, tag: str) -> bool:
    """Whether If-None-Match names the tag, by weak comparison."""
    given = {one.strip().removeprefix("W/") for one in (header or "").split(",")}
    return "*" in given or tag in given
