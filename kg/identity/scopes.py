"""Scopes and roles as tables: what a token may carry, and which scopes each role is given at the provider.

Access is decided by scopes alone. A role is a name for a set of scopes, for whoever sets up the OpenID
provider, and for the tests, which try every route with every role.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Family = Literal["operation", "identity", "self", "device"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one scope lets its holder do.

    Attributes:
        name: as it stands in a token.
        family: ``operation`` and ``identity`` never meet in one token.
        meaning: what it allows, one sentence.
        source: where the name is from.
    """

    name: str
    family: Family
    meaning: str
    source: str = "FlexKG"


_OPENADR3 = "OpenADR 3.1.1, openadr3.yaml, securitySchemes.oAuth2ClientCredentials"

SCOPES: Final[dict[str, Scope]] = {
    scope.name: scope
    for scope in (
        Scope("read_all", "operation", "Read everything of the tenant.", _OPENADR3),
        Scope("read_targets", "operation", "Read what is targeted at the caller.", _OPENADR3),
        Scope("read_ven_objects", "operation", "Read what the caller itself made.", _OPENADR3),
        Scope("write_programs", "operation", "Make and change programs.", _OPENADR3),
        Scope("write_events", "operation", "Send events.", _OPENADR3),
        Scope("write_reports", "operation", "Send reports and answers as the party of the token.", _OPENADR3),
        Scope("write_subscriptions", "operation", "Make and change own subscriptions.", _OPENADR3),
        Scope("write_vens", "operation", "Register VENs and resources.", _OPENADR3),
        Scope("payload:validate", "operation", "Have payloads and commands checked; nothing is kept."),
        Scope("sparql:query", "operation", "Ask, of what mandates cover; with read_all of all graphs."),
        Scope("ontology:write", "operation", "Change ontology, shapes and mappings of the service."),
        Scope("audit:read", "operation", "Read checkpoints, activations and their evidence."),
        Scope(
            "activations:write",
            "operation",
            "Record what was done at a plant, emergencies and limits too, as the party of the token.",
        ),
        Scope("admin", "operation", "Run the service: updates, rebuild, erasure on a legal request."),
        Scope("identity:read", "identity", "Learn who is behind a pseudonym, and which mandates there are."),
        Scope(
            "identity:write",
            "identity",
            "Enter people, give new pseudonyms, revoke certificates, record mandates.",
        ),
        Scope("self:read", "self", "See and export what is kept about oneself."),
        Scope("self:write", "self", "Grant and withdraw mandates, opt out of an event."),
        Scope("self:erase", "self", "Erase what is kept about oneself."),
        Scope("device:enrol", "device", "Ask for a certificate for the device's own key."),
    )
}

#: Role -> what it is in the source document's words, and its scopes.
ROLES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "resource owner": (
        "end user or component without a user interface",
        ("self:read", "self:write", "self:erase"),
    ),
    "device": (
        "VEN at a resource owner's site",
        ("device:enrol", "read_targets", "read_ven_objects", "write_reports", "payload:validate"),
    ),
    "gateway": (
        "component that checks before it dispatches, and records what it did",
        ("payload:validate", "activations:write"),
    ),
    "aggregator": (
        "business logic of a VTN: client with full view of its tenant",
        (
            *("read_all", "write_programs", "write_events", "write_subscriptions", "write_vens"),
            *("payload:validate", "sparql:query"),
        ),
    ),
    "analyst": ("client that sees what mandates cover", ("sparql:query",)),
    "ontology engineer": ("extends what messages mean", ("ontology:write", "payload:validate")),
    "auditor": ("checks the record", ("audit:read",)),
    "identity officer": ("keeps the vault", ("identity:read", "identity:write")),
    "operator": ("runs the service", ("admin", "audit:read")),
    "nobody": ("token without any scope", ()),
}

#: What the only user of a service without a provider may do: all but what needs to know who asks.
LOCAL: Final = frozenset(name for name, scope in SCOPES.items() if scope.family == "operation")


def known(names: Iterable[str]) -> frozenset[str]:
    """Keep the scopes that mean something here; a provider's own (``openid``, ...) do not.

    >>> sorted(known(["openid", "audit:read"]))
    ['audit:read']
    """
    return frozenset(name for name in names if name in SCOPES)


def separate(names: Iterable[str]) -> bool:
    """Say whether no scope of operation stands beside one of identity.

    >>> separate({"identity:read", "sparql:query"})
    False
    """
    families = {SCOPES[name].family for name in names if name in SCOPES}
    return not {"operation", "identity"} <= families
