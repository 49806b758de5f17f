"""A payload on its way through the ingest: checked, to be recorded and applied."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kg.apply import Recorded
from kg.entry import Entry, received_text
from kg.lift import Lifted
from kg.namespaces import VERSION
from kg.report import Report


@dataclass(frozen=True, slots=True)
class Work:
    """A payload that was checked and waits to be recorded."""

    data: bytes
    report: Report
    lifted: Lifted | None
    subjects: tuple[str, ...]
    sender: str
    direction: Literal["in", "out"]
    received: datetime

    @property
    def key(self) -> tuple[bytes, tuple[str, ...], str]:
        """What makes it the same as another one."""
        return self.data, self.subjects, self.report.verdict

    def entry(self) -> Entry:
        """Make the journal's entry."""
        report = json.dumps({"sender": self.sender, **self.report.as_dict()}, separators=(",", ":"))
        return Entry(
            self.data,
            self.report.message_type,
            self.subjects,
            "conforms" if self.report.conforms else "violates",
            report,
            VERSION,
            self.direction,
            self.received,
        )

    def recorded(self, seq: int) -> Recorded:
        """Give it as it is applied, the same as ``kg.rebuild.recorded`` gives its row."""
        findings = () if self.report.conforms else self.report.as_dict()["violations"]
        lifted = self.lifted if self.report.conforms else None
        return Recorded(seq, received_text(self.received), self.report.digest, self.sender, lifted, findings)
