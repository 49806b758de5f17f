"""A payload on its way through the ingest: checked, to be recorded and applied."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from kg.apply import Recorded
from kg.check import checker
from kg.entry import Entry, received_text
from kg.errors import UsageError
from kg.graphs import check_facts
from kg.lift import Lifted
from kg.namespaces import VERSION
from kg.report import Report
from kg.subjects import parties

if TYPE_CHECKING:
    from kg.notary import Sealed


@dataclass(frozen=True, slots=True)
class Work:
    """A payload that was checked and waits to be recorded.

    Attributes:
        data: the payload.
        report: what was found.
        lifted: its graph, where it has one.
        subjects: whom it speaks of.
        sender: ID of the party that it is attributed to.
        direction: received or sent.
        received: when, with zone.
        signature: what became of its signature, N-Triples about the message.
        answer: what answers it where it is accepted.
        patient: nobody waits until it can be queried.
        tells: the keys of which it tells (see ``kg.known.told``), where they are at hand.
    """

    data: bytes
    report: Report
    lifted: Lifted | None
    subjects: tuple[str, ...]
    sender: str
    direction: Literal["in", "out"]
    received: datetime
    signature: tuple[str, ...] = ()
    answer: "Work | None" = None
    patient: bool = False
    tells: frozenset[str] | None = None

    @property
    def key(self) -> tuple[bytes, tuple[str, ...], str]:
        """What makes it the same as another one."""
        return self.data, self.subjects, self.report.verdict

    def judged(self, report: Report) -> "Work":
        """Give the same payload with another report."""
        return self if report is self.report else replace(self, report=report)

    def entry(self) -> Entry:
        """Make the journal's entry."""
        said = {"sender": self.sender, **self.report.as_dict()}
        if self.signature:
            said["signature"] = self.signature
        report = json.dumps(said, separators=(",", ":"))
        return Entry(
            payload=self.data,
            message_type=self.report.message_type,
            subjects=self.subjects,
            verdict="conforms" if self.report.conforms else "violates",
            report=report,
            shapes=VERSION,
            direction=self.direction,
            received=self.received,
        )

    def recorded(self, seq: int) -> Recorded:
        """Give it as it is applied, the same as ``kg.rebuild.recorded`` gives its row."""
        received, digest = received_text(self.received), self.report.digest
        if self.report.conforms:
            return Recorded(seq, received, digest, self.sender, self.lifted, (), self.signature)
        return Recorded(seq, received, digest, self.sender, findings=self.report.as_dict()["violations"])


def examine(
    data: bytes,
    *,
    profile: str,
    engine: str,
    max_bytes: int,
    tenant: str,
    sender: str = "",
    direction: Literal["in", "out"] = "in",
    received: datetime | None = None,
    sealed: "Sealed | None" = None,
) -> Work:
    """Read, lift and check a payload by itself, and find whom it speaks of.

    Its lines are checked here, so that nothing is recorded that could never be applied.

    Args:
        data: the payload.
        profile: level of strictness.
        engine: SHACL engine.
        max_bytes: largest payload accepted.
        tenant: whom a payload speaks of that names nobody.
        sender: ID of the party that the transport knows as its sender; else who the payload says.
        direction: received or sent.
        received: when, with zone; now, when it is left out.
        sealed: what a notary said of its signature.

    Raises:
        kg.errors.UsageError: the time has no zone.
        kg.errors.StoreError: a line of its graph is no N-Triples.
    """
    received = received or datetime.now(UTC)
    if received.tzinfo is None:
        raise UsageError("the time of receipt has no zone", cure="give it with a zone")
    if sealed is not None and sealed.refusal is not None:
        report, lifted = sealed.refusal, None
    else:
        report, lifted = checker(profile, engine).examine(data, max_bytes=max_bytes)
    if report.verdict == "unreadable":
        return Work(data, report, None, (), sender, direction, received)
    if lifted is not None:
        check_facts(lifted.facts)
    named = parties(data, lifted)
    subjects = named.subjects or ((sender,) if sender else (f"tenant:{tenant}",))
    said = sealed.lines if sealed is not None else ()
    if sealed is not None and sealed.refusal is None:
        report = report.adding(sealed.findings)
    return Work(data, report, lifted, subjects, sender or named.sender, direction, received, said)
