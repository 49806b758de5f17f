"""Proofs of possession (DPoP): whoever sends a token that is bound to a key shows that it holds the key.

A proof is for one request. What was seen is remembered for as long as a proof counts, in this process. One
that the process before may have seen, since it was signed before this one began, or its maker's clock may be
ahead, counts only with a nonce of this process (RFC 9449, section 8).
"""

import hashlib
import hmac
import json
import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from time import time
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from kg.errors import Unauthenticated

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "PS256", "RS256", "Ed25519", "EdDSA")
#: Characters of the longest proof that is looked at.
LONGEST: Final = 4096
#: Seconds for which a proof counts, and by which its maker's clock may be ahead.
AGE: Final = 60
AHEAD: Final = 10
#: Proofs that are remembered at most; beyond it none is taken until old ones are over.
MOST: Final = 200_000
#: Seconds of a nonce; it counts in as many more, which together are fewer than a proof is remembered.
_PERIOD: Final = 30
_PUBLIC: Final = {"EC": ("crv", "x", "y"), "RSA": ("e", "n"), "OKP": ("crv", "x")}
_PORTS: Final = {"https": 443, "http": 80}
_KEYS: Final[dict[str, Any]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}


class Proofs:
    """Checks proofs, each once.

    Args:
        clock: seconds since 1970.
        nonces: whether each proof needs a nonce; clocks of devices do not count then.
        began: when the process began, so that nobody before it can have seen what was signed since; now.

    Source:
        RFC 9449, sections 4.3 (checks), 7 (at a resource), 8 and 9 (nonces) and 11.1 (replay).
    """

    def __init__(
        self, *, clock: Callable[[], float] = time, nonces: bool = False, began: float | None = None
    ) -> None:
        self._clock, self._began, self.nonces = clock, clock() if began is None else began, nonces
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str]] = set()
        self._order: deque[tuple[float, tuple[str, str]]] = deque()
        self._registry = jws.JWSRegistry(algorithms=list(ALGORITHMS))
        self._registry.max_header_length = self._registry.max_payload_length = LONGEST

    def check(self, text: str, *, method: str, address: str, token: str, key: str) -> None:
        """Check the proof that came with a request.

        Args:
            text: the proof.
            method: of the request.
            address: of the request, as its sender called it; query and fragment do not count.
            token: the access token beside it.
            key: thumbprint of the key that the token is bound to.

        Raises:
            Unauthenticated: it does not hold (code ``invalid-dpop-proof``); ``reason`` says why, for the log.
        """
        if not text or len(text) > LONGEST:
            raise _refused("no proof, or longer than any")
        made, thumbprint = self._header(text)
        if thumbprint != key:
            raise _refused("by another key than the token's")
        try:
            signed = jws.deserialize_compact(text, made, registry=self._registry)
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _refused(f"{type(error).__name__}: {error}") from error
        if not isinstance(claims, dict):
            raise _refused("its claims are no object")
        if claims.get("htm") != method:
            raise _refused(f"for the method {str(claims.get('htm'))[:20]!r}")
        if not same_address(claims.get("htu"), address):
            raise _refused(f"for the address {str(claims.get('htu'))[:100]!r}")
        if claims.get("ath") != digest(token):
            raise _refused("for another token")
        self._once(claims.get("jti"), claims.get("iat"), claims.get("nonce"), key)

    def nonce(self, back: int = 0) -> str:
        """Give a nonce that counts for half a minute at least, and for a minute at most."""
        period = int(self._clock() // _PERIOD) - back
        made = hmac.digest(self._secret, str(period).encode(), hashlib.sha256)
        return urlsafe_b64encode(made[:18]).decode()

    def _header(self, text: str) -> tuple[ECKey | RSAKey | OKPKey, str]:
        """Read the key that a proof says it is made with, and its thumbprint."""
        part = text.partition(".")[0]
        try:
            header = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            jwk = header["jwk"]
            right = header.get("typ") == "dpop+jwt" and header.get("alg") in ALGORITHMS
            members = _PUBLIC[jwk["kty"]]
            if not right or any(type(jwk.get(name)) is not str for name in members):
                raise ValueError("type, algorithm or key")
            if not {"d", "p", "q", "k", "dp", "dq", "qi", "oth"}.isdisjoint(jwk):
                raise ValueError("its key is private")
            return _key(jwk["kty"], *(jwk[name] for name in members))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, JoseError) as error:
            raise _refused(f"no proof: {error}") from error

    def _once(self, jti: Any, made: Any, nonce: Any, key: str) -> None:
        """Let a proof count that is of now and was not seen."""
        now, given = self._clock(), nonce is not None
        if given and (not isinstance(nonce, str) or nonce not in (self.nonce(), self.nonce(1))):
            raise _another_nonce("it has another nonce")
        if not isinstance(jti, str) or not 8 <= len(jti) <= 256:
            raise _refused("no name of its own (jti)")
        if not isinstance(made, int | float) or isinstance(made, bool):
            raise _refused("no time (iat)")
        if not given and not now - AGE <= made <= now + AHEAD:
            raise _refused("not of now (iat)")
        if not given and (self.nonces or made <= self._began + AHEAD):
            raise _another_nonce(
                "it has no nonce, and " + ("each needs one" if self.nonces else "may be old")
            )
        with self._lock:
            while self._order and self._order[0][0] < now - AGE - AHEAD:
                self._seen.discard(self._order.popleft()[1])
            if (key, jti) in self._seen:
                raise _refused("seen before (jti)")
            if len(self._seen) >= MOST:
                raise _refused("too many proofs in a minute")
            self._seen.add((key, jti))
            self._order.append((now, (key, jti)))


