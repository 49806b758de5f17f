"""Who may call what: one row for each route. What has no row is refused, whoever asks.

``docs/access.md`` shows this table; a test compares the two, and tries every row with every role.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Whose = Literal["anybody", "tenant", "mandates", "evidence", "party", "subject", "peer", ""]

#: What ``Grant.whose`` means.
WHOSE: Final[dict[str, str]] = {
    "anybody": "public: no token is asked for",
    "": "the answer depends on nobody's data",
    "tenant": "all objects of the token's tenant, none of another one's",
    "mandates": "with `read_all` the tenant's graphs, else what mandates in force cover; readings by mandate",
    "evidence": "records of all events of the tenant; what its parties reported, by mandate",
    "party": "objects of the token's own party; with `read_all` of all parties of the tenant",
    "subject": "what is kept about the token's own party",
    "peer": "the party whose registered certificate the TLS peer showed; no token",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may call one route.

    Attributes:
        method: HTTP method; ``GET`` stands for ``HEAD`` too.
        path: the route's path as FastAPI writes it.
        whose: whose objects it touches.
        scopes: one of these is needed; none for what anybody may call.
    """

    method: str
    path: str
    whose: Whose
    scopes: tuple[str, ...] = ()


_SENDERS = ("write_reports", "write_events", "write_vens")

GRANTS: Final = (
    Grant("GET", "/", "anybody"),
    Grant("GET", "/page/{path:path}", "anybody"),
    Grant("GET", "/operator", "anybody"),
    Grant("GET", "/health", "anybody"),
    Grant("GET", "/ready", "anybody"),
    Grant("GET", "/metrics", "", ("admin",)),
    Grant("GET", "/docs", "anybody"),
    Grant("GET", "/docs/oauth2-redirect", "anybody"),
    Grant("GET", "/redoc", "anybody"),
    Grant("GET", "/openapi.json", "anybody"),
    Grant("GET", "/static-offline-docs/{path:path}", "anybody"),
    Grant("GET", "/ontology", "anybody"),
    Grant("GET", "/ontology/{name:path}", "anybody"),
    Grant("POST", "/check", "", ("payload:validate",)),
    Grant("POST", "/lift", "", ("payload:validate",)),
    Grant("POST", "/commands/check", "", ("payload:validate",)),
    Grant("POST", "/devices/check", "", ("payload:validate",)),
    Grant("GET", "/devices", "", ("payload:validate",)),
    Grant("POST", "/explain", "tenant", ("payload:validate",)),
    Grant("GET", "/queries", "", ("sparql:query",)),
    Grant("GET", "/queries/{name}", "mandates", ("sparql:query",)),
    Grant("GET", "/readings", "mandates", ("read_all",)),
    Grant("GET", "/readings/gaps", "mandates", ("read_all",)),
    Grant("POST", "/payloads", "party", _SENDERS),
    Grant("GET", "/.well-known/est/cacerts", "anybody"),
    Grant("POST", "/.well-known/est/simpleenroll", "", ("device:enrol",)),
    Grant("POST", "/.well-known/est/simplereenroll", "peer"),
    Grant("GET", "/.well-known/est/crl", "anybody"),
    Grant("POST", "/OpenADR2/Simple/2.0b/{service}", "peer"),
    Grant("GET", "/events", "tenant", ("read_all",)),
    Grant("GET", "/events/{event_id}", "tenant", ("read_all",)),
    Grant("POST", "/events", "tenant", ("write_events",)),
    Grant("PUT", "/events/{event_id}", "tenant", ("write_events",)),
    Grant("DELETE", "/events/{event_id}", "tenant", ("write_events",)),
    Grant("GET", "/interventions", "tenant", ("audit:read", "read_all")),
    Grant("POST", "/interventions", "party", ("activations:write",)),
    Grant("GET", "/activations/{event_id}", "tenant", ("audit:read", "read_all")),
    Grant("POST", "/activations/{event_id}", "party", ("activations:write", "write_events")),
    Grant("POST", "/activations/{event_id}/settlement", "tenant", ("write_events",)),
    Grant("GET", "/activations/{event_id}/evidence", "evidence", ("audit:read",)),
    Grant("GET", "/notifications", "tenant", ("read_all",)),
    Grant("GET", "/vens", "tenant", ("read_all",)),
    Grant("POST", "/vens/{ven_id}/reports", "tenant", ("write_vens",)),
    Grant("DELETE", "/vens/{ven_id}/reports/{request_id}", "tenant", ("write_vens",)),
    Grant("POST", "/vens/{ven_id}/reregistration", "tenant", ("write_vens",)),
    Grant("DELETE", "/vens/{ven_id}", "tenant", ("write_vens",)),
    Grant("GET", "/me", "anybody"),
    Grant("GET", "/me/page/{name}", "anybody"),
    Grant("GET", "/me/data", "subject", ("self:read",)),
    Grant("DELETE", "/me", "subject", ("self:erase",)),
    Grant("GET", "/me/export", "subject", ("self:read",)),
    Grant("POST", "/me/mandates", "subject", ("self:write",)),
    Grant("DELETE", "/me/mandates/{mandate_id}", "subject", ("self:write",)),
    Grant("DELETE", "/me/devices/{party}", "subject", ("self:write",)),
    Grant("POST", "/me/events/{event_id}/opt-out", "subject", ("self:write",)),
    Grant("GET", "/mandates", "tenant", ("identity:read",)),
    Grant("POST", "/mandates", "tenant", ("identity:write",)),
    Grant("DELETE", "/mandates/{party}/{mandate_id}", "tenant", ("identity:write",)),
    Grant("GET", "/identity/{party}", "tenant", ("identity:read",)),
    Grant("DELETE", "/identity/{party}/certificates", "tenant", ("identity:write",)),
    Grant("GET", "/journal/checkpoint", "tenant", ("audit:read",)),
    Grant("GET", "/sparql", "mandates", ("sparql:query",)),
    Grant("POST", "/sparql", "mandates", ("sparql:query", "admin")),
    Grant("GET", "/graphs", "tenant", ("read_all",)),
    Grant("PUT", "/graphs", "tenant", ("admin",)),
    Grant("POST", "/graphs", "tenant", ("admin",)),
    Grant("DELETE", "/graphs", "tenant", ("admin",)),
    Grant("GET", "/graphs/{name:path}", "mandates", ("read_all",)),
    Grant("PUT", "/graphs/{name:path}", "tenant", ("admin",)),
    Grant("POST", "/graphs/{name:path}", "tenant", ("admin",)),
    Grant("DELETE", "/graphs/{name:path}", "tenant", ("admin",)),
)

