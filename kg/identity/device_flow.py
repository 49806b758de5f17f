"""The device flow: a device without a keyboard gets a token, bound to its own key, that its owner allows.

The device proves possession of its key with a DPoP proof; the provider writes the key's thumbprint into the
token (``cnf.jkt``). See RFC 8628 and RFC 9449.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kg.errors import Forbidden, StoreUnavailable
from kg.identity.keyring import fetch_json
from kg.identity.proofs import prove
from kg.straight import opened

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the owner is asked to do.

    Attributes:
        address: page to open.
        code: what to type there.
        complete: page with the code in it; may be empty.
    """

    address: str
    code: str
    complete: str


def token_for(
    issuer: str,
    client: str,
    key: ec.EllipticCurvePrivateKey,
    show: Callable[[Prompt], object],
    *,
    resource: str = "",
    scope: str = "device:enrol",
    wait: Callable[[float], object] = time.sleep,
) -> str:
    """Get an access token that is bound to a key.

    Args:
        issuer: the OpenID provider.
        client: the client ID of devices at it.
        key: the device's key.
        show: shows the owner what to do.
        resource: the audience that is asked for (RFC 8707).
        scope: the scopes that are asked for.
        wait: waits for seconds.

    Raises:
        Forbidden: the owner refused, or the time is over.
        StoreUnavailable: the provider does not answer, or has no device flow.
    """
    try:
        found = fetch_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
        start, end = found["device_authorization_endpoint"], found["token_endpoint"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreUnavailable(
            f"the provider cannot be used: {error!r}", where=issuer, cure="name one with the device flow"
        ) from error
    asked = {"client_id": client, "scope": scope} | ({"resource": resource} if resource else {})
    status, begun, _ = _post(start, asked, {})
    if status != 200:
        raise _refused(begun)
    show(
        Prompt(begun["verification_uri"], begun["user_code"], str(begun.get("verification_uri_complete", "")))
    )
    pause, until = float(begun.get("interval", 5)), time.monotonic() + float(begun.get("expires_in", 600))
    form = {"client_id": client, "grant_type": _GRANT, "device_code": begun["device_code"]}
    form |= {"resource": resource} if resource else {}
    nonce = ""
    while time.monotonic() < until:
        wait(pause)
        for _ in range(2):  # once more where the provider asks for a nonce, or for a newer one
            status, said, given = _post(end, form, {"DPoP": prove(_pem(key), "POST", end, nonce=nonce)})
            fresh, nonce = given not in ("", nonce), given or nonce
            if said.get("error") != "use_dpop_nonce" or not fresh:
                break
        if status == 200:
            return str(said["access_token"])
        if said.get("error") == "slow_down":
            pause += 5
        elif said.get("error") != "authorization_pending":
            raise _refused(said)
    raise Forbidden("the owner did not answer in time", cure="start again")


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _post(address: str, form: dict[str, str], headers: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    """Send a form; gives status, answer and the nonce for the next proof, which may be empty."""
    request = urllib.request.Request(  # noqa: S310 - the provider's own address
        address, data=urllib.parse.urlencode(form).encode(), headers={"Accept": "application/json", **headers}
    )
    try:
        try:
            with opened(request, 15) as answer:
                given = answer.headers.get("DPoP-Nonce", "")
                return answer.status, dict(json.loads(answer.read(_LARGEST))), given
        except urllib.error.HTTPError as error:
            with error:
                given = error.headers.get("DPoP-Nonce", "")
                return error.code, dict(json.loads(error.read(_LARGEST))), given
    except (OSError, ValueError, TypeError) as error:
        raise StoreUnavailable(
            f"the provider does not answer: {error}", where=address, cure="try again later"
        ) from error


def _refused(said: dict[str, Any]) -> Forbidden:
    reason = f"{said.get('error', '')} {said.get('error_description', '')}".strip()
    return Forbidden(f"the provider refuses: {reason}", cure="look at the client's settings at the provider")
