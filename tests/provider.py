"""A stand-in for the keys of an OpenID provider, for tests without one: its tokens are signed for real."""

import time

from joserfc import jwt
from joserfc.jwk import ECKey

from kg.identity.keyring import Keyring
from kg.identity.tokens import Claims, Tokens

ISSUER, AUDIENCE = "https://idp.example", "https://flexkg.example"


class Provider:
    """Issues tokens, publishes and rotates its keys, and counts how often it is asked for them."""

    def __init__(self, issuer=ISSUER):
        self.issuer, self.asked, self.silent = issuer, 0, False
        self.keys = []
        self.rotate()

    def rotate(self, *, keep=True):
        key = ECKey.generate_key("P-256")
        key.ensure_kid()
        self.keys = [key, *(self.keys if keep else [])]

    def fetch(self, address):
        if self.silent:
            raise OSError("no answer")
        if address.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": self.issuer + "/jwks"}
        self.asked += 1
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def keyring(self, **more):
        return Keyring(self.issuer, fetch=self.fetch, **more)

    def tokens(self, **more):
        return Tokens(Claims(self.issuer, AUDIENCE), self.keyring(**more))

    def token(self, *scopes, header=None, key=None, without=(), **claims):
        key = key or self.keys[0]
        now = int(time.time())
        said = {"iss": self.issuer, "aud": AUDIENCE, "sub": "client-1", "client_id": "client-1"}
        said |= {"iat": now, "exp": now + 600, "scope": " ".join(scopes), "tenant": "default"} | claims
        said = {name: value for name, value in said.items() if name not in without}
        head = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"} | (header or {})
        return jwt.encode(head, said, key, algorithms=[head["alg"]])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
