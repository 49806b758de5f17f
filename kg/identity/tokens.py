"""Access tokens: JWTs of an OpenID provider, checked offline with its public keys.

What is refused gives nothing away to whoever sent it; the reason is for the log.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from kg.errors import Unauthenticated, UsageError
from kg.identity.caller import Caller
from kg.identity.keyring import Keyring, ProviderSilent
from kg.identity.scopes import known, separate

if TYPE_CHECKING:
    from kg.settings import Settings

ALGORITHMS: Final = ("ES256", "ES384", "PS256", "RS256", "Ed25519", "EdDSA")
#: Characters of the longest token that is looked at.
LONGEST: Final = 8192
#: Seconds by which the clocks of provider and service may differ.
LEEWAY: Final = 30
#: Seconds for which a token may count at most.
LIFETIME: Final = 86_400
_TYPES = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token must say.

    Attributes:
        issuer: who must have issued it.
        audience: whom it must be for.
        algorithms: by which it may be signed.
        tenant: name of the claim with the tenant.
        party: name of the claim with the venID or pseudonym that the caller is.
        purpose: name of the claim with the end for which a client asks.
    """

    issuer: str
    audience: str
    algorithms: Sequence[str] = ALGORITHMS
    tenant: str = "tenant"
    party: str = "party"
    purpose: str = "purpose"


def tokens_of(settings: "Settings") -> "Tokens | None":
    """Make what checks the tokens of the provider in the settings; None where none is named."""
    if not settings.issuer:
        return None
    algorithms = settings.token_algorithms.split()
    claims = Claims(settings.issuer, settings.audience, algorithms)
    return Tokens(claims, Keyring(settings.issuer, settings.jwks))


class UnknownKey(Unauthenticated):
    """The token's key is not in memory; the provider may have it."""


class Tokens:
    """Checks access tokens.

    Args:
        claims: what a token must say.
        keys: the provider's keys.
        clock: seconds since 1970.

    Raises:
        UsageError: an algorithm is symmetric, none, or unknown; or no audience is named.

    Source:
        RFC 9068, section 4; RFC 8725, section 3.
    """

    def __init__(self, claims: Claims, keys: Keyring, *, clock: Callable[[], float] = time) -> None:
        wrong = [name for name in claims.algorithms if name not in ALGORITHMS]
        if wrong or not claims.algorithms:
            raise UsageError(
                f"{', '.join(wrong) or 'nothing'} is no algorithm that tokens may be signed with",
                where="FLEXKG_TOKEN_ALGORITHMS",
                cure=f"use some of {', '.join(ALGORITHMS)}",
            )
        if not claims.audience:
            raise UsageError(
                "a provider is named but no audience", where="FLEXKG_AUDIENCE", cure="name this service's own"
            )
        self._claims, self._keys, self._clock = claims, keys, clock
        self._algorithms = list(claims.algorithms)
        self._registry = jws.JWSRegistry(algorithms=self._algorithms)
        self._registry.max_header_length = self._registry.max_payload_length = LONGEST

    def check(self, text: str, *, certificate: str = "", fetch: bool = True) -> Caller:
        """Check a token and give its caller.

        Args:
            text: the token.
            certificate: SHA-256 of the TLS peer's certificate, hexadecimal; empty where there is none.
            fetch: ask the provider for a key that is not in memory, which may take seconds.

        Raises:
            UnknownKey: its key is not in memory, and was not to be fetched.
            Unauthenticated: it does not hold; ``reason`` says why, for the log.
        """
        if len(text) > LONGEST:
            raise _refused("larger than any token")
        key = self._key(text, fetch=fetch)
        try:
            signed = jws.deserialize_compact(text, key, registry=self._registry)
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _refused(f"{type(error).__name__}: {error}") from error
        if not isinstance(claims, dict):
            raise _refused("its claims are no object")
        self._holds(claims)
        return self._caller(claims, certificate, _bound(claims, certificate))

    def _key(self, text: str, *, fetch: bool) -> Key:
        header = _header(text)
        kid = header.get("kid")
        if header.get("alg") not in self._algorithms:
            raise _refused(f"algorithm {str(header.get('alg'))[:20]!r}")
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise _refused(f"type {str(header.get('typ'))[:20]!r}, no access token")
        if not isinstance(kid, str) or not kid:
            raise _refused("names no key")
        key = self._keys.find(kid)
        if key is None:
            if not fetch:
                raise UnknownKey("the token is not accepted", reason="key not in memory")
            try:
                key = self._keys.ask(kid)
            except ProviderSilent as error:
                raise _refused(str(error)) from error
        if key is None:
            raise _refused(f"unknown key {kid[:64]!r}")
        return key

    def _holds(self, claims: dict[str, Any]) -> None:
        """Compare what a token says with what it must say."""
        now, ours = self._clock(), self._claims
        audience = claims.get("aud")
        if claims.get("iss") != ours.issuer:
            raise _refused("another issuer")
        if ours.audience not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("another audience")
        expires: Any = claims.get("exp")
        if not _instant(expires) or expires <= now - LEEWAY:
            raise _refused("expired")
        for name in ("nbf", "iat"):
            value: Any = claims.get(name)
            if value is not None and (not _instant(value) or value > now + LEEWAY):
                raise _refused(f"not valid yet ({name})")
        if expires > now + LIFETIME + LEEWAY:
            raise _refused("counts for longer than a day")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _refused("has no subject")

    def _caller(self, claims: dict[str, Any], certificate: str, key: str) -> Caller:
        scope = claims.get("scope", "")
        scopes = known(scope.split(" ") if isinstance(scope, str) else ())
        if not separate(scopes):
            raise _refused("holds scopes of identity and of operation")
        ours = self._claims
        return Caller(
            subject=claims["sub"],
            client=_text(claims, "client_id"),
            tenant=_text(claims, ours.tenant),
            party=_text(claims, ours.party),
            scopes=scopes,
            purpose=_text(claims, ours.purpose),
            certificate=certificate,
            key=key,
        )


def thumbprint(sha256: str) -> str:
    """Write a certificate's SHA-256 as tokens carry it.

    Args:
        sha256: 64 hexadecimal digits.

    Source:
        RFC 8705, section 3.1, ``x5t#S256``.

    >>> thumbprint("00" * 32)
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return binascii.b2a_base64(bytes.fromhex(sha256), newline=False).decode().translate(_URL).rstrip("=")


_URL = str.maketrans("+/", "-_")


def _bound(claims: dict[str, Any], certificate: str) -> str:
    """Give the key that a token is bound to; refuse one bound to another certificate than the TLS peer's.

    One that is bound in a way that is not known here counts as little as one bound to somebody else.
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        return ""
    if not isinstance(confirmation, dict) or not confirmation or set(confirmation) - {"jkt", "x5t#S256"}:
        raise _refused("bound in an unknown way")
    wanted = confirmation.get("x5t#S256")
    if "x5t#S256" in confirmation and (not certificate or wanted != thumbprint(certificate)):
        raise _refused("bound to another certificate")
    key = _text(confirmation, "jkt")
    if "jkt" in confirmation and not key:
        raise _refused("bound to no key")
    return key  # whoever uses it has to prove the key: see ``kg.identity.proofs``


def _header(text: str) -> dict[str, Any]:
    part = text.partition(".")[0]
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise _refused("no JWT") from error
    if not isinstance(found, dict):
        raise _refused("no JWT")
    return found


def _instant(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) else ""


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(
        "the token is not accepted",
        cure="get a new one from the provider",
        code="invalid-token",
        reason=reason,
    )