_PARAMETER = re.compile(r"\{\w+(:path)?\}")


class Table:
    """Finds the grant of a request.

    Args:
        grants: the rows.

    >>> Table(GRANTS).find("GET", "/ontology/vocab/optType").path
    '/ontology/{name:path}'
    >>> Table(GRANTS).find("DELETE", "/health") is None
    True
    """

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._plain: dict[tuple[str, str], Grant] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Grant]] = []
        for grant in grants:
            if "{" in grant.path:
                self._patterns.append((grant.method, _pattern(grant.path), grant))
            else:
                self._plain[grant.method, grant.path] = grant

    def find(self, method: str, path: str) -> Grant | None:
        """Give the row for a method and path, None where there is none."""
        method = "GET" if method == "HEAD" else method
        found = self._plain.get((method, path))
        if found is not None:
            return found
        for wanted, pattern, grant in self._patterns:
            if wanted == method and pattern.fullmatch(path):
                return grant
        return None


def _pattern(path: str) -> re.Pattern[str]:
    """Turn a path with parameters into an expression."""
    text, at = "", 0
    for match in _PARAMETER.finditer(path):
        text += re.escape(path[at : match.start()]) + (".*" if match[1] else "[^/]+")
        at = match.end()
    return re.compile(text + re.escape(path[at:]), re.DOTALL)
