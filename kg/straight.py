"""Requests that are answered where they are sent: a redirection is an error, told with where it leads.

Python follows one with GET and without the body, so what was to be recorded would count as sent; and it takes
the token along, to whoever is there.
"""

import urllib.error
import urllib.request
from http.client import HTTPMessage, HTTPResponse
from typing import IO


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Refuse to go anywhere else."""
        raise urllib.error.HTTPError(
            req.full_url, code, f"{msg}: the service is at {newurl}; give that address", headers, fp
        )


_OPENER = urllib.request.build_opener(_Straight)


def opened(request: urllib.request.Request, seconds: float) -> HTTPResponse:
    """Send a request; the answer is to be closed.

    Args:
        request: to an address of http or https.
        seconds: for the other side to say something.

    Raises:
        urllib.error.HTTPError: the answer has another status than one of success; a redirection too.
        OSError: nobody answers.
    """
    answer: HTTPResponse = _OPENER.open(request, timeout=seconds)
    return answer
