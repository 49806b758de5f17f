"""Tokens that are bound to a key open what their scopes say, with a fresh proof of the key."""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from functools import partial
from unittest import mock

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.app import create_app
from kg.errors import Unauthenticated
from kg.identity.proofs import AGE, ALGORITHMS, Proofs, digest, prove
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import BASE
from tests.api.problem import problem
from tests.messages import poll
from tests.provider import Provider, bearer

CHECK = f"{BASE}/check"


class World:
    """A service with a provider, and a device with a key and a token bound to it."""

    def __init__(self, *, began=0.0, **settings):
        self.provider, self.key = Provider(), ECKey.generate_key("P-256")
        self.token = self.provider.token("payload:validate", cnf={"jkt": self.key.thumbprint()})
        app = create_app(Service(load_settings(**settings)), tokens=self.provider.tokens())
        with mock.patch("api.access.Proofs", partial(Proofs, began=began)):
            app.middleware_stack = app.build_middleware_stack()
        self.client = TestClient(app, base_url=BASE, raise_server_exceptions=False)

    def proof(self, header=None, key=None, without=(), alg="ES256", **claims):
        key = key or self.key
        said = {"jti": secrets.token_urlsafe(12), "htm": "POST", "htu": CHECK, "iat": int(time.time())}
        said = {n: v for n, v in (said | {"ath": digest(self.token)} | claims).items() if n not in without}
        head = {"alg": alg, "typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | (header or {})
        return jwt.encode(head, said, key, algorithms=[head["alg"]])

    def ask(self, *proofs, scheme="DPoP", token="", path="/check"):
        headers = [("Authorization", f"{scheme} {token or self.token}"), *(("DPoP", one) for one in proofs)]
        return self.client.post(path, content=poll(), headers=headers)


@pytest.fixture(scope="module")
def world():
    made = World()
    with made.client:
        yield made


def test_bound_token_opens_with_a_proof(world):
    """Once for each proof; however the address is written; with our own way to make proofs."""
    made = world.proof()
    assert world.ask(made).status_code == 200
    answer = world.ask(made)
    problem(answer, 401, "invalid-dpop-proof")
    assert 'DPoP algs="ES256' in answer.headers["www-authenticate"]
    assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]
    for address in (f"{BASE}:80/check?x=1#y", "HTTP://127.0.0.1/%63heck"):
        assert world.ask(world.proof(htu=address)).status_code == 200
    assert world.ask(prove(world.key.as_pem(private=True), "POST", CHECK, world.token)).status_code == 200
    problem(world.ask(world.proof(htu=f"{BASE}/lift"), path="/queries"), 401, "invalid-dpop-proof")


def test_scopes_hold_with_a_proof(world):
    """It is a proof of the key, not of more."""
    made = prove(world.key.as_pem(private=True), "POST", f"{BASE}/sparql", world.token)
    problem(world.ask(made, path="/sparql"), 403, "scope")


def test_bound_token_is_no_bearer_token(world):
    """Nor is one that is bound to nothing sent as if it were."""
    problem(world.ask(scheme="Bearer"), 401, "invalid-token")
    problem(world.ask(world.proof(), scheme="Bearer"), 401, "invalid-token")
    plain = world.provider.token("payload:validate")
    problem(world.ask(world.proof(ath=digest(plain)), token=plain), 401, "invalid-token")
    assert world.client.post("/check", content=poll(), headers=bearer(plain)).status_code == 200


@pytest.mark.parametrize(
    "cnf", [{}, [], "x", {"jkt": ""}, {"jkt": 5}, {"kid": "x"}, {"jkt": "x", "jwk": {}}, {"x5t#S256": "x"}]
)
def test_token_bound_in_an_unknown_way_is_refused(world, cnf):
    """Rather than taken for one that is bound to nothing."""
    token = world.provider.token("payload:validate", cnf=cnf)
    problem(world.ask(scheme="Bearer", token=token), 401, "invalid-token")
    problem(world.ask(world.proof(ath=digest(token)), token=token), 401, "invalid-token")


def _b64(value):
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(world):
    """Proofs that must not count, by what is wrong with them."""
    now, other = int(time.time()), ECKey.generate_key("P-256")
    good = world.proof()
    public, private = world.key.as_dict(private=False), world.key.as_dict(private=True)
    yield "none", ()
    yield "empty", ("",)
    yield "two", (world.proof(), world.proof())
    yield "garbage", ("x.y.z",)
    yield "long", (good + "A" * 5000,)
    yield "signature", (f"{good[:-8]}AAAAAAAA",)
    yield "another key", (world.proof(key=other),)
    yield "another's key named", (world.proof(header={"jwk": public}, key=other),)
    yield "own key with private part", (world.proof(header={"jwk": private}),)
    rest = good.partition(".")[2]
    for wrong in (
        "x",
        [],
        None,
        {},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "oct", "k": "x"},
        public | {"x": 7},
    ):
        yield f"key {wrong}", (f"{_b64({'alg': 'ES256', 'typ': 'dpop+jwt', 'jwk': wrong})}.{rest}",)
    yield "symmetric", (world.proof(key=OctKey.generate_key(256), alg="HS256"),)
    yield "alg none", (f"{_b64({'alg': 'none', 'typ': 'dpop+jwt', 'jwk': public})}.{good.split('.')[1]}.",)
    yield "type", (world.proof(header={"typ": "JWT"}),)
    yield "an access token", (world.token,)
    for name in ("jti", "htm", "htu", "iat", "ath"):
        yield f"without {name}", (world.proof(without=(name,)),)
    yield "method", (world.proof(htm="GET"),)
    yield "method in small letters", (world.proof(htm="post"),)
    for address in (
        "/check",
        f"{BASE}/checks",
        "http://127.0.0.1:8000/check",
        "https://127.0.0.1/check",
        7,
        "http://[",
    ):
        yield f"address {address}", (world.proof(htu=address),)
    yield "old", (world.proof(iat=now - AGE - 5),)
    yield "early", (world.proof(iat=now + 60),)
    for value in (True, "now", None, [], float("inf")):
        yield f"time {value}", (world.proof(iat=value),)
    for value in ("", "short", "x" * 300, 7, None):
        yield f"name {value!s:.10}", (world.proof(jti=value),)
    yield "another token", (world.proof(ath=digest("x")),)
    yield "deep", (f"{_b64({'alg': 'ES256', 'typ': 'dpop+jwt', 'jwk': public})}.{'W' * 3000}.x",)


