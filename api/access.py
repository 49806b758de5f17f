"""The one place where a request's caller, tenant and scopes are decided, before its body is read.

Where no OpenID provider is set the service is for this host alone: whoever is on it may do all that needs no
name. With one, a request needs a token of it, except for what ``api.grants`` opens to anybody.
"""

import logging
from dataclasses import replace
from functools import partial
from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.grants import GRANTS, Grant, Table
from api.peers import Peers
from api.problems import TYPE
from kg.errors import Forbidden, Unauthenticated
from kg.identity.caller import LOCAL_CALLER, NOBODY, Caller
from kg.identity.proofs import ALGORITHMS, Proofs
from kg.identity.tokens import Tokens, UnknownKey

#: Names by which a service on loopback may be called, and of pages that may call it.
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_PROVEN: Final = " ".join(ALGORITHMS)
_TABLE = Table(GRANTS)
_STATE = "flexkg.caller"
_log = logging.getLogger("flexkg.access")


class Access:
    """Decides who calls, and lets nobody through who may not.

    Args:
        app: the application.
        tokens: checks tokens; None for a service on loopback without a provider.
        tenant: the tenant that the service is for.
        peers: recognises TLS peers; None where no device is enrolled.
        nonces: whether proofs of tokens' keys need a nonce of this service.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens | None = None,
        tenant: str = "",
        peers: Peers | None = None,
        nonces: bool = False,
    ) -> None:
        self._app, self._tokens, self._tenant = app, tokens, tenant
        self._peers, self._proofs = peers, Proofs(nonces=nonces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, hand on any other."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            grant = _TABLE.find(scope["method"], scope["path"])
            if self._tokens is None:
                _for_this_host(headers)
            peer = self._peers.of(scope, headers) if self._peers is not None else NOBODY
            if self._tokens is None and not peer.certificate:
                found = LOCAL_CALLER
            elif grant is not None and grant.whose == "peer":
                found = peer
            else:
                found = await self._caller(scope, headers, peer)
            allow(found, grant, self._tenant)
        except Forbidden as error:
            _log.warning("%s %r refused: %s", scope["method"], scope["path"], error.reason)
            answer = refusal(error)
            if error.code == "use-dpop-nonce":
                answer.headers["DPoP-Nonce"] = self._proofs.nonce()
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})[_STATE] = (found, grant)
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope, headers: Headers, peer: Caller) -> Caller:
        """Find out who calls; nobody, where there is no token and none is needed."""
        given = headers.getlist("authorization")
        if not given or self._tokens is None:
            return NOBODY
        kind, _, text = given[0].partition(" ")
        if len(given) > 1 or kind.lower() not in ("bearer", "dpop") or not text.strip():
            raise Unauthenticated(
                "the request has no bearer token", cure="send Authorization: Bearer TOKEN", reason="no bearer"
            )
        check = partial(self._tokens.check, text.strip(), certificate=peer.certificate)
        try:
            found = check(fetch=False)
        except UnknownKey:
            found = await run_in_threadpool(check)
        if kind.lower() == "bearer":
            return found
        if not found.key:
            raise Unauthenticated(
                "the token is not accepted",
                cure="send one that is bound to no key as Authorization: Bearer TOKEN",
                code="invalid-token",
                reason="sent as bound to a key, and bound to none",
            )
        proofs = headers.getlist("dpop")
        address, method = called(scope, headers), scope["method"]
        proof = proofs[0] if len(proofs) == 1 else ""
        self._proofs.check(proof, method=method, address=address, token=text.strip(), key=found.key)
        return replace(found, proven=True)


def allow(caller: Caller, grant: Grant | None, tenant: str = "") -> None:
    """Let a caller go on, or not.

    Args:
        caller: who asks.
        grant: the row for what is asked; None where there is none: the application answers 404, or refuses a
            route that nobody thought of (see ``listed``).
        tenant: the tenant that the service is for; empty for any.

    Raises:
        Unauthenticated: a token is needed.
        Forbidden: the token has none of the scopes, or is another tenant's.
    """
    if grant is None or grant.whose == "anybody":
        return
    if grant.whose == "peer":
        if caller.certificate and tenant and caller.tenant != tenant:
            raise Forbidden(
                "the certificate is not accepted",
                code="certificate",
                reason=f"{caller.party} is of tenant {caller.tenant!r}",
            )
        return
    if not caller.subject:
        raise Unauthenticated(
            "a token is needed", cure="get one from the OpenID provider", reason="no token", code="no-token"
        )
    if caller.key and not caller.proven and "device:enrol" not in grant.scopes:
        raise Unauthenticated(
            "the token is not accepted",
            cure="send it as Authorization: DPoP TOKEN, with a proof of its key in the header DPoP",
            code="invalid-token",
            reason="bound to a key, and sent as if it were not",
        )  # the enrolment compares the key itself: its request is signed with it
    if caller.scopes.isdisjoint(grant.scopes):
        raise Forbidden(
            "the token does not allow this",
            cure=f"ask for the scope {' or '.join(grant.scopes)}",
            code="scope",
            reason=f"{caller.subject} has none of {', '.join(grant.scopes)}",
        )
    if grant.whose and caller is not LOCAL_CALLER and tenant and caller.tenant != tenant:
        raise Forbidden(
            "the token does not allow this",
            cure="ask the service of your own tenant",
            reason=f"{caller.subject} is of tenant {caller.tenant!r}",
        )


def decided(scope: Scope) -> tuple[Caller, Grant | None]:
    """Give the caller of a request that was let through, and the row for what it asks; None without one."""
    found: tuple[Caller, Grant | None] = scope["state"][_STATE]
    return found


def caller_of(request: Request) -> Caller:
    """Give the caller of a request that was let through."""
    return decided(request.scope)[0]


async def listed(request: Request) -> None:
    """Refuse a route that has no row in the table; a dependency of every route.

    Raises:
        Forbidden: there is none.
    """
    if decided(request.scope)[1] is None:
        raise Forbidden(
            "this is served to nobody", code="unlisted", reason="the route has no row in api/grants.py"
        )


def called(scope: Scope, headers: Headers) -> str:
    """Give the address of a request as its sender called it.

    A proxy that ends TLS hands on the host (``Host``) but not that it was called by https. So https counts
    where this end of the connection has no TLS, too: the proxy has to stop who calls it by http.
    """
    path = scope.get("raw_path") or scope["path"].encode()
    host = headers.get("host", "")
    plain = scope.get("scheme", "http") == "http" and _name(host) in LOOPBACK
    return f"{'http' if plain else 'https'}://{host}{path.decode('latin-1')}"


def refusal(error: Forbidden) -> JSONResponse:
    """Answer who may not go on; the reason stays in the log."""
    status = {"host": 421}.get(error.code, 401 if isinstance(error, Unauthenticated) else 403)
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        known = ', error="invalid_token"' if error.code == "invalid-token" else ""
        proof = f', error="{error.code.replace("-", "_")}"' if "dpop" in error.code else ""
        headers["WWW-Authenticate"] = f'Bearer realm="flexkg"{known}, DPoP algs="{_PROVEN}"{proof}'
    elif error.code == "scope":
        headers["WWW-Authenticate"] = 'Bearer realm="flexkg", error="insufficient_scope"'
    title = {
        401: "Who asks is not known",
        403: "This is not allowed",
        421: "The service is for this host only",
    }
    body = {"type": TYPE + error.code, "title": title[status], "status": status, "detail": error.what}
    if error.cure:
        body["cure"] = error.cure
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def _for_this_host(headers: Headers) -> None:
    """Refuse a stranger's page, and a page that had its own name resolved to this host."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if _name(host) not in LOOPBACK:
        raise Forbidden(f"called as {host!r}", code="host", cure="call it as http://127.0.0.1")
    if origin is not None and _name(origin.partition("://")[2]) not in LOOPBACK:
        raise Forbidden(f"called by a page of {origin!r}", code="origin", cure="call it from a program")


def _name(host: str) -> str:
    """Take the port off a host."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
