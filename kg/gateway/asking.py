"""Asks a VTN's service for events, as a station does for a control centre."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import asdict
from urllib.parse import quote

from kg.errors import FlexKGError, UsageError
from kg.openadr.event_request import EventRequest
from kg.straight import opened


class Refused(FlexKGError):
    """The service does not take a request; the code is that of its problem."""

    code = "refused"


class Asker:
    """Issues and cancels events with a service.

    Args:
        url: address of the service, without a path.
        token: bearer token with the scope to write events, where the service asks for one.

    Raises:
        UsageError: the address is none.
    """

    def __init__(self, url: str, token: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url!r} is no address", where="vtn", cure="begin it with http:// or https://")
        self._url, self._token = url.rstrip("/"), token

    def issue(self, event: EventRequest) -> None:
        """Issue an event.

        Raises:
            Refused: the service does not take it, or does not answer.
        """
        self._call("POST", "/events", asdict(event) | {"starts_at": event.starts_at.isoformat()})

    def cancel(self, event_id: str) -> None:
        """Cancel an event.

        Raises:
            Refused: there is nothing to cancel (``event-over``, ``unknown-event``), or no answer.
        """
        self._call("DELETE", f"/events/{quote(event_id, safe='')}")

    def _call(self, method: str, path: str, body: object = None) -> None:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)  # noqa: S310
        try:
            opened(request, 10).close()
        except urllib.error.HTTPError as error:
            with error:
                said = _problem(error.read(65536))
            code = str(said.get("type", "")).rpartition("/")[2] or "refused"
            raise Refused(str(said.get("detail") or error), code=code) from error
        except (OSError, http.client.HTTPException) as error:
            raise Refused(
                f"the service does not answer: {error}", where=self._url, code="unreachable"
            ) from error


def _problem(data: bytes) -> dict[str, object]:
    try:
        made = json.loads(data)
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
