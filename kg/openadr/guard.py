"""The guard: what may pass between a VEN and a VTN of others, and what is answered where it may not."""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from kg.answering import Answerer, overall
from kg.check import Checker, checker
from kg.errors import StoreUnavailable
from kg.json_reader import looks_like_json
from kg.lift import Lifted
from kg.namespaces import FLEX
from kg.openadr import distribution
from kg.openadr.entry_gate import ENDPOINTS
from kg.replies import reply
from kg.report import Report, Violation
from kg.statements import Statements, name
from kg.xml import MAX_BYTES

if TYPE_CHECKING:
    from kg.ingest import Ingest

_log = logging.getLogger("flexkg.guard")
Side = Literal["ven", "vtn"]
#: Message type -> the endpoint of the VTN to which a VEN answers it.
_ANSWERED_AT: Final = {
    "oadrDistributeEvent": "EiEvent",
    "oadrCreateReport": "EiReport",
    "oadrCancelReport": "EiReport",
    "oadrRegisterReport": "EiReport",
    "oadrCancelPartyRegistration": "EiRegisterParty",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether a message passes.

    Attributes:
        passes: whether it goes on to the other side, byte for byte.
        answer: what its receiver's place answers it with, where it does not pass; empty for nothing.
        report: what was found.
        service: endpoint of the VTN that the answer goes to, where the VTN sent it.
    """

    passes: bool
    answer: bytes
    report: Report
    service: str = ""


@dataclass(slots=True)
class Guard:
    """Judges messages between a VEN and a VTN.

    Args:
        checker: checks them; the shipped rules at level core without it.
        note_only: let everything that can be read pass, and only tell what is wrong with it. What cannot be
            read never passes: a document with a DOCTYPE ends the process of a stock openleadr VTN.
        max_bytes: largest message.
        ingest: records every message but polls without news, where one is given.

    Attributes:
        counts: messages by side and outcome, such as ``("ven", "refused")``.
    """

    checker: Checker = field(default_factory=checker)
    note_only: bool = False
    max_bytes: int = MAX_BYTES
    ingest: "Ingest | None" = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def judge(self, data: bytes, side: Side, service: str = "", asked: str = "") -> Passage:
        """Judge a message.

        Args:
            data: the message as received.
            side: who sent it: ``"ven"`` or ``"vtn"``.
            service: endpoint that a VEN sent it to; empty: it is not looked at.
            asked: venID of the VEN that a VTN's message answers, where it is known.

        Returns:
            Whether it passes. Nothing that fails the check does, unless the guard only takes note.
        """
        if not data.strip() and side == "vtn":  # openleadr's VTN answers an oadrResponse with nothing
            return self._told(Passage(True, b"", Report("conforms", "")), side)
        report, lifted = self._examine(data, side)
        if lifted is not None and side == "ven" and service:
            served = ENDPOINTS.get(lifted.message_type)
            if served is not None and service not in served:
                text = f"{service} does not serve this message."
                report = report.adding([Violation("VTN-2", "Violation", text, response_code="459")])
        if looks_like_json(data) and report.verdict != "unreadable":
            text = "The message is none of OpenADR 2.0."
            report = report.adding([Violation("GRD-1", "Violation", text, response_code="459")])
        readable = report.verdict != "unreadable" and lifted is not None
        if report.conforms or (self.note_only and readable):
            return self._told(Passage(True, b"", report), side)
        answer = reply(report, lifted, by=_answerer(lifted, asked)) or b""
        if not answer and side == "ven":
            outcome = overall(report)
            answer = distribution.response("", "", outcome.code, outcome.description)
        kind = lifted.message_type if lifted is not None else ""
        at = _ANSWERED_AT.get(kind, "") if side == "vtn" else ""
        return self._told(Passage(False, answer, report, at), side)

    def substitute(self, passage: Passage, asked: str = "") -> bytes:
        """Give a VEN what it gets in the place of a VTN's message that does not pass: code and reason."""
        outcome = overall(passage.report)
        return distribution.response("", asked, outcome.code, outcome.description)

    def _examine(self, data: bytes, side: Side) -> tuple[Report, Lifted | None]:
        if self.ingest is None or b"oadrPoll>" in data or (b"oadrResponse>" in data and len(data) < 2000):
            return self.checker.examine(data, max_bytes=self.max_bytes)
        try:
            receipt = self.ingest.ingest(data, direction="in" if side == "ven" else "out")
        except StoreUnavailable as error:
            _log.error("not recorded: %s", error)
            return self.checker.examine(data, max_bytes=self.max_bytes)
        return receipt.report, receipt.lifted

    def _told(self, passage: Passage, side: Side) -> Passage:
        found = [v for v in passage.report.violations if v.severity == "Violation"]
        outcome = "refused" if not passage.passes else "noted" if found else "passed"
        self.counts[side, outcome] += 1
        if found:
            entry = {
                "from": side,
                "outcome": outcome,
                "message_type": passage.report.message_type,
                "digest": passage.report.digest,
                "rules": [f"{v.rule} {v.pointer}".strip() for v in found[:10]],
            }
            _log.warning("%s", json.dumps(entry))
        return passage


def _answerer(lifted: Lifted | None, asked: str) -> Answerer:
    """Say in whose place the answer is made: the receiver's, as far as the message tells who that is."""
    if lifted is None:
        return Answerer(party=asked, whole=True)
    if lifted.message_type in ("oadrQueryRegistration", "oadrCreatePartyRegistration"):
        return Answerer(party="", whole=True)
    statements = Statements.of(lifted.ntriples)
    vens = [name(node) for node in statements.objects(lifted.message, FLEX + "venID")]
    return Answerer(party=asked or next(iter(vens), ""), whole=True)
