"""Time-stamps of an RFC 3161 authority over a checkpoint: when it existed, told by somebody else."""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from kg.errors import StoreUnavailable, UsageError

_LARGEST = 65_536
_TIMEOUT = 15.0

#: Sends a request to an authority and gives its answer.
Ask = Callable[[bytes], bytes]


def authority(address: str, *, ask: Ask | None = None) -> Callable[[bytes], bytes]:
    """Use a time-stamping authority.

    Args:
        address: where it answers RFC 3161 requests over HTTP.
        ask: sends a request; over HTTP when it is left out.

    Returns:
        A function that gives the authority's response, DER, for the bytes to be stamped.

    Raises:
        UsageError: the package ``rfc3161-client`` is not installed.

    Source:
        RFC 3161, sections 2.4 and 3.4.
    """
    client = _client()

    def stamp(data: bytes) -> bytes:
        request = (
            client.TimestampRequestBuilder().data(data).nonce(nonce=True).cert_request(cert_request=True)
        )
        built = request.build()
        try:
            raw = (ask or (lambda text: _post(address, text)))(built.as_bytes())
            answer = client.decode_timestamp_response(raw)
            told = answer.tst_info
            right = answer.status == 0 and told.nonce == built.nonce
            right = right and told.message_imprint.message == built.message_imprint.message
        except (OSError, ValueError) as error:
            raise StoreUnavailable(
                f"the time-stamping authority does not answer: {error}", where=address, cure="try another one"
            ) from error
        if not right:
            raise StoreUnavailable(
                "the time-stamping authority stamped something else", where=address, cure="try another one"
            )
        return raw

    return stamp


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        raise UsageError(
            "time-stamps need the package rfc3161-client", cure="pip install 'flexkg[timestamps]'"
        ) from error
    return rfc3161_client


def _post(address: str, text: bytes) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address!r} is no HTTP address", where="--stamp", cure="write https://...")
    request = urllib.request.Request(  # noqa: S310 - checked above
        address, data=text, headers={"Content-Type": "application/timestamp-query"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
        found: bytes = answer.read(_LARGEST)
    return found
