"""Which reply answers which message, and with which response code: tables, and how they are read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kg.report import Report, Violation

_EVENT = "OpenADR 2.0b Profile Specification, EiEvent service operations"
_OPT = "OpenADR 2.0b Profile Specification, EiOpt service operations"
_REPORT = "OpenADR 2.0b Profile Specification, EiReport service operations"
_PARTY = "OpenADR 2.0b Profile Specification, EiRegisterParty service operations"
_POLL = "OpenADR 2.0b Profile Specification, OadrPoll service operations"
#: What XML 1.0 cannot hold.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Reply:
    """How one message type is answered.

    Attributes:
        message_type: root element of the reply.
        source: the clause.
        needs: properties of the request without which the reply cannot be made; then oadrResponse serves.
        keeps: properties of the request that the reply repeats where it has them.
    """

    message_type: str
    source: str
    needs: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()


RESPONSE: Final = "oadrResponse"
#: Message type -> its reply. What only ever answers has none. An oadrRequestEvent is answered with events by
#: whoever has them; an oadrDistributeEvent without any is never made: it would cancel what the VEN has.
REPLIES: Final[dict[str, Reply]] = {
    "oadrDistributeEvent": Reply("oadrCreatedEvent", _EVENT),
    "oadrRequestEvent": Reply(RESPONSE, _EVENT, keeps=("venID",)),
    "oadrCreatedEvent": Reply(RESPONSE, _EVENT, keeps=("venID",)),
    "oadrCreateOpt": Reply("oadrCreatedOpt", _OPT, needs=("optID",)),
    "oadrCancelOpt": Reply("oadrCanceledOpt", _OPT, needs=("optID",)),
    "oadrRegisterReport": Reply("oadrRegisteredReport", _REPORT, keeps=("venID",)),
    "oadrRegisteredReport": Reply(RESPONSE, _REPORT, keeps=("venID",)),
    "oadrCreateReport": Reply("oadrCreatedReport", _REPORT, keeps=("venID",)),
    "oadrCreatedReport": Reply(RESPONSE, _REPORT, keeps=("venID",)),
    "oadrUpdateReport": Reply("oadrUpdatedReport", _REPORT, keeps=("venID",)),
    "oadrUpdatedReport": Reply(RESPONSE, _REPORT, keeps=("venID",)),
    "oadrCancelReport": Reply("oadrCanceledReport", _REPORT, keeps=("venID",)),
    "oadrCanceledReport": Reply(RESPONSE, _REPORT, keeps=("venID",)),
    "oadrQueryRegistration": Reply("oadrCreatedPartyRegistration", _PARTY),
    "oadrCreatePartyRegistration": Reply("oadrCreatedPartyRegistration", _PARTY),
    "oadrCancelPartyRegistration": Reply(
        "oadrCanceledPartyRegistration", _PARTY, keeps=("registrationID", "venID")
    ),
    "oadrCanceledPartyRegistration": Reply(RESPONSE, _PARTY, keeps=("venID",)),
    "oadrRequestReregistration": Reply(RESPONSE, _PARTY, keeps=("venID",)),
    "oadrPoll": Reply(RESPONSE, _POLL, keeps=("venID",)),
}
#: Message types that end an exchange.
FINAL: Final = frozenset({RESPONSE, "oadrCreatedOpt", "oadrCanceledOpt", "oadrCreatedPartyRegistration"})

#: Response codes from the one that says most to the one that says least.
CODES: Final = ("463", "462", "460", "461", "452", "451", "450", "453", "454", "459", "469")
OK: Final = "200"
#: For a refusal whose rule names no code: the profile is broken in a way that no other code names.
OTHER: Final = "459"


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers, and what only he knows.

    Attributes:
        party: his venID or vtnID; a reply that must state it and cannot becomes an oadrResponse.
        ven: venID that is assigned to a VEN that registers; its own without one.
        registration: registrationID that is assigned to it; its own without one.
        transports: transports that are offered to a VEN, notations of the scheme ``transport``.
        poll_frequency: how often a VEN should poll, an OpenADR duration; empty: nothing is said.
        pending: reportRequestIDs of the reports that are still to be delivered.
        opts: eventID -> ``"optIn"`` or ``"optOut"``; in without an entry. A refused event is always out.
        whole: refuse each event of a message in which anything is refused, as the ingest does.
    """

    party: str = ""
    ven: str = ""
    registration: str = ""
    transports: tuple[str, ...] = ("simpleHttp",)
    poll_frequency: str = ""
    pending: tuple[str, ...] = ()
    opts: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """A response code with its description."""

    code: str = OK
    description: str = "OK"

    @property
    def ok(self) -> bool:
        """Whether nothing is refused."""
        return self.code == OK


def status(violations: Iterable[Violation]) -> Status:
    """Choose the response code that says most, and tell the rule and message that it comes from.

    Args:
        violations: findings; those that refuse nothing (Warning, Info) do not count.

    Returns:
        Code 200 where nothing is refused.

    >>> status([Violation("EVT-1", "Violation", "The eventID is blank.", response_code="452")])
    Status(code='452', description='EVT-1: The eventID is blank.')
    """
    refusals = [one for one in violations if one.severity == "Violation"]
    if not refusals:
        return Status()
    # rules of a market may have a code of their own, which says more than the general ones
    order = {code: rank for rank, code in enumerate(CODES)}
    first = min(refusals, key=lambda one: order.get(one.response_code or OTHER, -1))
    more = len({one.rule for one in refusals}) - 1
    text = f"{first.rule}: {first.message}"
    text = _UNWRITABLE.sub(" ", text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")
    if more:
        text += f" ({more} more {'rule' if more == 1 else 'rules'})"
    return Status(first.response_code or OTHER, text)


def overall(report: Report) -> Status:
    """Choose the code for a whole message; see ``status``."""
    return status(report.violations)
