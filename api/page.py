"""``/``: the web page, and the files that it is made of."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from fastapi_problem.error import Problem

from api.models import ProblemModel
from api.problems import TYPE
from kg.settings import Settings

router = APIRouter(tags=["page"])
FOLDER: Final = Path(__file__).parent / "static"
MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
#: The two style sheets that cytoscape and YASGUI write into the page, by their checksums.
_STYLES: Final = " ".join(
    f"'sha256-{digest}'"
    for digest in (
        "pgvDUBa4IjFA2yuSJ2cqcyxmNYJMborsd0ORcRv9vw8=",
        "zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk=",
    )
)
#: No script or style but the page's own files, nothing from elsewhere; pictures may stand in a style sheet.
POLICY: Final = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {_STYLES}; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file."},
    304: {"description": "Nothing changed since the given ETag."},
    404: {"model": ProblemModel, "description": "The page has no such file."},
}
IfNoneMatch = Annotated[str | None, Header()]


@router.head("/", include_in_schema=False)
@router.get("/", responses=_RESPONSES, response_class=Response)
def page(request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """Give the page on which payloads are checked, questions asked, and the registry is seen."""
    answer = _answer("index.html", if_none_match)
    # the page may ask the provider for a token, and nobody else for anything
    asked = " ".join(["connect-src 'self'", *origins(request.app.state.service.settings)])
    answer.headers["Content-Security-Policy"] = POLICY.replace("connect-src 'self'", asked)
    return answer


@router.head("/operator", include_in_schema=False)
@router.get("/operator", responses=_RESPONSES, response_class=Response)
def operator(if_none_match: IfNoneMatch = None) -> Response:
    """Give the page on which events are issued, changed and cancelled, and VENs are seen."""
    return _answer("operator/index.html", if_none_match)


@router.head("/page/{name:path}", include_in_schema=False)
@router.get("/page/{name:path}", responses=_RESPONSES, response_class=Response)
def part(name: str, if_none_match: IfNoneMatch = None) -> Response:
    """Give a script, a style sheet or a picture of the page."""
    return _answer(name, if_none_match)


def origins(settings: Settings) -> list[str]:
    """Give the origins of the provider, as sources of a policy; none where there is no provider.

    The origin alone: a source with a path is one address, not all below it.

    >>> origins(Settings(issuer="https://idp.example/realms/grid", page_origins="https://token.example"))
    ['https://idp.example', 'https://token.example']
    """
    parts = urlsplit(settings.issuer)
    return [f"{parts.scheme}://{parts.netloc}", *settings.page_origins.split()] if parts.netloc else []


def _answer(name: str, if_none_match: str | None) -> Response:
    found = _files().get(name)
    if found is None:
        raise Problem(
            "The page has no such file",
            type_=TYPE + "not-found",
            status=404,
            detail=name,
            cure="open the page at /",
        )
    path, tag = found
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(path.read_bytes(), media_type=MEDIA[path.suffix], headers=headers)


@cache
def _files() -> dict[str, tuple[Path, str]]:
    """Map names to the files that are served and their tags; no other file is ever opened."""
    return {
        path.relative_to(FOLDER).as_posix(): (path, f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"')
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA
    }
