"""context: the few facts that rules need from outside of a payload, fetched by key.

A rule across messages compares a payload with what earlier ones said. The comparison is a handful of triples
in terms of their own (``ontology/context*.ttl``), which the rules in ``shapes/context-*.ttl`` judge; what a
payload says can never be taken for it, since no mapping makes these terms.

What a context does not hold is judged by what it says of itself: where it is complete for a kind of thing, a
thing that it lacks does not exist; where it is not, the rules can only say that they cannot tell.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Final, Protocol

from kg.comparisons import Comparison, Kind, clock, events, objects, parties, ranges, reports, requests
from kg.errors import UsageError
from kg.graphs import GraphStore
from kg.known import ROWS, Known, told
from kg.lift import Lifted
from kg.namespaces import FLEX

__all__ = ["CLASSES", "Context", "Kind", "StoreContext", "compared", "told"]

#: The classes of the nodes that rules of context look at.
CLASSES: Final = tuple(
    f"{FLEX}{name}InContext"
    for name in (*("Answer", "Dated", "EventReference", "EventVersion", "Message", "Opt", "Point", "Target"),)
)


class Context(Protocol):
    """What is known beside a payload."""

    @property
    def enforced(self) -> bool:
        """Whether a breach refuses; else no finding of a rule of context is more than a Warning."""

    @property
    def complete(self) -> frozenset[Kind]:
        """The kinds of things of which everything is known."""

    def facts(self, lifted: Lifted, now: datetime | None = None) -> list[str]:
        """Compare a payload with what is known.

        Args:
            lifted: the payload's graph.
            now: the time to compare with, with a zone; None: times are not judged.

        Returns:
            N-Triples lines: what is known, and what the payload says that it is compared with.
        """

    def node(self, subject: str) -> dict[str, list[str]]:
        """Give what is known of a subject in angle brackets, by predicate; empty where nothing is."""


class StoreContext:
    """What a graph store knows.

    Args:
        graphs: the store, as ``kg.apply`` fills it.
        complete: the kinds of things of which the store knows everything.
        enforced: whether a breach refuses.
        quiet: tell of what the store lacks only where it holds something of that kind.
    """

    def __init__(
        self,
        graphs: GraphStore,
        *,
        complete: Iterable[Kind] = (),
        enforced: bool = False,
        quiet: bool = False,
    ) -> None:
        self._graphs, self._quiet = graphs, quiet
        self._heard: set[Kind] = set()
        self.complete = frozenset(complete)
        self.enforced = enforced

    def facts(self, lifted: Lifted, now: datetime | None = None) -> list[str]:
        """Compare a payload with what the store knows; see ``Context.facts``."""
        return self.look(lifted, now)[0]

    def node(self, subject: str) -> dict[str, list[str]]:
        """Give what the store says of a subject in angle brackets; see ``Context.node``."""
        found: dict[str, list[str]] = {}
        for statement in islice(self._graphs.match(subject, None, None), ROWS):
            found.setdefault(statement.predicate, []).append(statement.object)
        return found

    def look(self, lifted: Lifted, now: datetime | None = None) -> tuple[list[str], Known]:
        """Give the facts on a payload, and the look-ups that were made for them.

        Args:
            lifted: the payload's graph.
            now: the time to compare with.
        """
        known = Known(self._graphs)
        c = _comparison(lifted, known, self.complete, now)
        if self._quiet:
            c.heard = lambda kind: self._hears(kind, known)
        return _compare(c, lifted.profile), known

    def _hears(self, kind: Kind, known: Known) -> bool:
        """Say whether the store holds anything of a kind; once it does, it is not asked again."""
        if kind not in self._heard and known.any_of(kind):
            self._heard.add(kind)
        return kind in self._heard


def compared(lifted: Lifted, context: Context | None, now: datetime | None) -> list[str]:
    """Compare a payload with a context, with the clock, or with both.

    Args:
        lifted: the payload's graph.
        context: what is known; None where only times are judged.
        now: the time to compare with, with a zone; None: times are not judged.

    Returns:
        N-Triples lines, see ``Context.facts``.

    Raises:
        UsageError: the time has no zone.
    """
    if now is not None and now.tzinfo is None:
        raise UsageError("the time to compare with has no zone", cure="give it with a zone")
    if context is not None:
        return context.facts(lifted, now)
    return _timed(lifted, now) if now is not None else []


def _compare(c: Comparison, standard: str) -> list[str]:
    if standard[0] == "3":
        objects.compare(c)
    else:
        parties.compare(c)
        requests.compare(c)
    if c.message_type == "DistributeEvent":
        events.versions(c)
    elif c.message_type == "CreatedEvent":
        events.answers(c)
    elif c.message_type in ("CreateOpt", "CancelOpt"):
        events.opts(c)
    elif c.message_type in ("UpdateReport", "CreateReport", "RegisteredReport"):
        reports.compare(c)
        ranges.compare(c)
    if c.now is not None:
        clock.compare(c, c.now)
    return list(c.lines)


def _timed(lifted: Lifted, now: datetime) -> list[str]:
    c = _comparison(lifted, Known(None), frozenset(), now)
    clock.compare(c, now)
    return list(c.lines)


def _comparison(
    lifted: Lifted,
    known: Known,
    complete: frozenset[Kind],
    now: datetime | None,
) -> Comparison:
    kind = lifted.message_type.removeprefix("oadr")
    return Comparison(f"<{lifted.message}>", kind, lifted.facts, known, complete, now)
