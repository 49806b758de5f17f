"""Who may do what: one token checked, one request decided, beside a bare signature check of the same key."""

import asyncio
import time
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from api.access import Access
from kg.identity.keyring import Keyring
from kg.identity.tokens import Claims, Tokens

_ISSUER, _AUDIENCE = "https://idp.example", "https://flexkg.example"


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Check a token with keys in memory, and decide a whole request; in CPU time.

    Returns:
        One row for each algorithm: microseconds for each step, with goals of 150 and 300.
    """
    count = 50 if quick else 2000
    return [_row("ES256", count), _row("RS256", count)]


def _row(algorithm: str, count: int) -> dict[str, Any]:
    private = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm[0] == "E"
        else rsa.generate_private_key(65537, 2048)
    )
    key: ECKey | RSAKey = (ECKey if algorithm[0] == "E" else RSAKey).import_key(private)  # type: ignore[arg-type]
    key.ensure_kid()
    now = int(time.time())
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": "c", "client_id": "c", "iat": now, "exp": now + 3600}
    claims |= {"tenant": "default", "scope": "sparql:query payload:validate read_all write_events"}
    header = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}
    text = jwt.encode(header, claims, key, algorithms=[algorithm])

    def fetch(address: str) -> Any:
        if address.endswith("openid-configuration"):
            return {"issuer": _ISSUER, "jwks_uri": _ISSUER + "/jwks"}
        return {"keys": [key.as_dict(private=False)]}

    tokens = Tokens(Claims(_ISSUER, _AUDIENCE), Keyring(_ISSUER, fetch=fetch))
    tokens.check(text)

    async def nothing(*_args: Any) -> None: ...

    access = Access(nothing, tokens, "default")
    scope = {"type": "http", "method": "POST", "path": "/check", "client": ("10.0.0.2", 1)}
    scope["headers"] = [(b"host", b"flexkg.example"), (b"authorization", f"Bearer {text}".encode())]

    async def decide(times: int) -> None:
        for _ in range(times):
            await access(dict(scope), nothing, nothing)  # type: ignore[arg-type]

    signature = _sign(private)
    return {
        "algorithm": algorithm,
        "signature_us": _cost(lambda n: _verify(private, signature, n), count),
        "token_us": _cost(lambda n: [tokens.check(text, fetch=False) for _ in range(n)], count),
        "goal_token_us": 150,
        "decision_us": _cost(lambda n: asyncio.run(decide(n)), count),
        "goal_decision_us": 300,
    }


def _cost(work: Any, count: int) -> float:
    """Median microseconds of CPU for one, of five rounds."""
    costs = []
    for _ in range(5):
        begin = time.process_time()
        work(count)
        costs.append((time.process_time() - begin) / count * 1e6)
    return median(costs)


def _sign(private: Any) -> bytes:
    scheme = (
        (ec.ECDSA(SHA256()),) if isinstance(private, ec.EllipticCurvePrivateKey) else (PKCS1v15(), SHA256())
    )
    signed: bytes = private.sign(b"x" * 500, *scheme)
    return signed


def _verify(private: Any, signature: bytes, count: int) -> None:
    scheme = (
        (ec.ECDSA(SHA256()),) if isinstance(private, ec.EllipticCurvePrivateKey) else (PKCS1v15(), SHA256())
    )
    public = private.public_key()
    for _ in range(count):
        public.verify(signature, b"x" * 500, *scheme)
