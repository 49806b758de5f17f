"""A running service, asked by a command."""

import json
import urllib.error
import urllib.request
from typing import Any

from kg.errors import UsageError
from kg.straight import opened


class Refused(Exception):
    """What was sent was understood, and does not conform.

    Attributes:
        told: the problem that the service answered with.
    """

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(str(told.get("detail")))
        self.told = told


def call(method: str, url: str, token: str, body: dict[str, Any] | None = None, *, start: str) -> Any:
    """Ask a service; gives what its answer says, as JSON.

    Args:
        method: of the request.
        url: its address.
        token: bearer token; empty for none.
        body: what is sent.
        start: the command that starts such a service, for where none answers.

    Raises:
        UsageError: no service answers, or it refuses.
        Refused: what was sent does not conform.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is no address", where="--url", cure="begin it with http:// or https://")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the scheme is looked at
    try:
        with opened(request, 30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            try:
                told = json.loads(error.read())
            except ValueError:
                told = None
        told = told if isinstance(told, dict) else {}
        if error.code == 422 and "violations" in told:
            raise Refused(told) from error
        raise UsageError(
            str(told.get("detail") or told.get("title") or error), where=url, cure=str(told.get("cure", ""))
        ) from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UsageError(f"no service answers: {error}", where=url, cure=f"start it: {start}") from error
