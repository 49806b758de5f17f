"""Access tokens: what holds, and everything that must not."""

import base64
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.registry import HeaderParameter

from kg.errors import Unauthenticated, UsageError
from kg.identity.keyring import FRESH, PAUSE, STALE, Keyring
from kg.identity.scopes import ROLES, SCOPES, separate
from kg.identity.tokens import LONGEST, Claims, Tokens, UnknownKey, thumbprint
from tests.provider import AUDIENCE, ISSUER, Provider

PRINT = "ab" * 32


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def tokens(provider):
    return provider.tokens()


def b64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_token_gives_its_caller(provider, tokens):
    """Subject, client, tenant, party and scopes come from the claims; scopes of others mean nothing here."""
    caller = tokens.check(
        provider.token("openid", "sparql:query", tenant="agg-1", party="VEN-1", purpose="settlement")
    )
    assert (caller.subject, caller.client) == ("client-1", "client-1")
    assert (caller.tenant, caller.party, caller.purpose) == ("agg-1", "VEN-1", "settlement")
    assert caller.scopes == {"sparql:query"}


def test_audience_may_be_one_of_several(provider, tokens):
    """RFC 7519, section 4.1.3."""
    assert tokens.check(provider.token(aud=["x", AUDIENCE])).subject == "client-1"


NOW = int(time.time())
WRONG = {
    "expired": {"exp": NOW - 60},
    "no expiry": {"without": ("exp",)},
    "expiry no number": {"exp": "tomorrow"},
    "expiry true": {"exp": True},
    "for years": {"exp": NOW + 10**8},
    "not yet valid": {"nbf": NOW + 3600},
    "from the future": {"iat": NOW + 3600},
    "another issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": ISSUER + "/"},
    "no issuer": {"without": ("iss",)},
    "another audience": {"aud": "https://other.example"},
    "audiences, none ours": {"aud": ["a", "b"]},
    "no audience": {"without": ("aud",)},
    "no subject": {"sub": ""},
    "subject no text": {"sub": 7},
    "id token": {"header": {"typ": "JWT"}},
    "identity and operation": {"scope": "identity:read sparql:query"},
    "bound, no certificate": {"cnf": {"x5t#S256": thumbprint(PRINT)}},
    "bound in no known way": {"cnf": {"x": "y"}},
    "cnf no object": {"cnf": "x"},
}


@pytest.mark.parametrize("case", WRONG)
def test_token_that_does_not_hold_is_refused(provider, tokens, case):
    """One message for all of them; the reason is for the log."""
    with pytest.raises(Unauthenticated) as caught:
        tokens.check(provider.token(**WRONG[case]))
    assert caught.value.what == "the token is not accepted"
    assert caught.value.reason != caught.value.what


