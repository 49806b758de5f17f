"""The provider's public keys: fetched once, kept, and fetched anew when they rotate."""

import json
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from kg.errors import UsageError

#: Seconds after which keys are fetched anew, so that a withdrawn one counts no longer.
FRESH = 60.0
#: Seconds for which keys are used though the provider does not answer.
STALE = 3600.0
#: Seconds between two fetches for keys that nobody knows: forged tokens do not become load at the provider.
PAUSE = 10.0
_LARGEST = 262_144
_TIMEOUT = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Fetch = Callable[[str], Any]


class ProviderSilent(Exception):
    """The provider could not be asked for its keys."""


class Keyring:
    """Public keys of an OpenID provider by key id.

    Args:
        issuer: the provider; its discovery document says where the keys are.
        jwks: address of the keys, where there is no discovery document.
        fetch: gives the JSON document of an address; over HTTP when it is left out.
        clock: seconds that only grow.

    Raises:
        UsageError: an address is not https, nor on loopback.
    """

    def __init__(
        self,
        issuer: str,
        jwks: str = "",
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        for address in filter(None, (issuer, jwks)):
            _trusted(address)
        self._issuer, self._jwks = issuer, jwks
        self._fetch = fetch or fetch_json
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._fetched = self._tried = float("-inf")

    def find(self, kid: str) -> Key | None:
        """Give a key from what is in memory; None where it is not there, or too old to be used."""
        now = self._clock()
        if now - self._fetched > STALE:
            return None
        if now - self._fetched > FRESH and now - self._tried > PAUSE and not self._lock.locked():
            self._tried = now
            threading.Thread(target=self._renew, daemon=True, name="jwks").start()
        return self._keys.get(kid)

    def ask(self, kid: str) -> Key | None:
        """Give a key, fetching the keys anew where it is unknown, not more often than every few seconds.

        Raises:
            ProviderSilent: there are no keys that could be used, and the provider does not answer.
        """
        with self._lock:
            known = self._keys.get(kid) if self._clock() - self._fetched <= FRESH else None
            if known is None and self._clock() - self._tried >= PAUSE:
                self._tried = self._clock()
                self._load()
            if self._clock() - self._fetched > STALE:
                raise ProviderSilent(f"no keys of {self._issuer}")
            return self._keys.get(kid)

    def _renew(self) -> None:
        with self._lock:
            self._load()

    def _load(self) -> None:
        """Fetch the keys; those in memory stay where that fails."""
        try:
            address = self._jwks
            if not address:
                found = self._fetch(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
                if found["issuer"] != self._issuer:
                    return
                address = found["jwks_uri"]
                _trusted(address)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # weak keys are left out below
                found = KeySet.import_key_set(self._fetch(address)).keys
            keys = {key.kid: key for key in found if key.kid and _strong(key)}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, JoseError, UsageError):
            return
        self._keys, self._fetched = keys, self._clock()


def fetch_json(address: str) -> Any:
    """Get a JSON document over HTTP: no redirects, bounded in time and size.

    Raises:
        OSError: the address does not answer, or not with 200.
        ValueError: the answer is too large or no JSON.
    """
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310 - see _trusted
    with _OPENER.open(request, timeout=_TIMEOUT) as answer:
        text = answer.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError("the document is too large")
    return json.loads(text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _strong(key: Key) -> bool:
    """Whether a key is a public one of a kind and length that is trusted."""
    size = getattr(getattr(key, "public_key", None), "key_size", 0)
    return key.key_type == "OKP" or bool(size >= {"RSA": 2048, "EC": 256}.get(key.key_type, size + 1))


def _trusted(address: str) -> None:
    """Refuse keys that anybody on the way could exchange."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise UsageError(
        f"{address!r} is no https address", where="FLEXKG_ISSUER", cure="name the provider by https://..."
    )
