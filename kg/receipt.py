"""What a sender gets for a payload once it is on disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from kg.lift import Lifted
from kg.report import Report, Violation

#: Says whether a message (its type, whom it speaks of) may be sent; raises where it may not.
Permit = Callable[[str, Sequence[str]], None]
#: Finds what else is wrong with a payload that could be lifted.
Gate = Callable[[Lifted], list[Violation]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What answers a payload and was recorded with it.

    Attributes:
        data: the message.
        seq: its row.
        lifted: its graph.
    """

    data: bytes
    seq: int
    lifted: Lifted | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one payload that was taken in.

    Attributes:
        report: what the check found.
        seq: its row in the journal; None for bytes that could not be read, of which no row is kept.
        duplicate: the same bytes were recorded before, under this row; nothing was added.
        applied: what it says can be queried; False when the graph could not be written: made up for later.
        lifted: the payload's graph, where it could be lifted.
        answer: what answers it, where that was recorded with it.
    """

    report: Report
    seq: int | None = None
    duplicate: bool = False
    applied: bool = True
    lifted: Lifted | None = field(default=None, compare=False, repr=False)
    answer: Answered | None = field(default=None, compare=False, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the payload conforms and is part of the store."""
        return self.report.conforms

    @property
    def summary(self) -> str:
        """Say in a line what became of the payload."""
        worst = [v for v in self.report.violations if v.severity == "Violation"]
        if self.report.verdict == "unreadable":
            return f"unreadable: {worst[0].message}" if worst else "unreadable"
        kind = self.report.message_type
        if self.duplicate:
            return f"{kind} was {'accepted' if self.accepted else 'refused'} before, as row {self.seq}"
        if self.accepted:
            later = "" if self.applied else "; the graph follows when it can be written"
            return f"{kind} accepted as row {self.seq}{later}"
        more = f" and {len(worst) - 1} more" if len(worst) > 1 else ""
        first = f"{worst[0].rule}: {worst[0].message}" if worst else "no reason given"
        return f"{kind} refused as row {self.seq}: {first}{more}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload that is on disk and waits for the graph.

    Attributes:
        report: what the check found.
        seq: its row, as in the receipt.
        duplicate: as in the receipt.
        applied: whether it is in the graph, once that is known.
        lifted: as in the receipt.
        answer: as in the receipt.
    """

    report: Report
    seq: int | None
    duplicate: bool
    applied: Future[bool]
    lifted: Lifted | None
    answer: Answered | None = None

    def early(self) -> Receipt:
        """Give the receipt without waiting for the graph."""
        applied = self.applied.done() and self.applied.exception() is None and self.applied.result()
        return Receipt(self.report, self.seq, self.duplicate, applied, self.lifted, self.answer)

    def receipt(self) -> Receipt:
        """Wait for the graph and give the receipt."""
        applied = self.applied.result()
        return Receipt(self.report, self.seq, self.duplicate, applied, self.lifted, self.answer)
