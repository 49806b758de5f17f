"""Who a VEN that registers is from then on: who it was, or somebody new."""

import uuid

from kg.answering import Answerer
from kg.openadr.policy import Policy
from kg.openadr.roster import Roster


def registrar(policy: Policy, roster: Roster, name: str) -> Answerer:
    """Say what the answer to a registration gives: identifiers, transports and how often to poll.

    Args:
        policy: the VTN's.
        roster: the VENs that it knows.
        name: venID that is asked for; empty for a new one.
    """
    known = roster.vens.get(name)
    again = known.registration_id if known is not None else ""
    return Answerer(
        party=policy.vtn_id,
        ven=name or f"VEN-{uuid.uuid4().hex[:12].upper()}",
        registration=again or f"REG-{uuid.uuid4().hex[:20].upper()}",
        transports=policy.transports,
        poll_frequency=policy.poll_frequency,
    )
