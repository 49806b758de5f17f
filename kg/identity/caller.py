"""Caller: who asks, for which tenant, with which scopes."""

from collections.abc import Sequence
from dataclasses import dataclass

from kg.errors import Forbidden
from kg.identity.scopes import LOCAL


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        subject: the token's subject; empty for nobody.
        client: the client that got the token.
        tenant: the tenant that it was given for; empty where the service has one only.
        party: ID of the party that the caller is, a venID or a pseudonym; empty for one that is none.
        scopes: what it may do.
        purpose: the end for which it asks, to be compared with mandates; empty where none is stated.
        certificate: SHA-256 of the TLS peer's certificate, hexadecimal; empty where there is none.
        key: thumbprint (RFC 7638) of the key that the token is bound to; empty where it is bound to none.
        proven: whether the request came with a proof of that key.
    """

    subject: str = ""
    client: str = ""
    tenant: str = ""
    party: str = ""
    scopes: frozenset[str] = frozenset()
    purpose: str = ""
    certificate: str = ""
    key: str = ""
    proven: bool = False

    def may(self, *scopes: str) -> bool:
        """Say whether the caller has one of these scopes."""
        return not self.scopes.isdisjoint(scopes)

    def sees(self, party: str) -> bool:
        """Say whether the objects of a party are its own, or its to see.

        >>> Caller(party="VEN-1", scopes=frozenset({"read_ven_objects"})).sees("VEN-2")
        False
        """
        return "read_all" in self.scopes or (bool(party) and party == self.party)

    def must_have(self, scope: str) -> None:
        """Let only a caller with a scope go on.

        Raises:
            Forbidden: it has it not.
        """
        if scope not in self.scopes:
            raise Forbidden(
                "the token does not allow this",
                cure=f"ask for the scope {scope}",
                code="scope",
                reason=f"{self.subject} has not {scope}",
            )

    def must_own(self, party: str) -> None:
        """Let only the party itself, or who sees the whole tenant, go on.

        Raises:
            Forbidden: the objects are another's; whether there are any is not said.
        """
        if not self.sees(party):
            raise Forbidden(
                "this is not the caller's",
                cure="ask for objects of your own party",
                reason=f"{self.subject} asked for {party}",
            )

    def must_send(self, message_type: str, parties: Sequence[str]) -> None:
        """Let a message go on that the caller may send.

        Who may write events is the business logic of its tenant and may send any message about its parties.
        Who may only write reports sends, as its own party, what a VEN sends.

        Args:
            message_type: name of the message element or object.
            parties: the venIDs that it names.

        Raises:
            Forbidden: it may not.
        """
        if self.may("write_events", "write_vens"):
            return
        others = [party for party in parties if party != self.party]
        if others or not self.party or message_type in FROM_A_VTN:
            raise Forbidden(
                "the token does not allow to send this message for this party",
                cure="send what a VEN sends, with your own venID",
                code="not-yours",
                reason=f"{self.subject} ({self.party}) sent {message_type} for {', '.join(parties)}",
            )


#: What only a VTN or its business logic sends.
FROM_A_VTN = frozenset(
    (
        *(
            "oadrDistributeEvent",
            "oadrCreateReport",
            "oadrCancelReport",
            "oadrUpdatedReport",
            "oadrCreatedOpt",
        ),
        *("oadrCanceledOpt", "oadrCreatedPartyRegistration", "oadrRequestReregistration"),
        *("program", "event", "notification"),
    )
)
#: The one user of a service that listens on loopback only and has no provider.
LOCAL_CALLER = Caller(subject="local", scopes=LOCAL)
NOBODY = Caller()
