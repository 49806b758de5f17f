"""The check of a large payload, a portion at a time; what it finds is what a check of the whole finds.

The children of one kind are judged with what is around them, and of what they say only that is kept which the
shapes of the nodes around them read. Where a shape reads more than that, or two children speak of one thing,
the payload is checked as a whole.
"""

from collections.abc import Callable
from typing import Any

from kg.engines import Result
from kg.engines.compiled import Compiled
from kg.engines.index import TYPE
from kg.facts import Facts
from kg.lift import lift, lifter_for
from kg.lifted import Lifted, scheme
from kg.namespaces import FLEX
from kg.portions import Portions, Run, Undivided
from kg.report import Violation
from kg.times import Clock
from kg.walk import Walk
from kg.xml import Document
from kg.xpath import Siblings

#: Values that are remembered, so that each is kept once.
_LISTS = 10_000
#: What is worked out of a sequence when its items are through.
_TOTAL = f"<{FLEX}totalSeconds>"


def findings(
    document: Document, engine: Compiled, placed: Callable[[Lifted, Result], Violation]
) -> tuple[Lifted, list[Violation]] | None:
    """Check a payload a portion at a time.

    Args:
        document: the payload.
        engine: the engine with the shapes of its message type.
        placed: makes the finding of a result, with its place in the payload.

    Returns:
        The graph of what does not come many times, and what the shapes find; None where the payload has to be
        seen as a whole.
    """
    if not engine.divisible:
        return None
    sieve = _Sieve(document, engine, placed)
    try:
        lifted = lift(document, portions=sieve.portions)
        return lifted, sieve.rest(lifted)
    except Undivided:
        return None


class _Sieve:
    """Judges portions, and keeps what is needed of them."""

    def __init__(
        self, document: Document, engine: Compiled, placed: Callable[[Lifted, Result], Violation]
    ) -> None:
        self._document, self._engine, self._placed = document, engine, placed
        self.portions = Portions(self._judge)
        self._found: list[Violation] = []
        self._kept: Facts = {}
        #: what is kept, by a value that stands alone
        self._lists: dict[str, list[str]] = {}
        self._siblings: Siblings = {}
        #: properties that are kept
        self._read: frozenset[str] | None = None
        self._seen: set[tuple[str, ...]] = set()

    def _judge(self, run: Run, nodes: list[str]) -> None:
        walk = run.portions.walk
        walk.settle()
        walk.again.clear()
        facts: Facts = walk.facts
        if self._read is None:
            self._read = self._reads(facts, set(nodes))
        self._allow(run, facts, nodes)
        for concept in walk.concepts - facts.keys():
            facts[concept] = scheme(concept)
        around = facts[run.parent]
        facts[run.parent] = {**around, run.predicate: run.links()}
        results = self._engine.judged(facts, nodes)
        facts[run.parent] = around
        if results:
            near = self._walked(run.nodes_of({f"<{result.focus}>" for result in results}), run)
            self._found += [self._placed(near, result) for result in results]
        for node in nodes:
            about = facts.pop(node)
            kept = {name: self._shared(about[name]) for name in self._read if name in about}
            if kept:
                self._kept[node] = kept

    def _shared(self, values: list[str]) -> list[str]:
        """Keep values that come often once."""
        if len(values) > 1 or len(self._lists) > _LISTS:
            return values
        return self._lists.setdefault(values[0], values)

    def _reads(self, facts: Facts, portion: set[str]) -> frozenset[str]:
        """List what the shapes of the nodes around read of others."""
        found: set[str] = set()
        for types in {tuple(held.get(TYPE, ())) for node, held in facts.items() if node not in portion}:
            if types:
                reach = self._engine.reach(list(types))
                found |= reach.far | reach.back
        if "" in found:
            raise Undivided
        return frozenset(found)

    def _allow(self, run: Run, facts: Facts, nodes: list[str]) -> None:
        """See that the shapes of a portion read nothing of other portions."""
        others = {other.predicate for other in run.portions.runs}
        if run.sequenced:
            others.add(_TOTAL)
        for types in {tuple(facts[node].get(TYPE, ())) for node in nodes} - self._seen:
            far = self._engine.reach(list(types)).far if types else set()
            if "" in far or not far.isdisjoint(others):
                raise Undivided
            self._seen.add(types)

    def _walked(self, children: Any, run: Run) -> Lifted:
        """Walk some children to know their nodes."""
        document, lifter = self._document, lifter_for(self._document.profile)
        near = Lifted("", document.message_type, document.profile)
        near.siblings = self._siblings
        for position, child in children:
            walk = Walk(near, Clock(), document.digest, lifter.ignored, lifter.hollow)
            run.plan.run(walk, child, run.parent[1:-1], position)
        return near

    def rest(self, lifted: Lifted) -> list[Violation]:
        """Judge what is around the portions; gives all that was found."""
        nodes = list(lifted.facts)
        results = self._engine.judged({**lifted.facts, **self._kept, **lifted.schemes()}, nodes)
        if results:
            firsts: dict[str, Any] = {}
            for run in self.portions.runs:
                first = run.first()
                if first is not None:
                    firsts.update(self._walked([first], run).nodes)
            lifted.walked, nodes_here = None, lifted.nodes
            lifted.walked = lambda: {**firsts, **nodes_here}
        return self._found + [self._placed(lifted, result) for result in results]