def forgeries(provider):
    good = provider.token("admin")
    head, body, signature = good.split(".")
    key = provider.keys[0]
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = ECKey.generate_key("P-256")
    yield "alg none", b64({"alg": "none", "kid": key.kid, "typ": "at+jwt"}) + "." + body + "."
    public = json.dumps(key.as_dict(private=False)).encode()
    for secret in (public, key.as_pem(private=False)):
        signing = b64({"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}) + "." + body
        mac = hmac.digest(secret, signing.encode(), "sha256")
        yield "key confusion", signing + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    yield "other key, our kid", jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, claims, other)
    carried = {"alg": "ES256", "typ": "at+jwt", "kid": "x", "jwk": other.as_dict(private=False)}
    yield "key in the header", jwt.encode(carried, claims, other)
    yield "other claims", ".".join((head, b64(claims | {"sub": "root"}), signature))
    yield "no signature", f"{head}.{body}."
    yield "no kid", jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, key)
    yield "too large", good + "A" * LONGEST
    yield (
        "claims too large",
        jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, claims | {"x": "y" * LONGEST}, key),
    )
    yield (
        "claims no object",
        jws.serialize_compact({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, b"[1]", key),
    )
    yield (
        "claims no json",
        jws.serialize_compact({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, b"\xff", key),
    )
    odd = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt", "crit": ["urn:x"], "urn:x": "y"}
    lenient = jws.JWSRegistry(header_registry={"urn:x": HeaderParameter("ours", "str")})
    yield "critical header", jws.serialize_compact(odd, json.dumps(claims).encode(), key, registry=lenient)
    for text in (
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        f"{head}.{body}",
        good + ".x",
        "[" * 4000,
        b64([1]) + ".a.b",
    ):
        yield "no token", text


def test_forged_tokens_are_refused(provider, tokens):
    """None opens anything, none raises anything else."""
    for name, text in forgeries(provider):
        with pytest.raises(Unauthenticated):
            raise AssertionError(f"{name}: {tokens.check(text)}")


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_weak_key_of_the_provider_is_not_used(provider):
    """RSA below 2048 bits; strong ones are."""
    for bits, holds in ((1024, False), (2048, True)):
        key = RSAKey.import_key(rsa.generate_private_key(65537, bits))
        key.ensure_kid()
        provider.keys = [key]
        text = provider.token(header={"alg": "RS256"})
        if holds:
            provider.tokens().check(text)
        else:
            with pytest.raises(Unauthenticated, match="not accepted"):
                provider.tokens().check(text)


@pytest.mark.parametrize("algorithms", [["none"], ["HS256"], [], ["ES256", "HS512"]])
def test_symmetric_algorithms_cannot_be_chosen(provider, algorithms):
    """A public key must never verify as a shared secret."""
    with pytest.raises(UsageError, match="algorithm"):
        Tokens(Claims(ISSUER, AUDIENCE, algorithms), provider.keyring())


def test_provider_must_be_asked_over_tls():
    """Except on this host."""
    Keyring("http://127.0.0.1:3000")
    for address in ("http://idp.example", "ftp://idp.example", "file:///etc/passwd"):
        with pytest.raises(UsageError, match="https"):
            Keyring(address)


def test_bound_token_needs_its_certificate(provider, tokens):
    """RFC 8705, section 3."""
    text = provider.token("sparql:query", cnf={"x5t#S256": thumbprint(PRINT)})
    assert tokens.check(text, certificate=PRINT).certificate == PRINT
    with pytest.raises(Unauthenticated):
        tokens.check(text, certificate="cd" * 32)


def test_keys_are_fetched_once(provider, tokens):
    """A key that is not in memory is fetched, then kept."""
    with pytest.raises(UnknownKey):
        tokens.check(provider.token(), fetch=False)
    for _ in range(5):
        tokens.check(provider.token())
    tokens.check(provider.token(), fetch=False)
    assert provider.asked == 1


def test_keys_rotate(provider):
    """A new key is found when its first token comes; forged ids do not become load at the provider."""
    now = [0.0]
    tokens = provider.tokens(clock=lambda: now[0])
    tokens.check(provider.token())
    old = provider.token()
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            tokens.check(provider.token(header={"kid": "forged"}))
    assert provider.asked == 1
    now[0] += PAUSE
    provider.rotate()
    tokens.check(provider.token())
    tokens.check(old)
    assert provider.asked == 2
    provider.rotate(keep=False)
    now[0] += FRESH + PAUSE + 1
    tokens.check(provider.token())
    with pytest.raises(Unauthenticated):
        tokens.check(old)


def test_silent_provider_is_survived_for_a_while(provider):
    """Known keys count on for an hour, no longer."""
    now = [0.0]
    tokens = provider.tokens(clock=lambda: now[0])
    text = provider.token()
    tokens.check(text)
    provider.silent = True
    now[0] += STALE - 1
    tokens.check(text)
    now[0] += 2
    with pytest.raises(Unauthenticated) as caught:
        tokens.check(text)
    assert "no keys" in caught.value.reason


def test_discovery_must_name_the_issuer_itself(provider):
    """OpenID Connect Discovery 1.0, section 4.3."""
    tokens = Tokens(
        Claims("https://other.example", AUDIENCE), Keyring("https://other.example", fetch=provider.fetch)
    )
    with pytest.raises(Unauthenticated):
        tokens.check(provider.token(iss="https://other.example"))


def test_roles_are_made_of_scopes_that_exist_and_never_of_both_families():
    """No role reads both the vault and the readings."""
    for name, (_, scopes) in ROLES.items():
        assert set(scopes) <= SCOPES.keys(), name
        assert separate(scopes), name