def prove(key: Any, method: str, address: str, token: str = "", nonce: str = "") -> str:
    """Make a proof for one request.

    Args:
        key: the private key: PEM, or one of ``cryptography``.
        method: of the request.
        address: of the request.
        token: the access token that it goes with; empty at the provider's token endpoint.
        nonce: what the server gave in the header ``DPoP-Nonce``; empty where it gave none.

    Source:
        RFC 9449, section 4.2.
    """
    jwk = ECKey.import_key(key)
    algorithm = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[str(jwk.as_dict()["crv"])]
    header = {"alg": algorithm, "typ": "dpop+jwt", "jwk": jwk.as_dict(private=False)}
    claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": address.partition("?")[0]}
    said = claims | {"iat": int(time())} | ({"ath": digest(token)} if token else {})
    said |= {"nonce": nonce} if nonce else {}
    return jwt.encode(header, said, jwk, algorithms=[algorithm])


def digest(token: str) -> str:
    """Give the hash of a token as proofs carry it (``ath``).

    >>> digest("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
    'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo'
    """
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def same_address(stated: Any, called: str) -> bool:
    """Compare two addresses without query and fragment, however they are written.

    >>> same_address("HTTPS://A.example:443/me%2Ddata?x=1", "https://a.example/me-data")
    True
    """
    try:
        return isinstance(stated, str) and _plain(stated) == _plain(called)
    except ValueError:
        return False


def _plain(address: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme.lower())
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, unquote(parts.path) or "/"


@lru_cache(maxsize=1024)
def _key(kind: str, *members: str) -> tuple[ECKey | RSAKey | OKPKey, str]:
    made = _KEYS[kind].import_key({"kty": kind, **dict(zip(_PUBLIC[kind], members, strict=True))})
    return made, made.thumbprint()


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(
        "the proof of the token's key is not accepted",
        cure="send a fresh DPoP proof for this request with the token",
        code="invalid-dpop-proof",
        reason=f"DPoP: {reason}",
    )


def _another_nonce(reason: str) -> Unauthenticated:
    return Unauthenticated(
        "the proof of the token's key needs a nonce of this service",
        cure="send one with the claim nonce, as the header DPoP-Nonce gives it",
        code="use-dpop-nonce",
        reason=f"DPoP: {reason}",
    )
