"""What became of a message's signature: for the caller, for a report, and for the graph."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kg.certificates import Certificate, zulu
from kg.literals import date_time, segment, string
from kg.namespaces import FLEX, ID, VOCAB, XSD
from kg.report import Violation

State = Literal["unsigned", "good", "bad", "unchecked"]


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What became of a message's signature.

    Attributes:
        state: ``"good"``; ``"bad"``; ``"unsigned"``: there is none; ``"unchecked"``: nobody looked.
        accepted: whether the message may be taken under the policy that was asked for.
        code: why it is not good, a notation of the scheme ``signatureFault``; empty where nothing is wrong.
        reason: the same as a sentence.
        party: the party for which the signer's certificate is registered; empty unless the signature is good.
        signer: that certificate; also with a bad verdict on a signature whose value is right, else None.
        timestamp: the instant that was signed, None where it is not known to be signed.
        nonce: the nonce that was signed, empty as above.
    """

    state: State
    accepted: bool
    code: str = ""
    reason: str = ""
    party: str = ""
    signer: Certificate | None = None
    timestamp: datetime | None = None
    nonce: str = ""

    @property
    def findings(self) -> tuple[Violation, ...]:
        """What refuses the message, for a report and its reply; empty where the message is accepted."""
        if self.accepted:
            return ()
        return (
            Violation(
                rule=f"SIGN-{self.code}",
                severity="Violation",
                message=self.reason,
                source="OpenADR 2.0b Profile Specification, security",
                pointer="/oadr:oadrPayload/ds:Signature" if self.state == "bad" else "/oadr:oadrPayload",
                cure="sign the message anew, with the registered certificate and the time of sending",
                response_code="463",
            ),
        )

    @property
    def good(self) -> bool:
        """Whether a registered party signed the message that was read, in time and once."""
        return self.state == "good"

    def lines(self, message: str) -> Iterator[str]:
        """Give the verdict as N-Triples about a message, one line a triple.

        Args:
            message: IRI of the message.
        """
        yield f"<{message}> <{FLEX}signatureState> <{VOCAB}signatureState/{self.state}> ."
        if self.state in ("good", "bad"):
            value = "true" if self.good else "false"
            yield f'<{message}> <{FLEX}signatureValid> "{value}"^^<{XSD}boolean> .'
        if self.code:
            yield f"<{message}> <{FLEX}signatureFault> <{VOCAB}signatureFault/{self.code}> ."
            yield f"<{message}> <{FLEX}signatureReason> {string(self.reason)} ."
        if self.timestamp is not None:
            yield f"<{message}> <{FLEX}signedAt> {date_time(zulu(self.timestamp))} ."
        if self.signer is not None:
            yield f"<{message}> <{FLEX}signedWith> <{self.signer.iri}> ."
            if self.party:
                yield f"<{ID}party/{segment(self.party)}> <{FLEX}certificate> <{self.signer.iri}> ."
            yield from self.signer.lines()
