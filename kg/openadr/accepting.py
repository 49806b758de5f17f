"""Accepts what VENs send: answers that differ by names alone are made and checked once."""

import time
import uuid
from dataclasses import replace
from typing import Final

from kg.answering import Answerer
from kg.ingest import Ingest
from kg.lift import Lifted, lift
from kg.literals import string
from kg.namespaces import FLEX
from kg.openadr import distribution
from kg.openadr.news import RESEND
from kg.openadr.policy import Policy
from kg.openadr.registering import registrar
from kg.openadr.roster import Roster
from kg.openadr.template import Template, fits
from kg.openadr.told import Message
from kg.replies import reply
from kg.report import Report
from kg.work import Work
from kg.xml import read

#: Messages whose acceptance says nothing but names, and the names beside those of request and VEN.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "oadrCreatePartyRegistration": (),
    "oadrCanceledPartyRegistration": (),
    "oadrCreatedEvent": (),
    "oadrCreateOpt": ("optID",),
    "oadrCancelOpt": ("optID",),
    "oadrUpdateReport": (),
    "oadrCreatedReport": (),
    "oadrCanceledReport": (),
}
_REQUEST: Final = ("requestID", "answersRequestID")


class Accepting:
    """Makes the answer that accepts a message, to be recorded together with it.

    Args:
        ingest: checks it.
        policy: who answers, and whether it is signed.
        roster: the VENs, for what a registration gives.
    """

    def __init__(self, ingest: Ingest, policy: Policy, roster: Roster) -> None:
        self._ingest, self._policy, self._roster = ingest, policy, roster
        self._made: dict[tuple[str, str], Template] = {}

    def __call__(self, work: Work) -> Work | None:
        """Answer a message that was checked; None where its answer is not like every other one."""
        lifted = work.lifted
        more = _NAMES.get(lifted.message_type) if lifted is not None else None
        if lifted is None or more is None:
            return None
        m = Message(lifted)
        ven = m.one("venID")
        by = Answerer(party=ven)
        texts = [m.one("requestID") or m.answers, ven]
        if lifted.message_type == "oadrCreatePartyRegistration":
            by = registrar(self._policy, self._roster, ven or work.sender)
            texts = [texts[0], by.ven, by.registration]
        conveyed = next(iter(m.nodes("conveys")), "")
        called_off = self._called_off(ven) if lifted.message_type == "oadrUpdateReport" else None
        if called_off is not None:
            told = distribution.updated_report(ven, texts[0], called_off)
            told = self._policy.seal(told) if self._policy.seal is not None else told
            return self._ingest.examine(told, self._policy.vtn_id)
        texts += [m.one(name) or m.text(conveyed, name) for name in more]
        if self._policy.seal is not None:  # a signature adds to the graph, and each is another one
            data = reply(Report("conforms", lifted.message_type), lifted, by=by)
            return self._ingest.examine(self._policy.seal(data), self._policy.vtn_id) if data else None
        if not fits(*texts):
            return None
        key = (lifted.profile, lifted.message_type)
        if key not in self._made:
            self._made[key] = self._template(lifted, by, texts)
        return self._made[key].fill(*texts)

    def _called_off(self, ven_id: str) -> Message | None:
        """Give the oadrCancelReport that waits for a VEN; it goes with the answer to a delivery."""
        ven, clock = self._roster.ven(ven_id), time.monotonic()
        for waiting in list(ven.outgoing.values()) if ven is not None else ():
            if waiting.message_type == "oadrCancelReport" and clock - waiting.sent_at >= RESEND:
                data = self._ingest.journal.payload(waiting.seq)
                if data is not None:
                    waiting.sent_at = clock
                    return Message(lift(read(data)))
        return None

    def _template(self, lifted: Lifted, by: Answerer, texts: list[str]) -> Template:
        marks = [f"{n}{uuid.uuid4().hex}" for n in range(len(texts))]
        if by.registration:
            by = replace(by, ven=marks[1], registration=marks[2])
        terms = [(name, 0) for name in _REQUEST] + [("venID", 1)]
        terms += [(name, 2) for name in _NAMES[lifted.message_type]]
        places = {
            f"<{FLEX}{name}> {string(texts[n])} .": f"<{FLEX}{name}> {string(marks[n])} ."
            for name, n in terms
        }
        lines = []
        for line in lifted.lines:
            subject, said = line.split(" ", 1)
            lines.append(f"{subject} {places.get(said, said)}")
        marked = Lifted(lifted.message, lifted.message_type, lifted.profile, lines)
        data = reply(Report("conforms", lifted.message_type), marked, by=by)
        return Template(self._ingest.examine(data or b"", self._policy.vtn_id), marks)
