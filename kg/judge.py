"""The judgement of payloads against the store that they go to, before any of them is recorded."""

from dataclasses import dataclass
from typing import Final, Literal

from kg.check import checker
from kg.context import Kind, StoreContext, told
from kg.errors import StoreUnavailable, UsageError
from kg.graphs import GraphStore
from kg.report import Report
from kg.verdict import judge
from kg.work import Work

#: How much the rules across messages count: not at all, as Warnings, as what they are.
Mode = Literal["off", "warn", "enforce"]
MODES: Final = ("off", "warn", "enforce")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A report with the findings of the rules across messages.

    Args:
        report: the report.
        asked: the keys by which the payload was compared with the store.
        told: the keys of which it tells itself, where it is accepted.
    """

    report: Report
    asked: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


class Judge:
    """Compares payloads with a graph store.

    Args:
        graphs: the store.
        mode: ``"warn"``: the store may lack what came before it, so that no finding is more than a Warning,
            and nothing is told to be missing of a kind of which it holds nothing (nobody registered here);
            ``"enforce"``: every message goes through the store, so that what it lacks does not exist.
        profile: level of strictness.
        engine: SHACL engine.

    Raises:
        kg.errors.UsageError: there is no such mode.
    """

    def __init__(self, graphs: GraphStore, mode: str, profile: str, engine: str) -> None:
        if mode not in MODES:
            raise UsageError(f"{mode!r} is no use of the context", cure=f"use one of {', '.join(MODES)}")
        self.active = mode != "off"
        self._checker = checker(profile, engine)
        self._context = StoreContext(
            graphs,
            complete=Kind if mode == "enforce" else (),
            enforced=mode == "enforce",
            quiet=mode == "warn",
        )
        self._partial = StoreContext(graphs)

    def judge(self, work: Work, *, behind: bool) -> Judgement:
        """Judge a payload that was checked by itself; one that was refused is not judged again.

        Args:
            work: the payload.
            behind: whether the store lacks rows of its journal: then nothing is refused for what it lacks.

        Returns:
            The judgement; that of the check by itself where the store cannot be read, which is no reason to
            record nothing.
        """
        report, lifted = work.report, work.lifted
        behind = behind or work.direction == "out"  # of what we send only warnings are told
        if lifted is None or not report.conforms:
            return Judgement(report)
        context = self._partial if behind else self._context
        try:
            facts, known = context.look(lifted)
        except StoreUnavailable:
            return Judgement(report)
        found = self._checker.against(lifted, facts, context.enforced)
        if found:
            report = judge(report.message_type, report.digest, [*report.violations, *found])
        tells = told(lifted.message_type, lifted.facts) if report.conforms else set()
        return Judgement(report, frozenset(known.asked), frozenset(tells))
