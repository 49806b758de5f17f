"""A graph on its way from one standard to another, and what is to be told of it."""

from dataclasses import dataclass, field

from kg.errors import UsageError
from kg.facts import Facts, facts_of, plain
from kg.implied import values
from kg.namespaces import FLEX
from kg.report import Report


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion gives.

    Attributes:
        payloads: one payload or more: an OpenADR 3 object holds one event.
        assumed: what had to be added, a sentence each.
        lost: what has no place in the new payload, a sentence each.
        advice: what a check warns of in the new payloads, a sentence each.
    """

    payloads: tuple[bytes, ...]
    assumed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


class ConversionRefused(UsageError):
    """A payload breaks rules of its standard, or would break those of the new one.

    Args:
        what: which of the two.
        report: the findings.
        source: the payload that they are about.
    """

    code = "violates"

    def __init__(self, what: str, report: Report, source: bytes) -> None:
        self.report, self.source = report, source
        worst = report.violations[0]
        super().__init__(
            f"{what}: {worst.rule}: {worst.message.rstrip('.')}",
            where=worst.pointer,
            cure=worst.cure.rstrip(".") or "flexkg check says more",
        )


@dataclass(slots=True)
class Work:
    """A graph on its way, with what is to be told."""

    lines: list[str]
    to: str
    given: dict[str, str]
    assumed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        """The graph by subject and predicate, as it is now."""
        return facts_of(self.lines)


def first(facts: Facts, prop: str) -> str:
    """Give the text of the first value of a property of anything; empty where there is none."""
    return next((plain(o) for about in facts.values() for o in about.get(f"<{FLEX}{prop}>", ())), "")


def last(facts: Facts, node: str, prop: str) -> str:
    """Give the text, or the last part of the IRI, of a property's first value; empty where there is none."""
    found = values(facts, node, (f"<{FLEX}{prop}>",))
    return plain(found[0]) if found else ""


def drop(work: Work, node: str) -> None:
    """Take a node out of the graph, with those below it."""
    inside = node[:-1] + "/"
    work.lines = [
        line
        for line in work.lines
        if not line.startswith((node, inside)) and f" {node} ." not in line and f" {inside}" not in line
    ]