def test_forged_proofs_are_refused(world):
    """Each with the same answer, which gives nothing away."""
    answers = set()
    for name, proofs in forged(world):
        answer = world.ask(*proofs)
        assert answer.status_code == 401, name
        answers.add(answer.text)
    assert len(answers) == 1
    assert world.ask(world.proof()).status_code == 200


@pytest.mark.parametrize("kind", ["ES384", "ES512", "RS256", "PS256", "Ed25519"])
def test_keys_of_each_kind(kind):
    """What the service says it takes, it takes."""
    assert kind in ALGORITHMS
    made = World()
    curves = {"ES384": "P-384", "ES512": "P-521"}
    if kind in curves:
        made.key = ECKey.generate_key(curves[kind])
    elif kind == "Ed25519":
        from joserfc.jwk import OKPKey

        made.key = OKPKey.generate_key("Ed25519")
    else:
        made.key = RSAKey.generate_key(2048)
    made.token = made.provider.token("payload:validate", cnf={"jkt": made.key.thumbprint()})
    with made.client:
        assert made.ask(made.proof(alg=kind)).status_code == 200


def test_proofs_of_before_a_restart_are_not_taken(world):
    """Nobody could tell whether they were seen; and those that are over are forgotten."""
    now = [time.time()]
    text = world.proof(iat=int(now[0]) - 30)
    with pytest.raises(Unauthenticated) as caught:
        Proofs(clock=lambda: now[0]).check(
            text, method="POST", address=CHECK, token=world.token, key=world.key.thumbprint()
        )
    assert caught.value.code == "use-dpop-nonce"
    proofs = Proofs(clock=lambda: now[0], began=0.0)
    for _ in range(3):
        now[0] += 2 * AGE
        made = world.proof(iat=int(now[0]))
        proofs.check(made, method="POST", address=CHECK, token=world.token, key=world.key.thumbprint())
    assert len(proofs._seen) == 1


def test_nothing_is_replayed_by_a_restart(world):
    """Not even a proof whose maker's clock is ahead: the process after it asks for a nonce of its own."""
    now = [time.time()]

    def check(proofs, text):
        proofs.check(text, method="POST", address=CHECK, token=world.token, key=world.key.thumbprint())

    for ahead in (-5, 0, 5, 9):
        text = world.proof(iat=int(now[0]) + ahead)
        check(Proofs(clock=lambda: now[0], began=0.0), text)
        for later in (0, 1, 9, 11, 30, 69):
            again = Proofs(clock=lambda at=now[0] + later: at, began=now[0])
            with pytest.raises(Unauthenticated):
                check(again, text)
    fresh = Proofs(clock=lambda: now[0])
    check(fresh, world.proof(nonce=fresh.nonce()))
    now[0] += 12
    check(fresh, world.proof(iat=int(now[0])))


def test_nonces_of_the_service():
    """Where they are asked for: each proof needs one that is young; clocks of devices do not count."""
    made = World(dpop_nonces=True)
    with made.client:
        answer = made.ask(made.proof())
        problem(answer, 401, "use-dpop-nonce")
        assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
        nonce = answer.headers["dpop-nonce"]
        assert made.ask(made.proof(nonce=nonce)).status_code == 200
        wrong = made.proof(nonce=nonce, iat=5)
        assert made.ask(wrong).status_code == 200
        problem(made.ask(wrong), 401, "invalid-dpop-proof")
        for other in ("x", "", 7, nonce[:-1], Proofs().nonce()):
            problem(made.ask(made.proof(nonce=other)), 401, "use-dpop-nonce")
        by_ours = prove(made.key.as_pem(private=True), "POST", CHECK, made.token, nonce)
        assert made.ask(by_ours).status_code == 200


def test_nonces_are_over_before_proofs_are_forgotten(world):
    """From second to second: a proof that counted once never counts again, whenever it is sent."""
    now = [1_800_000_000.0]
    for start in range(0, 30, 7):
        now[0] = 1_800_000_000.0 + start
        proofs = Proofs(clock=lambda: now[0], nonces=True)
        text = world.proof(iat=int(now[0]), nonce=proofs.nonce())
        taken = 0
        for _ in range(200):
            try:
                proofs.check(
                    text, method="POST", address=CHECK, token=world.token, key=world.key.thumbprint()
                )
                taken += 1
            except Unauthenticated:
                pass
            now[0] += 1
        assert taken == 1
