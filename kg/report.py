"""What a check answers: a verdict, and for each thing wrong the rule, the place, the clause and the cure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Verdict = Literal["conforms", "violates", "unreadable"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding.

    Attributes:
        rule: stable rule id, for example ``"INT-2"``; ``XSD``: the schema, ``READ-...``: unreadable bytes.
        severity: ``"Violation"``, ``"Warning"`` or ``"Info"`` at the level that was asked for.
        message: what is wrong.
        focus: IRI of the node of the graph, empty where there is none.
        value: the offending value as N-Triples text, or None.
        source: the clause that says so.
        pointer: XPath into the payload.
        line: line in the payload, from 1; 0 where unknown.
        cure: what to do.
        response_code: OpenADR response code that a refusal for this reason maps to; empty: none.
        component: local name of the SHACL constraint component; empty where no shape speaks.
        path: IRI of the property; empty where there is none or it is no single one.
    """

    rule: str
    severity: str
    message: str
    focus: str = ""
    value: str | None = None
    source: str = ""
    pointer: str = ""
    line: int = 0
    cure: str = ""
    response_code: str = ""
    component: str = field(default="", compare=False)
    path: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Give the finding as plain data; component and path are for SHACL reports only."""
        return {name: getattr(self, name) for name in _TOLD}


_TOLD = tuple(name for name in Violation.__dataclass_fields__ if name not in ("component", "path"))


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one check.

    Attributes:
        verdict: ``"conforms"`` (no finding of severity Violation), ``"violates"`` or ``"unreadable"``.
        message_type: root element of the message, empty where it could not be read.
        violations: findings of every severity, in an order that does not depend on the engine.
        digest: SHA-256 of the payload, hexadecimal.
    """

    verdict: Verdict
    message_type: str
    violations: tuple[Violation, ...] = ()
    digest: str = ""

    @property
    def conforms(self) -> bool:
        """Whether nothing of severity Violation was found."""
        return self.verdict == "conforms"

    def adding(self, found: Iterable[Violation]) -> "Report":
        """Give the report with further findings behind its own."""
        violations = (*self.violations, *found)
        refused = any(one.severity == "Violation" for one in violations)
        return replace(self, verdict="violates" if refused else self.verdict, violations=violations)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data, as ``flexkg check --format json`` and ``POST /check`` do."""
        return {
            "verdict": self.verdict,
            "message_type": self.message_type,
            "digest": self.digest,
            "violations": [violation.as_dict() for violation in self.violations],
        }
