"""What is recorded of one payload."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from kg.chain import Checkpoint, Row, digest, row_hash
from kg.envelope import mark, seal
from kg.errors import UsageError
from kg.keys import Subject

#: Message type of a row that holds a SPARQL update, not a payload.
UPDATE = "sparqlUpdate"


@dataclass(frozen=True, slots=True)
class Entry:
    """A payload to be recorded.

    Args:
        payload: the bytes as received or sent.
        message_type: name of the message element, for example ``"oadrUpdateReport"``.
        subjects: whom it speaks of, at least one name; each has a data key of its own.
        verdict: what the check said.
        report: the report, JSON text.
        shapes: version of the shapes that were used.
        direction: received, sent, or the redacted successor of a row of which a subject was erased.
        received: when, with zone; now, when it is left out.
    """

    payload: bytes
    message_type: str
    subjects: tuple[str, ...]
    verdict: Literal["conforms", "violates"]
    report: str
    shapes: str
    direction: Literal["in", "out", "redacted"] = "in"
    received: datetime | None = None

    def row(self, head: Checkpoint, tenant: str, subjects: Sequence[Subject]) -> Row:
        """Make the journal row that follows another one.

        Args:
            head: the row before it.
            tenant: whose journal it is.
            subjects: the subjects named here, with their keys.

        Raises:
            kg.errors.UsageError: the time of receipt has no zone.
        """
        received = self.received or datetime.now(UTC)
        if received.tzinfo is None:
            raise UsageError("the time of receipt has no zone", cure="give it with a zone")
        sealed = seal(self.payload, self.report.encode(), subjects)
        row = Row(
            seq=head.seq + 1,
            received=received_text(received),
            tenant=tenant,
            direction=self.direction,
            message_type=self.message_type,
            subjects=sealed.subjects,
            payload=sealed.payload,
            report=sealed.report,
            digest=digest(sealed.payload, sealed.report),
            verdict=self.verdict,
            shapes=self.shapes,
            mark=mark(self.payload, subjects),
            previous=head.hash,
            hash=b"",
        )
        return row._replace(hash=row_hash(row))


def received_text(received: datetime) -> str:
    """Write a time of receipt as the rows do: UTC, to the microsecond.

    >>> received_text(datetime(2026, 11, 3, 12, tzinfo=UTC))
    '2026-11-03T12:00:00.000000Z'
    """
    return received.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
