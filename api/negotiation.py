"""Chooses a media type by the q-values of an Accept header."""

from collections.abc import Sequence

from fastapi_problem.error import Problem

from api.problems import TYPE


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Choose what to answer with.

    Args:
        accept: the request's Accept header, None where it has none.
        offered: media types, the preferred one first.

    Returns:
        The offered type with the highest q-value; of equals the first offered.

    Raises:
        Problem: 406: the client accepts none of them.

    Source:
        RFC 9110, section 12.5.1.

    >>> choose("text/csv;q=0.5, application/*", ["application/json", "text/csv"])
    'application/json'
    """
    wanted = [_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    best, quality = "", 0.0
    for media in offered:
        fits = [(spec, q) for pattern, spec, q in wanted if _fits(media, pattern)]
        q = max(fits)[1] if fits else 0.0
        if q > quality:
            best, quality = media, q
    if not best:
        raise Problem(
            "None of the accepted media types is served",
            type_=TYPE + "not-acceptable",
            status=406,
            detail=f"accepted: {accept}",
            cure=f"ask for one of {', '.join(offered)}",
        )
    return best


def _range(part: str) -> tuple[str, int, float]:
    """Split one media range: pattern, how specific it is, q."""
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    specific = 0 if pattern == "*/*" else 1 if pattern.endswith("/*") else 2
    return pattern, specific, quality


def _fits(media: str, pattern: str) -> bool:
    return pattern in ("*/*", media) or (pattern.endswith("/*") and media.startswith(pattern[:-1]))
